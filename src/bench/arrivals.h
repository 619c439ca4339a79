// SPDX-License-Identifier: GPL-3.0-or-later
//
// When queries come: the arrival processes of an open loop, in whole nanoseconds. Any thread.
#pragma once

#include "base/params.h"
#include "bench/traffic.h"

#include <stdint.h>

// Streams of the random generator; the phase of a run stands in the bits below. Never renumber:
// golden schedules depend on them.
enum {
    RK_STREAM_GAP = 0x6c640100,   // between arrivals; by number of the arrival
    RK_STREAM_STATE = 0x6c640200, // lengths of bursty's states, thinning of ramp
    RK_STREAM_SIZE = 0x6c640300,  // of queries: two draws each
    RK_STREAM_USER = 0x6c640400,
    RK_STREAM_ITEM = 0x6c640500, // by number of the query << 24 | draw
};

// A setting in millionths, rounded to the nearest: all that follows is by whole numbers.
uint64_t rk_millionths(const RkParams *load, const char *name);

// Arrivals in [0, seconds), ascending, as `arrivals` says: a GArray of uint64_t nanoseconds.
//   poisson   exponential gaps
//   constant  even gaps, the first arrival at 0
//   bursty    a Poisson process whose rate changes between two values after exponential times
//             (a two-state Markov-modulated Poisson process); qps is the mean over both
//   ramp      a Poisson process whose rate grows evenly, by thinning (Lewis and Shedler, Naval
//             Research Logistics 26, 1979)
// `stream` is added to the streams' numbers.
GArray *rk_arrivals_new(const RkParams *load, uint64_t seed, uint32_t stream, double seconds);

// Times of events event[0..n), ascending, at replay.speed or else such that they come at qps.
// Events of one second are spread evenly over it.
GArray *rk_arrivals_replay(const RkParams *load, const RkTrafficEvent *event, uint64_t n);
