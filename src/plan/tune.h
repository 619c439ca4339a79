// SPDX-License-Identifier: GPL-3.0-or-later
//
// Autotuning: which kernel is fastest for an op at a class of shapes on one device (UUID and
// driver version), measured once and kept in a file of the user's cache folder. Owner's thread.
#pragma once

#include "gpu/device.h"
#include "graph/op.h"

typedef struct RkTuning RkTuning;

// What an earlier session measured on this device; empty when nothing was. RANKINE_CACHE_DIR
// overrides the cache folder.
RkTuning *rk_tuning_load(RkDevice *device);
gboolean rk_tuning_save(const RkTuning *tuning, GError **error);
void rk_tuning_free(RkTuning *tuning);

// The kernel measured for this op at shapes of its class (extents rounded up to powers of two),
// NULL when none was or it no longer exists.
const RkKernel *rk_tuning_find(const RkTuning *tuning, const RkOpArgs *args);
void rk_tuning_set(RkTuning *tuning, const RkOpArgs *args, const RkKernel *kernel);
uint32_t rk_tuning_size(const RkTuning *tuning);

// Calls for each choice, by op: the class of shapes ("f32x2048x128 f32x128 v4") and the kernel's
// name; both hold during the call.
typedef void (*RkTuningFunc)(const char *op, const char *shapes, const char *kernel, gpointer data);
void rk_tuning_each(const RkTuning *tuning, RkTuningFunc func, gpointer data);

// Times one kernel on random inputs of these shapes: the median over at least `runs` replays, in
// nanoseconds of device time where there are timestamps. Compiling is not counted; compile_ns,
// when not NULL, receives the time of the first run.
gboolean rk_tune_time(RkDevice *device, const RkKernel *kernel, const RkOpArgs *args, uint32_t runs,
                      double *ns, double *compile_ns, GError **error);

// Times every supported kernel within a budget of seconds (at least one is timed) and sets the
// winner. Kernels slower than twice the best after their first runs are dropped early.
gboolean rk_tune_op(RkTuning *tuning, RkDevice *device, const RkOpArgs *args, double budget_s,
                    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTuning, rk_tuning_free)
