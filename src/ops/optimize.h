// SPDX-License-Identifier: GPL-3.0-or-later
//
// Optimizer steps as in-place ops. All that changes from step to step is read from `hyper`, an
// INPUT f32 [RK_HYPER_WORDS] that the host fills, because a recorded plan never changes. Each
// returns the updated parameter (its memory is the parameter's); give it to the plan as an effect.
// Deterministic.
#pragma once

#include "graph/grad.h"

// The words of `hyper`.
typedef struct {
    float lr;           // learning rate
    float beta1, beta2; // Adam: decay rates of the moments
    float eps;          // Adam, Adagrad: added to the denominator
    float weight_decay; // L2, added to the gradient; AdamW: decoupled, w -= lr * decay * w
    float momentum;     // SGD
    float correction1, correction2; // Adam: 1 - beta^step, see rk_hyper_set_step()
    float per_sample;               // 1 / samples of the step: RK_STEP_DECAY_BY_SAMPLE alone
} RkHyper;
enum { RK_HYPER_WORDS = sizeof(RkHyper) / sizeof(float) }; // the shader's buffer

// The bias corrections of a step, 1 for the first, in double precision: 1 - 0.999^1 computed in
// fp32 would be wrong in its fourth digit.
void rk_hyper_set_step(RkHyper *hyper, uint64_t step);

// `gradient` is what rk_grad() gave: dense (all elements are updated) or sparse. Of a sparse one
// only the rows that the batch touched are updated; their states alone decay, which is PyTorch's
// SparseAdam and known as lazy. With RK_STEP_ALL_ROWS the other rows take a step with a gradient of
// zero, which is what frameworks do without sparse gradients; it costs a pass over the table, but
// still no gradient of its size. With RK_STEP_DECAY_BY_SAMPLE a row's weight decay is multiplied by
// the share of the step's samples that name it (counted as often as each does), so that gradient
// and decay together are those of the mean over samples of loss + decay / 2 |what it names|^2;
// dense parameters are in each sample, so theirs is the same either way. scale f32 [] multiplies
// the gradient (rk_clip_scale()), RK_NONE for 1. States are PARAMs of the parameter's shape that
// start at zero. RK_NONE when the gradient is zero everywhere.

typedef enum {
    RK_STEP_NESTEROV = 1 << 0,  // sgd
    RK_STEP_DECOUPLED = 1 << 1, // adam: AdamW
    RK_STEP_ALL_ROWS = 1 << 2,
    RK_STEP_DECAY_BY_SAMPLE = 1 << 3,
} RkStepFlags;

// b = momentum b + g; w -= lr b. state RK_NONE: w -= lr g.
RkRef rk_sgd(RkGraph *graph, const RkGradient *gradient, RkRef state, RkRef hyper, RkRef scale,
             unsigned flags);
// Kingma and Ba, https://arxiv.org/abs/1412.6980; decoupled: Loshchilov and Hutter, AdamW,
// https://arxiv.org/abs/1711.05101.
RkRef rk_adam(RkGraph *graph, const RkGradient *gradient, RkRef m, RkRef v, RkRef hyper,
              RkRef scale, unsigned flags);
// Duchi et al., JMLR 12 (2011): a += g^2; w -= lr g / (sqrt(a) + eps).
RkRef rk_adagrad(RkGraph *graph, const RkGradient *gradient, RkRef a, RkRef hyper, RkRef scale,
                 unsigned flags);
// One accumulator a row, a f32 [R]: a += mean of the row's g^2. Sparse gradients only, as DLRM
// trains its tables (https://arxiv.org/abs/1906.00091).
RkRef rk_rowwise_adagrad(RkGraph *graph, const RkGradient *gradient, RkRef a, RkRef hyper,
                         RkRef scale, unsigned flags);

// f32 []: min(1, max_norm / (norm + 1e-6)) over all gradients together, dense and sparse.
RkRef rk_clip_scale(RkGraph *graph, uint32_t n, const RkGradient *gradients, float max_norm);
