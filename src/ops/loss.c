// SPDX-License-Identifier: GPL-3.0-or-later
//
// The losses: rows, oracles, gradients, builders.
#include "ops/loss.h"

#include "ops/convert.h"
#include "ops/loss-private.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"

#include <math.h>
#include <string.h>

static const RkOp ROWS[RK_LOSS_N_ROWS];

static const RkLoss *
loss_of(const RkOp *op)
{
    return op->data;
}

uint32_t
rk_loss_input(const RkOpArgs *args, uint32_t i)
{
    return loss_of(args->op)->gradient ? i + 1 : i;
}

// --- shape rules --------------------------------------------------------------------------------

// All dimensions of x but the last.
static RkType
rows_type(const RkType *x)
{
    RkType rows = *x;
    rows.rank--;
    rows.dim[rows.rank] = (RkDim){0, FALSE};
    return rows;
}

// Checks that input i has one element for each row of x.
static gboolean
infer_by_row(const RkOpTypes *t, uint32_t i, const RkType *x, GError **error)
{
    if (!rk_infer_rank(t, i, x->rank - 1, error))
        return FALSE;
    for (uint32_t axis = 0; axis + 1 < x->rank; axis++)
        if (!rk_infer_dim(t, i, axis, x->dim[axis], error))
            return FALSE;
    return TRUE;
}

// What all have in common: x f32 [.., N] is input `first`, g before it has one element a row.
static gboolean
infer_rows(const RkOpTypes *t, uint32_t *first, RkType *out, GError **error)
{
    *first = loss_of(t->op)->gradient ? 1 : 0;
    const RkType *x = &t->in[*first];
    if (!rk_infer_dtype(t, *first, RK_F32, error))
        return FALSE;
    if (x->rank == 0)
        return rk_infer_fail(t, error, "a scalar has no last dimension");
    *out = *first ? *x : rows_type(x);
    return *first == 0 || (rk_infer_dtype(t, 0, RK_F32, error) && infer_by_row(t, 0, x, error));
}

static gboolean
infer_cross_entropy(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t first;
    return infer_rows(t, &first, out, error) && rk_infer_dtype(t, first + 1, RK_U32, error) &&
           infer_by_row(t, first + 1, &t->in[first], error);
}

// log_q or id: [N] or [B, N].
static gboolean
infer_candidates(const RkOpTypes *t, uint32_t i, const RkType *score, GError **error)
{
    if (!t->present[i])
        return TRUE;
    uint32_t rank = t->in[i].rank;
    if (rank != 1 && rank != 2)
        return rk_infer_fail(t, error, "input %u must have one or two dimensions", i);
    return rk_infer_dim(t, i, rank - 1, score->dim[1], error) &&
           (rank == 1 || rk_infer_dim(t, i, 0, score->dim[0], error));
}

static gboolean
infer_sampled(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t first;
    if (!infer_rows(t, &first, out, error) || !rk_infer_rank(t, first, 2, error))
        return FALSE;
    const RkType *score = &t->in[first];
    const gboolean *present = t->present + first;
    for (uint32_t i = 0; i < RK_SAMPLED_INPUTS; i++)
        if (!rk_infer_dtype(t, first + i, i >= RK_SAMPLED_ID ? RK_U32 : RK_F32, error))
            return FALSE;
    if (!infer_candidates(t, first + RK_SAMPLED_LOG_Q, score, error) ||
        !infer_candidates(t, first + RK_SAMPLED_ID, score, error))
        return FALSE;
    const uint32_t by_row[] = {RK_SAMPLED_POSITIVE, RK_SAMPLED_LOG_Q_POSITIVE,
                               RK_SAMPLED_POSITIVE_ID};
    for (uint32_t i = 0; i < G_N_ELEMENTS(by_row); i++)
        if (present[by_row[i]] && !infer_by_row(t, first + by_row[i], score, error))
            return FALSE;
    gboolean apart = present[RK_SAMPLED_POSITIVE];
    if (apart && present[RK_SAMPLED_ID] != present[RK_SAMPLED_POSITIVE_ID])
        return rk_infer_fail(t, error, "the items of candidates and positives go together");
    if (apart)
        return TRUE;
    if (present[RK_SAMPLED_LOG_Q_POSITIVE] || present[RK_SAMPLED_POSITIVE_ID] ||
        (present[RK_SAMPLED_ID] && t->in[first + RK_SAMPLED_ID].rank != 1))
        return rk_infer_fail(t, error, "positives in the batch are described by the candidates");
    return rk_infer_dim(t, first, 1, score->dim[0], error);
}

