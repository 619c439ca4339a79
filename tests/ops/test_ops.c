// SPDX-License-Identifier: GPL-3.0-or-later
//
// Walks every row of every family: each sample, through every kernel that the device supports,
// against the row's oracle; each gradient against central differences of the oracle. A new row
// is a new test.
#include "ops/ops.h"
#include "ops/reduce.h"
#include "ops/sample.h"
#include "base/rng.h"
#include "plan/plan.h"

#include "graph/eval.h"

#include <math.h>
#include <string.h>

#define SEED 20261123u // printed by g_test on failure through the path of the case

typedef struct {
    const RkOp *op;
    const RkSample *sample;
} Case;

static RkDevice *device; // one for all cases: opening costs more than most of them

static double
rms(const double *values, uint64_t n)
{
    double sum = 0;
    uint64_t finite = 0;
    for (uint64_t i = 0; i < n; i++)
        if (isfinite(values[i])) {
            sum += values[i] * values[i];
            finite++;
        }
    return finite ? sqrt(sum / (double)finite) : 0;
}

static void
compare(const char *what, const RkOp *op, const RkTensor *tensor, const void *packed,
        const double *expected)
{
    uint64_t n = rk_tensor_numel(tensor);
    g_autofree double *got = g_new0(double, n + 1);
    rk_tensor_unpack(tensor, packed, got);
    double typical = rms(expected, n);
    for (uint64_t i = 0; i < n; i++) {
        if (got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i])))
            continue;
        double allowed = op->atol + op->rtol * (fabs(expected[i]) + typical);
        if (!(fabs(got[i] - expected[i]) <= allowed))
            g_error("%s, %s: element %" G_GUINT64_FORMAT " is %.9g, the oracle says %.9g +- %.3g",
                    op->name, what, i, got[i], expected[i], allowed);
    }
}

static void
write_inputs(RkState *state, RkPlan *plan, const RkGraph *graph, const RkSample *sample,
             uint32_t n_in, const RkRef *in, double *const *values)
{
    for (uint32_t i = 0; i < n_in; i++) {
        if (in[i] == RK_NONE)
            continue;
        g_autoptr(GError) error = NULL;
        RkTensor tensor = rk_sample_tensor(sample, i);
        size_t bytes = rk_tensor_bytes(&tensor);
        g_autofree void *packed = g_malloc0(bytes + 4);
        rk_tensor_pack(&tensor, values[i], packed);
        if (rk_graph_node(graph, in[i])->kind == RK_NODE_PARAM) {
            rk_state_write(state, rk_graph_node(graph, in[i])->name, packed, bytes, &error);
            g_assert_no_error(error);
            continue;
        }
        void *to = rk_plan_input(plan, in[i], NULL);
        if (to != NULL)
            memcpy(to, packed, bytes);
    }
}

// Runs the sample through one kernel (NULL: the default choice) and compares all it writes.
static void
check_kernel(const Case *c, const RkGraph *graph, const RkRef *in, RkRef y, RkEval *reference,
             double *const *values, const char *variant)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {
        .batch = 1, .n_outputs = 1, .outputs = &y, .no_fusion = TRUE, .variant = variant};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, &error);
    g_assert_no_error(error);
    uint32_t n_in = rk_sample_n_in(c->op, c->sample);
    write_inputs(state, plan, graph, c->sample, n_in, in, values);
    rk_plan_run(plan, &error);
    g_assert_no_error(error);
    const char *what = variant ? variant : "default kernel";
    compare(what, c->op, rk_eval_tensor(reference, y), rk_plan_output(plan, 0, NULL),
            rk_eval_values(reference, y));
    for (uint32_t i = 0; i < n_in; i++) {
        if (!(c->op->writes & 1u << i) || in[i] == RK_NONE)
            continue;
        RkTensor tensor = rk_sample_tensor(c->sample, i);
        size_t bytes = rk_tensor_bytes(&tensor);
        g_autofree void *packed = g_malloc0(bytes + 4);
        rk_state_read(state, rk_graph_node(graph, in[i])->name, packed, bytes, &error);
        g_assert_no_error(error);
        compare(what, c->op, &tensor, packed, rk_eval_values(reference, in[i]));
    }
}

static RkEval *
evaluate(const RkGraph *graph, const Case *c, const RkRef *in, double *const *values)
{
    g_autoptr(GError) error = NULL;
    RkEval *eval = rk_eval_new(graph, 1, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < rk_sample_n_in(c->op, c->sample); i++)
        if (in[i] != RK_NONE)
            memcpy(rk_eval_values(eval, in[i]), values[i],
                   rk_tensor_numel(rk_eval_tensor(eval, in[i])) * sizeof(double));
    rk_eval_run(eval);
    return eval;
}

