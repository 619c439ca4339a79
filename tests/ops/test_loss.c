// SPDX-License-Identifier: GPL-3.0-or-later
//
// The losses as models build them, on the device and fused, against the formulas of their papers
// written out anew. Tolerance 2e-6 relative: a mean of a few terms in fp32, exp and log a few units
// in the last place off.
#include "ops/loss.h"

#include "ops/ops.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

static RkDevice *device;

enum { B = 4, N = 3 };

// A graph, the values of its inputs and the outputs wanted.
typedef struct {
    RkGraph *graph;
    guint n;
    RkRef input[8];
    const void *value[8];
} Setup;

static RkRef
feed(Setup *s, RkDtype dtype, uint32_t rows, uint32_t cols, const void *value)
{
    g_autofree char *name = g_strdup_printf("in%u", s->n);
    RkType type =
        cols ? rk_type(dtype, 2, RK_DIM(rows), RK_DIM(cols)) : rk_type(dtype, 1, RK_DIM(rows));
    s->input[s->n] = rk_graph_input(s->graph, name, type);
    s->value[s->n] = value;
    return s->input[s->n++];
}

// Runs and copies n floats of the output. Frees the graph.
static gboolean
run(Setup *s, RkRef y, float *out, uint32_t n, GError **error)
{
    g_autoptr(RkGraph) graph = s->graph;
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 1, .n_outputs = 1, .outputs = &y};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, error);
    if (plan == NULL)
        return FALSE;
    for (guint i = 0; i < s->n; i++) {
        size_t bytes;
        void *to = rk_plan_input(plan, s->input[i], &bytes);
        if (to != NULL)
            memcpy(to, s->value[i], bytes);
    }
    if (!rk_plan_run(plan, error))
        return FALSE;
    memcpy(out, rk_plan_output(plan, 0, NULL), n * sizeof *out);
    return TRUE;
}

static void
expect(Setup *s, RkRef y, const double *expected, uint32_t n)
{
    g_autoptr(GError) error = NULL;
    float got[16];
    run(s, y, got, n, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < n; i++)
        g_assert_cmpfloat(fabs(got[i] - expected[i]), <=, 2e-6 * (1 + fabs(expected[i])));
}

static double
soft(double x) // log(1 + exp(x))
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static void
bce_counts_positives(void)
{
    static const float x[] = {1e4f, -1e4f, 1e4f, -1e4f, 0.5f, -2, 30, -30};
    static const float y[] = {1, 0, 0, 1, 1, 0.25f, 0, 1};
    for (int weighted = 0; weighted < 2; weighted++) {
        double w = weighted ? 3.5 : 1, expected[8];
        for (int i = 0; i < 8; i++)
            expected[i] = w * y[i] * soft(-x[i]) + (1 - y[i]) * soft(x[i]);
        Setup s = {.graph = rk_graph_new()};
        RkRef logits = feed(&s, RK_F32, 8, 0, x), target = feed(&s, RK_F32, 8, 0, y);
        expect(&s, rk_bce_loss(s.graph, logits, target, (float)w), expected, 8);
    }
}

static void
weights_choose_what_counts(void)
{
    static const float a[] = {1, 2, 3, NAN}, b[] = {0, 4, 3.5f, 0}, w[] = {2, 0, 1, 0}, o[4] = {0};
    Setup s = {.graph = rk_graph_new()};
    RkRef x = feed(&s, RK_F32, 3, 0, a), y = feed(&s, RK_F32, 3, 0, b);
    RkRef loss = rk_squared_error(s.graph, x, y);
    expect(&s, rk_mean_loss(s.graph, loss, feed(&s, RK_F32, 3, 0, w)),
           (const double[]){(2 * 1 + 0.25) / 3}, 1);

    s = (Setup){.graph = rk_graph_new()};
    x = feed(&s, RK_F32, 3, 0, a), y = feed(&s, RK_F32, 3, 0, b);
    expect(&s, rk_mean_loss(s.graph, rk_squared_error(s.graph, x, y), RK_NONE),
           (const double[]){(1 + 4 + 0.25) / 3}, 1);

    s = (Setup){.graph = rk_graph_new()};
    x = feed(&s, RK_F32, 3, 0, a), y = feed(&s, RK_F32, 3, 0, b);
    loss = rk_squared_error(s.graph, x, y);
    expect(&s, rk_mean_loss(s.graph, loss, feed(&s, RK_F32, 3, 0, o)), (const double[]){0}, 1);

    s = (Setup){.graph = rk_graph_new()}; // NaN is never hidden
    x = feed(&s, RK_F32, 4, 0, a), y = feed(&s, RK_F32, 4, 0, b);
    float got;
    loss = rk_mean_loss(s.graph, rk_squared_error(s.graph, x, y), RK_NONE);
    g_assert_true(run(&s, loss, &got, 1, NULL));
    g_assert_true(isnan(got));
}

