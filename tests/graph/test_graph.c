// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/eval.h"
#include "graph/graph.h"
#include "graph/tensor.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

static void
packing_round_trips(void)
{
    static const RkDtype dtypes[] = {RK_F32, RK_F16, RK_I8, RK_I4, RK_U32};
    for (size_t d = 0; d < G_N_ELEMENTS(dtypes); d++)
        for (uint32_t cols = 1; cols < 20; cols++) {
            RkTensor t = {dtypes[d], 2, {3, cols}};
            uint64_t n = rk_tensor_numel(&t);
            g_assert_cmpuint(rk_tensor_bytes(&t), ==,
                             3 * ((cols * rk_dtype_bits(dtypes[d]) + 31) / 32) * 4);
            g_autofree double *values = g_new(double, n);
            g_autofree double *back = g_new(double, n);
            for (uint64_t i = 0; i < n; i++)
                values[i] = (double)(i % 8) - (dtypes[d] == RK_U32 ? 0 : 4);
            g_autofree void *packed = g_malloc(rk_tensor_bytes(&t));
            rk_tensor_pack(&t, values, packed);
            rk_tensor_unpack(&t, packed, back);
            g_assert_cmpmem(values, n * sizeof *values, back, n * sizeof *back);
        }
}

static void
packing_clamps(void)
{
    RkTensor t = {RK_I8, 1, {4}};
    const double values[] = {-1000, 1000, 0.5, NAN}; // ties to even; NaN to 0
    double back[4];
    uint32_t packed;
    rk_tensor_pack(&t, values, &packed);
    rk_tensor_unpack(&t, &packed, back);
    g_assert_cmpfloat(back[0], ==, -128);
    g_assert_cmpfloat(back[1], ==, 127);
    g_assert_cmpfloat(back[2], ==, 0);
    g_assert_cmpfloat(back[3], ==, 0);
    g_assert_cmphex(rk_f16_from_float(65520.0f), ==, 0x7c00); // overflows to infinity
    g_assert_cmpfloat(rk_f16_to_float(0x3c00), ==, 1.0f);
}

static void
first_error_sticks(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef a = rk_graph_input(g, "a", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(3)));
    RkRef b = rk_graph_input(g, "b", rk_type(RK_F32, 1, RK_DIM(4)));
    RkRef c = rk_add(g, a, b);
    g_assert_cmpuint(c, ==, RK_NONE);
    g_assert_cmpuint(rk_relu(g, c), ==, RK_NONE); // goes on harmlessly
    g_assert_false(rk_graph_check(g, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_cmpstr(error->message, ==,
                    "Can't build add(f32 [B, 3], f32 [4]): the shapes don't broadcast.");
}

static void
names_are_unique(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    rk_graph_param(g, "w", rk_type(RK_F32, 0));
    rk_graph_param(g, "w", rk_type(RK_F32, 0));
    g_assert_false(rk_graph_check(g, &error));
    g_assert_nonnull(strstr(error->message, "taken"));
}

static void
dumps_read_back(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef x = rk_graph_input(g, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(8)));
    RkRef y = rk_leaky_relu(g, x, 0.25f);
    rk_graph_label(g, y, "say \"hi\"");
    g_autofree char *text = rk_graph_dump_text(g);
    g_assert_cmpstr(text, ==,
                    "%0: f32 [B, 8] = input x\n"
                    "%1: f32 [B, 8] = leaky_relu {p 0.25} \"say \"hi\"\"(%0)\n");
    g_autofree char *dot = rk_graph_dump_dot(g);
    g_assert_nonnull(strstr(dot, "n0 -> n1;"));
    g_assert_nonnull(strstr(dot, "say \\\"hi\\\"")); // quotes can't end the label
    g_assert_true(g_str_has_suffix(dot, "}\n"));
}