static void
forward(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(RkGraph) graph = rk_graph_new();
    g_autoptr(GError) error = NULL;
    RkRef in[32];
    RkRef y = rk_sample_build(graph, c->op, c->sample, in);
    rk_graph_check(graph, &error);
    g_assert_no_error(error);
    double **values = rk_sample_values(c->op, c->sample, SEED);
    g_autoptr(RkEval) reference = evaluate(graph, c, in, values);
    RkArena *arena = rk_arena_new();
    RkOpArgs args;
    rk_graph_bind(graph, y, 1, arena, &args, &error);
    g_assert_no_error(error);
    uint32_t tried = 0;
    for (uint32_t i = 0; i < c->op->n_kernels; i++) {
        const RkKernel *kernel = &c->op->kernels[i];
        if (!kernel->supports(kernel, rk_device_caps(device), &args))
            continue;
        check_kernel(c, graph, in, y, reference, values, kernel->name);
        tried++;
    }
    // Every row that has kernels must have one for this device, and choose one.
    if (c->op->n_kernels > 0)
        g_assert_cmpuint(tried, >, 0);
    g_assert_true(
        c->op->pick == NULL || c->op->pick(rk_device_caps(device), &args) == NULL ||
        c->op->pick(rk_device_caps(device), &args)
            ->supports(c->op->pick(rk_device_caps(device), &args), rk_device_caps(device), &args));
    // Host ops and aliases run without a kernel, as the plan would run them.
    if (c->op->n_kernels == 0)
        check_kernel(c, graph, in, y, reference, values, NULL);
    rk_arena_free(arena);
    rk_sample_free_values(values, rk_sample_n_in(c->op, c->sample));
}

// --- gradients
// ------------------------------------------------------------------------------------------

typedef struct {
    RkGraph *graph;
    RkRef in[32];
    RkRef loss;
    uint32_t n_params;
    uint32_t param_of[32]; // input number of each
    RkGradient gradient[32];
} Differentiated;

// loss = sum(y * w), w fixed random numbers, so that every output element counts differently.
static void
differentiate(const Case *c, Differentiated *d)
{
    g_autoptr(GError) error = NULL;
    d->graph = rk_graph_new();
    RkRef y = rk_sample_build(d->graph, c->op, c->sample, d->in);
    RkType type = *rk_graph_type(d->graph, y);
    RkRef w = rk_graph_param(d->graph, "w", type);
    d->loss = rk_sum_to(d->graph, rk_mul(d->graph, y, w), rk_type(RK_F32, 0));
    RkRef params[32];
    for (uint32_t i = 0; i < rk_sample_n_in(c->op, c->sample); i++)
        if (d->in[i] != RK_NONE && c->sample->in[i].dtype == RK_F32) {
            d->param_of[d->n_params] = i;
            params[d->n_params++] = d->in[i];
        }
    rk_grad(d->graph, &rk_grad_ops, d->loss, d->n_params, params, d->gradient, &error);
    g_assert_no_error(error);
}

static double
loss_at(const Case *c, const Differentiated *d, double *const *values)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkEval) eval = rk_eval_new(d->graph, 1, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < rk_sample_n_in(c->op, c->sample); i++)
        if (d->in[i] != RK_NONE)
            memcpy(rk_eval_values(eval, d->in[i]), values[i],
                   rk_tensor_numel(rk_eval_tensor(eval, d->in[i])) * sizeof(double));
    RkRef w = rk_graph_find(d->graph, "w");
    for (uint64_t i = 0; i < rk_tensor_numel(rk_eval_tensor(eval, w)); i++)
        rk_eval_values(eval, w)[i] = rk_rng_normal(SEED, 99, i);
    rk_eval_run(eval);
    return rk_eval_values(eval, d->loss)[0];
}

// The analytic gradient of one parameter as a dense array.
static double *
analytic(const Case *c, const Differentiated *d, double *const *values, uint32_t k)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkEval) eval = rk_eval_new(d->graph, 1, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < rk_sample_n_in(c->op, c->sample); i++)
        if (d->in[i] != RK_NONE)
            memcpy(rk_eval_values(eval, d->in[i]), values[i],
                   rk_tensor_numel(rk_eval_tensor(eval, d->in[i])) * sizeof(double));
    RkRef w = rk_graph_find(d->graph, "w");
    for (uint64_t i = 0; i < rk_tensor_numel(rk_eval_tensor(eval, w)); i++)
        rk_eval_values(eval, w)[i] = rk_rng_normal(SEED, 99, i);
    rk_eval_run(eval);
    const RkGradient *g = &d->gradient[k];
    const RkTensor *tensor = rk_eval_tensor(eval, d->in[d->param_of[k]]);
    uint64_t n = rk_tensor_numel(tensor);
    double *out = g_new0(double, n + 1);
    if (g->dense != RK_NONE)
        memcpy(out, rk_eval_values(eval, g->dense), n * sizeof *out);
    if (g->values != RK_NONE) {
        uint32_t cols = rk_tensor_cols(tensor);
        uint32_t n_rows = rk_eval_tensor(eval, g->sorted)->dim[1];
        const double *rows = rk_eval_values(eval, g->sorted) + n_rows; // perm, rows, seg
        for (uint32_t u = 0; u < n_rows && rows[u] != UINT32_MAX; u++)
            for (uint32_t col = 0; col < cols; col++)
                out[(uint64_t)rows[u] * cols + col] =
                    rk_eval_values(eval, g->values)[(uint64_t)u * cols + col];
    }
    return out;
}

