// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan.h"

#include "base/rng.h"
#include "graph/eval.h"
#include "ops/ops.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static RkDevice *device;

// sigmoid(x * w + b) and a chain behind it; x [B, 12].
typedef struct {
    RkGraph *graph;
    RkRef x, w, b, y, z;
} Chain;

static Chain
build_chain(void)
{
    Chain c = {.graph = rk_graph_new()};
    c.x = rk_graph_input(c.graph, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(12)));
    c.w = rk_graph_param(c.graph, "w", rk_type(RK_F32, 1, RK_DIM(12)));
    c.b = rk_graph_param(c.graph, "b", rk_type(RK_F32, 1, RK_DIM(12)));
    RkRef product = rk_mul(c.graph, c.x, c.w);
    c.y = rk_sigmoid(c.graph, rk_add(c.graph, product, c.b));
    RkRef more = rk_softplus(c.graph, rk_scale(c.graph, rk_square(c.graph, c.y), 3));
    c.z = rk_sum_all(c.graph, rk_tanh(c.graph, more));
    return c;
}

static void
fill(float *to, uint64_t n, uint32_t stream)
{
    for (uint64_t i = 0; i < n; i++)
        to[i] = (float)rk_rng_normal(42, stream, i);
}

static RkState *
chain_state(const Chain *c)
{
    g_autoptr(GError) error = NULL;
    RkState *state = rk_state_new(device);
    rk_state_add_graph(state, c->graph, &error);
    g_assert_no_error(error);
    float w[12], b[12];
    fill(w, 12, 1);
    fill(b, 12, 2);
    g_assert_true(rk_state_write(state, "w", w, sizeof w, &error));
    g_assert_true(rk_state_write(state, "b", b, sizeof b, &error));
    return state;
}

static float
run_chain(const Chain *c, RkState *state, uint32_t batch, gboolean no_fusion, uint32_t *dispatches)
{
    g_autoptr(GError) error = NULL;
    RkPlanOptions options = {
        .batch = batch, .n_outputs = 1, .outputs = &c->z, .no_fusion = no_fusion};
    g_autoptr(RkPlan) plan = rk_plan_new(device, c->graph, state, &options, &error);
    g_assert_no_error(error);
    size_t bytes;
    float *x = rk_plan_input(plan, c->x, &bytes);
    g_assert_cmpuint(bytes, ==, batch * 12 * 4);
    fill(x, batch * 12, 3);
    g_assert_true(rk_plan_run(plan, &error));
    *dispatches = rk_plan_n_dispatches(plan);
    return *(const float *)rk_plan_output(plan, 0, NULL);
}

static double
chain_reference(const Chain *c, uint32_t batch)
{
    g_autoptr(RkEval) eval = rk_eval_new(c->graph, batch, NULL);
    const struct {
        RkRef ref;
        uint64_t n;
        uint32_t stream;
    } sources[] = {{c->w, 12, 1}, {c->b, 12, 2}, {c->x, batch * 12, 3}};
    for (size_t s = 0; s < G_N_ELEMENTS(sources); s++)
        for (uint64_t i = 0; i < sources[s].n; i++)
            rk_eval_values(eval, sources[s].ref)[i] =
                (float)rk_rng_normal(42, sources[s].stream, i);
    rk_eval_run(eval);
    return rk_eval_values(eval, c->z)[0];
}

static void
fusion_saves_dispatches_and_changes_nothing(void)
{
    Chain c = build_chain();
    g_autoptr(RkState) state = chain_state(&c);
    static const uint32_t batches[] = {1, 7, 64};
    for (size_t i = 0; i < G_N_ELEMENTS(batches); i++) {
        uint32_t fused, plain;
        double a = run_chain(&c, state, batches[i], FALSE, &fused);
        double b = run_chain(&c, state, batches[i], TRUE, &plain);
        double expected = chain_reference(&c, batches[i]);
        g_assert_cmpuint(fused, <, plain);
        // 12 * 64 sums of values near 1 in fp32: relative error well under 1e-5.
        g_assert_cmpfloat(fabs(a - expected), <, 1e-5 * fabs(expected));
        g_assert_cmpfloat(fabs(b - expected), <, 1e-5 * fabs(expected));
    }
    rk_graph_free(c.graph);
}

static void
activations_share_memory(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef x = rk_graph_input(g, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(64)));
    RkRef y = x;
    for (int i = 0; i < 20; i++)
        y = rk_relu(g, y);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 32, .n_outputs = 1, .outputs = &y, .no_fusion = TRUE};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_no_error(error);
    // A chain needs two tensors at any time; twenty are made.
    g_assert_cmpuint(rk_plan_tensor_bytes(plan), ==, 20 * 32 * 64 * 4);
    g_assert_cmpuint(rk_plan_arena_bytes(plan), ==, 2 * 32 * 64 * 4);
    float *in = rk_plan_input(plan, x, NULL);
    fill(in, 32 * 64, 5);
    g_assert_true(rk_plan_run(plan, &error));
    const float *out = rk_plan_output(plan, 0, NULL);
    for (int i = 0; i < 32 * 64; i++)
        g_assert_cmpfloat(out[i], ==, in[i] > 0 ? in[i] : 0);
}

