// SPDX-License-Identifier: GPL-3.0-or-later
//
// The attention family: the output, the logarithm of its denominators, and the three gradients; one
// shader. All rows take the same inputs and leave out what they don't read.
#include "ops/attention.h"

#include "ops/family.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

#include <math.h>

enum { OUT, LSE, DQ, DK, DV, N_MODES }; // MODE of attention.comp
enum { Q, K, V, LENGTH, SUMS, DELTA, DOUT, N_INPUTS };

static const uint32_t MODES[N_MODES] = {OUT, LSE, DQ, DK, DV};

static uint32_t
mode_of(const RkOp *op)
{
    return *(const uint32_t *)op->data;
}

// --- shape rule -----------------------------------------------------------------------------

static gboolean
infer_gradient(const RkOpTypes *t, RkType rows, GError **error)
{
    if (!t->present[SUMS] || !t->present[DELTA] || !t->present[DOUT])
        return rk_infer_fail(t, error, "a gradient needs lse, delta and dout");
    return rk_infer_same(t, DOUT, Q, error) && rk_infer_same(t, DELTA, SUMS, error) &&
           rk_infer_rank(t, SUMS, 3, error) && rk_infer_dim(t, SUMS, 0, rows.dim[0], error) &&
           rk_infer_dim(t, SUMS, 1, rows.dim[1], error) &&
           rk_infer_dim(t, SUMS, 2, rows.dim[2], error);
}

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    int32_t heads = t->attr[0].i;
    for (uint32_t i = Q; i <= V; i++)
        if (!rk_infer_dtype(t, i, RK_F32, error) || !rk_infer_rank(t, i, 3, error))
            return FALSE;
    RkDim d = t->in[Q].dim[2];
    if (!rk_infer_dim(t, K, 0, t->in[Q].dim[0], error) || !rk_infer_dim(t, K, 2, d, error) ||
        !rk_infer_same(t, V, K, error))
        return FALSE;
    if (heads < 1 || d.per_batch || d.n % (uint32_t)heads != 0)
        return rk_infer_fail(t, error, "%u numbers can't be shared by %d heads", d.n, heads);
    if (t->attr[1].i && !rk_infer_dim(t, K, 1, t->in[Q].dim[1], error))
        return FALSE; // causal
    if (t->present[LENGTH] &&
        (!rk_infer_dtype(t, LENGTH, RK_U32, error) || !rk_infer_rank(t, LENGTH, 1, error) ||
         !rk_infer_dim(t, LENGTH, 0, t->in[Q].dim[0], error)))
        return FALSE;
    uint32_t mode = mode_of(t->op);
    RkType rows = rk_type(RK_F32, 3, t->in[Q].dim[0], t->in[Q].dim[1], RK_DIM((uint32_t)heads));
    *out = mode == LSE ? rows : t->in[mode == DK || mode == DV ? K : Q];
    return mode < DQ || infer_gradient(t, rows, error);
}

static uint32_t
limit(const RkOpArgs *args, uint32_t i)
{
    return i == LENGTH ? args->in[K].dim[1] + 1 : 0;
}

// --- oracle ---------------------------------------------------------------------------------

typedef struct {
    uint32_t batch, n_queries, n_keys, heads, width;
    gboolean causal;
    double scale;
    double *const *in;
    const gboolean *present;
} Shape;

static Shape
shape_of(const RkOpArgs *args, double *const *in)
{
    uint32_t heads = (uint32_t)args->attr[0].i;
    uint32_t width = args->in[Q].dim[2] / heads;
    return (Shape){args->in[Q].dim[0],
                   args->in[Q].dim[1],
                   args->in[K].dim[1],
                   heads,
                   width,
                   args->attr[1].i != 0,
                   1 / sqrt((double)width),
                   in,
                   args->present};
}

static const double *
part(const Shape *s, uint32_t input, uint32_t b, uint32_t row, uint32_t head)
{
    uint32_t rows = input == K || input == V ? s->n_keys : s->n_queries;
    return s->in[input] + (((uint64_t)b * rows + row) * s->heads + head) * s->width;
}

static double
dot(const double *a, const double *b, uint32_t n)
{
    double sum = 0;
    for (uint32_t d = 0; d < n; d++)
        sum += a[d] * b[d];
    return sum;
}

static gboolean
sees(const Shape *s, uint32_t b, uint32_t i, uint32_t j)
{
    return (!s->present[LENGTH] || j < s->in[LENGTH][b]) && (!s->causal || j <= i);
}