static void
gradient(gconstpointer data)
{
    const Case *c = data;
    Differentiated d = {0};
    differentiate(c, &d);
    double **values = rk_sample_values(c->op, c->sample, SEED);
    for (uint32_t k = 0; k < d.n_params; k++) {
        uint32_t i = d.param_of[k];
        RkTensor tensor = rk_sample_tensor(c->sample, i);
        uint64_t n = rk_tensor_numel(&tensor);
        g_autofree double *mine = analytic(c, &d, values, k);
        double typical = rms(mine, n);
        uint64_t step = MAX(1, n / 24); // two dozen elements of each input
        for (uint64_t e = 0; e < n; e += step) {
            const double H = 1e-5; // error about H^2 + 1e-16 / H, both far below the bound
            double at = values[i][e];
            values[i][e] = at + H;
            double above = loss_at(c, &d, values);
            values[i][e] = at - H;
            double below = loss_at(c, &d, values);
            values[i][e] = at;
            double numeric = (above - below) / (2 * H);
            if (fabs(numeric - mine[e]) > 1e-5 * (fabs(numeric) + typical + 1))
                g_error("%s: d loss / d input %u [%" G_GUINT64_FORMAT
                        "] is %.9g, differences say %.9g",
                        c->op->name, i, e, mine[e], numeric);
        }
    }
    rk_sample_free_values(values, rk_sample_n_in(c->op, c->sample));
    rk_graph_free(d.graph);
}

static void
host_agrees(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(RkGraph) graph = rk_graph_new();
    RkRef in[32];
    RkRef y = rk_sample_build(graph, c->op, c->sample, in);
    double **values = rk_sample_values(c->op, c->sample, SEED);
    g_autoptr(RkEval) reference = evaluate(graph, c, in, values);
    g_autoptr(RkArena) arena = rk_arena_new();
    RkOpArgs args;
    g_assert_true(rk_graph_bind(graph, y, 1, arena, &args, NULL));
    const void *packed[32] = {NULL};
    for (uint32_t i = 0; i < args.n_in; i++) {
        void *bytes = rk_arena_alloc(arena, rk_tensor_bytes(&args.in[i]) + 4, 1);
        rk_tensor_pack(&args.in[i], values[i], bytes);
        packed[i] = bytes;
    }
    void *out = rk_arena_alloc(arena, rk_tensor_bytes(&args.out) + 4, 1);
    c->op->host(&args, packed, out);
    compare("host", c->op, &args.out, out, rk_eval_values(reference, y));
    rk_sample_free_values(values, args.n_in);
}

static void
add_case(GPtrArray *cases, const RkOp *op, const RkSample *sample, const char *kind,
         void (*test)(gconstpointer))
{
    Case *c = g_new(Case, 1);
    *c = (Case){op, sample};
    g_ptr_array_add(cases, c); // GLib frees the data of tests that run, not of others
    g_autofree char *path =
        g_strdup_printf("/ops/%s/%s, %s: %s", rk_op_family(op), op->name, sample->name, kind);
    g_test_add_data_func(path, c, test);
}

static void
every_row_is_complete(void)
{
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++) {
        g_test_message("%s", op->name);
        g_assert_true(rk_op_find(op->name) == op); // names are unique
        g_assert_nonnull(op->infer);
        g_assert_cmpuint(op->n_samples, >, 0);
        gboolean alias = (op->flags & RK_OP_ALIAS) && op->writes == 0;
        g_assert_true(op->oracle != NULL || alias);
        if (op->flags & RK_OP_HOST)
            g_assert_nonnull(op->host);
        else if (!alias) {
            g_assert_cmpuint(op->n_kernels, >, 0);
            g_assert_nonnull(op->cost);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_message("device: %s", rk_device_info(device)->name);
    g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func(g_free);
    g_test_add_func("/ops/rows are complete and their names unique", every_row_is_complete);
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        for (uint32_t s = 0; s < op->n_samples; s++) {
            const RkSample *sample = &op->samples[s];
            if (sample->bench)
                continue;
            add_case(cases, op, sample, "kernels agree with the oracle", forward);
            if (op->flags & RK_OP_HOST)
                add_case(cases, op, sample, "host agrees with the oracle", host_agrees);
            if (op->grad != NULL && !sample->no_grad)
                add_case(cases, op, sample, "gradient agrees with differences", gradient);
        }
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