static void
two_plans_in_flight(void)
{
    Chain c = build_chain();
    g_autoptr(RkState) state = chain_state(&c);
    g_autoptr(GError) error = NULL;
    RkPlanOptions options = {.batch = 16, .n_outputs = 1, .outputs = &c.z};
    g_autoptr(RkPlan) a = rk_plan_new(device, c.graph, state, &options, &error);
    g_autoptr(RkPlan) b = rk_plan_new(device, c.graph, state, &options, &error);
    g_assert_no_error(error);
    fill(rk_plan_input(a, c.x, NULL), 16 * 12, 3);
    fill(rk_plan_input(b, c.x, NULL), 16 * 12, 8);
    for (int round = 0; round < 20; round++) {
        g_assert_true(rk_plan_submit(a, &error) && rk_plan_submit(b, &error));
        g_assert_true(rk_plan_wait(b, &error) && rk_plan_wait(a, &error));
    }
    float of_a = *(const float *)rk_plan_output(a, 0, NULL);
    float of_b = *(const float *)rk_plan_output(b, 0, NULL);
    g_assert_cmpfloat(fabs(of_a - chain_reference(&c, 16)), <, 1e-4);
    g_assert_cmpfloat(fabs(of_a - of_b), >, 1e-3);
    rk_graph_free(c.graph);
}

static void
profile_times_each_step(void)
{
    Chain c = build_chain();
    g_autoptr(RkState) state = chain_state(&c);
    g_autoptr(GError) error = NULL;
    RkPlanOptions options = {.batch = 256, .n_outputs = 1, .outputs = &c.z, .profile = TRUE};
    g_autoptr(RkPlan) plan = rk_plan_new(device, c.graph, state, &options, &error);
    g_assert_no_error(error);
    fill(rk_plan_input(plan, c.x, NULL), 256 * 12, 3);
    g_assert_true(rk_plan_run(plan, &error));
    uint32_t n = rk_plan_n_steps(plan);
    g_autofree RkPlanStep *steps = g_new0(RkPlanStep, n);
    g_assert_true(rk_plan_steps(plan, steps, &error));
    g_assert_cmpuint(n, >=, 2);
    for (uint32_t i = 0; i < n; i++) {
        g_assert_cmpfloat(steps[i].ns, >=, 0);
        g_assert_cmpfloat(steps[i].cost.bytes, >, 0);
        g_assert_nonnull(steps[i].variant);
    }
    RkPlanStep step = {.cost = {.flops = 2e6, .bytes = 1e3}, .ns = 4e5};
    g_assert_cmpfloat(fabs(rk_plan_step_share(&step, 10, 10) - 0.5), <, 1e-9);
    rk_graph_free(c.graph);
}

