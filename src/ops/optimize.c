// SPDX-License-Identifier: GPL-3.0-or-later
//
// The optimize family: one row an optimizer, dense and by rows; one shader.
#include "ops/optimize.h"

#include "base/sort_rows.h"
#include "ops/family.h"
#include "ops/pointwise.h"
#include "ops/ranges.h"
#include "ops/reduce.h"

#include <math.h>
#include <string.h>

enum { SGD, ADAM, ADAMW, ADAGRAD, ROWWISE }; // as in optimize.comp

// What a row's `data` points to.
typedef struct {
    uint32_t kind;
    gboolean rows;
} Optimizer;

// Inputs of every row; absent ones are RK_NONE.
enum { W, G, S1, S2, HYPER, SCALE, SORTED, N_INPUTS };

static gboolean
infer_rows(const RkOpTypes *t, GError **error)
{
    const RkType *w = &t->in[W], *g = &t->in[G], *sorted = &t->in[SORTED];
    if (w->rank != 2 || g->rank != 2 || sorted->rank != 2 || sorted->dtype != RK_U32)
        return rk_infer_fail(t, error,
                             "a table, its gradient's rows and the sorted rows have two "
                             "dimensions");
    return rk_infer_dim(t, G, 1, w->dim[1], error) &&
           rk_infer_dim(t, SORTED, 0, RK_DIM(3), error) &&
           rk_infer_dim(t, SORTED, 1, g->dim[0], error);
}

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const Optimizer *o = t->op->data;
    for (uint32_t i = 0; i < SORTED; i++)
        if (!rk_infer_dtype(t, i, RK_F32, error))
            return FALSE;
    if (!rk_infer_rank(t, HYPER, 1, error) ||
        !rk_infer_dim(t, HYPER, 0, RK_DIM(RK_HYPER_WORDS), error) ||
        !rk_infer_rank(t, SCALE, 0, error))
        return FALSE;
    if (o->rows ? !infer_rows(t, error) : !rk_infer_same(t, G, W, error))
        return FALSE;
    gboolean needs_s1 = o->kind != SGD, needs_s2 = o->kind == ADAM || o->kind == ADAMW;
    if ((needs_s1 && !t->present[S1]) || (needs_s2 && !t->present[S2]))
        return rk_infer_fail(t, error, "a state is missing");
    if (o->kind == ROWWISE) {
        if (!rk_infer_rank(t, S1, 1, error) || !rk_infer_dim(t, S1, 0, t->in[W].dim[0], error))
            return FALSE;
    } else if (t->present[S1] && !rk_infer_same(t, S1, W, error)) {
        return FALSE;
    }
    if (t->present[S2] && !rk_infer_same(t, S2, W, error))
        return FALSE;
    *out = t->in[W];
    return TRUE;
}

// --- oracle
// ----------------------------------------------------------------------------------------

typedef struct {
    const Optimizer *o;
    double *const *in;
    const double *hyper;
    double scale;
    gboolean momentum, nesterov;
    uint32_t cols, capacity; // of a row; of the sparse gradient, 0 for the same decay everywhere
} Step;

// The weight decay of an element of the gradient, UINT64_MAX for one that isn't there.
static double
decay_of(const Step *s, uint64_t from)
{
    if (s->capacity == 0)
        return s->hyper[4];
    if (from == UINT64_MAX)
        return 0;
    const double *segment = s->in[SORTED] + 2 * (size_t)s->capacity;
    uint64_t u = from / s->cols;
    double end = u + 1 < s->capacity ? segment[u + 1] : s->capacity;
    return s->hyper[4] * (end - segment[u]) * s->hyper[8];
}

static double
gradient_of(const Step *s, uint64_t from, uint64_t at)
{
    double d = from == UINT64_MAX ? 0 : s->in[G][from] * s->scale;
    return s->o->kind == ADAMW ? d : d + decay_of(s, from) * s->in[W][at];
}

static void
update(const Step *s, uint64_t from, uint64_t at)
{
    const double *h = s->hyper;
    double d = gradient_of(s, from, at), *w = &s->in[W][at];
    if (s->o->kind == SGD) {
        if (s->momentum) {
            double b = s->in[S1][at] = h[5] * s->in[S1][at] + d;
            d = s->nesterov ? d + h[5] * b : b;
        }
        *w -= h[0] * d;
    } else if (s->o->kind == ADAGRAD) {
        s->in[S1][at] += d * d;
        *w -= h[0] * d / (sqrt(s->in[S1][at]) + h[3]);
    } else {
        if (s->o->kind == ADAMW)
            *w -= h[0] * decay_of(s, from) * *w;
        double m = s->in[S1][at] = h[1] * s->in[S1][at] + (1 - h[1]) * d;
        double v = s->in[S2][at] = h[2] * s->in[S2][at] + (1 - h[2]) * d * d;
        *w -= h[0] * (m / h[6]) / (sqrt(v / h[7]) + h[3]);
    }
}

