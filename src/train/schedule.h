// SPDX-License-Identifier: GPL-3.0-or-later
//
// Learning-rate schedules: pure functions of the step. Any thread.
#pragma once

#include "base/params.h"

extern const RkParam rk_schedule_params[]; // "schedule", "warmup", "decay", ...
extern const size_t rk_schedule_n_params;

// The learning rate at `step` (0 for the first) of `n_steps`. `epoch_steps` are those of an epoch,
// which step and exponential decay by. During the warm-up it grows linearly to `lr` (Goyal et al.,
// https://arxiv.org/abs/1706.02677); cosine: Loshchilov and Hutter,
// https://arxiv.org/abs/1608.03983.
double rk_schedule_lr(const RkParams *set, double lr, uint64_t step, uint64_t n_steps,
                      uint64_t epoch_steps);
