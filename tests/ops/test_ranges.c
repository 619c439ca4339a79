// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tables larger than one binding: with the device's limits lowered to a few rows, every kernel of
// lookups, sparse gradients and optimizers still agrees with its oracle; and a table beyond the
// real limit of lavapipe trains. Tolerances are the rows' own.
#include "ops/ops.h"

#include "base/rng.h"
#include "graph/eval.h"
#include "ops/sample.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

static RkDevice *device;
static RkCaps real;

// What devices can do is never written but here: the limits of a smaller device.
static void
set_limits(uint64_t storage_bytes, uint64_t texels)
{
    RkCaps *caps = (RkCaps *)rk_device_caps(device);
    caps->max_storage_range = MIN(storage_bytes, real.max_storage_range);
    caps->max_texel_elements = MIN(texels, real.max_texel_elements);
}

#define TABLE(type, rows, cols)                                                                    \
    {                                                                                              \
        .dtype = type, .rank = 2, .dim = {rows, cols},                                             \
        .fill = (type) == RK_F32 || (type) == RK_F16 ? RK_FILL_NORMAL : RK_FILL_INTEGER            \
    }
#define INDEX(n, limit_)                                                                           \
    {                                                                                              \
        .dtype = RK_U32, .rank = 1, .dim = {n}, .fill = RK_FILL_INDEX, .limit = limit_             \
    }
#define INDEX2(n, m, limit_)                                                                       \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {n, m}, .fill = RK_FILL_INDEX, .limit = limit_          \
    }
#define ENDS(n, limit_)                                                                            \
    {                                                                                              \
        .dtype = RK_U32, .rank = 1, .dim = {n}, .fill = RK_FILL_OFFSETS, .limit = limit_           \
    }
#define POSITIVE(n)                                                                                \
    {                                                                                              \
        .dtype = RK_F32, .rank = 1, .dim = {n}, .fill = RK_FILL_POSITIVE                           \
    }
#define SQUARES(rows, cols)                                                                        \
    {                                                                                              \
        .dtype = RK_F32, .rank = 2, .dim = {rows, cols}, .fill = RK_FILL_POSITIVE                  \
    }
#define SORTED(n, limit_) /* a row's prepare() fills it */                                         \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {3, n}, .fill = RK_FILL_INDEX, .limit = limit_          \
    }
#define NONE                                                                                       \
    {                                                                                              \
        .absent = TRUE                                                                             \
    }
#define MODE(m) .n_attr = 1, .attr = {{.i = m}}
#define PLAIN   .n_attr = 1

enum { N = 900, FEW = 16 }; // rows of a table, of a batch

