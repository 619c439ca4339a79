// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pointwise family: rows, oracles and builders generated from shaders/pointwise.def, and the
// fused chain of them.
#include "ops/pointwise.h"

#include "ops/family.h"
#include "ops/pointwise-private.h"
#include "ops/reduce.h"

#include <math.h>
#include <string.h>

typedef double (*PointwiseFn)(const double *x, double P, double Q); // x: [G,] A, B, C

// What a row's `data` points to.
typedef struct {
    uint32_t code; // as in functions.glsl: 4 * line + which gradient
    uint32_t arity;
    PointwiseFn value;
    const RkOp *gradient[3]; // of a forward op; NULL where there is none
} Pointwise;

// --- the functions of pointwise.def in double precision -----------------------------------------

static double
pw_min(double a, double b)
{
    return a < b ? a : (a >= b ? b : a + b);
}

static double
pw_max(double a, double b)
{
    return a > b ? a : (a <= b ? b : a + b);
}

#undef MIN
#undef MAX
#undef ABS
#define MIN(a, b)    pw_min(a, b)
#define MAX(a, b)    pw_max(a, b)
#define ABS(a)       fabs(a)
#define SIGN(a)      (isnan(a) ? (a) : (double)(((a) > 0) - ((a) < 0)))
#define EXP(a)       exp(a)
#define LOG(a)       log(a)
#define SQRT(a)      sqrt(a)
#define POW(a, b)    pow(a, b)
#define FLOOR(a)     floor(a)
#define ROUND(a)     rint(a)
#define SIGMOID(a)   (1.0 / (1.0 + exp(-(a))))
#define TANH(a)      tanh(a)
#define SOFTPLUS(a)  (pw_max(a, 0.0) + log1p(exp(-fabs(a))))
#define GT(a, b)     (double)((a) > (b))
#define GE(a, b)     (double)((a) >= (b))
#define LT(a, b)     (double)((a) < (b))
#define LE(a, b)     (double)((a) <= (b))
#define EQ(a, b)     (double)((a) == (b))
#define NE(a, b)     (double)((a) != (b))
#define SEL(c, a, b) ((c) != 0.0 ? (a) : (b))

#define UNUSED_INPUTS (void)A, (void)B, (void)C
#define RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)                           \
    static double name##_value(const double *x, double P, double Q)                                \
    {                                                                                              \
        const double A = x[0], B = x[1], C = x[2];                                                 \
        UNUSED_INPUTS;                                                                             \
        return expression;                                                                         \
    }
#define GRADIENT_FN(name, suffix, expression)                                                      \
    static double name##_##suffix(const double *x, double P, double Q)                             \
    {                                                                                              \
        const double G = x[0], A = x[1], B = x[2], C = x[3], _ = 0;                                \
        UNUSED_INPUTS, (void)G, (void)_;                                                           \
        return expression;                                                                         \
    }
#define GRADIENT_FNS_1(name, dA, dB, dC) GRADIENT_FN(name, d0, dA)
#define GRADIENT_FNS_2(name, dA, dB, dC) GRADIENT_FNS_1(name, dA, , ) GRADIENT_FN(name, d1, dB)
#define GRADIENT_FNS_3(name, dA, dB, dC) GRADIENT_FNS_2(name, dA, dB, ) GRADIENT_FN(name, d2, dC)
#define RK_POINTWISE(code, name, arity, n_attr, domain, expression, dA, dB, dC)                    \
    RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)                               \
    GRADIENT_FNS_##arity(name, dA, dB, dC)
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT

// --- shape rule
// -----------------------------------------------------------------------------------

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    *out = (RkType){.dtype = RK_F32};
    for (uint32_t i = 0; i < t->n_in; i++) {
        if (!rk_infer_dtype(t, i, RK_F32, error))
            return FALSE;
        out->rank = t->in[i].rank > out->rank ? t->in[i].rank : out->rank;
    }
    for (uint32_t axis = 0; axis < out->rank; axis++) {
        out->dim[axis] = RK_DIM(1);
        for (uint32_t i = 0; i < t->n_in; i++) {
            uint32_t missing = out->rank - t->in[i].rank;
            if (axis < missing)
                continue;
            RkDim dim = t->in[i].dim[axis - missing];
            if (rk_dim_equal(dim, RK_DIM(1)) || rk_dim_equal(dim, out->dim[axis]))
                continue;
            if (!rk_dim_equal(out->dim[axis], RK_DIM(1)))
                return rk_infer_fail(t, error, "the shapes don't broadcast");
            out->dim[axis] = dim;
        }
    }
    return TRUE;
}

// --- oracle
// -----------------------------------------------------------------------------------------

// Index into a broadcast input of element i of the output.
static uint64_t
broadcast_index(const RkTensor *in, const RkTensor *out, uint64_t i)
{
    uint64_t index = 0, stride = 1;
    for (uint32_t back = 1; back <= out->rank; back++) {
        uint32_t extent = out->dim[out->rank - back];
        uint64_t at = i % extent;
        i /= extent;
        if (back > in->rank)
            continue;
        uint32_t own = in->dim[in->rank - back];
        index += (own == 1 ? 0 : at) * stride;
        stride *= own;
    }
    return index;
}

static void
attributes(const RkOpArgs *args, double *p, double *q)
{
    *p = args->n_attr > 0 ? args->attr[0].f : 0;
    *q = args->n_attr > 1 ? args->attr[1].f : 0;
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    const Pointwise *pw = args->op->data;
    double p, q, x[4] = {0};
    attributes(args, &p, &q);
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < args->n_in; k++)
            x[k] = in[k][broadcast_index(&args->in[k], &args->out, i)];
        out[i] = pw->value(x, p, q);
    }
}

// --- gradient
// -----------------------------------------------------------------------------------------

static void
grad(RkGraph *graph, RkRef y, RkRef dy, RkRef *dx)
{
    const RkNode node = *rk_graph_node(graph, y);
    const Pointwise *pw = node.op->data;
    RkRef in[4] = {dy};
    memcpy(in + 1, node.in, node.n_in * sizeof *in);
    for (uint32_t i = 0; i < node.n_in; i++) {
        if (pw->gradient[i] == NULL)
            continue;
        RkRef d = rk_graph_op(graph, pw->gradient[i], node.n_in + 1, in, node.n_attr, node.attr);
        dx[i] = rk_sum_to(graph, d, *rk_graph_type(graph, node.in[i]));
    }
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->out));
}

// --- the fused chain
// ----------------------------------------------------------------------------------

static PointwiseFn value_of_code(uint32_t code);

static void
fused_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t n_slots = (uint32_t)args->attr[0].i;
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t i = 0; i < n; i++) {
        double r[RK_FUSED_IN + RK_FUSED_SLOTS] = {0};
        for (uint32_t k = 0; k < args->n_in; k++)
            r[k] = in[k][broadcast_index(&args->in[k], &args->out, i)];
        for (uint32_t s = 0; s < n_slots; s++) {
            const RkAttr *slot = &args->attr[1 + s * RK_FUSED_WORDS];
            const double x[4] = {r[slot[1].i], r[slot[2].i], r[slot[3].i], r[slot[4].i]};
            r[RK_FUSED_IN + s] = value_of_code((uint32_t)slot[0].i)(x, slot[5].f, slot[6].f);
        }
        out[i] = r[RK_FUSED_IN + n_slots - 1];
    }
}

static RkCost
fused_cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->out) * args->attr[0].i);
}

// --- rows
// ----------------------------------------------------------------------------------------------

static const char *const INPUTS[5][5] = {
    {NULL}, {"a", NULL}, {"a", "b", NULL}, {"a", "b", "c", NULL}, {NULL}};
static const char *const GRADIENT_INPUTS[5][5] = {
    {NULL}, {NULL}, {"g", "a", NULL}, {"g", "a", "b", NULL}, {"g", "a", "b", "c", NULL}};