static gboolean
infer_target(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t first;
    if (!infer_rows(t, &first, out, error) || !rk_infer_dtype(t, first + 1, RK_F32, error) ||
        !rk_infer_same(t, first, first + 1, error))
        return FALSE;
    return loss_of(t->op)->kind != RK_LOSS_DISTILL || t->attr[0].f > 0 ||
           rk_infer_fail(t, error, "the temperature is %g, it must be above 0",
                         (double)t->attr[0].f);
}

static gboolean
infer_bpr(const RkOpTypes *t, RkType *out, GError **error)
{
    uint32_t first;
    if (!infer_rows(t, &first, out, error) || !rk_infer_dtype(t, first + 1, RK_F32, error) ||
        !infer_by_row(t, first + 1, &t->in[first], error))
        return FALSE;
    return t->in[first].dim[t->in[first].rank - 1].n > 0 ||
           rk_infer_fail(t, error, "there must be at least one negative");
}

// --- oracles ------------------------------------------------------------------------------------

static double
log_sum_exp(const double *x, uint64_t n)
{
    double m = -INFINITY, sum = 0;
    for (uint64_t j = 0; j < n; j++)
        if (x[j] > m || isnan(x[j]))
            m = x[j];
    for (uint64_t j = 0; j < n; j++)
        sum += exp(x[j] - (isinf(m) ? 0 : m));
    return (isinf(m) ? 0 : m) + log(sum);
}

// The N logits of a row and, behind them, the positive that is apart (else minus infinity).
// Returns which of them is picked; more than N when the row is to be left out.
static uint64_t
picked_logits(const RkOpArgs *args, double *const *all, uint64_t row, double *logit)
{
    uint32_t first = rk_loss_input(args, 0);
    double *const *in = all + first;
    uint64_t cols = args->in[first].dim[args->in[first].rank - 1];
    memcpy(logit, in[RK_SAMPLED_SCORE] + row * cols, cols * sizeof *logit);
    logit[cols] = -INFINITY;
    if (loss_of(args->op)->kind == RK_LOSS_CROSS_ENTROPY)
        return in[1][row] < (double)cols ? (uint64_t)in[1][row] : cols + 1;
    const gboolean *present = args->present + first;
    const RkTensor *tensor = args->in + first;
    gboolean apart = present[RK_SAMPLED_POSITIVE];
    double own = UINT32_MAX;
    if (present[RK_SAMPLED_ID])
        own = in[apart ? RK_SAMPLED_POSITIVE_ID : RK_SAMPLED_ID][row];
    for (uint64_t j = 0; j < cols; j++) {
        if (present[RK_SAMPLED_LOG_Q])
            logit[j] -=
                in[RK_SAMPLED_LOG_Q][tensor[RK_SAMPLED_LOG_Q].rank == 2 ? row * cols + j : j];
        if (!present[RK_SAMPLED_ID])
            continue;
        double id = in[RK_SAMPLED_ID][tensor[RK_SAMPLED_ID].rank == 2 ? row * cols + j : j];
        if (id == UINT32_MAX || (id == own && (apart || j != row)))
            logit[j] = -INFINITY;
    }
    if (apart)
        logit[cols] = in[RK_SAMPLED_POSITIVE][row] -
                      (present[RK_SAMPLED_LOG_Q_POSITIVE] ? in[RK_SAMPLED_LOG_Q_POSITIVE][row] : 0);
    if (present[RK_SAMPLED_ID] && own == UINT32_MAX)
        return cols + 1;
    return apart ? cols : row;
}

static void
oracle_picked(const RkOpArgs *args, double *const *in, double *out)
{
    const RkTensor *x = &args->in[rk_loss_input(args, 0)];
    uint64_t rows = rk_tensor_rows(x), cols = rk_tensor_cols(x);
    g_autofree double *logit = g_new(double, cols + 1);
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t picked = picked_logits(args, in, row, logit);
        double sum = log_sum_exp(logit, cols + 1);
        if (!loss_of(args->op)->gradient)
            out[row] = picked > cols ? 0 : sum - logit[picked];
        for (uint64_t j = 0; loss_of(args->op)->gradient && j < cols; j++)
            out[row * cols + j] =
                picked > cols ? 0 : in[0][row] * (exp(logit[j] - sum) - (j == picked));
    }
}

