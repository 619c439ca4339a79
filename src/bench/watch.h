// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the machine does while a load runs: processor clock, other programs, time that a hypervisor
// took. A thread looks five times a second, which costs it some 50 us each, and tells progress.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    uint64_t at_ns;   // rk_clock_ns()
    double clock_mhz; // mean of the processors; NaN where nothing tells
    double busy_s;    // processor seconds since boot, of all programs; NaN without /proc
    double own_s;     // .. of this process
    double stolen_s;  // .. that the hypervisor gave to others
    double load;      // programs that want to run, mean of a minute
} RkMachineLook;

typedef struct RkWatch RkWatch;

typedef struct {
    const uint64_t *n_done; // atomic
    uint64_t n;
    const char *what;
    void (*progress)(void *data, const char *what, uint64_t done, uint64_t total); // may be NULL
    void *progress_data;
} RkWatchOptions;

RkMachineLook rk_machine_look(void);

// Begins to watch, and ends it with what was seen: a GArray of RkMachineLook, at least two.
RkWatch *rk_watch_start(const RkWatchOptions *options);
GArray *rk_watch_stop(RkWatch *watch);

// Between two looks: the share of all processors that other programs and the hypervisor took.
double rk_machine_others(const RkMachineLook *from, const RkMachineLook *to);