static void
wrong_index_is_caught_on_the_host(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef table = rk_graph_param(g, "items", rk_type(RK_F32, 2, RK_DIM(10), RK_DIM(4)));
    RkRef ids = rk_graph_input(g, "item_ids", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef y = rk_gather(g, table, ids);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 3, .n_outputs = 1, .outputs = &y};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_no_error(error);
    uint32_t *in = rk_plan_input(plan, ids, NULL);
    in[0] = 9;
    in[1] = 10;
    g_assert_false(rk_plan_run(plan, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_nonnull(strstr(error->message, "element 1 of input item_ids is 10"));
    g_clear_error(&error);
    in[1] = 0; // the plan is usable again once the input is right
    g_assert_true(rk_plan_run(plan, &error));
}

static void
too_large_says_what_to_lower(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef x = rk_graph_input(g, "x", rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(1 << 20)));
    RkRef y = rk_exp(g, x);
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 4095, .n_outputs = 1, .outputs = &y};
    g_assert_null(rk_plan_new(device, g, state, &options, &error)); // 16 GiB
    g_assert_true(error->code == RK_ERROR_MEMORY || error->code == RK_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "Lower"));
    g_clear_error(&error);
    options.batch = 4096; // 2^32 elements
    g_assert_null(rk_plan_new(device, g, state, &options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
}

static void
state_refuses_another_shape(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkState) state = rk_state_new(device);
    g_autoptr(RkGraph) a = rk_graph_new();
    g_autoptr(RkGraph) b = rk_graph_new();
    rk_graph_param(a, "w", rk_type(RK_F32, 1, RK_DIM(4)));
    rk_graph_param(b, "w", rk_type(RK_F32, 1, RK_DIM(5)));
    g_assert_true(rk_state_add_graph(state, a, &error));
    g_assert_true(rk_state_add_graph(state, a, &error)); // the same again is fine
    g_assert_false(rk_state_add_graph(state, b, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_clear_error(&error);
    float w[5] = {0};
    g_assert_false(rk_state_write(state, "w", w, sizeof w, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_clear_error(&error);
    g_assert_false(rk_state_read(state, "v", w, 16, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

// A NaN is traced to where it began: the input, the parameter, or the node with finite inputs.
static void
nan_is_traced(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef x = rk_graph_input(g, "x", rk_type(RK_F32, 1, RK_BATCH(1)));
    RkRef w = rk_graph_param(g, "w", rk_type(RK_F32, 0));
    RkRef root = rk_sqrt(g, rk_mul(g, x, w));
    rk_graph_label(g, root, "root of the product");
    RkRef y = rk_sum_all(g, rk_scale(g, root, 2));
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 4, .n_outputs = 1, .outputs = &y, .no_fusion = TRUE};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_no_error(error);
    const struct {
        float x2, w;
        const char *message;
    } rows[] = {{3, 1, NULL},
                {NAN, 1, "element 2 of input x is not"},
                {3, INFINITY, "element 0 of parameter w is not"},
                {-3, 1, "element 2 of node %3, root of the product (sqrt) is not"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        float *in = rk_plan_input(plan, x, NULL);
        for (int k = 0; k < 4; k++)
            in[k] = k == 2 ? rows[i].x2 : 1;
        g_assert_true(rk_state_write(state, "w", &rows[i].w, sizeof rows[i].w, &error));
        g_assert_true(rk_plan_run(plan, &error));
        gboolean finite = rk_plan_check_finite(plan, &error);
        if (rows[i].message == NULL) {
            g_assert_no_error(error);
            g_assert_true(finite);
            continue;
        }
        g_assert_false(finite);
        g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
        if (strstr(error->message, rows[i].message) == NULL)
            g_error("%s", error->message);
        g_clear_error(&error);
    }
}

static void
tuning_is_kept(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-tune-XXXXXX", &error);
    g_assert_no_error(error);
    g_setenv("RANKINE_CACHE_DIR", folder, TRUE);
    const RkOp *op = rk_op_find("add");
    RkTensor in[] = {{RK_F32, 2, {64, 32}}, {RK_F32, 2, {64, 32}}};
    gboolean present[] = {TRUE, TRUE};
    RkOpArgs args = {.op = op, .n_in = 2, .in = in, .present = present, .out = in[0]};
    {
        g_autoptr(RkTuning) tuning = rk_tuning_load(device);
        g_assert_null(rk_tuning_find(tuning, &args));
        g_assert_true(rk_tune_op(tuning, device, &args, 0.5, &error));
        g_assert_nonnull(rk_tuning_find(tuning, &args));
        g_assert_true(rk_tuning_save(tuning, &error));
    }
    g_autoptr(RkTuning) again = rk_tuning_load(device);
    g_assert_cmpuint(rk_tuning_size(again), ==, 1);
    g_assert_nonnull(rk_tuning_find(again, &args));
    in[0].dim[0] = in[1].dim[0] = args.out.dim[0] = 50; // the same class: up to 64
    g_assert_nonnull(rk_tuning_find(again, &args));
    in[0].dim[0] = in[1].dim[0] = args.out.dim[0] = 65; // another
    g_assert_null(rk_tuning_find(again, &args));
    g_autofree char *path = rk_device_cache_path(device, ".tuning");
    g_unlink(path);
    g_unsetenv("RANKINE_CACHE_DIR");
}

// A lookup's gradient sorts its indices on the host before the submit.
static void
indices_that_the_device_computes(void)
{
    g_autoptr(RkGraph) g = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef table = rk_graph_param(g, "table", rk_type(RK_F32, 2, RK_DIM(9), RK_DIM(4)));
    RkRef a = rk_graph_input(g, "a", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef b = rk_graph_input(g, "b", rk_type(RK_U32, 1, RK_BATCH(1)));
    const RkRef parts[] = {a, b};
    RkRef rows = rk_gather(g, table, rk_concat(g, 0, 2, parts));
    RkRef loss = rk_sum_all(g, rk_square(g, rows));
    RkGradient gradient;
    g_assert_true(rk_grad(g, &rk_grad_ops, loss, 1, &table, &gradient, &error));
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 3, .n_outputs = 1, .outputs = &gradient.values};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    g_assert_null(plan);
    g_assert_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "Feed those indices as an input"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_func("/plan/fuse/saves dispatches and changes nothing",
                    fusion_saves_dispatches_and_changes_nothing);
    g_test_add_func("/plan/memory/activations share memory by liveness", activations_share_memory);
    g_test_add_func("/plan/plan/two plans of a state in flight", two_plans_in_flight);
    g_test_add_func("/plan/plan/profile times each step", profile_times_each_step);
    g_test_add_func("/plan/feed/indices that the device computes are an error where the host sorts",
                    indices_that_the_device_computes);
    g_test_add_func("/plan/feed/an index outside its table is caught on the host",
                    wrong_index_is_caught_on_the_host);
    g_test_add_func("/plan/plan/what doesn't fit says what to lower", too_large_says_what_to_lower);
    g_test_add_func("/plan/state/another shape is refused", state_refuses_another_shape);
    g_test_add_func("/plan/finite/a NaN is traced to where it began", nan_is_traced);
    g_test_add_func("/plan/tune/choices are kept by shape class", tuning_is_kept);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
