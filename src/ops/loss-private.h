// SPDX-License-Identifier: GPL-3.0-or-later
//
// What loss.c (rows) and loss-kernels.c (kernels and samples) share.
#pragma once

#include "ops/rowwise.h"

enum { // rows of the family; each is followed by its gradient
    RK_LOSS_CROSS_ENTROPY,
    RK_LOSS_SAMPLED = 2,
    RK_LOSS_SOFT = 4,
    RK_LOSS_DISTILL = 6,
    RK_LOSS_BPR = 8,
    RK_LOSS_N_ROWS = 10,
};

enum { // inputs of sampled_softmax
    RK_SAMPLED_SCORE,
    RK_SAMPLED_POSITIVE,
    RK_SAMPLED_LOG_Q,
    RK_SAMPLED_LOG_Q_POSITIVE,
    RK_SAMPLED_ID,
    RK_SAMPLED_POSITIVE_ID,
    RK_SAMPLED_INPUTS,
};

// `data` of a row. Gradients take g, one number a row, before the inputs of the loss itself.
typedef struct {
    uint32_t kind; // the row of the loss itself
    gboolean gradient;
} RkLoss;

// Input i of the loss itself, of its own row or of its gradient's.
uint32_t rk_loss_input(const RkOpArgs *args, uint32_t i);

extern const RkKernel rk_loss_kernels[RK_LOSS_N_ROWS][RK_ROWWISE_KERNELS];

// Samples of each loss and, with g in front, of its gradient. prepare() fills in what their names
// promise.
extern const RkSample rk_loss_cross_entropy[2][10];
extern const RkSample rk_loss_sampled[2][14];
extern const RkSample rk_loss_soft[2][6];
extern const RkSample rk_loss_distill[2][7];
extern const RkSample rk_loss_bpr[2][8];
void rk_loss_prepare(const RkSample *sample, const RkTensor *in, double *const *values);
