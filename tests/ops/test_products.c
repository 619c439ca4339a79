// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the rows' walk doesn't see of the products: what joins them in a plan, how weights are
// packed, and what they refuse.
#include "base/rng.h"
#include "ops/ops.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

enum { ROWS = 13, K = 40, N = 12 };

static RkDevice *device;

static RkRef
matrix(RkGraph *g, const char *name, RkDtype dtype, uint32_t rows, uint32_t cols)
{
    return rk_graph_param(g, name, rk_type(dtype, 2, RK_DIM(rows), RK_DIM(cols)));
}

static RkRef
vector(RkGraph *g, const char *name, uint32_t n)
{
    return rk_graph_param(g, name, rk_type(RK_F32, 1, RK_DIM(n)));
}

static void
fill_params(RkState *state, const RkGraph *g)
{
    for (RkRef ref = 0; ref < rk_graph_size(g); ref++) {
        const RkNode *node = rk_graph_node(g, ref);
        if (node->kind != RK_NODE_PARAM)
            continue;
        g_autoptr(GError) error = NULL;
        const RkTensor *tensor = rk_state_tensor(state, node->name);
        uint64_t n = rk_tensor_numel(tensor);
        g_autofree double *values = g_new(double, n);
        g_autofree void *packed = g_malloc0(rk_tensor_bytes(tensor));
        for (uint64_t i = 0; i < n; i++)
            values[i] = rk_rng_normal(7, ref, i) * (tensor->dtype == RK_I8 ? 30 : 1);
        rk_tensor_pack(tensor, values, packed);
        rk_state_write(state, node->name, packed, rk_tensor_bytes(tensor), &error);
        g_assert_no_error(error);
    }
}

// Runs y fused or not; returns how many nodes the plan executes. out: as many numbers as y has.
static uint32_t
run(const RkGraph *g, RkRef y, gboolean no_fusion, float *out)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkState) state = rk_state_new(device);
    rk_graph_check(g, &error);
    g_assert_no_error(error);
    rk_state_add_graph(state, g, &error);
    g_assert_no_error(error);
    fill_params(state, g);
    RkPlanOptions options = {.batch = 1, .n_outputs = 1, .outputs = &y, .no_fusion = no_fusion};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_no_error(error);
    rk_plan_run(plan, &error);
    g_assert_no_error(error);
    size_t bytes;
    const void *from = rk_plan_output(plan, 0, &bytes);
    memcpy(out, from, bytes);
    return rk_plan_n_steps(plan);
}

// The same numbers either way, in one node where it is fused.
static void
check_joins(const RkGraph *g, RkRef y, uint32_t n)
{
    g_autofree float *fused = g_new(float, n), *plain = g_new(float, n);
    g_assert_cmpuint(run(g, y, TRUE, plain), >, 1);
    g_assert_cmpuint(run(g, y, FALSE, fused), ==, 1);
    for (uint32_t i = 0; i < n; i++) // sums of 40 fp32 products in another order, of size 10
        g_assert_cmpfloat(fabsf(fused[i] - plain[i]), <=, 1e-5f * (fabsf(plain[i]) + 10));
}

static void
bias_and_activation_join_a_plain_product(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef x = matrix(g, "x", RK_F32, ROWS, K), w = matrix(g, "w", RK_F32, N, K);
    RkRef sum = rk_add(g, rk_matmul(g, x, w, FALSE, TRUE), vector(g, "b", N));
    check_joins(g, rk_gelu(g, sum), ROWS * N);
}

static void
an_activation_with_a_parameter_joins(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef x = matrix(g, "x", RK_F32, ROWS, K), w = matrix(g, "w", RK_F32, N, K);
    RkRef y = rk_leaky_relu(g, rk_dense(g, x, w, vector(g, "b", N), RK_ACT_NONE), 0.3f);
    check_joins(g, y, ROWS * N);
}

static void
dequantization_bias_and_activation_are_one_dispatch(void)
{
    static const RkDtype DTYPES[] = {RK_F16, RK_I8, RK_I4};
    for (size_t i = 0; i < G_N_ELEMENTS(DTYPES); i++) {
        g_autoptr(RkGraph) g = rk_graph_new();
        RkDenseOptions options = {
            .bias = RK_NONE, .scale = RK_NONE, .x_scale = RK_NONE, .act = RK_ACT_NONE};
        if (DTYPES[i] != RK_F16)
            options.scale = vector(g, "scale", N);
        RkRef x = matrix(g, "x", RK_F32, ROWS, K), w = matrix(g, "w", DTYPES[i], N, K);
        RkRef sum = rk_add(g, rk_dense_with(g, x, w, &options), vector(g, "b", N));
        check_joins(g, rk_tanh(g, sum), ROWS * N);
    }
}

static void
layers_become_one_node(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef h = rk_dense(g, matrix(g, "x", RK_F32, ROWS, K), matrix(g, "w0", RK_F32, N, K),
                       vector(g, "b0", N), RK_ACT_RELU);
    h = rk_matmul(g, h, matrix(g, "w1", RK_F32, 8, N), FALSE, TRUE);
    h = rk_relu(g, rk_add(g, h, vector(g, "b1", 8)));
    RkRef y = rk_dense(g, h, matrix(g, "w2", RK_F32, 1, 8), vector(g, "b2", 1), RK_ACT_NONE);
    check_joins(g, rk_sigmoid(g, y), ROWS);
}

