// SPDX-License-Identifier: GPL-3.0-or-later
//
// Several steps of each optimizer, dense and by rows, beside the papers' formulas in double
// precision. The rows' own tests cover one step of a kernel; here are states, corrections, clipping
// and the order of things.
#include "ops/ops.h"
#include "plan/plan.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { ROWS = 7, D = 3, BATCH = 5, STEPS = 6 };

static RkDevice *device;

typedef enum { SGD, MOMENTUM, NESTEROV, ADAM, ADAMW, ADAGRAD, ROWWISE, N_METHODS } Method;
static const char *const METHOD_NAMES[] = {"sgd",   "momentum", "nesterov",       "adam",
                                           "adamw", "adagrad",  "rowwise_adagrad"};

static const RkHyper HYPER = {.lr = 0.02f,
                              .beta1 = 0.9f,
                              .beta2 = 0.98f,
                              .eps = 1e-3f,
                              .weight_decay = 0.02f,
                              .momentum = 0.8f};
// Row 2 comes twice in a batch, rows 5 and 6 never.
static const uint32_t INDEX[STEPS][BATCH] = {{0, 2, 2, 1, 4}, {2, 2, 2, 2, 2}, {4, 3, 1, 0, 2},
                                             {1, 1, 0, 0, 3}, {3, 4, 3, 4, 3}, {0, 1, 2, 3, 4}};

// loss = sum((table[index] * w)^2): the table's gradient is sparse, w's dense.
typedef struct {
    RkGraph *graph;
    RkRef index, hyper, table, w, loss;
    uint32_t n_effects;
    RkRef effects[2];
} Model;

static RkRef
step_of(RkGraph *g, Method method, const RkGradient *gradient, RkType type, const char *name,
        RkRef hyper, RkRef scale)
{
    gboolean rows = gradient->values != RK_NONE;
    if (method == ROWWISE && rows)
        type = rk_type(RK_F32, 1, RK_DIM(ROWS));
    g_autofree char *first = g_strconcat(name, ".1", NULL), *second = g_strconcat(name, ".2", NULL);
    RkRef s1 = method == SGD ? RK_NONE : rk_graph_param(g, first, type);
    switch (method) {
    case SGD:
    case MOMENTUM:
    case NESTEROV:
        return rk_sgd(g, gradient, s1, hyper, scale, method == NESTEROV ? RK_STEP_NESTEROV : 0);
    case ADAM:
    case ADAMW:
        return rk_adam(g, gradient, s1, rk_graph_param(g, second, type), hyper, scale,
                       method == ADAMW ? RK_STEP_DECOUPLED : 0);
    case ROWWISE:
        if (rows)
            return rk_rowwise_adagrad(g, gradient, s1, hyper, scale, 0);
        return rk_adagrad(g, gradient, s1, hyper, scale, 0);
    default:
        return rk_adagrad(g, gradient, s1, hyper, scale, 0);
    }
}

static Model
build(Method method, float max_norm)
{
    g_autoptr(GError) error = NULL;
    RkGraph *g = rk_graph_new();
    Model m = {.graph = g};
    RkType table = rk_type(RK_F32, 2, RK_DIM(ROWS), RK_DIM(D));
    RkType w = rk_type(RK_F32, 1, RK_DIM(D));
    m.index = rk_graph_input(g, "index", rk_type(RK_U32, 1, RK_BATCH(1)));
    m.hyper = rk_graph_input(g, "hyper", rk_type(RK_F32, 1, RK_DIM(RK_HYPER_WORDS)));
    m.table = rk_graph_param(g, "table", table);
    m.w = rk_graph_param(g, "w", w);
    RkRef product = rk_mul(g, rk_gather(g, m.table, m.index), m.w);
    m.loss = rk_sum_all(g, rk_square(g, product));
    const RkRef params[] = {m.table, m.w};
    RkGradient gradients[2];
    g_assert_true(rk_grad(g, &rk_grad_ops, m.loss, 2, params, gradients, &error));
    g_assert_cmpuint(gradients[0].dense, ==, RK_NONE); // never a table-sized gradient
    RkRef scale = max_norm > 0 ? rk_clip_scale(g, 2, gradients, max_norm) : RK_NONE;
    m.effects[0] = step_of(g, method, &gradients[0], table, "table", m.hyper, scale);
    m.effects[1] = step_of(g, method, &gradients[1], w, "w", m.hyper, scale);
    m.n_effects = 2;
    g_assert_true(rk_graph_check(g, &error));
    return m;
}

typedef struct {
    double w[ROWS][D], s1[ROWS][D], s2[ROWS][D], row[ROWS];
} Reference;

// One row's step by the papers; correction1 and 2 as the method wants them.
static void
reference_row(Method method, Reference *r, int row, const double *gradient, double scale, int step,
              gboolean rows)
{
    double mean = 0;
    for (int d = 0; d < D; d++) {
        double g = gradient[d] * scale + HYPER.weight_decay * r->w[row][d];
        mean += g * g / D;
    }
    if (method == ROWWISE && rows)
        r->row[row] += mean;
    for (int d = 0; d < D; d++) {
        double *w = &r->w[row][d], *s1 = &r->s1[row][d], *s2 = &r->s2[row][d];
        double raw = gradient[d] * scale, g = raw + HYPER.weight_decay * *w;
        switch (method) {
        case SGD:
            *w -= HYPER.lr * g;
            break;
        case MOMENTUM:
            *s1 = HYPER.momentum * *s1 + g;
            *w -= HYPER.lr * *s1;
            break;
        case NESTEROV:
            *s1 = HYPER.momentum * *s1 + g;
            *w -= HYPER.lr * (g + HYPER.momentum * *s1);
            break;
        case ADAMW:
            *w -= HYPER.lr * HYPER.weight_decay * *w;
            g = raw;
            G_GNUC_FALLTHROUGH;
        case ADAM:
            *s1 = HYPER.beta1 * *s1 + (1 - (double)HYPER.beta1) * g;
            *s2 = HYPER.beta2 * *s2 + (1 - (double)HYPER.beta2) * g * g;
            *w -= HYPER.lr * (*s1 / (1 - pow(HYPER.beta1, step))) /
                  (sqrt(*s2 / (1 - pow(HYPER.beta2, step))) + HYPER.eps);
            break;
        default:
            *s1 += g * g;
            *w -= HYPER.lr * g / (sqrt(method == ROWWISE && rows ? r->row[row] : *s1) + HYPER.eps);
        }
    }
}