static void
oracle_target_row(const RkOpArgs *args, const double *x, const double *t, uint64_t cols, double g,
                  double *out)
{
    gboolean distill = loss_of(args->op)->kind == RK_LOSS_DISTILL;
    double temperature = distill ? args->attr[0].f : 1, loss = 0, total = 0;
    g_autofree double *log_q = g_new(double, cols + 1);
    g_autofree double *log_p = g_new(double, cols + 1);
    for (uint64_t j = 0; j < cols; j++) {
        log_q[j] = x[j] / temperature;
        log_p[j] = distill ? t[j] / temperature : log(t[j]);
    }
    double sum_q = log_sum_exp(log_q, cols), sum_p = distill ? log_sum_exp(log_p, cols) : 0;
    for (uint64_t j = 0; j < cols; j++) {
        double p = exp(log_p[j] - sum_p), left = sum_q - log_q[j];
        total += p;
        if (p > 0)
            loss += p * (distill ? left + log_p[j] - sum_p : left);
    }
    if (!loss_of(args->op)->gradient)
        *out = loss * temperature * temperature;
    for (uint64_t j = 0; loss_of(args->op)->gradient && j < cols; j++)
        out[j] = g * temperature * (total * exp(log_q[j] - sum_q) - exp(log_p[j] - sum_p));
}

static void
oracle_target(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t first = rk_loss_input(args, 0);
    uint64_t rows = rk_tensor_rows(&args->in[first]), cols = rk_tensor_cols(&args->in[first]);
    for (uint64_t row = 0; row < rows; row++)
        oracle_target_row(args, in[first] + row * cols, in[first + 1] + row * cols, cols,
                          first ? in[0][row] : 1, out + row * (first ? cols : 1));
}

static void
oracle_bpr(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t first = rk_loss_input(args, 0);
    uint64_t rows = rk_tensor_rows(&args->in[first]), cols = rk_tensor_cols(&args->in[first]);
    for (uint64_t row = 0; row < rows; row++) {
        double sum = 0;
        for (uint64_t j = 0; j < cols; j++) {
            double behind = in[first][row * cols + j] - in[first + 1][row];
            sum += fmax(behind, 0) + log1p(exp(-fabs(behind)));
            if (first)
                out[row * cols + j] = in[0][row] / (double)cols / (1 + exp(-behind));
        }
        if (!first)
            out[row] = sum / (double)cols;
    }
}

static uint32_t
label_limit(const RkOpArgs *args, uint32_t i)
{
    uint32_t x = rk_loss_input(args, 0);
    return i == x + 1 ? rk_tensor_cols(&args->in[x]) : 0;
}

// An exponential, counted as ten, and a few more for each logit.
static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, 16.0 * (double)rk_tensor_numel(&args->in[rk_loss_input(args, 0)]));
}

// --- gradients ----------------------------------------------------------------------------------

// The gradient by the first input: the row after the loss's own, of dy and all that it takes.
static RkRef
grad_first(RkGraph *graph, const RkNode *node, RkRef dy)
{
    RkRef in[RK_SAMPLED_INPUTS + 1] = {dy};
    memcpy(in + 1, node->in, node->n_in * sizeof *in);
    return rk_graph_op(graph, node->op + 1, node->n_in + 1, in, node->n_attr, node->attr);
}

// dy with a last dimension of 1.
static RkRef
as_column(RkGraph *graph, RkRef dy, RkRef x)
{
    RkType column = *rk_graph_type(graph, x);
    column.dim[column.rank - 1] = RK_DIM(1);
    return rk_reshape(graph, dy, column);
}

static void
grad_cross_entropy(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    dx[0] = grad_first(graph, &node, dy);
}