static const char *const ATTRIBUTES[3][3] = {{NULL}, {"f:p", NULL}, {"f:p", "f:q", NULL}};

// 2e-5 relative: exp, log and pow of a driver may be off by a few units in the last place (the
// Vulkan specification allows 3 + 2 |x|); 1e-5 absolute: the same where values cancel, near 0.
#define TOLERANCE .rtol = 2e-5, .atol = 1e-5

#define ROW(row_name, n_inputs, names, n_attr, domain, payload, gradient_fn)                       \
    {                                                                                              \
        .name = row_name, .input = names[n_inputs], .attribute = ATTRIBUTES[n_attr],               \
        .flags = RK_OP_COMPOSE, .data = payload, .infer = infer, .grad = gradient_fn,              \
        .oracle = oracle, .cost = cost, .n_kernels = RK_POINTWISE_KERNELS,                         \
        .kernels = rk_pointwise_kernels, .pick = rk_pointwise_pick, .absorb = rk_pointwise_absorb, \
        .n_samples = RK_POINTWISE_SAMPLES, .samples = rk_pointwise_samples_##domain, TOLERANCE     \
    }

// Row numbers, so that a forward row can point at its gradients' rows.
#define AT_1(name) name##_AT, name##_D0_AT,
#define AT_2(name) AT_1(name) name##_D1_AT,
#define AT_3(name) AT_2(name) name##_D2_AT,
enum {
#define RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)        name##_AT,
#define RK_POINTWISE(code, name, arity, n_attr, domain, expression, dA, dB, dC) AT_##arity(name)
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT
    FUSED_AT,
    N_ROWS,
};

static const RkOp ROWS[N_ROWS];

#define DATA(variable, number, n_inputs, fn, ...)                                                  \
    static const Pointwise variable = {number, n_inputs, fn, {__VA_ARGS__}};