static double
score(const Shape *s, uint32_t b, uint32_t head, uint32_t i, uint32_t j)
{
    return dot(part(s, Q, b, i, head), part(s, K, b, j, head), s->width) * s->scale;
}

// Adds what key j gives query i (or the reverse) to `out`, a part of the result.
static void
add_pair(const Shape *s, uint32_t mode, uint32_t b, uint32_t head, uint32_t i, uint32_t j,
         double lse, double *out)
{
    uint64_t row = ((uint64_t)b * s->n_queries + i) * s->heads + head;
    double p = exp(score(s, b, head, i, j) - (mode >= DQ ? s->in[SUMS][row] : lse));
    const double *to_add = part(s,
                                mode == OUT  ? V
                                : mode == DQ ? K
                                : mode == DK ? Q
                                             : DOUT,
                                b, mode == OUT || mode == DQ ? j : i, head);
    if (mode == DQ || mode == DK) {
        double g = dot(part(s, DOUT, b, i, head), part(s, V, b, j, head), s->width);
        p *= (g - s->in[DELTA][row]) * s->scale;
    }
    for (uint32_t d = 0; d < s->width; d++)
        out[d] += p * to_add[d];
}

static double
log_sum(const Shape *s, uint32_t b, uint32_t head, uint32_t i)
{
    double most = -INFINITY, sum = 0;
    for (uint32_t j = 0; j < s->n_keys; j++)
        if (sees(s, b, i, j))
            most = fmax(most, score(s, b, head, i, j));
    for (uint32_t j = 0; j < s->n_keys; j++)
        if (sees(s, b, i, j))
            sum += exp(score(s, b, head, i, j) - most);
    return sum == 0 ? INFINITY : most + log(sum);
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    Shape s = shape_of(args, in);
    uint32_t mode = mode_of(args->op);
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t e = 0; e < n; e++)
        out[e] = 0;
    for (uint32_t b = 0; b < s.batch; b++)
        for (uint32_t head = 0; head < s.heads; head++)
            for (uint32_t i = 0; i < s.n_queries; i++) {
                uint64_t row = ((uint64_t)b * s.n_queries + i) * s.heads + head;
                double lse = log_sum(&s, b, head, i);
                if (mode == LSE)
                    out[row] = lse;
                for (uint32_t j = 0; mode != LSE && j < s.n_keys; j++) {
                    uint64_t key = ((uint64_t)b * s.n_keys + j) * s.heads + head;
                    uint64_t to = mode == DK || mode == DV ? key : row;
                    if (sees(&s, b, i, j))
                        add_pair(&s, mode, b, head, i, j, lse, out + to * s.width);
                }
            }
}

// --- gradient -------------------------------------------------------------------------------

static const RkOp ROWS[N_MODES];

static void
grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y); // inputs and attributes stay in the arena
    RkRef in[N_INPUTS] = {node.in[Q], node.in[K], node.in[V], node.in[LENGTH],
                          RK_NONE,    RK_NONE,    dy};
    in[SUMS] = rk_graph_op(graph, &ROWS[LSE], LENGTH + 1, in, 2, node.attr);
    uint32_t heads = (uint32_t)node.attr[0].i;
    RkType split = node.type;
    split.rank = 4;
    split.dim[2] = RK_DIM(heads);
    split.dim[3] = RK_DIM(node.type.dim[2].n / heads);
    in[DELTA] = rk_sum(graph, rk_reshape(graph, rk_mul(graph, dy, y), split), -1, FALSE);
    for (uint32_t i = Q; i <= V; i++)
        dx[i] = rk_graph_op(graph, &ROWS[DQ + i], N_INPUTS, in, 2, node.attr);
}

// --- kernels --------------------------------------------------------------------------------

static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkBindKind kind = (RkBindKind)kernel->param[1];
    gboolean fits = kernel->param[0] <= caps->max_invocations &&
                    rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
    for (uint32_t i = 0; i < args->n_in; i++)
        fits = fits && (!args->present[i] || rk_bind_fits(caps, kind, &args->in[i]));
    return fits;
}