static void
reference_step(Method method, Reference *table, Reference *w, const uint32_t *index, int step,
               double max_norm)
{
    double of_table[ROWS][D] = {0}, of_w[D] = {0}, norm = 0;
    gboolean touched[ROWS] = {0};
    for (int b = 0; b < BATCH; b++)
        for (int d = 0; d < D; d++) {
            double e = table->w[index[b]][d], v = w->w[0][d];
            of_table[index[b]][d] += 2 * e * v * v;
            of_w[d] += 2 * v * e * e;
            touched[index[b]] = TRUE;
        }
    for (int r = 0; r < ROWS; r++)
        for (int d = 0; d < D; d++)
            norm += of_table[r][d] * of_table[r][d];
    for (int d = 0; d < D; d++)
        norm += of_w[d] * of_w[d];
    double scale = max_norm > 0 ? fmin(1, max_norm / (sqrt(norm) + 1e-6)) : 1;
    for (int r = 0; r < ROWS; r++)
        if (touched[r])
            reference_row(method, table, r, of_table[r], scale, step, TRUE);
    reference_row(method, w, 0, of_w, scale, step, FALSE);
}

static void
start(RkState *state, Reference *table, Reference *w)
{
    g_autoptr(GError) error = NULL;
    float t[ROWS * D], v[D];
    for (int i = 0; i < ROWS * D; i++)
        table->w[i / D][i % D] = t[i] = (float)rk_rng_normal(7, 1, (uint64_t)i);
    for (int i = 0; i < D; i++)
        w->w[0][i] = v[i] = (float)(1 + 0.2 * rk_rng_normal(7, 2, (uint64_t)i));
    g_assert_true(rk_state_write(state, "table", t, sizeof t, &error));
    g_assert_true(rk_state_write(state, "w", v, sizeof v, &error));
}

static void
assert_same(RkState *state, const char *name, const Reference *r, int rows)
{
    g_autoptr(GError) error = NULL;
    float got[ROWS * D];
    g_assert_true(rk_state_read(state, name, got, (size_t)rows * D * 4, &error));
    for (int i = 0; i < rows * D; i++)
        // Six steps in fp32; Adam's division by a small root amplifies to some tens of ulps.
        g_assert_cmpfloat_with_epsilon(got[i], r->w[i / D][i % D], 2e-5);
}

static void
follows_the_paper(gconstpointer data)
{
    Method method = (Method)(GPOINTER_TO_INT(data) / 2);
    float max_norm = GPOINTER_TO_INT(data) % 2 ? 0.5f : 0;
    g_autoptr(GError) error = NULL;
    Model m = build(method, max_norm);
    g_autoptr(RkState) state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(state, m.graph, &error));
    Reference table = {0}, w = {0};
    start(state, &table, &w);
    RkPlanOptions options = {.batch = BATCH,
                             .n_outputs = 1,
                             .outputs = &m.loss,
                             .n_effects = m.n_effects,
                             .effects = m.effects};
    g_autoptr(RkPlan) plan = rk_plan_new(device, m.graph, state, &options, &error);
    g_assert_no_error(error);
    for (int step = 1; step <= STEPS; step++) {
        RkHyper hyper = HYPER;
        rk_hyper_set_step(&hyper, (uint64_t)step);
        memcpy(rk_plan_input(plan, m.hyper, NULL), &hyper, sizeof hyper);
        memcpy(rk_plan_input(plan, m.index, NULL), INDEX[step - 1], sizeof INDEX[0]);
        g_assert_true(rk_plan_run(plan, &error));
        reference_step(method, &table, &w, INDEX[step - 1], step, (double)max_norm);
    }
    assert_same(state, "table", &table, ROWS);
    assert_same(state, "w", &w, 1);
    rk_graph_free(m.graph);
}

static void
rowwise_wants_rows(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef w = rk_graph_param(g, "w", rk_type(RK_F32, 1, RK_DIM(D)));
    RkRef hyper = rk_graph_input(g, "hyper", rk_type(RK_F32, 1, RK_DIM(RK_HYPER_WORDS)));
    RkGradient gradient;
    g_assert_true(rk_grad(g, &rk_grad_ops, rk_sum_all(g, rk_square(g, w)), 1, &w, &gradient, NULL));
    rk_rowwise_adagrad(g, &gradient, w, hyper, RK_NONE, 0);
    g_assert_false(rk_graph_check(g, &error));
    g_assert_nonnull(strstr(error->message, "Use Adagrad"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2 * N_METHODS; i++) {
        g_autofree char *path = g_strdup_printf("/plan/optimize/%s%s follows its paper",
                                                METHOD_NAMES[i / 2], i % 2 ? ", clipped," : "");
        g_test_add_data_func(path, GINT_TO_POINTER(i), follows_the_paper);
    }
    g_test_add_func("/plan/optimize/row-wise Adagrad of a dense parameter is an error",
                    rowwise_wants_rows);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
