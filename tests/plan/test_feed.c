// SPDX-License-Identifier: GPL-3.0-or-later
//
// Index inputs are checked against what they index before any shader runs: every op that takes
// them says where the wrong one is, and runs again once it is right.
#include "ops/ops.h"
#include "plan/plan.h"

#include <string.h>

static RkDevice *device;

enum { ROWS = 10, COLS = 8, B = 3, N = 4 };

static RkRef
table(RkGraph *g, const char *name, RkDtype dtype, uint32_t rows)
{
    return rk_graph_param(g, name, rk_type(dtype, 2, RK_DIM(rows), RK_DIM(COLS)));
}

static RkRef
scales(RkGraph *g)
{
    return rk_graph_param(g, "scale", rk_type(RK_F32, 2, RK_DIM(ROWS), RK_DIM(2)));
}

static RkRef
ids(RkGraph *g)
{
    return rk_graph_input(g, "ids", rk_type(RK_U32, 1, RK_BATCH(1)));
}

static RkRef
grid(RkGraph *g)
{
    return rk_graph_input(g, "ids", rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(N)));
}

static RkRef
scores(RkGraph *g)
{
    return rk_graph_input(g, "scores", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(ROWS)));
}

static RkRef
gather(RkGraph *g)
{
    return rk_gather(g, table(g, "t", RK_F32, ROWS), ids(g));
}

static RkRef
gather_i8(RkGraph *g)
{
    return rk_gather_quantized(g, table(g, "t", RK_I8, ROWS), scales(g), grid(g));
}

static RkRef
gather_i4(RkGraph *g)
{
    return rk_gather_quantized(g, table(g, "t", RK_I4, ROWS), scales(g), ids(g));
}

static RkRef
bag(RkGraph *g)
{
    RkRef t = table(g, "t", RK_F32, ROWS);
    return rk_embedding_bag(g, t, RK_NONE, grid(g), RK_NONE, RK_NONE, RK_BAG_MEAN);
}

static RkRef
bag_i4(RkGraph *g)
{
    RkRef t = table(g, "t", RK_I4, ROWS);
    return rk_embedding_bag(g, t, scales(g), grid(g), RK_NONE, RK_NONE, RK_BAG_SUM);
}

static RkRef
ragged_i8(RkGraph *g)
{
    RkRef t = table(g, "t", RK_I8, ROWS),
          flat = rk_graph_input(g, "ids", rk_type(RK_U32, 1, RK_BATCH(3)));
    RkRef ends = rk_graph_input(g, "ends", rk_type(RK_U32, 1, RK_BATCH(1)));
    return rk_embedding_bag(g, t, scales(g), flat, ends, RK_NONE, RK_BAG_SUM);
}

static RkRef
ragged_ends(RkGraph *g)
{
    RkRef t = table(g, "t", RK_F32, ROWS),
          flat = rk_graph_input(g, "flat", rk_type(RK_U32, 1, RK_DIM(9)));
    return rk_embedding_bag(g, t, RK_NONE, flat, ids(g), RK_NONE, RK_BAG_SUM);
}

static RkRef
two_tables(RkGraph *g)
{
    RkRef index = ids(g), wide = rk_gather(g, table(g, "wide", RK_F32, 20), index);
    return rk_add(g, wide, rk_gather(g, table(g, "t", RK_F32, ROWS), index));
}

static RkRef
label(RkGraph *g)
{
    return rk_cross_entropy(g, scores(g), ids(g));
}

static RkRef
label_and_rank(RkGraph *g) // a label may be none, a target may not
{
    RkRef x = scores(g), index = ids(g), counts = rk_rank_counts(g, x, index);
    return rk_add(g, rk_cross_entropy(g, x, index), rk_expected_rank(g, counts));
}

static RkRef
rank(RkGraph *g)
{
    return rk_rank_counts(g, scores(g), ids(g));
}

static RkRef
take(RkGraph *g)
{
    return rk_take(g, scores(g), grid(g));
}

static RkRef
trained(RkGraph *g) // the host op that sorts the rows never sees it
{
    g_autoptr(GError) error = NULL;
    RkRef t = table(g, "t", RK_F32, ROWS);
    RkRef loss = rk_sum_all(g, rk_square(g, rk_gather(g, t, ids(g))));
    RkGradient gradient;
    g_assert_true(rk_grad(g, &rk_grad_ops, loss, 1, &t, &gradient, &error));
    return gradient.values;
}

static const struct {
    const char *name;
    RkRef (*build)(RkGraph *graph);
    uint32_t at, value; // the wrong one
    const char *says;
} CASES[] = {
    {"gather", gather, 1, 10, "element 1 of input ids is 10, but gather takes indices below 10"},
    {"gather i8", gather_i8, 6, 11, "row 1, position 2 of input ids is 11, but gather takes"},
    {"gather i4", gather_i4, 2, 4000000000, "element 2 of input ids is 4000000000, but gather"},
    {"bag", bag, 11, 10, "row 2, position 3 of input ids is 10, but embedding_bag takes indices"},
    {"bag i4", bag_i4, 0, 99, "row 0, position 0 of input ids is 99, but embedding_bag"},
    {"ragged bag i8", ragged_i8, 8, 10, "element 8 of input ids is 10, but embedding_bag"},
    {"ends", ragged_ends, 2, 10, "element 2 of input ids is 10, but embedding_bag takes"},
    {"two tables", two_tables, 0, 15,
     "element 0 of input ids is 15, but gather takes indices below 10"},
    {"label", label, 0, 10, "element 0 of input ids is 10, but cross_entropy takes"},
    {"label and rank", label_and_rank, 1, UINT32_MAX,
     "element 1 of input ids is 4294967295, but rank_counts"},
    {"rank of a target", rank, 1, 12, "element 1 of input ids is 12, but rank_counts takes"},
    {"take", take, 5, 10, "row 1, position 1 of input ids is 10, but take takes indices below 10"},
    {"sparse gradient", trained, 2, 10, "element 2 of input ids is 10, but gather"},
};

static void
wrong_index(gconstpointer data)
{
    size_t at = GPOINTER_TO_SIZE(data);
    g_autoptr(GError) error = NULL;
    g_autoptr(RkGraph) graph = rk_graph_new();
    RkRef y = CASES[at].build(graph);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = B, .n_outputs = 1, .outputs = &y};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, &error);
    g_assert_no_error(error);
    uint32_t *values = rk_plan_input(plan, rk_graph_find(graph, "ids"), NULL);
    g_assert_nonnull(values);
    g_assert_true(rk_plan_run(plan, &error)); // all zero: right everywhere
    values[CASES[at].at] = CASES[at].value;
    g_assert_false(rk_plan_run(plan, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, CASES[at].says));
    g_clear_error(&error);
    values[CASES[at].at] = 0;
    g_assert_true(rk_plan_run(plan, &error));
}

static void
padding_passes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkGraph) graph = rk_graph_new();
    RkRef y = label(graph);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = B, .n_outputs = 1, .outputs = &y};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, &error);
    g_assert_no_error(error);
    uint32_t *values = rk_plan_input(plan, rk_graph_find(graph, "ids"), NULL);
    values[1] = RK_NO_LABEL;
    g_assert_true(rk_plan_run(plan, &error));
    const float *loss = rk_plan_output(plan, 0, NULL);
    g_assert_cmpfloat(loss[0], >, 0);
    g_assert_cmpfloat(loss[1], ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *path = g_strdup_printf("/plan/feed/a wrong index: %s", CASES[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), wrong_index);
    }
    g_test_add_func("/plan/feed/a padding label passes", padding_passes);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