static void
update_row(const Step *s, uint64_t u, uint64_t row, uint32_t cols)
{
    double sum = 0;
    for (uint32_t col = 0; col < cols; col++) {
        double d = gradient_of(s, u * cols + col, row * cols + col);
        sum += d * d;
    }
    s->in[S1][row] += sum / cols;
    double rate = s->hyper[0] / (sqrt(s->in[S1][row]) + s->hyper[3]);
    for (uint32_t col = 0; col < cols; col++) {
        uint64_t at = row * cols + col;
        s->in[W][at] -= rate * gradient_of(s, u * cols + col, at);
    }
}

// Every row of the table, those that the gradient lacks with a gradient of 0.
static void
update_all_rows(const Step *s, const RkOpArgs *args)
{
    uint32_t rows = args->in[W].dim[0], cols = args->in[W].dim[1];
    uint32_t capacity = args->in[SORTED].dim[1], u = 0;
    const double *distinct = s->in[SORTED] + capacity;
    for (uint32_t row = 0; row < rows; row++) {
        gboolean touched = u < capacity && distinct[u] == row;
        for (uint32_t col = 0; col < cols; col++)
            update(s, touched ? (uint64_t)u * cols + col : UINT64_MAX, (uint64_t)row * cols + col);
        u += touched;
    }
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    const Optimizer *o = args->op->data;
    Step s = {.o = o,
              .in = in,
              .hyper = in[HYPER],
              .scale = args->present[SCALE] ? in[SCALE][0] : 1,
              .momentum = args->present[S1],
              .nesterov = (args->attr[0].i & RK_STEP_NESTEROV) != 0};
    if (args->attr[0].i & RK_STEP_DECAY_BY_SAMPLE && o->rows) {
        s.cols = rk_tensor_cols(&args->in[W]);
        s.capacity = args->in[SORTED].dim[1];
    }
    uint64_t n = rk_tensor_numel(&args->in[G]);
    if (!o->rows) {
        for (uint64_t i = 0; i < n; i++)
            update(&s, i, i);
        return;
    }
    if (args->attr[0].i & RK_STEP_ALL_ROWS) {
        update_all_rows(&s, args);
        return;
    }
    uint32_t cols = rk_tensor_cols(&args->in[W]);
    uint32_t capacity = args->in[SORTED].dim[1];
    for (uint32_t u = 0; u < capacity; u++) {
        double row = in[SORTED][capacity + u];
        if (row == UINT32_MAX)
            break;
        if (o->kind == ROWWISE)
            update_row(&s, u, (uint64_t)row, cols);
        else
            for (uint32_t col = 0; col < cols; col++)
                update(&s, (uint64_t)u * cols + col, (uint64_t)row * cols + col);
    }
}

// --- kernel
// ----------------------------------------------------------------------------------------

// What a dispatch walks in ranges, where a binding is too small for all of it: rows of the table,
// or the elements of a dense parameter.
static uint32_t
n_walked(const RkOpArgs *args)
{
    const Optimizer *o = args->op->data;
    return o->rows ? args->in[W].dim[0] : (uint32_t)rk_tensor_numel(&args->in[W]);
}

// Bytes of input i for each row or element that is walked; 0 where it isn't cut.
static uint64_t
walked_bytes(const RkOpArgs *args, uint32_t i)
{
    const Optimizer *o = args->op->data;
    if (i > S2 || !args->present[i] || (o->rows && i == G))
        return 0;
    gboolean by_row = o->rows && args->in[i].rank == 2;
    return by_row ? 4 * (uint64_t)args->in[i].dim[1] : 4;
}

static uint32_t
range_rows(const RkCaps *caps, const RkOpArgs *args)
{
    RkRangeOperand operands[S2 + 1];
    for (uint32_t i = W; i <= S2; i++)
        operands[i] = (RkRangeOperand){RK_BIND_STORAGE, walked_bytes(args, i)};
    return rk_range_rows(caps, n_walked(args), G_N_ELEMENTS(operands), operands);
}

static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    gboolean fits = kernel->param[0] <= caps->max_invocations;
    for (uint32_t i = 0; i < args->n_in; i++)
        fits = fits && (!args->present[i] || walked_bytes(args, i) > 0 ||
                        rk_bind_fits(caps, RK_BIND_STORAGE, &args->in[i]));
    return fits && (n_walked(args) == 0 || range_rows(caps, args) > 0);
}