static const struct {
    const char *op;
    RkSample sample;
} CASES[] = {
    {"gather", {"f32", 3, {TABLE(RK_F32, N, 8), INDEX(FEW, N), NONE}}},
    {"gather", {"odd columns", 3, {TABLE(RK_F32, N, 7), INDEX(FEW, N), NONE}}},
    {"gather", {"i8", 3, {TABLE(RK_I8, N, 16), INDEX(FEW, N), TABLE(RK_F32, N, 2)}}},
    {"embedding_bag",
     {"f32", 5, {TABLE(RK_F32, N, 8), INDEX2(FEW, 11, N), NONE, NONE, NONE}, MODE(RK_BAG_MEAN)}},
    {"embedding_bag",
     {"odd columns", 5, {TABLE(RK_F32, N, 5), INDEX2(FEW, 11, N), NONE, NONE, NONE}, MODE(0)}},
    {"embedding_bag",
     {"ragged f16", 5, {TABLE(RK_F16, N, 16), INDEX(99, N), NONE, ENDS(FEW, 90), NONE}, MODE(0)}},
    {"embedding_bag",
     {"i8", 5, {TABLE(RK_I8, N, 16), INDEX2(FEW, 9, N), TABLE(RK_F32, N, 2), NONE, NONE}, MODE(0)}},
    {"embedding_bag",
     {"weighted i4",
      5,
      {TABLE(RK_I4, N, 32), INDEX(99, N), TABLE(RK_F32, N, 2), ENDS(FEW, 90), POSITIVE(99)},
      MODE(0)}},
    {"add_rows", {"some rows", 3, {TABLE(RK_F32, N, 8), SORTED(30, N), TABLE(RK_F32, 30, 8)}}},
    {"sgd_rows",
     {"momentum",
      7,
      {TABLE(RK_F32, N, 8), TABLE(RK_F32, 30, 8), TABLE(RK_F32, N, 8), NONE,
       POSITIVE(RK_HYPER_WORDS), NONE, SORTED(30, N)},
      PLAIN}},
    {"adam_rows",
     {"odd columns",
      7,
      {TABLE(RK_F32, N, 5), TABLE(RK_F32, 30, 5), TABLE(RK_F32, N, 5), SQUARES(N, 5),
       POSITIVE(RK_HYPER_WORDS), NONE, SORTED(30, N)},
      PLAIN}},
    {"adam_rows",
     {"all rows",
      7,
      {TABLE(RK_F32, N, 8), TABLE(RK_F32, 30, 8), TABLE(RK_F32, N, 8), SQUARES(N, 8),
       POSITIVE(RK_HYPER_WORDS), NONE, SORTED(30, N)},
      .n_attr = 1,
      .attr = {{.i = RK_STEP_ALL_ROWS}}}},
    {"sgd_rows",
     {"decay by sample",
      7,
      {TABLE(RK_F32, N, 8), TABLE(RK_F32, 30, 8), NONE, NONE, POSITIVE(RK_HYPER_WORDS), NONE,
       SORTED(30, N)},
      .n_attr = 1,
      .attr = {{.i = RK_STEP_DECAY_BY_SAMPLE}}}},
    {"adagrad_rows",
     {"plain",
      7,
      {TABLE(RK_F32, N, 8), TABLE(RK_F32, 30, 8), SQUARES(N, 8), NONE, POSITIVE(RK_HYPER_WORDS),
       NONE, SORTED(30, N)},
      PLAIN}},
    {"rowwise_adagrad",
     {"plain",
      7,
      {TABLE(RK_F32, N, 8), TABLE(RK_F32, 30, 8), POSITIVE(N), NONE, POSITIVE(RK_HYPER_WORDS), NONE,
       SORTED(30, N)},
      PLAIN}},
    {"adamw",
     {"dense",
      6,
      {TABLE(RK_F32, N, 7), TABLE(RK_F32, N, 7), TABLE(RK_F32, N, 7), SQUARES(N, 7),
       POSITIVE(RK_HYPER_WORDS), NONE},
      PLAIN}},
};

static void
compare(const RkOp *op, const char *what, const RkTensor *tensor, const void *packed,
        const double *expected)
{
    uint64_t n = rk_tensor_numel(tensor);
    g_autofree double *got = g_new(double, n + 1);
    rk_tensor_unpack(tensor, packed, got);
    for (uint64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= op->atol + 3 * op->rtol * (fabs(expected[i]) + 1)))
            g_error("%s, %s: element %" G_GUINT64_FORMAT " is %.9g, the oracle says %.9g", op->name,
                    what, i, got[i], expected[i]);
}

typedef struct {
    const RkOp *op;
    const RkSample *sample;
    RkGraph *graph;
    RkRef in[8], y;
    double **values;
} Case;

// Every input is a parameter, so that in-place ops can be read back whole.
static Case
build(const char *name, const RkSample *sample)
{
    Case c = {.op = rk_op_find(name), .sample = sample, .graph = rk_graph_new()};
    c.values = rk_sample_values(c.op, sample, 20261124);
    for (uint32_t i = 0; i < sample->n_in; i++) {
        const RkSampleInput *input = &sample->in[i];
        g_autofree char *label = g_strdup_printf("in%u", i);
        RkType type = {.dtype = input->dtype, .rank = input->rank};
        for (uint32_t axis = 0; axis < input->rank; axis++)
            type.dim[axis] = RK_DIM(input->dim[axis]);
        c.in[i] = input->absent ? RK_NONE : rk_graph_param(c.graph, label, type);
    }
    c.y = rk_graph_op(c.graph, c.op, sample->n_in, c.in, sample->n_attr, sample->attr);
    return c;
}

