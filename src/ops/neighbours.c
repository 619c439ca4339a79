// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/neighbours.h"

#include "ops/divide.h"
#include "ops/rowwise.h"
#include "ops/sample-inputs.h"

#include <string.h>

enum { MEMBER_BITS, NEIGHBOUR_SUM };
enum { NEIGHBOUR, WEIGHT, HAD, ITEMS, N_IN };

static gboolean
infer(const RkOpTypes *t, RkType *out, GError **error)
{
    static const RkDtype dtypes[N_IN] = {
        [NEIGHBOUR] = RK_U32, [WEIGHT] = RK_F32, [HAD] = RK_U32, [ITEMS] = RK_U32};
    for (uint32_t i = 0; i < N_IN; i++)
        if (!rk_infer_dtype(t, i, dtypes[i], error) || !rk_infer_rank(t, i, 2, error))
            return FALSE;
    for (uint32_t d = 0; d < 2; d++)
        if (!rk_infer_dim(t, WEIGHT, d, t->in[NEIGHBOUR].dim[d], error))
            return FALSE;
    RkDim rows = t->in[ITEMS].dim[0], batch = t->in[HAD].dim[0];
    gboolean alike = rows.n == 1 && !rows.per_batch;
    if (!alike && !rk_infer_dim(t, ITEMS, 0, batch, error))
        return FALSE;
    *out = rk_type(RK_F32, 2, batch, t->in[ITEMS].dim[1]);
    return TRUE;
}

static gboolean
is_set(const double *words, uint64_t n_words, double bit)
{
    return bit < 32.0 * (double)n_words &&
           (uint32_t)words[(uint64_t)bit / 32] >> (uint64_t)bit % 32 & 1;
}

static void
oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint64_t rows = args->out.dim[0], cols = args->out.dim[1], n_words = args->in[HAD].dim[1];
    uint64_t n_items = args->in[NEIGHBOUR].dim[0], k = args->in[NEIGHBOUR].dim[1];
    gboolean alike = args->in[ITEMS].dim[0] == 1;
    for (uint64_t row = 0; row < rows; row++)
        for (uint64_t c = 0; c < cols; c++) {
            double item = in[ITEMS][(alike ? 0 : row * cols) + c], sum = 0;
            for (uint64_t n = 0; item < (double)n_items && n < k; n++) {
                uint64_t at = (uint64_t)item * k + n;
                if (is_set(in[HAD] + row * n_words, n_words, in[NEIGHBOUR][at]))
                    sum += in[WEIGHT][at];
            }
            out[row * cols + c] = sum;
        }
}

static uint32_t
index_limit(const RkOpArgs *args, uint32_t i)
{
    return i == ITEMS ? args->in[NEIGHBOUR].dim[0] : 0;
}

static RkCost
cost(const RkOpArgs *args)
{
    return rk_cost_stream(args, (double)rk_tensor_numel(&args->out) * args->in[NEIGHBOUR].dim[1]);
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    uint64_t n = rk_tensor_numel(&args->out);
    RkBindKind floats = (RkBindKind)kernel->param[1];
    RkBindKind words = floats == RK_BIND_STORAGE ? RK_BIND_STORAGE : RK_BIND_TEXEL_U32X4;
    if (n == 0)
        return;
    RkDispatch *d = rk_dispatch_add(list, kernel->shader);
    for (int32_t i = 0; i < N_IN; i++)
        rk_dispatch_read(d, i, i == WEIGHT ? floats : words);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, kernel->param[0]);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, args->in[NEIGHBOUR].dim[0]);
    rk_dispatch_push(d, args->in[NEIGHBOUR].dim[1]);
    rk_dispatch_push(d, args->in[HAD].dim[1]);
    rk_dispatch_push(d, args->in[ITEMS].dim[0] == 1);
    rk_dispatch_push_divisor(d, args->out.dim[1]);
    rk_dispatch_push(d, args->out.dim[1]);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, kernel->param[0]));
}

// Neighbours past the set, which are in none.
static void
prepare(const RkSample *sample, const RkTensor *in, double *const *values)
{
    uint64_t n = rk_tensor_numel(&in[NEIGHBOUR]);
    for (uint64_t i = 0; i < n; i += 7)
        values[NEIGHBOUR][i] = i % 2 == 0 ? UINT32_MAX : 32.0 * in[HAD].dim[1];
}

// --- sets ---------------------------------------------------------------------------------------

static gboolean
infer_bits(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_dtype(t, 0, RK_U32, error) || !rk_infer_rank(t, 0, 2, error))
        return FALSE;
    *out = rk_type(RK_U32, 2, t->in[0].dim[0], RK_DIM(((uint32_t)t->attr[0].i + 31) / 32));
    return TRUE;
}

static uint32_t
bits_limit(const RkOpArgs *args, uint32_t i)
{
    return (uint32_t)args->attr[0].i;
}