static void
record_range(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list,
             uint32_t first, uint32_t rows)
{
    const Optimizer *o = args->op->data;
    gboolean all = (args->attr[0].i & RK_STEP_ALL_ROWS) != 0;
    uint64_t n = !o->rows             ? rows
                 : all                ? (uint64_t)rows * args->in[W].dim[1]
                 : o->kind == ROWWISE ? args->in[G].dim[0]
                                      : rk_tensor_numel(&args->in[G]);
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, o->rows ? "optimize_rows" : "optimize");
    rk_dispatch_write(d, W, RK_BIND_STORAGE);
    rk_dispatch_read(d, G, RK_BIND_STORAGE);
    for (int32_t i = S1; i <= S2; i++) // the shader could write them, for all that is known of it
        rk_dispatch_write(d, args->present[i] ? i : W, RK_BIND_STORAGE);
    rk_dispatch_read(d, HYPER, RK_BIND_STORAGE);
    rk_dispatch_read(d, args->present[SCALE] ? SCALE : HYPER, RK_BIND_STORAGE);
    if (o->rows)
        rk_dispatch_read(d, SORTED, RK_BIND_STORAGE);
    for (uint32_t i = W; i <= S2; i++) {
        uint64_t bytes = walked_bytes(args, args->present[i] ? i : W);
        if (bytes > 0)
            rk_range_set(d, i, bytes, first, rows);
    }
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, o->kind);
    rk_dispatch_spec(d, args->present[S1]);
    rk_dispatch_spec(d, args->present[SCALE]);
    rk_dispatch_spec(d, (args->attr[0].i & RK_STEP_NESTEROV) != 0);
    rk_dispatch_spec(d, all);
    rk_dispatch_spec(d, o->rows && (args->attr[0].i & RK_STEP_DECAY_BY_SAMPLE) != 0);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, rk_tensor_cols(&args->in[W]));
    rk_dispatch_push(d, o->rows ? args->in[SORTED].dim[1] : 0);
    rk_dispatch_push(d, first);
    rk_dispatch_push(d, rows);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint32_t n = n_walked(args), rows = range_rows(caps, args);
    for (uint32_t first = 0; first < n; first += MIN(rows, n - first))
        record_range(kernel, caps, args, list, first, MIN(rows, n - first));
}

static RkCost
cost(const RkOpArgs *args)
{
    // Each element read and written with its states, its gradient read.
    gboolean all = (args->attr[0].i & RK_STEP_ALL_ROWS) != 0;
    double n = (double)rk_tensor_numel(&args->in[all ? W : G]);
    double streams = 3 + 2.0 * args->present[S1] + 2.0 * args->present[S2];
    return (RkCost){.flops = 12 * n, .bytes = 4 * n * streams};
}

// --- samples
// ------------------------------------------------------------------------------------------

// A third of the sorted rows are repeated, one in nine names no row.
static void
prepare(const RkSample *sample, const RkTensor *in, double *const *values)
{
    if (sample->n_in <= SORTED)
        return;
    uint32_t n = in[SORTED].dim[1];
    g_autofree uint32_t *index = g_new(uint32_t, n + 1);
    g_autofree uint32_t *scratch = g_new(uint32_t, n + 1);
    g_autofree uint32_t *packed = g_new(uint32_t, RK_SORT_ROWS_WORDS(n));
    for (uint32_t i = 0; i < n; i++)
        index[i] = i % 9 == 8 ? UINT32_MAX : i * 7 / 3 * 2 % in[W].dim[0];
    rk_sort_rows(index, n, packed, scratch);
    for (uint32_t i = 0; i < 3 * n; i++)
        values[SORTED][i] = packed[i];
}

#define F32(r, how, ...)                                                                           \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = how                              \
    }
#define HYPER_IN                                                                                   \
    {                                                                                              \
        .dtype = RK_F32, .rank = 1, .dim = {RK_HYPER_WORDS}, .fill = RK_FILL_POSITIVE              \
    }
#define NO_INPUT                                                                                   \
    {                                                                                              \
        .dtype = RK_F32, .absent = TRUE                                                            \
    }
#define SCALE_IN                                                                                   \
    {                                                                                              \
        .dtype = RK_F32, .fill = RK_FILL_UNIT                                                      \
    }
#define SORTED_IN(n)                                                                               \
    {                                                                                              \
        .dtype = RK_U32, .rank = 2, .dim = {3, n}, .fill = RK_FILL_INDEX, .limit = 1               \
    }