// By storage, by wide units.
static const char *const SHADERS[2][2] = {{"attention.texel", "attention_wide.texel"},
                                          {"attention", "attention_wide"}};

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    static const uint32_t order[] = {Q, K, V, SUMS, DELTA, DOUT};
    uint32_t mode = mode_of(args->op), heads = (uint32_t)args->attr[0].i;
    uint32_t width = args->in[Q].dim[2] / heads;
    uint64_t rows = args->in[mode == DK || mode == DV ? K : Q].dim[1];
    uint64_t n = args->in[Q].dim[0] * rk_ceil_div(rows, kernel->param[0]) * heads;
    if (n == 0 || width == 0)
        return;
    gboolean wide = width % 4 == 0;
    RkBindKind kind = (RkBindKind)kernel->param[1];
    RkDispatch *d = rk_dispatch_add(list, SHADERS[kind == RK_BIND_STORAGE][wide]);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        rk_dispatch_read(d, (int32_t)(args->present[order[i]] ? order[i] : Q), kind);
    rk_dispatch_read(d, args->present[LENGTH] ? LENGTH : Q,
                     kind == RK_BIND_STORAGE ? kind : RK_BIND_TEXEL_U32X4);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_spec(d, mode);
    rk_dispatch_spec(d, wide ? width / 4 : width);
    rk_dispatch_spec(d, args->attr[1].i != 0);
    rk_dispatch_spec(d, args->present[LENGTH]);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, args->in[Q].dim[1]);
    rk_dispatch_push(d, args->in[K].dim[1]);
    rk_dispatch_push(d, heads);
    rk_dispatch_push_float(d, (float)(1 / sqrt((double)width)));
    rk_dispatch_grid(d, caps, n);
}

static const RkKernel KERNELS[] = {
    {"texel 8", "attention.texel", {8, RK_BIND_TEXEL_F32X4}, supports, record},
    {"storage 64", "attention", {64, RK_BIND_STORAGE}, supports, record},
};

static const RkKernel *
pick(const RkCaps *caps, const RkOpArgs *args)
{
    const RkKernel *first = &KERNELS[caps->is_cpu ? 0 : 1];
    return supports(first, caps, args) ? first : &KERNELS[1];
}

static RkCost
cost(const RkOpArgs *args)
{
    // Products of each pair: q.k and p v; a gradient makes three or four.
    static const double products[] = {2, 1, 3, 3, 2};
    double pairs = (double)args->in[Q].dim[0] * args->in[Q].dim[1] * args->in[K].dim[1];
    double half = args->attr[1].i ? 0.5 : 1; // causal
    return rk_cost_stream(args,
                          2 * products[mode_of(args->op)] * half * pairs * args->in[Q].dim[2]);
}

// --- samples and rows -----------------------------------------------------------------------

#define F(r, ...)                                                                                  \
    {                                                                                              \
        .dtype = RK_F32, .rank = r, .dim = {__VA_ARGS__}, .fill = RK_FILL_NORMAL                   \
    }
#define LENGTHS(b, s)                                                                              \
    {                                                                                              \
        .dtype = RK_U32, .rank = 1, .dim = {b}, .fill = RK_FILL_INDEX, .limit = (s) + 1            \
    }
#define ABSENT                                                                                     \
    {                                                                                              \
        .dtype = RK_F32, .absent = TRUE                                                            \
    }
// lse at 2 keeps exp(s - lse) of the gradients' own samples small; delta and dout are normal.
#define SAMPLE(label, b, t, s, d, h, c, length, ...)                                               \
    {                                                                                              \
        .name = label, .n_in = N_INPUTS,                                                           \
        .in =                                                                                      \
            {F(3, b, t, d),                                                                        \
             F(3, b, s, d),                                                                        \
             F(3, b, s, d),                                                                        \
             length,                                                                               \
             {.dtype = RK_F32, .rank = 3, .dim = {b, t, h}, .fill = RK_FILL_CONSTANT, .value = 2}, \
             F(3, b, t, h),                                                                        \
             F(3, b, t, d)},                                                                       \
        .n_attr = 2, .attr = {{.i = h}, {.i = c}}, __VA_ARGS__                                     \
    }