#define GRADIENTS_1(name)           &ROWS[name##_D0_AT]
#define GRADIENTS_2(name)           GRADIENTS_1(name), &ROWS[name##_D1_AT]
#define GRADIENTS_3(name)           GRADIENTS_2(name), &ROWS[name##_D2_AT]
#define DATA_1(name, number, arity) DATA(name##_d0_data, number * 4 + 1, arity + 1, name##_d0, NULL)
#define DATA_2(name, number, arity)                                                                \
    DATA_1(name, number, arity)                                                                    \
    DATA(name##_d1_data, number * 4 + 2, arity + 1, name##_d1, NULL)
#define DATA_3(name, number, arity)                                                                \
    DATA_2(name, number, arity)                                                                    \
    DATA(name##_d2_data, number * 4 + 3, arity + 1, name##_d2, NULL)
#define RK_POINTWISE_FLAT(number, name, arity, n_attr, domain, expression)                         \
    DATA(name##_data, number * 4, arity, name##_value, NULL)
#define RK_POINTWISE(number, name, arity, n_attr, domain, expression, dA, dB, dC)                  \
    DATA_##arity(name, number, arity)                                                              \
        DATA(name##_data, number * 4, arity, name##_value, GRADIENTS_##arity(name))
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT

static const char *const FUSED_ATTRIBUTES[] = {"i:slots", NULL};
static const char *const FUSED_INPUTS[] = {"a", "b?", "c?", "d?", NULL};

#define GRADIENT_ROW(name, K, k, arity, n_attr, domain)                                            \
    [name##_D##K##_AT] = ROW(#name ".d" #k, (arity) + 1, GRADIENT_INPUTS, n_attr, domain,          \
                             &name##_d##k##_data, NULL),
#define ROWS_1(name, arity, n_attr, domain) GRADIENT_ROW(name, 0, 0, arity, n_attr, domain)
#define ROWS_2(name, arity, n_attr, domain)                                                        \
    ROWS_1(name, arity, n_attr, domain) GRADIENT_ROW(name, 1, 1, arity, n_attr, domain)
#define ROWS_3(name, arity, n_attr, domain)                                                        \
    ROWS_2(name, arity, n_attr, domain) GRADIENT_ROW(name, 2, 2, arity, n_attr, domain)

static const RkOp ROWS[N_ROWS] = {
#define RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)                           \
    [name##_AT] = ROW(#name, arity, INPUTS, n_attr, domain, &name##_data, NULL),
#define RK_POINTWISE(code, name, arity, n_attr, domain, expression, dA, dB, dC)                    \
    [name##_AT] = ROW(#name, arity, INPUTS, n_attr, domain, &name##_data, grad),                   \
    ROWS_##arity(name, arity, n_attr, domain)
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT
    [FUSED_AT] = {.name = "fused",
                  .input = FUSED_INPUTS,
                  .attribute = FUSED_ATTRIBUTES,
                  .flags = RK_OP_FUSED,
                  .infer = infer,
                  .oracle = fused_oracle,
                  .cost = fused_cost,
                  .n_kernels = RK_POINTWISE_KERNELS,
                  .kernels = rk_fused_kernels,
                  .pick = rk_pointwise_pick,
                  .absorb = rk_pointwise_absorb,
                  .n_samples = RK_FUSED_SAMPLES,
                  .samples = rk_fused_samples,
                  TOLERANCE},
};

RkFamily
rk_family_pointwise(void)
{
    return (RkFamily){ROWS, N_ROWS};
}

const RkOp *
rk_pointwise_fused_op(void)
{
    return &ROWS[FUSED_AT];
}

static gboolean
is_pointwise(const RkOp *op)
{
    return op >= ROWS && op < ROWS + FUSED_AT;
}

int
rk_pointwise_code(const RkOp *op)
{
    return is_pointwise(op) ? (int)((const Pointwise *)op->data)->code : -1;
}

static PointwiseFn
value_of_code(uint32_t code)
{
    for (uint32_t i = 0; i < FUSED_AT; i++)
        if (((const Pointwise *)ROWS[i].data)->code == code)
            return ((const Pointwise *)ROWS[i].data)->value;
    g_error("no pointwise op has the code %u", code);
}

// --- builders
// --------------------------------------------------------------------------------------

#define LIST_1 a
#define LIST_2 a, b
#define LIST_3 a, b, c
#define VALUES_0                                                                                   \
    {                                                                                              \
        .f = 0                                                                                     \
    }
#define VALUES_1                                                                                   \
    {                                                                                              \
        .f = p                                                                                     \
    }
#define VALUES_2                                                                                   \
    {.f = p},                                                                                      \
    {                                                                                              \
        .f = q                                                                                     \
    }
#define RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)                           \
    RkRef rk_##name(RkGraph *graph, RK_PW_IN_##arity RK_PW_ATTR_##n_attr)                          \
    {                                                                                              \
        const RkRef in[] = {LIST_##arity};                                                         \
        const RkAttr attr[] = {VALUES_##n_attr};                                                   \
        return rk_graph_op(graph, &ROWS[name##_AT], arity, in, n_attr, attr);                      \
    }
#define RK_POINTWISE(code, name, arity, n_attr, domain, expression, dA, dB, dC)                    \
    RK_POINTWISE_FLAT(code, name, arity, n_attr, domain, expression)
#include "pointwise.def"
#undef RK_POINTWISE
#undef RK_POINTWISE_FLAT

RkRef
rk_dice(RkGraph *graph, RkRef x, RkRef mean, RkRef variance, RkRef alpha, float eps)
{
    RkRef deviation = rk_rsqrt(graph, rk_shift(graph, variance, eps));
    RkRef gate = rk_sigmoid(graph, rk_mul(graph, rk_sub(graph, x, mean), deviation));
    RkRef rest = rk_mul(graph, rk_shift(graph, rk_neg(graph, alpha), 1), gate);
    return rk_mul(graph, x, rk_add(graph, alpha, rest));
}
