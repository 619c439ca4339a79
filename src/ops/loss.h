// SPDX-License-Identifier: GPL-3.0-or-later
//
// Losses. Each builder gives the loss of every sample, f32; rk_mean_loss() makes the one number
// that rk_grad() takes. Two more are pointwise ops: rk_bce_logits(logit, target) and
// rk_squared_error(a, b). All are stable for logits of any finite size. Builders return RK_NONE
// after an error; owner's thread of the graph.
#pragma once

#include "graph/graph.h"

// In an index tensor: "no label", "no item". Such a row's loss and gradient are 0, and the item is
// nobody's negative. Passes the check of index inputs.
#define RK_NO_LABEL UINT32_MAX

// f32 []: sum of weight * loss / sum of weight; a weight of 0 leaves a sample out, and 0 throughout
// gives 0. weight: f32, broadcast to loss, not negative; RK_NONE for 1. The sums are taken in two
// steps of fixed order: same input, same bits.
RkRef rk_mean_loss(RkGraph *graph, RkRef loss, RkRef weight);

// f32, shaped as label u32 [..]: 1 where there is one of `n_classes`, 0 at RK_NO_LABEL. As a weight
// for rk_mean_loss() it makes the mean over labelled rows.
RkRef rk_label_weight(RkGraph *graph, RkRef label, uint32_t n_classes);

// Binary cross-entropy of logits against targets in [0, 1], broadcast, a positive one counting
// `positive_weight` times: -(w y log s(x) + (1 - y) log(1 - s(x))), s the sigmoid.
RkRef rk_bce_loss(RkGraph *graph, RkRef logits, RkRef target, float positive_weight);

// log(sum over j of exp(x_j)) - x_label. x f32 [.., N], label u32 [..] -> f32 [..].
RkRef rk_cross_entropy(RkGraph *graph, RkRef x, RkRef label);

// sum over j of t_j (log(sum of exp(x)) - x_j). x, target f32 [.., N] -> f32 [..]. Targets need
// not add up to 1.
RkRef rk_soft_cross_entropy(RkGraph *graph, RkRef x, RkRef target);

// T^2 KL(softmax(teacher / T) || softmax(student / T)); the square keeps gradients of the same
// size at every temperature. f32 [.., N] each -> f32 [..]. Hinton, Vinyals and Dean,
// https://arxiv.org/abs/1503.02531, section 2.1.
RkRef rk_distill_kl(RkGraph *graph, RkRef student, RkRef teacher, float temperature);

// What sampled softmax knows beyond the scores; RK_NONE leaves a part out.
typedef struct {
    RkRef log_q;          // f32 [N] or [B, N]: log of how often a candidate is expected to be drawn
    RkRef log_q_positive; // f32 [B]: the same of the positives, when they are apart
    RkRef id;             // u32 [N] or [B, N]: which items the candidates are
    RkRef positive_id;    // u32 [B]: which items the positives are, when they are apart
} RkSampledOptions;

// Softmax over one positive and N candidates, s - log_q standing for each score s (the logQ
// correction): log(exp(p) + sum over j of exp(s_j)) - p. Candidates that are the positive's own
// item (accidental hits) don't count. score f32 [B, N], positive f32 [B] -> f32 [B].
// Bengio and Senecal, "Adaptive importance sampling to accelerate training of a neural
// probabilistic language model" (2008); https://www.tensorflow.org/extras/candidate_sampling.pdf.
RkRef rk_sampled_softmax(RkGraph *graph, RkRef score, RkRef positive, RkSampledOptions options);

// The same with the other samples' positives as negatives: score f32 [B, B], its diagonal the
// positives. log_q f32 [B], id u32 [B], or RK_NONE. Yi et al.,
// https://research.google/pubs/pub48840/ (2019).
RkRef rk_in_batch_softmax(RkGraph *graph, RkRef score, RkRef log_q, RkRef id);

// Mean over negatives of -log s(positive - negative). positive f32 [B], negative f32 [B] or [B, N]
// -> f32 [B]. Rendle et al., https://arxiv.org/abs/1205.2618.
RkRef rk_bpr(RkGraph *graph, RkRef positive, RkRef negative);