static const RkSample SAMPLES[] = {
    SAMPLE("one", 1, 1, 1, 1, 1, 0, ABSENT),
    SAMPLE("odd", 2, 5, 7, 3, 1, 0, ABSENT),
    SAMPLE("two heads, lengths", 3, 4, 6, 6, 2, 0, LENGTHS(3, 6)),
    SAMPLE("causal", 2, 7, 7, 8, 4, 1, ABSENT),
    SAMPLE("causal, lengths", 5, 6, 6, 4, 1, 1, LENGTHS(5, 6)),
    SAMPLE("width 16", 2, 9, 9, 32, 2, 1, LENGTHS(2, 9), .no_grad = TRUE),
    SAMPLE("width 50", 2, 11, 11, 50, 1, 1, LENGTHS(2, 11), .no_grad = TRUE),
    SAMPLE("width 64", 3, 5, 13, 64, 1, 0, ABSENT, .no_grad = TRUE),
    SAMPLE("no samples", 0, 5, 5, 8, 2, 0, ABSENT, .no_grad = TRUE),
    SAMPLE("no keys", 2, 3, 0, 8, 2, 0, ABSENT, .no_grad = TRUE),
    {.name = "zero lengths",
     .n_in = N_INPUTS,
     .in = {F(3, 2, 5, 6),
            F(3, 2, 5, 6),
            F(3, 2, 5, 6),
            {.dtype = RK_U32, .rank = 1, .dim = {2}, .fill = RK_FILL_CONSTANT, .value = 0},
            {.dtype = RK_F32, .rank = 3, .dim = {2, 5, 2}, .fill = RK_FILL_CONSTANT, .value = 2},
            F(3, 2, 5, 2),
            F(3, 2, 5, 6)},
     .n_attr = 2,
     .attr = {{.i = 2}, {.i = 0}},
     .no_grad = FALSE},
    SAMPLE("SASRec, 128 x 50 x 64", 128, 50, 50, 64, 1, 1, ABSENT, .no_grad = TRUE, .bench = TRUE),
    {.name = "nan query",
     .n_in = N_INPUTS,
     .in = {{.dtype = RK_F32, .rank = 3, .dim = {2, 5, 6}, .fill = RK_FILL_CONSTANT, .value = NAN},
            F(3, 2, 5, 6),
            F(3, 2, 5, 6),
            ABSENT,
            {.dtype = RK_F32, .rank = 3, .dim = {2, 5, 2}, .fill = RK_FILL_CONSTANT, .value = 2},
            F(3, 2, 5, 2),
            F(3, 2, 5, 6)},
     .n_attr = 2,
     .attr = {{.i = 2}, {.i = 0}},
     .no_grad = TRUE},
    // Not for the gradients, whose lse is given.
    {.name = "huge logits",
     .n_in = N_INPUTS,
     .in = {{.dtype = RK_F32, .rank = 3, .dim = {2, 5, 6}, .fill = RK_FILL_CONSTANT, .value = 1e4f},
            F(3, 2, 5, 6),
            F(3, 2, 5, 6),
            ABSENT,
            {.dtype = RK_F32, .rank = 3, .dim = {2, 5, 2}, .fill = RK_FILL_CONSTANT, .value = 2},
            F(3, 2, 5, 2),
            F(3, 2, 5, 6)},
     .n_attr = 2,
     .attr = {{.i = 2}, {.i = 0}},
     .no_grad = TRUE},
};

static const char *const INPUTS[] = {"q", "k", "v", "length?", "lse?", "delta?", "dout?", NULL};
static const char *const ATTRIBUTES[] = {"i:heads", "i:causal", NULL};

// exp of arguments up to some tens: 3 + 2 |x| units each (Vulkan), sums of at most 50 terms.
#define ROW(label, mode, gradient)                                                                 \
    {                                                                                              \
        .name = label, .input = INPUTS, .attribute = ATTRIBUTES, .data = &MODES[mode],             \
        .infer = infer, .grad = gradient, .oracle = oracle, .index_limit = limit, .cost = cost,    \
        .n_kernels = G_N_ELEMENTS(KERNELS), .kernels = KERNELS, .pick = pick,                      \
        .n_samples = G_N_ELEMENTS(SAMPLES) - ((mode) >= DQ ? 1 : 0), .samples = SAMPLES,           \
        .rtol = 3e-5, .atol = 1e-6                                                                 \
    }
static const RkOp ROWS[N_MODES] = {
    [OUT] = ROW("attention", OUT, grad),  [LSE] = ROW("attention.lse", LSE, NULL),
    [DQ] = ROW("attention.dq", DQ, NULL), [DK] = ROW("attention.dk", DK, NULL),
    [DV] = ROW("attention.dv", DV, NULL),
};

RkFamily
rk_family_attention(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_attention(RkGraph *graph, RkRef q, RkRef k, RkRef v, RkRef length, uint32_t n_heads,
             gboolean causal)
{
    const RkRef in[] = {q, k, v, length};
    const RkAttr attr[] = {{.i = (int32_t)n_heads}, {.i = causal}};
    return rk_graph_op(graph, &ROWS[OUT], LENGTH + 1, in, 2, attr);
}