// How many dispatches it took.
static uint32_t
run_kernel(const Case *c, RkEval *reference, const char *variant)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 1, .no_fusion = TRUE, .variant = variant};
    options.n_outputs = c->op->writes ? 0 : 1;
    options.n_effects = c->op->writes ? 1 : 0;
    options.outputs = options.effects = &c->y;
    g_autoptr(RkPlan) plan = rk_plan_new(device, c->graph, state, &options, &error);
    g_assert_no_error(error);
    for (uint32_t pass = 0; pass < 2; pass++) { // writes, then reads
        for (uint32_t i = 0; i < c->sample->n_in; i++) {
            if (c->in[i] == RK_NONE || (pass == 1 && !(c->op->writes & 1u << i)))
                continue;
            RkTensor tensor = rk_sample_tensor(c->sample, i);
            size_t bytes = rk_tensor_bytes(&tensor);
            const char *name = rk_graph_node(c->graph, c->in[i])->name;
            g_autofree void *packed = g_malloc0(bytes);
            if (pass == 0) {
                rk_tensor_pack(&tensor, c->values[i], packed);
                rk_state_write(state, name, packed, bytes, &error);
            } else {
                rk_state_read(state, name, packed, bytes, &error);
                compare(c->op, variant, &tensor, packed, rk_eval_values(reference, c->in[i]));
            }
            g_assert_no_error(error);
        }
        g_assert_true(pass == 1 || rk_plan_run(plan, &error));
    }
    if (!c->op->writes)
        compare(c->op, variant, rk_eval_tensor(reference, c->y), rk_plan_output(plan, 0, NULL),
                rk_eval_values(reference, c->y));
    return rk_plan_n_dispatches(plan);
}

// Every kernel that supports the sample on a device with these limits, each in at least so many
// dispatches.
static void
run_kernels(const char *op, const RkSample *sample, uint64_t storage_bytes, uint64_t texels,
            uint32_t n_least)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkArena) arena = rk_arena_new();
    Case c = build(op, sample);
    RkOpArgs args;
    g_assert_true(rk_graph_bind(c.graph, c.y, 1, arena, &args, &error));
    g_autoptr(RkEval) reference = rk_eval_new(c.graph, 1, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < c.sample->n_in; i++)
        if (c.in[i] != RK_NONE)
            memcpy(rk_eval_values(reference, c.in[i]), c.values[i],
                   rk_tensor_numel(&args.in[i]) * sizeof(double));
    rk_eval_run(reference);
    set_limits(storage_bytes, texels);
    uint32_t tried = 0;
    for (uint32_t i = 0; i < c.op->n_kernels; i++) {
        const RkKernel *kernel = &c.op->kernels[i];
        if (!kernel->supports(kernel, rk_device_caps(device), &args))
            continue;
        g_assert_cmpuint(run_kernel(&c, reference, kernel->name), >=, n_least);
        tried++;
    }
    set_limits(UINT64_MAX, UINT64_MAX);
    g_assert_cmpuint(tried, >, 0);
    rk_sample_free_values(c.values, c.sample->n_in);
    rk_graph_free(c.graph);
}

static void
small_limits(gconstpointer data)
{
    size_t at = GPOINTER_TO_SIZE(data);
    // Texel views of 8 KiB; tables here have 14 to 29 KiB, so every dispatch was cut.
    run_kernels(CASES[at].op, &CASES[at].sample, 4096, 512, 2);
}