#define DENSE(label, s1, s2, scale, flags)                                                         \
    {                                                                                              \
        .name = label, .n_in = 6, .in = {F32(2, RK_FILL_NORMAL, 7, 13),                            \
                                         F32(2, RK_FILL_NORMAL, 7, 13),                            \
                                         s1,                                                       \
                                         s2,                                                       \
                                         HYPER_IN,                                                 \
                                         scale},                                                   \
        .n_attr = 1, .attr = {{.i = flags}}, .no_grad = TRUE                                       \
    }
#define SPARSE(label, s1, s2, scale, flags)                                                        \
    {                                                                                              \
        .name = label, .n_in = 7,                                                                  \
        .in = {F32(2, RK_FILL_NORMAL, 40, 9),                                                      \
               F32(2, RK_FILL_NORMAL, 23, 9),                                                      \
               s1,                                                                                 \
               s2,                                                                                 \
               HYPER_IN,                                                                           \
               scale,                                                                              \
               SORTED_IN(23)},                                                                     \
        .n_attr = 1, .attr = {{.i = flags}}, .no_grad = TRUE                                       \
    }
#define MATRIX F32(2, RK_FILL_UNIT, 7, 13)
#define TABLE  F32(2, RK_FILL_UNIT, 40, 9)
static const RkSample SGD_DENSE[] = {
    DENSE("plain", NO_INPUT, NO_INPUT, NO_INPUT, 0),
    DENSE("momentum", MATRIX, NO_INPUT, SCALE_IN, 0),
    DENSE("nesterov", MATRIX, NO_INPUT, NO_INPUT, RK_STEP_NESTEROV),
};
static const RkSample SGD_SPARSE[] = {
    SPARSE("plain", NO_INPUT, NO_INPUT, SCALE_IN, 0),
    SPARSE("momentum", TABLE, NO_INPUT, NO_INPUT, 0),
    SPARSE("decay by sample", NO_INPUT, NO_INPUT, SCALE_IN, RK_STEP_DECAY_BY_SAMPLE),
    SPARSE("all rows", TABLE, NO_INPUT, SCALE_IN, RK_STEP_ALL_ROWS)};
static const RkSample ADAM_DENSE[] = {DENSE("plain", MATRIX, MATRIX, NO_INPUT, 0),
                                      DENSE("clipped", MATRIX, MATRIX, SCALE_IN, 0)};
static const RkSample ADAM_SPARSE[] = {SPARSE("plain", TABLE, TABLE, NO_INPUT, 0),
                                       SPARSE("clipped", TABLE, TABLE, SCALE_IN, 0),
                                       SPARSE("all rows", TABLE, TABLE, NO_INPUT, RK_STEP_ALL_ROWS),
                                       SPARSE("all rows, decay by sample", TABLE, TABLE, NO_INPUT,
                                              RK_STEP_ALL_ROWS | RK_STEP_DECAY_BY_SAMPLE)};
static const RkSample ADAGRAD_DENSE[] = {DENSE("clipped", MATRIX, NO_INPUT, SCALE_IN, 0)};
static const RkSample ADAGRAD_SPARSE[] = {
    SPARSE("plain", TABLE, NO_INPUT, NO_INPUT, 0),
    SPARSE("all rows", TABLE, NO_INPUT, NO_INPUT, RK_STEP_ALL_ROWS)};
static const RkSample ROWWISE_SPARSE[] = {
    SPARSE("plain", F32(1, RK_FILL_UNIT, 40), NO_INPUT, NO_INPUT, 0),
    SPARSE("clipped", F32(1, RK_FILL_UNIT, 40), NO_INPUT, SCALE_IN, 0)};

// --- rows
// ------------------------------------------------------------------------------------------------

static const char *const INPUTS[] = {"w",     "g",      "state1?", "state2?",
                                     "hyper", "scale?", "sorted?", NULL};
static const char *const ATTRIBUTES[] = {"i:flags", NULL};
static const RkKernel KERNELS[] = {
    {.name = "storage", .param = {64}, .supports = supports, .record = record}};

// A dozen fp32 operations, two of them divisions and a square root of 2.5 units each.
#define ROW(label, number, by_rows, written, list)                                                 \
    {                                                                                              \
        .name = label, .input = INPUTS, .attribute = ATTRIBUTES, .flags = RK_OP_ALIAS,             \
        .writes = written, .data = &(const Optimizer){number, by_rows}, .infer = infer,            \
        .oracle = oracle, .cost = cost, .n_kernels = 1, .kernels = KERNELS,                        \
        .n_samples = G_N_ELEMENTS(list), .samples = list, .prepare = prepare, .rtol = 1e-5,        \
        .atol = 1e-6                                                                               \
    }