// d/dw sum((x w)^2) = 2 w x^2 summed over the batch; w is used twice, so its gradients add up.
static void
gradients_accumulate(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef x = rk_graph_input(g, "x", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef w = rk_graph_param(g, "w", rk_type(RK_F32, 0));
    RkRef y = rk_mul(g, rk_mul(g, x, w), rk_mul(g, x, w));
    RkRef loss = rk_sum_all(g, y);
    RkGradient d;
    g_assert_true(rk_grad(g, &rk_grad_ops, loss, 1, &w, &d, &error));
    g_autoptr(RkEval) eval = rk_eval_new(g, 3, &error);
    for (int i = 0; i < 3; i++)
        rk_eval_values(eval, x)[i] = i + 1;
    rk_eval_values(eval, w)[0] = 0.5;
    rk_eval_run(eval);
    g_assert_cmpfloat(rk_eval_values(eval, d.dense)[0], ==, 2 * 0.5 * (1 + 4 + 9));
}

// Two lookups in one table: the rows of both are summed; no table-sized tensor is made.
static void
lookups_give_one_sparse_gradient(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef table = rk_graph_param(g, "table", rk_type(RK_F32, 2, RK_DIM(100), RK_DIM(2)));
    RkRef i = rk_graph_input(g, "i", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef j = rk_graph_input(g, "j", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef loss = rk_sum_all(g, rk_mul(g, rk_gather(g, table, i), rk_gather(g, table, j)));
    RkGradient d;
    g_assert_true(rk_grad(g, &rk_grad_ops, loss, 1, &table, &d, &error));
    g_assert_cmpuint(d.dense, ==, RK_NONE);
    g_autoptr(RkEval) eval = rk_eval_new(g, 2, &error);
    g_assert_no_error(error);
    for (int k = 0; k < 200; k++)
        rk_eval_values(eval, table)[k] = k;
    const double rows[2][2] = {{7, 7}, {7, 50}}; // i, j of two samples
    for (int b = 0; b < 2; b++) {
        rk_eval_values(eval, i)[b] = rows[b][0];
        rk_eval_values(eval, j)[b] = rows[b][1];
    }
    rk_eval_run(eval);
    const double *sorted = rk_eval_values(eval, d.sorted);
    const double *values = rk_eval_values(eval, d.values);
    g_assert_cmpuint(rk_tensor_numel(rk_eval_tensor(eval, d.sorted)), ==, 3 * 4);
    g_assert_cmpfloat(sorted[6], ==, UINT32_MAX); // two distinct rows: 7 and 50
    g_assert_cmpfloat(sorted[4], ==, 7);
    g_assert_cmpfloat(sorted[5], ==, 50);
    g_assert_cmpfloat(values[0], ==, 14 + 14 + 100); // row 7, column 0
    g_assert_cmpfloat(values[2], ==, 14);            // row 50, column 0
    for (uint32_t k = 4; k < 8; k++)
        g_assert_cmpfloat(values[k], ==, 0); // rows past the count
}

static void
loss_must_be_a_scalar(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef w = rk_graph_param(g, "w", rk_type(RK_F32, 1, RK_DIM(3)));
    RkGradient d;
    g_assert_false(rk_grad(g, &rk_grad_ops, rk_exp(g, w), 1, &w, &d, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/graph/tensor/packing round-trips at every width", packing_round_trips);
    g_test_add_func("/graph/tensor/packing rounds and clamps", packing_clamps);
    g_test_add_func("/graph/graph/the first error sticks and names the shapes", first_error_sticks);
    g_test_add_func("/graph/graph/a name is used once", names_are_unique);
    g_test_add_func("/graph/dump/text and dot", dumps_read_back);
    g_test_add_func("/graph/grad/gradients of one parameter add up", gradients_accumulate);
    g_test_add_func("/graph/grad/lookups give one sparse gradient",
                    lookups_give_one_sparse_gradient);
    g_test_add_func("/graph/grad/a loss must be a scalar", loss_must_be_a_scalar);
    return g_test_run();
}
