// SPDX-License-Identifier: GPL-3.0-or-later
//
// What one trial measured: a load on a system, with all that makes its figures worth believing.
// Plain data; owner's thread.
#pragma once

#include "bench/records.h"
#include "bench/spread.h"
#include "serve/system.h"

// The generator against itself, and the answers against themselves.
typedef struct {
    gboolean done;
    double null_qps;         // that the generator sustains against a system that answers at once
    RkSpread null_lateness;  // us, at the rate of the run (at most 10,000/s)
    double stall_ms;         // a stall injected on purpose ..
    double stall_p99_ms;     // .. the p99 that was seen ..
    double stall_expects_ms; // .. and the one that the schedule tells
    double repeated_ms;      // median of one query again and again, one at a time
    double distinct_ms;      // .. of distinct ones
    double agreement;        // share of sampled answers whose items are what a fresh one has; NaN
    uint32_t n_sampled;      // such answers
    GPtrArray *findings;     // of char *: what isn't as it should be; never NULL once done
} RkAuditResult;

typedef struct {
    char *name; // "ndcg@10"
    double value;
} RkQualityFigure;

typedef struct {
    char *scenario;
    gboolean valid;
    gboolean interrupted;
    gboolean saturated;
    GPtrArray *why_invalid; // of char *, sentences; empty when valid
    GPtrArray *notes;       // of char *: what moved, what to know

    uint64_t n;          // measured queries (groups of queries for multi with streams.next=all)
    uint64_t n_failed;   // answered without items; not in the latencies
    uint64_t n_cached;   // from the answer cache
    uint64_t n_refused;  // times the system's queue was full
    uint64_t n_unissued; // scheduled but never issued: saturated or interrupted
    uint64_t n_more;     // queries that the percentile lacks; 0 when it has enough
    double duration_s;   // from the first issue to the last answer
    double offered_qps;  // of the schedule; NaN in closed loops
    double throughput_qps;
    double mean_batch; // queries computed together, the mean over queries; NaN when all were cached

    RkSpread latency_ms;  // from the scheduled time to the answer
    RkSpread cached_ms;   // .. of answers from the answer cache alone
    RkSpread computed_ms; // .. and of the others
    double bound_ms;      // the percentile is below this with confidence 0.99; NaN: too few queries
    RkSpread lateness_us; // issued after its time; 0 in closed loops, which have none
    RkSpread stages_us[RK_N_STAGES];

    char *counters;         // JSON object: what the system counted ("cache": {..}); NULL without
    char *cold;             // the same of the warm-up, whose caches began empty; NULL without
    GArray *quality;        // of RkQualityFigure; empty without
    char *protocol;         // how quality was measured: "sampled:99"; NULL without
    uint64_t n_quality;     // events it is the mean of
    char *schedule_hash;    // SHA-256, hexadecimal
    char *machine;          // JSON object: clock, load, priority during the run
    RkAuditResult audit;    // audit.done FALSE when it was left out
    RkLoadRecords *records; // raw, of the measured queries; NULL once taken
} RkBenchResult;

void rk_bench_result_clear(RkBenchResult *result);

// The members of `bench` in CLI.md but for "model", into an open object.
void rk_bench_result_to_json(const RkBenchResult *result, JsonBuilder *json);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkBenchResult, rk_bench_result_clear)