static void
what_is_read_twice_is_kept(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef x = matrix(g, "x", RK_F32, ROWS, K), w = matrix(g, "w", RK_F32, N, K);
    RkRef product = rk_matmul(g, x, w, FALSE, TRUE);
    RkRef y = rk_mul(g, rk_sigmoid(g, product), product);
    float fused[ROWS * N], plain[ROWS * N];
    g_assert_cmpuint(run(g, y, FALSE, fused), >=, 2);
    run(g, y, TRUE, plain);
    for (uint32_t i = 0; i < ROWS * N; i++) // exp() within a few units of the last place
        g_assert_cmpfloat(fabsf(fused[i] - plain[i]), <=, 1e-5f * (fabsf(plain[i]) + 1));
}

// RkAct names pointwise rows by number: shaders and tunings do too.
static void
activations_are_the_rows_they_name(void)
{
    static const struct {
        const char *name;
        RkAct act;
    } ACTS[] = {{"relu", RK_ACT_RELU},        {"leaky_relu", RK_ACT_LEAKY_RELU},
                {"sigmoid", RK_ACT_SIGMOID},  {"tanh", RK_ACT_TANH},
                {"gelu", RK_ACT_GELU},        {"silu", RK_ACT_SILU},
                {"softplus", RK_ACT_SOFTPLUS}};
    for (size_t i = 0; i < G_N_ELEMENTS(ACTS); i++)
        g_assert_cmpint(rk_pointwise_code(rk_op_find(ACTS[i].name)), ==, ACTS[i].act);
}

static void
two_of_four_are_the_largest(void)
{
    enum { ROW = 8, COLS = 36 };
    float w[ROW * COLS], values[ROW * COLS / 2], back[ROW * COLS];
    uint32_t places[ROW * 2];
    for (uint32_t i = 0; i < ROW * COLS; i++)
        w[i] = (float)rk_rng_normal(3, 0, i);
    memcpy(w, (float[]){1, 1, 1, 1}, 4 * sizeof *w); // of equals the first two stay
    double dropped = rk_pack_24(ROW, COLS, w, values, places), expected = 0;
    rk_unpack_24(ROW, COLS, values, places, back);
    for (uint32_t i = 0; i < ROW * COLS; i += 4) {
        float least_kept = INFINITY, largest_dropped = 0;
        uint32_t kept = 0;
        for (uint32_t c = i; c < i + 4; c++) {
            g_assert_true(back[c] == w[c] || back[c] == 0);
            if (back[c] != 0) {
                kept++;
                least_kept = fminf(least_kept, fabsf(w[c]));
            } else {
                largest_dropped = fmaxf(largest_dropped, fabsf(w[c]));
                expected += (double)w[c] * w[c];
            }
        }
        g_assert_cmpuint(kept, ==, 2);
        g_assert_cmpfloat(least_kept, >=, largest_dropped);
    }
    g_assert_true(back[0] == 1 && back[1] == 1);
    g_assert_cmpfloat(fabs(dropped - expected), <, 1e-9 * expected);
}

static void
shapes_that_dont_fit_are_refused(void)
{
    static const struct {
        RkDtype dtype;
        uint32_t w_cols;
        gboolean scaled;
        const char *says;
    } CASES[] = {{RK_F32, K + 1, FALSE, "dense"},
                 {RK_I8, K, FALSE, "scale"},
                 {RK_F32, K, TRUE, "scale"},
                 {RK_U32, K, FALSE, "f16"}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(RkGraph) g = rk_graph_new();
        g_autoptr(GError) error = NULL;
        RkDenseOptions options = {
            .bias = RK_NONE, .scale = RK_NONE, .x_scale = RK_NONE, .act = RK_ACT_NONE};
        if (CASES[i].scaled)
            options.scale = vector(g, "scale", N);
        RkRef x = matrix(g, "x", RK_F32, ROWS, K);
        rk_dense_with(g, x, matrix(g, "w", CASES[i].dtype, N, CASES[i].w_cols), &options);
        g_assert_false(rk_graph_check(g, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
        g_assert_nonnull(strstr(error->message, CASES[i].says));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_func("/ops/products/bias and activation join a plain product",
                    bias_and_activation_join_a_plain_product);
    g_test_add_func("/ops/products/an activation with a parameter joins",
                    an_activation_with_a_parameter_joins);
    g_test_add_func("/ops/products/dequantization, bias and activation are one dispatch",
                    dequantization_bias_and_activation_are_one_dispatch);
    g_test_add_func("/ops/products/layers become one node", layers_become_one_node);
    g_test_add_func("/ops/products/what is read twice is kept", what_is_read_twice_is_kept);
    g_test_add_func("/ops/products/activations are the rows they name",
                    activations_are_the_rows_they_name);
    g_test_add_func("/ops/products/two of four are the largest", two_of_four_are_the_largest);
    g_test_add_func("/ops/products/shapes that don't fit are refused",
                    shapes_that_dont_fit_are_refused);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
