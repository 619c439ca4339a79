// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored trials of suites. Each repeat of a trial is kept as it ends, with its raw records, in one
// transaction: whatever kills a suite, a repeat is there whole or not at all, so going on neither
// measures one again nor loses one. Any thread but the UI's.
#pragma once

#include "store/store.h"

#include <stdint.h>

// Starts a run of a suite. `recipe` is a hash of all that its trials depend on. With `resume` the
// newest run of that recipe goes on; *resumed (may be NULL) says whether there was one.
gboolean rk_trials_begin(RkStore *store, const char *recipe, const char *name, const char *suite,
                         gboolean resume, int64_t *id, gboolean *resumed, GError **error);

// One field of the raw records.
typedef struct {
    const char *name;      // "scheduled_ns"
    const int64_t *values; // [n]
} RkTrialField;

typedef struct {
    const char *trial;  // a hash of its configuration
    const char *config; // JSON object
    uint32_t repeat;    // from 0
    const char *result; // JSON object
    uint64_t n;         // raw records
    const RkTrialField *fields;
    uint32_t n_fields;
} RkTrialRecord;

// Keeps a repeat. RK_ERROR_DATABASE when it is there already.
gboolean rk_trials_keep(RkStore *store, int64_t id, const RkTrialRecord *record, GError **error);

typedef struct {
    int64_t id;
    char *trial;
    uint32_t repeat;
    char *result;
    uint64_t n;
} RkStoredTrial;

void rk_stored_trial_free(RkStoredTrial *trial);

// All that were kept, RkStoredTrial in the order they ended.
GPtrArray *rk_trials_list(RkStore *store, int64_t id, GError **error);

// Those of one trial, by its hash; empty when none was kept. Costs the same in a run of any length.
GPtrArray *rk_trials_repeats(RkStore *store, int64_t id, const char *trial, GError **error);

// A field of a repeat's raw records, [stored->n]; free it. RK_ERROR_DATA when it is damaged,
// RK_ERROR_NOT_FOUND without one.
int64_t *rk_trials_values(RkStore *store, const RkStoredTrial *stored, const char *field,
                          GError **error);

// Keeps what a run found, as results.json has it; what was there before goes.
gboolean rk_trials_keep_results(RkStore *store, int64_t id, const char *results, gboolean complete,
                                GError **error);

typedef struct {
    int64_t id;
    char *recipe;
    char *name;
    int64_t created_s;    // seconds since 1970 UTC
    uint32_t n_trials;    // with at least one repeat kept
    uint32_t n_repeats;   // kept, of all trials
    gboolean has_results; // it came to an end, or was interrupted and judged
    gboolean complete;    // no trial lacks in them
} RkStoredSuite;

void rk_stored_suite_free(RkStoredSuite *suite);

// Every run of a suite, RkStoredSuite, the newest first.
GPtrArray *rk_trials_runs(RkStore *store, GError **error);

// A run's suite as it was given, and what it found (results.json). Free them. RK_ERROR_NOT_FOUND
// without such a run, or when it hasn't ended yet.
char *rk_trials_run_suite(RkStore *store, int64_t id, GError **error);
char *rk_trials_run_results(RkStore *store, int64_t id, GError **error);

// Forgets a run of a suite with its trials.
gboolean rk_trials_remove(RkStore *store, int64_t id, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStoredTrial, rk_stored_trial_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStoredSuite, rk_stored_suite_free)