static const float SCORES[B * N] = {0.5f, -1, 2, 1e4f, -1e4f, 0, 3, 3, 3, -0.25f, 0.75f, 0};

static void
padding_labels_do_not_count(void)
{
    static const uint32_t label[B] = {2, RK_NO_LABEL, 0, 1};
    double sum = 0;
    for (int i = 0; i < B; i++) {
        if (label[i] == RK_NO_LABEL)
            continue;
        double total = 0;
        for (int j = 0; j < N; j++)
            total += exp(SCORES[i * N + j]);
        sum += log(total) - SCORES[i * N + (int)label[i]];
    }
    Setup s = {.graph = rk_graph_new()};
    RkRef x = feed(&s, RK_F32, B, N, SCORES), l = feed(&s, RK_U32, B, 0, label);
    RkRef loss = rk_cross_entropy(s.graph, x, l);
    expect(&s, rk_mean_loss(s.graph, loss, rk_label_weight(s.graph, l, N)),
           (const double[]){sum / 3}, 1);
}

static void
wrong_label_is_caught(void)
{
    static const uint32_t label[B] = {2, RK_NO_LABEL, 3, 1};
    g_autoptr(GError) error = NULL;
    float got[B];
    Setup s = {.graph = rk_graph_new()};
    RkRef x = feed(&s, RK_F32, B, N, SCORES), l = feed(&s, RK_U32, B, 0, label);
    g_assert_false(run(&s, rk_cross_entropy(s.graph, x, l), got, B, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_nonnull(strstr(error->message, "element 2 of input in1 is 3, but cross_entropy takes "
                                            "indices below 3"));
}

// Row 0 has an accidental hit at candidate 1, row 3 at candidate 2. Scores of 1e4 have a log_q of
// 0, which they would round.
static void
sampled_softmax_corrects_and_leaves_out(void)
{
    static const float positive[B] = {1, 1e4f, -2, 0.5f}, q[N] = {1, 0.7f, 2}, qp[B] = {2, 1, 3, 4};
    static const uint32_t item[N] = {10, 11, 12}, own[B] = {11, 5, 6, 12};
    double expected[B], corrected[B];
    for (int i = 0; i < B; i++) {
        double p = positive[i] - log(qp[i]), over = 0; // sum relative to the positive
        for (int j = 0; j < N; j++)
            if (item[j] != own[i])
                over += exp(SCORES[i * N + j] - log(q[j]) - p);
        corrected[i] = log1p(over);
        over = 0;
        for (int j = 0; j < N; j++)
            over += exp((double)SCORES[i * N + j] - positive[i]);
        expected[i] = log1p(over);
    }
    Setup s = {.graph = rk_graph_new()};
    RkRef x = feed(&s, RK_F32, B, N, SCORES), p = feed(&s, RK_F32, B, 0, positive);
    RkSampledOptions none = {RK_NONE, RK_NONE, RK_NONE, RK_NONE};
    expect(&s, rk_sampled_softmax(s.graph, x, p, none), expected, B);

    s = (Setup){.graph = rk_graph_new()};
    x = feed(&s, RK_F32, B, N, SCORES), p = feed(&s, RK_F32, B, 0, positive);
    RkSampledOptions all = {.log_q = rk_log(s.graph, feed(&s, RK_F32, N, 0, q)),
                            .log_q_positive = rk_log(s.graph, feed(&s, RK_F32, B, 0, qp)),
                            .id = feed(&s, RK_U32, N, 0, item),
                            .positive_id = feed(&s, RK_U32, B, 0, own)};
    expect(&s, rk_sampled_softmax(s.graph, x, p, all), corrected, B);
}

// Samples 0 and 2 share an item, sample 3 is padding.
static void
in_batch_softmax_skips_its_own_item(void)
{
    static const float x[B * B] = {1, 2, 3, 9, -1, 0, 1, 9, 0.5f, 2, 0.25f, 9, 9, 9, 9, 9};
    static const float q[B] = {0.5f, 0.25f, 0.5f, 1};
    static const uint32_t item[B] = {7, 8, 7, RK_NO_LABEL};
    double l[B * B], expected[B] = {0};
    for (int i = 0; i < B * B; i++)
        l[i] = x[i] - log(q[i % B]);
    expected[0] = log(exp(l[0]) + exp(l[1])) - l[0];
    expected[1] = log(exp(l[4]) + exp(l[5]) + exp(l[6])) - l[5];
    expected[2] = log(exp(l[9]) + exp(l[10])) - l[10];
    Setup s = {.graph = rk_graph_new()};
    RkRef score = feed(&s, RK_F32, B, B, x), log_q = rk_log(s.graph, feed(&s, RK_F32, B, 0, q));
    expect(&s, rk_in_batch_softmax(s.graph, score, log_q, feed(&s, RK_U32, B, 0, item)), expected,
           B);
}

static void
bpr_takes_one_or_several_negatives(void)
{
    static const float positive[B] = {1, -1e4f, 1e4f, 0};
    double one[B], several[B];
    for (int i = 0; i < B; i++) {
        several[i] = 0;
        for (int j = 0; j < N; j++)
            several[i] += soft((double)SCORES[i * N + j] - positive[i]) / N;
        one[i] = soft((double)SCORES[i] - positive[i]);
    }
    Setup s = {.graph = rk_graph_new()};
    RkRef p = feed(&s, RK_F32, B, 0, positive);
    expect(&s, rk_bpr(s.graph, p, feed(&s, RK_F32, B, N, SCORES)), several, B);
    s = (Setup){.graph = rk_graph_new()};
    p = feed(&s, RK_F32, B, 0, positive);
    expect(&s, rk_bpr(s.graph, p, feed(&s, RK_F32, B, 0, SCORES)), one, B);
}

// The gradient by the student is T (q - p) whatever the temperature, q and p the softened
// probabilities; the loss itself is 0 for a student that agrees.
static void
distillation_is_scaled_by_temperature(void)
{
    static const float student[N] = {0.5f, -1, 2}, teacher[N] = {1, 1, -1};
    const double t = 4;
    double p[N], q[N], sum_p = 0, sum_q = 0, loss = 0, gradient[N];
    for (int j = 0; j < N; j++) {
        sum_q += q[j] = exp(student[j] / t);
        sum_p += p[j] = exp(teacher[j] / t);
    }
    for (int j = 0; j < N; j++) {
        loss += t * t * p[j] / sum_p * log(p[j] / sum_p * sum_q / q[j]);
        gradient[j] = t * (q[j] / sum_q - p[j] / sum_p);
    }
    Setup s = {.graph = rk_graph_new()};
    RkRef x = feed(&s, RK_F32, 1, N, student), y = feed(&s, RK_F32, 1, N, teacher);
    expect(&s, rk_distill_kl(s.graph, x, y, 4), &loss, 1);
    s = (Setup){.graph = rk_graph_new()};
    x = feed(&s, RK_F32, 1, N, student), y = feed(&s, RK_F32, 1, N, teacher);
    RkRef total = rk_sum_all(s.graph, rk_distill_kl(s.graph, x, y, 4));
    RkGradient g;
    g_assert_true(rk_grad(s.graph, &rk_grad_ops, total, 1, &x, &g, NULL));
    expect(&s, g.dense, gradient, N);
    s = (Setup){.graph = rk_graph_new()};
    x = feed(&s, RK_F32, 1, N, student);
    expect(&s, rk_distill_kl(s.graph, x, x, 4), (const double[]){0}, 1);
}

static void
shapes_that_do_not_fit_are_said(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkGraph) graph = rk_graph_new();
    RkRef x = rk_graph_input(graph, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(5)));
    RkRef label = rk_graph_input(graph, "label", rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(1)));
    g_assert_true(rk_cross_entropy(graph, x, label) == RK_NONE);
    g_assert_false(rk_graph_check(graph, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_clear_error(&error);
    g_autoptr(RkGraph) other = rk_graph_new();
    x = rk_graph_input(other, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(5)));
    g_assert_true(rk_in_batch_softmax(other, x, RK_NONE, RK_NONE) == RK_NONE);
    g_assert_false(rk_graph_check(other, &error));
    g_clear_error(&error);
    g_autoptr(RkGraph) third = rk_graph_new();
    x = rk_graph_input(third, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(5)));
    g_assert_true(rk_distill_kl(third, x, x, 0) == RK_NONE);
    g_assert_false(rk_graph_check(third, &error));
    g_assert_nonnull(strstr(error->message, "temperature"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_func("/ops/loss/bce counts positives as told", bce_counts_positives);
    g_test_add_func("/ops/loss/weights choose what counts", weights_choose_what_counts);
    g_test_add_func("/ops/loss/padding labels do not count", padding_labels_do_not_count);
    g_test_add_func("/ops/loss/a wrong label is caught on the host", wrong_label_is_caught);
    g_test_add_func("/ops/loss/sampled softmax corrects and leaves out",
                    sampled_softmax_corrects_and_leaves_out);
    g_test_add_func("/ops/loss/in-batch softmax skips its own item",
                    in_batch_softmax_skips_its_own_item);
    g_test_add_func("/ops/loss/bpr takes one or several negatives",
                    bpr_takes_one_or_several_negatives);
    g_test_add_func("/ops/loss/distillation is scaled by temperature",
                    distillation_is_scaled_by_temperature);
    g_test_add_func("/ops/loss/shapes that do not fit are said", shapes_that_do_not_fit_are_said);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