// The activations between two layers are as large as a view may be, and not one texel larger.
static void
at_the_limit(void)
{
    enum { ROWS = 16, K = 16, HIDDEN = 64, OUT = 8 };
    const RkSample sample = {.name = "hidden layer",
                             .n_in = 5,
                             .in = {TABLE(RK_F32, ROWS, K), TABLE(RK_F32, HIDDEN, K), NONE,
                                    TABLE(RK_F32, OUT, HIDDEN), NONE},
                             .n_attr = 2 * RK_MLP_LAYERS,
                             .attr = {{.i = RK_ACT_NONE},
                                      {.i = 0},
                                      {.i = RK_ACT_NONE},
                                      {.i = 0},
                                      {.i = RK_ACT_NONE},
                                      {.i = 0},
                                      {.i = RK_ACT_NONE},
                                      {.i = 0}}};
    run_kernels("mlp", &sample, UINT64_MAX, ROWS * HIDDEN / 4, 1);
}

// 144 MB in one table, beyond lavapipe's 128 MiB: looked up, differentiated, updated.
static void
beyond_the_real_limit(void)
{
    enum { ROWS = 4500000, COLS = 8, BAGS = 4, EACH = 3 };
    static const uint32_t ids[BAGS * EACH] = {0,        ROWS - 1, 4194304, 4194303, 7, 0,
                                              ROWS - 1, 1,        2,       3,       4, 4194305};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef table = rk_graph_param(g, "table", rk_type(RK_F32, 2, RK_DIM(ROWS), RK_DIM(COLS)));
    RkRef index = rk_graph_input(g, "index", rk_type(RK_U32, 2, RK_DIM(BAGS), RK_DIM(EACH)));
    RkRef hyper = rk_graph_input(g, "hyper", rk_type(RK_F32, 1, RK_DIM(RK_HYPER_WORDS)));
    RkRef bags = rk_embedding_bag(g, table, RK_NONE, index, RK_NONE, RK_NONE, RK_BAG_SUM);
    RkRef loss = rk_sum_all(g, rk_square(g, bags));
    RkGradient gradient;
    g_assert_true(rk_grad(g, &rk_grad_ops, loss, 1, &table, &gradient, &error));
    RkRef step = rk_sgd(g, &gradient, RK_NONE, hyper, RK_NONE, 0);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {
        .batch = 1, .n_outputs = 1, .outputs = &loss, .n_effects = 1, .effects = &step};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_no_error(error);
    size_t bytes = sizeof(float) * (size_t)ROWS * COLS;
    g_autofree float *weights = g_malloc0(bytes);
    for (int e = 0; e < BAGS * EACH; e++)
        for (int col = 0; col < COLS; col++)
            weights[(size_t)ids[e] * COLS + (size_t)col] = (float)(ids[e] % 5) + 1;
    g_assert_true(rk_state_write(state, "table", weights, bytes, &error));
    memcpy(rk_plan_input(plan, index, NULL), ids, sizeof ids);
    *(RkHyper *)rk_plan_input(plan, hyper, NULL) = (RkHyper){.lr = 0.25f};
    g_assert_true(rk_plan_run(plan, &error));

    double expected = 0;
    g_autofree float *updated = g_memdup2(weights, bytes);
    for (int b = 0; b < BAGS; b++) {
        float sum = 0; // small whole numbers: exact
        for (int e = 0; e < EACH; e++)
            sum += weights[(size_t)ids[b * EACH + e] * COLS];
        expected += COLS * sum * sum;
        for (int e = 0; e < EACH; e++)
            for (int col = 0; col < COLS; col++)
                updated[(size_t)ids[b * EACH + e] * COLS + (size_t)col] -= 0.25f * 2 * sum;
    }
    g_assert_cmpfloat(*(const float *)rk_plan_output(plan, 0, NULL), ==, expected);
    g_assert_true(rk_state_read(state, "table", weights, bytes, &error));
    g_assert_cmpmem(weights, bytes, updated, bytes);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    real = *rk_device_caps(device);
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *path =
            g_strdup_printf("/ops/ranges/%s, %s", CASES[i].op, CASES[i].sample.name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), small_limits);
    }
    g_test_add_func("/ops/ranges/a hidden layer as large as the limit", at_the_limit);
    g_test_add_func("/ops/ranges/a table beyond the real limit trains", beyond_the_real_limit);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