// The probabilities of a row sum to 1, so what the candidates gain is what the positive loses.
static void
grad_sampled(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkRef log_q = node.in[RK_SAMPLED_LOG_Q];
    dx[RK_SAMPLED_SCORE] = grad_first(graph, &node, dy);
    if (log_q != RK_NONE)
        dx[RK_SAMPLED_LOG_Q] =
            rk_sum_to(graph, rk_neg(graph, dx[RK_SAMPLED_SCORE]), *rk_graph_type(graph, log_q));
    if (node.in[RK_SAMPLED_POSITIVE] == RK_NONE)
        return;
    RkRef sum = rk_sum(graph, dx[RK_SAMPLED_SCORE], -1, FALSE);
    dx[RK_SAMPLED_POSITIVE] = rk_neg(graph, sum);
    if (node.in[RK_SAMPLED_LOG_Q_POSITIVE] != RK_NONE)
        dx[RK_SAMPLED_LOG_Q_POSITIVE] = sum;
}

// d target_j = g times minus the logarithm of x's probability.
static void
grad_soft(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    RkRef g = as_column(graph, dy, node.in[0]);
    dx[0] = grad_first(graph, &node, dy);
    dx[1] = rk_mul(graph, rk_neg(graph, g), rk_log_softmax(graph, node.in[0]));
}

// With p and q the teacher's and the student's probabilities and K their divergence = y / T^2:
// d teacher_j = g T p_j (log p_j - log q_j - K).
static void
grad_distill(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    float t = node.attr[0].f;
    dx[0] = grad_first(graph, &node, dy);
    RkRef log_q = rk_log_softmax(graph, rk_scale(graph, node.in[0], 1 / t));
    RkRef log_p = rk_log_softmax(graph, rk_scale(graph, node.in[1], 1 / t));
    RkRef divergence = rk_scale(graph, as_column(graph, y, node.in[0]), 1 / (t * t));
    RkRef excess = rk_sub(graph, rk_sub(graph, log_p, log_q), divergence);
    RkRef g = rk_scale(graph, as_column(graph, dy, node.in[0]), t);
    dx[1] = rk_mul(graph, g, rk_mul(graph, rk_exp(graph, log_p), excess));
}

static void
grad_bpr(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    dx[0] = grad_first(graph, &node, dy);
    dx[1] = rk_neg(graph, rk_sum(graph, dx[0], -1, FALSE));
}

// --- rows ---------------------------------------------------------------------------------------

static const char *const LABELLED[] = {"g", "x", "label", NULL};
static const char *const SAMPLED[] = {
    "g", "score", "positive?", "log_q?", "log_q_positive?", "id?", "positive_id?", NULL};
static const char *const TARGET[] = {"g", "x", "target", NULL};
static const char *const DISTILL[] = {"g", "student", "teacher", NULL};
static const char *const NEGATIVES[] = {"g", "negative", "positive", NULL};
static const char *const TEMPERATURE[] = {"f:temperature", NULL};

// exp may be off by 3 + 2 |x| units in the last place (Vulkan's rule for single precision), x near
// 10 below the maximum in the samples; losses near 0 are differences of numbers near 1.
#define ROW(label, at, is_gradient, names, attributes, rule, gradient_fn, reference, limit, list)  \
    {                                                                                              \
        .name = label, .input = names, .attribute = attributes, .padded = UINT32_MAX,              \
        .data = &(const RkLoss){at, is_gradient}, .infer = rule, .grad = gradient_fn,              \
        .oracle = reference, .index_limit = limit, .cost = cost, .n_kernels = RK_ROWWISE_KERNELS,  \
        .kernels = rk_loss_kernels[(at) + (is_gradient)], .pick = rk_rowwise_pick,                 \
        .n_samples = G_N_ELEMENTS(list[0]), .samples = list[is_gradient],                          \
        .prepare = rk_loss_prepare, .rtol = 1e-5, .atol = 1e-6                                     \
    }
#define PAIR(label, at, names, attributes, rule, gradient_fn, reference, limit, list)              \
    [at] = ROW(label, at, 0, names + 1, attributes, rule, gradient_fn, reference, limit, list),    \
    [(at) + 1] = ROW(label ".d", at, 1, names, attributes, rule, NULL, reference, limit, list)
static const RkOp ROWS[RK_LOSS_N_ROWS] = {
    PAIR("cross_entropy", RK_LOSS_CROSS_ENTROPY, LABELLED, NULL, infer_cross_entropy,
         grad_cross_entropy, oracle_picked, label_limit, rk_loss_cross_entropy),
    PAIR("sampled_softmax", RK_LOSS_SAMPLED, SAMPLED, NULL, infer_sampled, grad_sampled,
         oracle_picked, NULL, rk_loss_sampled),
    PAIR("soft_cross_entropy", RK_LOSS_SOFT, TARGET, NULL, infer_target, grad_soft, oracle_target,
         NULL, rk_loss_soft),
    PAIR("distill_kl", RK_LOSS_DISTILL, DISTILL, TEMPERATURE, infer_target, grad_distill,
         oracle_target, NULL, rk_loss_distill),
    PAIR("bpr", RK_LOSS_BPR, NEGATIVES, NULL, infer_bpr, grad_bpr, oracle_bpr, NULL, rk_loss_bpr),
};