static void
bits_host(const RkOpArgs *args, const void *const *in, void *out)
{
    const uint32_t *item = in[0];
    uint32_t *word = out, width = args->in[0].dim[1], n_words = args->out.dim[1];
    memset(out, 0, rk_tensor_bytes(&args->out));
    for (uint32_t row = 0; row < args->out.dim[0]; row++)
        for (uint32_t i = 0; i < width; i++) {
            uint32_t one = item[(size_t)row * width + i];
            if (one != UINT32_MAX)
                word[(size_t)row * n_words + one / 32] |= 1u << one % 32;
        }
}

// By looking for each number, so as not to share the other's arithmetic.
static void
bits_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t width = args->in[0].dim[1], n_words = args->out.dim[1];
    for (uint32_t row = 0; row < args->out.dim[0]; row++)
        for (uint32_t word = 0; word < n_words; word++) {
            double bits = 0;
            for (uint32_t bit = 0; bit < 32; bit++) {
                gboolean found = FALSE;
                for (uint32_t i = 0; i < width; i++)
                    found |= in[0][row * width + i] == word * 32.0 + bit;
                bits += found ? (double)(1u << bit) : 0;
            }
            out[row * n_words + word] = bits;
        }
}

static RkCost
bits_cost(const RkOpArgs *args)
{
    return (RkCost){0}; // the host's
}

// --- rows ---------------------------------------------------------------------------------------

static const RkKernel KERNELS[] = RK_ROWWISE_TABLE("neighbour_sum", record);
static const char *const INPUTS[] = {"neighbour", "weight", "had", "items", NULL};
static const char *const BITS_INPUTS[] = {"items", NULL};
static const char *const BITS_ATTRS[] = {"i:n", NULL};

#define NEAR(rows, k) RK_S_INDEX2(rows, k, rows), RK_S_ROWS(rows, k)
#define SET(rows, n)  RK_S_INDEX2(rows, (n + 31) / 32, UINT32_MAX)
static const RkSample SAMPLES[] = {
    {"a row's own items", .in = {NEAR(11, 3), SET(5, 11), RK_S_INDEX2(5, 4, 11)}},
    {"the same items", .in = {NEAR(50, 8), SET(3, 50), RK_S_INDEX2(1, 50, 50)}},
    {"one of each", .in = {NEAR(1, 1), SET(1, 1), RK_S_INDEX2(1, 1, 1)}},
    {"no rows", .in = {NEAR(9, 2), SET(0, 9), RK_S_INDEX2(0, 3, 9)}},
    {"MovieLens, 256 x 3706", .in = {NEAR(3706, 50), SET(256, 3706), RK_S_INDEX2(1, 3706, 3706)},
     .bench = TRUE},
};
static const RkSample BITS_SAMPLES[] = {
    {"rows", .in = {RK_S_INDEX2(5, 7, 70)}, .n_attr = 1, .attr = {{.i = 70}}},
    {"one word", .in = {RK_S_INDEX2(3, 4, 32)}, .n_attr = 1, .attr = {{.i = 32}}},
    {"nothing in them", .in = {RK_S_INDEX2(3, 0, 9)}, .n_attr = 1, .attr = {{.i = 9}}},
    {"no rows", .in = {RK_S_INDEX2(0, 3, 9)}, .n_attr = 1, .attr = {{.i = 9}}},
};

static const RkOp ROWS[] = {
    [MEMBER_BITS] = {.name = "member_bits",
                     .input = BITS_INPUTS,
                     .attribute = BITS_ATTRS,
                     .flags = RK_OP_HOST,
                     .padded = 1,
                     .infer = infer_bits,
                     .oracle = bits_oracle,
                     .host = bits_host,
                     .index_limit = bits_limit,
                     .cost = bits_cost,
                     .n_samples = G_N_ELEMENTS(BITS_SAMPLES),
                     .samples = BITS_SAMPLES},
    [NEIGHBOUR_SUM] = {.name = "neighbour_sum",
                       .input = INPUTS,
                       .padded = 1u << ITEMS,
                       .infer = infer,
                       .oracle = oracle,
                       .index_limit = index_limit,
                       .cost = cost,
                       .n_kernels = G_N_ELEMENTS(KERNELS),
                       .kernels = KERNELS,
                       .pick = rk_rowwise_pick,
                       .n_samples = G_N_ELEMENTS(SAMPLES),
                       .samples = SAMPLES,
                       .prepare = prepare,
                       .rtol = 1e-5, // sums of some dozen terms in another precision
                       .atol = 1e-6},
};

RkFamily
rk_family_neighbours(void)
{
    return (RkFamily){ROWS, G_N_ELEMENTS(ROWS)};
}

RkRef
rk_member_bits(RkGraph *graph, RkRef items, uint32_t n)
{
    const RkAttr attr = {.i = (int32_t)n};
    return rk_graph_op(graph, &ROWS[MEMBER_BITS], 1, &items, 1, &attr);
}

RkRef
rk_neighbour_sum(RkGraph *graph, RkRef neighbour, RkRef weight, RkRef had, RkRef items)
{
    const RkRef in[] = {neighbour, weight, had, items};
    return rk_graph_op(graph, &ROWS[NEIGHBOUR_SUM], N_IN, in, 0, NULL);
}
