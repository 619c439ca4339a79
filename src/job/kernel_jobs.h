// SPDX-License-Identifier: GPL-3.0-or-later
//
// Jobs over a device's kernels: timing them beside the device's own ceilings, and what autotuning
// chose so far.
#pragma once

#include "job/workspace.h"

#include <stdint.h>

// An op at one of its bench sizes, with the kernel that was found the fastest.
typedef struct {
    char *op;     // "dense"
    char *kernel; // "tile16"
    double seconds, flops, bytes;
} RkKernelTime;

typedef struct {
    GArray *ops;       // of RkKernelTime
    double peak_flops; // measured ceilings, a second
    double peak_bytes;
    uint32_t n_left_out; // ops that the budget had no time for
} RkKernelTimes;

void rk_kernel_times_free(RkKernelTimes *times);

// Times every op once, within about `budget_s` seconds; what was chosen on the way is kept for
// later sessions. `title` is shown. Result: RkKernelTimes.
RkJobSpec rk_kernels_job(RkWorkspace *workspace, uint32_t index, double budget_s,
                         const char *title);

// One choice of autotuning.
typedef struct {
    char *op;
    char *shapes; // the class of shapes that it holds for
    char *kernel;
} RkTuned;

void rk_tuned_free(RkTuned *tuned);

// Reads what was chosen for a device. Result: GPtrArray of RkTuned, by op.
RkJobSpec rk_tunings_job(RkWorkspace *workspace, uint32_t index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkKernelTimes, rk_kernel_times_free)
