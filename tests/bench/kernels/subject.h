// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a bench times: a graph made into a plan, or the device's copy command. Subjects of a group
// take turns, round by round, so that whatever else the machine does falls on all of them alike.
// Owner's thread of the device.
#pragma once

#include "plan/plan.h"

typedef struct {
    uint32_t m, n, k; // of a product; bags, rows of the table, columns of a lookup
    RkDtype weights;
    RkDtype activations; // RK_F32, or RK_I8
    uint32_t group;      // K that a scale serves, 0 a scale for each row
} Shape;

// Builds what is timed. PARAM nodes are filled with random numbers, u32 INPUT nodes with random
// numbers below shape->n.
typedef RkRef (*BuildFn)(RkGraph *graph, const Shape *shape);

typedef enum {
    TIME_DEVICE, // timestamps around the work, where the device has them
    TIME_CALL,   // what a caller waits: submit, run, fence
} Timing;

typedef struct Subject Subject;

// variant NULL: the kernels' own choice, untuned. `name` is copied. Exits with the error on
// standard error when the plan can't be made: a bench has nothing to go on with.
Subject *subject_new(RkDevice *device, const char *name, BuildFn build, const Shape *shape,
                     const char *variant, Timing timing);
Subject *subject_new_copy(RkDevice *device, size_t bytes); // by the device's own copy command
void subject_free(Subject *subject);

// Names of the kernels that the row of `build`'s last node has for this device; NULL-terminated,
// g_strfreev() it.
char **subject_variants(RkDevice *device, BuildFn build, const Shape *shape);

// Rounds of turns. A turn is one run, or as many as 2 ms hold, of which the median counts.
void subjects_run(GPtrArray *subjects, uint32_t rounds);

const char *subject_name(const Subject *subject);
const char *subject_variant(const Subject *subject); // of the last step
uint32_t subject_n_dispatches(const Subject *subject);
double subject_gflops(const Subject *subject);    // at the best round
double subject_gb_s(const Subject *subject);      // at the best round
double subject_best_us(const Subject *subject);   // of the rounds
double subject_median_us(const Subject *subject); // of the rounds
double subject_cpu_us(const Subject *subject);    // of all threads a run, at the best round
// How many times as fast as `other`: the median over rounds of the ratio within a round.
double subject_speed_over(const Subject *subject, const Subject *other);
