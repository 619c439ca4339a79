// SPDX-License-Identifier: GPL-3.0-or-later
//
// Systems whose service times are known: one server with a queue, in simulated or in real time.
// They audit the load generator: what it measures must be what queueing theory says.
#pragma once

#include "bench/timer.h"
#include "serve/system.h"

typedef enum {
    RK_SERVICE_INSTANT,     // answered within the call that issues it
    RK_SERVICE_CONSTANT,    // each takes mean_ns: M/D/1 under a Poisson load
    RK_SERVICE_EXPONENTIAL, // mean_ns in the mean: M/M/1
} RkServiceLaw;

typedef struct {
    RkServiceLaw law;
    uint64_t mean_ns;
    uint64_t seed;
    uint32_t capacity;              // queries that may wait; more are refused. 0: any number
    uint64_t stall_at_ns, stall_ns; // after the first query, nothing is begun for so long; 0: never
    uint32_t forgets;   // answers every so manieth query that isn't fresh by its items backwards
    gboolean simulated; // time passes by its timer only
} RkSyntheticSpec;

// Answers with the candidates as they come, 10 at most.
RkSystem *rk_synthetic_new(const RkSyntheticSpec *spec);

// The clock of a simulated one, owned by the system; NULL otherwise.
RkTimer *rk_synthetic_timer(RkSystem *system);