#define ONE (1u << W | 1u << S1)
#define TWO (ONE | 1u << S2)
static const RkOp ROWS[] = {
    ROW("sgd", SGD, FALSE, ONE, SGD_DENSE),
    ROW("sgd_rows", SGD, TRUE, ONE, SGD_SPARSE),
    ROW("adam", ADAM, FALSE, TWO, ADAM_DENSE),
    ROW("adam_rows", ADAM, TRUE, TWO, ADAM_SPARSE),
    ROW("adamw", ADAMW, FALSE, TWO, ADAM_DENSE),
    ROW("adamw_rows", ADAMW, TRUE, TWO, ADAM_SPARSE),
    ROW("adagrad", ADAGRAD, FALSE, ONE, ADAGRAD_DENSE),
    ROW("adagrad_rows", ADAGRAD, TRUE, ONE, ADAGRAD_SPARSE),
    ROW("rowwise_adagrad", ROWWISE, TRUE, ONE, ROWWISE_SPARSE),
};

RkFamily
rk_family_optimize(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

// --- builders
// ----------------------------------------------------------------------------------------------

static RkRef
build(RkGraph *graph, uint32_t kind, const RkGradient *gradient, RkRef s1, RkRef s2, RkRef hyper,
      RkRef scale, unsigned flags)
{
    gboolean sparse = gradient->values != RK_NONE;
    RkRef g = sparse ? gradient->values : gradient->dense;
    if (g == RK_NONE)
        return RK_NONE;
    const RkRef in[N_INPUTS] = {gradient->param, g, s1, s2, hyper, scale, gradient->sorted};
    const RkAttr attr[] = {{.i = (int32_t)flags}};
    for (uint32_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        const Optimizer *o = ROWS[i].data;
        if (o->kind == kind && o->rows == sparse)
            return rk_graph_op(graph, &ROWS[i], sparse ? N_INPUTS : SORTED, in, 1, attr);
    }
    rk_graph_fail(graph, "Can't train a dense parameter with row-wise Adagrad: its gradient has no "
                         "rows. Use Adagrad for it.");
    return RK_NONE;
}

RkRef
rk_sgd(RkGraph *graph, const RkGradient *gradient, RkRef state, RkRef hyper, RkRef scale,
       unsigned flags)
{
    return build(graph, SGD, gradient, state, RK_NONE, hyper, scale, flags);
}

RkRef
rk_adam(RkGraph *graph, const RkGradient *gradient, RkRef m, RkRef v, RkRef hyper, RkRef scale,
        unsigned flags)
{
    uint32_t kind = flags & RK_STEP_DECOUPLED ? ADAMW : ADAM;
    return build(graph, kind, gradient, m, v, hyper, scale, flags);
}

RkRef
rk_adagrad(RkGraph *graph, const RkGradient *gradient, RkRef a, RkRef hyper, RkRef scale,
           unsigned flags)
{
    return build(graph, ADAGRAD, gradient, a, RK_NONE, hyper, scale, flags);
}

RkRef
rk_rowwise_adagrad(RkGraph *graph, const RkGradient *gradient, RkRef a, RkRef hyper, RkRef scale,
                   unsigned flags)
{
    return build(graph, ROWWISE, gradient, a, RK_NONE, hyper, scale, flags);
}

void
rk_hyper_set_step(RkHyper *hyper, uint64_t step)
{
    g_assert(step > 0);
    hyper->correction1 = (float)(1 - pow((double)hyper->beta1, (double)step));
    hyper->correction2 = (float)(1 - pow((double)hyper->beta2, (double)step));
}

RkRef
rk_clip_scale(RkGraph *graph, uint32_t n, const RkGradient *gradients, float max_norm)
{
    RkRef sum = RK_NONE;
    for (uint32_t i = 0; i < n; i++) {
        RkRef g = gradients[i].values != RK_NONE ? gradients[i].values : gradients[i].dense;
        if (g == RK_NONE)
            continue;
        RkRef squares = rk_sum_all(graph, rk_square(graph, g));
        sum = sum == RK_NONE ? squares : rk_add(graph, sum, squares);
    }
    RkRef one = rk_graph_fill(graph, rk_type(RK_F32, 0), 1);
    if (sum == RK_NONE)
        return one;
    RkRef norm = rk_shift(graph, rk_sqrt(graph, sum), 1e-6f); // PyTorch's clip_grad_norm_
    return rk_minimum(graph, one, rk_scale(graph, rk_reciprocal(graph, norm), max_norm));
}