RkFamily
rk_family_loss(void)
{
    return (RkFamily){ROWS, RK_LOSS_N_ROWS};
}

// --- builders -----------------------------------------------------------------------------------

RkRef
rk_mean_loss(RkGraph *graph, RkRef loss, RkRef weight)
{
    if (weight == RK_NONE)
        return rk_mean_all(graph, loss);
    RkType type = *rk_graph_type(graph, loss);
    weight = rk_expand(graph, weight, type);
    RkRef total = rk_sum_all(graph, rk_mul(graph, loss, weight));
    const double NOTHING = 1e-30; // stands for a sum of weights of 0
    RkRef least = rk_graph_fill(graph, rk_type(RK_F32, 0), NOTHING);
    return rk_div(graph, total, rk_maximum(graph, rk_sum_all(graph, weight), least));
}

RkRef
rk_label_weight(RkGraph *graph, RkRef label, uint32_t n_classes)
{
    RkRef limit = rk_graph_fill(graph, rk_type(RK_F32, 0), n_classes);
    return rk_less(graph, rk_cast(graph, label, RK_F32), limit);
}

RkRef
rk_bce_loss(RkGraph *graph, RkRef logits, RkRef target, float positive_weight)
{
    return positive_weight == 1 ? rk_bce_logits(graph, logits, target)
                                : rk_bce_weighted(graph, logits, target, positive_weight);
}

RkRef
rk_cross_entropy(RkGraph *graph, RkRef x, RkRef label)
{
    const RkRef in[] = {x, label};
    return rk_graph_op(graph, &ROWS[RK_LOSS_CROSS_ENTROPY], 2, in, 0, NULL);
}

RkRef
rk_soft_cross_entropy(RkGraph *graph, RkRef x, RkRef target)
{
    const RkRef in[] = {x, target};
    return rk_graph_op(graph, &ROWS[RK_LOSS_SOFT], 2, in, 0, NULL);
}

RkRef
rk_distill_kl(RkGraph *graph, RkRef student, RkRef teacher, float temperature)
{
    const RkRef in[] = {student, teacher};
    const RkAttr attr = {.f = temperature};
    return rk_graph_op(graph, &ROWS[RK_LOSS_DISTILL], 2, in, 1, &attr);
}

RkRef
rk_sampled_softmax(RkGraph *graph, RkRef score, RkRef positive, RkSampledOptions options)
{
    const RkRef in[RK_SAMPLED_INPUTS] = {
        [RK_SAMPLED_SCORE] = score,         [RK_SAMPLED_POSITIVE] = positive,
        [RK_SAMPLED_LOG_Q] = options.log_q, [RK_SAMPLED_LOG_Q_POSITIVE] = options.log_q_positive,
        [RK_SAMPLED_ID] = options.id,       [RK_SAMPLED_POSITIVE_ID] = options.positive_id,
    };
    return rk_graph_op(graph, &ROWS[RK_LOSS_SAMPLED], RK_SAMPLED_INPUTS, in, 0, NULL);
}

RkRef
rk_in_batch_softmax(RkGraph *graph, RkRef score, RkRef log_q, RkRef id)
{
    return rk_sampled_softmax(graph, score, RK_NONE,
                              (RkSampledOptions){log_q, RK_NONE, id, RK_NONE});
}

RkRef
rk_bpr(RkGraph *graph, RkRef positive, RkRef negative)
{
    RkType type = *rk_graph_type(graph, negative);
    if (type.rank == rk_graph_type(graph, positive)->rank && type.rank < RK_MAX_RANK) {
        type.dim[type.rank++] = RK_DIM(1);
        negative = rk_reshape(graph, negative, type);
    }
    const RkRef in[] = {negative, positive};
    return rk_graph_op(graph, &ROWS[RK_LOSS_BPR], 2, in, 0, NULL);
}
