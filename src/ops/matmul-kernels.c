// SPDX-License-Identifier: GPL-3.0-or-later
//
// The kernels of all products, two shaders with their tiles, and the untuned choice between them.
//   product.comp  tiles in a lane's registers, by texels or storage buffers: software drivers, thin
//                 products on any device, and the baseline that runs everywhere
//   tile.comp     tiles in shared memory: GPUs
// K may be cut in parts that different workgroups sum; product_sum.comp adds them in order.
#include "ops/matmul-private.h"

#include "ops/family.h"

#include <string.h>

#define NO_ACT 0xffffffffu // as ACT in the shaders

// How a kernel sees its operands: `path` of product.comp's kernels.
enum { BY_STORAGE, BY_TEXEL, BY_SPREAD_TEXEL, BY_TILE, N_PATHS };

#define PATHS(name)                                                                                \
    {                                                                                              \
        "product" name, "product" name ".texel", "product" name ".spread", "tile" name             \
    }
// Index: RkProductFormat.
static const char *const SHADERS[RK_N_PRODUCTS][N_PATHS] = {
    [RK_PRODUCT_F32] = PATHS(""),        [RK_PRODUCT_F16] = PATHS("_f16"),
    [RK_PRODUCT_I8] = PATHS("_i8"),      [RK_PRODUCT_I4] = PATHS("_i4"),
    [RK_PRODUCT_I8_I8] = PATHS("_i8i8"), [RK_PRODUCT_MASK] = PATHS("_mask"),
    [RK_PRODUCT_24] = PATHS("_24"),
};

// K that a lane of product.comp takes between two loads of packed words (BLOCK in right.glsl).
static const uint32_t BLOCK[RK_N_PRODUCTS] = {
    [RK_PRODUCT_F32] = 4,    [RK_PRODUCT_F16] = 8,   [RK_PRODUCT_I8] = 16, [RK_PRODUCT_I4] = 32,
    [RK_PRODUCT_I8_I8] = 16, [RK_PRODUCT_MASK] = 32, [RK_PRODUCT_24] = 32,
};

RkProduct
rk_product_of(const RkOpArgs *args)
{
    RkProduct p = {.batch = 1, .bias = -1, .scale = -1, .a_scale = -1, .extra = -1, .act = -1};
    p.a_words = (uint32_t)(rk_tensor_bytes(&args->in[0]) / 4);
    p.b_words = (uint32_t)(rk_tensor_bytes(&args->in[1]) / 4);
    ((const RkProductOp *)args->op->data)->describe(args, &p);
    // A vector is the same words whichever way it lies: take the layout with long rows.
    if (p.format == RK_PRODUCT_F32 && p.trans_a && p.m == 1) {
        p.trans_a = FALSE;
        p.a_stride = p.k;
    }
    if (p.format == RK_PRODUCT_F32 && !p.trans_b && p.n == 1) {
        p.trans_b = TRUE;
        p.b_stride = p.k;
    }
    return p;
}

RkCost
rk_product_cost(const RkOpArgs *args)
{
    RkProduct p = rk_product_of(args);
    double k = p.format == RK_PRODUCT_24 ? p.k / 2.0 : p.k;
    return rk_cost_stream(args, 2.0 * p.batch * p.m * p.n * k);
}

static uint32_t
float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// --- how K is split ------------------------------------------------------------------------------

typedef struct {
    uint32_t tiles_m, tiles_n;
    uint32_t splits, split_k;
    uint64_t groups;
} Grid;

// Splits K where there are too few tiles to fill a GPU, which TARGET workgroups begin to.
// Parts are whole blocks of every format and of group scales (multiples of 32).
static Grid
grid_of(const RkCaps *caps, const RkProduct *p, uint32_t tile_m, uint32_t tile_n)
{
    const uint32_t SHORTEST = 256; // K below which another dispatch costs more than it brings
    const uint32_t TARGET = caps->is_cpu ? 0 : 64;
    Grid g = {.splits = 1, .split_k = p->k};
    g.tiles_m = (uint32_t)rk_ceil_div(p->m, tile_m);
    g.tiles_n = (uint32_t)rk_ceil_div(p->n, tile_n);
    uint64_t tiles = (uint64_t)g.tiles_m * g.tiles_n * p->batch;
    uint64_t part = (uint64_t)p->batch * p->m * p->n * 4;
    uint64_t room = MIN(caps->max_storage_range, caps->max_texel_elements * 16) / MAX(part, 1);
    if (tiles > 0 && tiles < TARGET && p->k >= 2 * SHORTEST && room >= 2) {
        uint64_t wanted = MIN(MIN(rk_ceil_div(TARGET, tiles), p->k / SHORTEST), room);
        g.split_k = (uint32_t)rk_ceil_div(rk_ceil_div(p->k, wanted), 32) * 32;
        g.splits = (uint32_t)rk_ceil_div(p->k, g.split_k);
    }
    g.groups = tiles * g.splits;
    return g;
}

// --- what the shaders share ----------------------------------------------------------------------

static RkBindKind
kind_of(gboolean texel, gboolean packed)
{
    if (!texel)
        return RK_BIND_STORAGE;
    return packed ? RK_BIND_TEXEL_U32X4 : RK_BIND_TEXEL_F32X4;
}

static gboolean
packed_b(const RkProduct *p)
{
    return p->format >= RK_PRODUCT_F16 && p->format <= RK_PRODUCT_I8_I8;
}

// Bindings 0 to 6 of product.glsl. What is absent or empty is never read: another stands for it.
static void
bind(RkDispatch *d, const RkProduct *p, gboolean texel, int32_t out)
{
    gboolean parts = out == RK_OPERAND_SCRATCH;
    int32_t optional[] = {parts ? -1 : p->bias, p->scale, p->extra, parts ? -1 : p->a_scale};
    gboolean packed[] = {FALSE, FALSE, TRUE, FALSE};
    gboolean empty = p->k == 0;
    rk_dispatch_read(d, empty ? out : 0, kind_of(texel, p->format == RK_PRODUCT_I8_I8));
    rk_dispatch_read(d, empty ? out : 1, kind_of(texel, packed_b(p)));
    for (uint32_t i = 0; i < G_N_ELEMENTS(optional); i++)
        rk_dispatch_read(d,
                         optional[i] >= 0 ? optional[i]
                         : empty          ? out
                                          : 1,
                         kind_of(texel, packed[i]));
    rk_dispatch_write(d, out, kind_of(texel, FALSE));
}

// Push of product.glsl.
static void
push(RkDispatch *d, const RkProduct *p, const Grid *g)
{
    const uint32_t words[] = {
        p->m,
        p->n,
        p->k,
        p->a_stride,
        p->b_stride,
        p->a_batch,
        p->b_batch,
        p->m * p->n,
        p->a_words == 0 ? 0 : (p->a_words - 1) / 4,
        p->b_words == 0 ? 0 : (p->b_words - 1) / 4,
        g->tiles_m,
        g->tiles_n,
        g->splits,
        MAX(g->split_k, 1),
        (uint32_t)g->groups,
        MAX(p->scale_group, 1),
        p->scale_groups,
        p->extra_stride,
        p->batch,
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++)
        rk_dispatch_push(d, words[i]);
}

// The constants that say how to finish; parts of K are stored as they are.
static void
spec_finish(RkDispatch *d, const RkProduct *p, gboolean parts)
{
    rk_dispatch_spec(d, parts || p->act < 0 ? NO_ACT : (uint32_t)p->act);
    rk_dispatch_spec(d, parts || p->act < 0 ? 0 : float_bits(p->act_p));
    rk_dispatch_spec(d, !parts && p->bias >= 0);
    rk_dispatch_spec(d, parts && p->scale_kind != RK_SCALE_GROUP ? RK_SCALE_NONE : p->scale_kind);
    rk_dispatch_spec(d, parts ? RK_SCALE_A_NONE : p->a_scale_kind);
}

static gboolean
aligned(uint32_t stride, uint32_t batch_stride)
{
    return stride % 4 == 0 && batch_stride % 4 == 0;
}

// Adds the parts of K and finishes: product_sum.comp.
static void
record_sum(const RkCaps *caps, const RkProduct *p, const Grid *g, RkDispatchList *list)
{
    const uint32_t LANES = 64;
    uint64_t n = (uint64_t)p->batch * p->m * p->n;
    RkDispatch *d = rk_dispatch_add(list, "product_sum");
    rk_dispatch_read(d, RK_OPERAND_SCRATCH, RK_BIND_STORAGE);
    rk_dispatch_read(d, p->bias < 0 ? RK_OPERAND_SCRATCH : p->bias, RK_BIND_STORAGE);
    rk_dispatch_read(d, p->scale < 0 ? RK_OPERAND_SCRATCH : p->scale, RK_BIND_STORAGE);
    rk_dispatch_read(d, p->a_scale < 0 ? RK_OPERAND_SCRATCH : p->a_scale, RK_BIND_STORAGE);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_spec(d, LANES);
    spec_finish(d, p, FALSE);
    rk_dispatch_push(d, (uint32_t)n);
    rk_dispatch_push(d, p->n);
    rk_dispatch_push(d, g->splits);
    rk_dispatch_grid(d, caps, rk_ceil_div(n, LANES));
    list->scratch_bytes = MAX(list->scratch_bytes, g->splits * n * 4);
}

// Whether vec4s can be stored: product.comp then writes texels, else single numbers.
static gboolean
out_aligned(const RkProduct *p)
{
    return p->n % 4 == 0;
}

static gboolean
fits(const RkCaps *caps, const RkOpArgs *args, const RkProduct *p, gboolean texel)
{
    int32_t reads[] = {0, 1, p->bias, p->scale, p->extra, p->a_scale};
    gboolean packed[] = {p->format == RK_PRODUCT_I8_I8, packed_b(p), FALSE, FALSE, TRUE, FALSE};
    for (uint32_t i = 0; i < G_N_ELEMENTS(reads); i++)
        if (reads[i] >= 0 && !rk_bind_fits(caps, kind_of(texel, packed[i]), &args->in[reads[i]]))
            return FALSE;
    return rk_bind_fits(caps, kind_of(texel, FALSE), &args->out) &&
           (out_aligned(p) || rk_bind_fits(caps, RK_BIND_STORAGE, &args->out));
}

// --- product.comp --------------------------------------------------------------------------------

// param of its kernels.
enum { R_PATH, R_LANES, R_LX, R_LK, R_TM, R_TN, R_UK };

typedef struct {
    uint32_t lanes, lx, lk, tm, tn, uk;
} Lanes;

// Fits the lanes to the shape: along N as far as there are columns, along K where both sides are
// so short that tiles alone would leave workgroups without work.
static void
fit_lanes(Lanes *l, const RkProduct *p)
{
    uint32_t room = l->lanes / l->lk; // lanes for M and N
    while (l->lx > 1 && (uint64_t)l->lx / 2 * l->tn >= p->n)
        l->lx /= 2;
    while (l->lx < room && (uint64_t)room / l->lx / 2 * l->tm >= p->m &&
           (uint64_t)l->lx * l->tn < p->n)
        l->lx *= 2;
    if (p->m <= l->tm && p->batch == 1 && l->lx > 1 && l->lx * l->tn >= p->n)
        l->lx /= 2; // at least two workgroups: a software driver has a thread for each
    while (l->lk < l->lanes && (uint64_t)l->tm * (l->lanes / (l->lx * l->lk)) / 2 >= p->m &&
           l->lanes / (l->lx * l->lk) > 1)
        l->lk *= 2;
}

static Lanes
lanes_of(const RkKernel *kernel, const RkProduct *p)
{
    const uint32_t *v = kernel->param;
    Lanes l = {v[R_LANES], v[R_LX], v[R_LK], v[R_TM], v[R_TN], v[R_UK]};
    if (v[R_PATH] != BY_SPREAD_TEXEL) // whose lanes share their rows
        fit_lanes(&l, p);
    // Unrolled over a whole block of packed words where K has several of them.
    uint32_t steps = BLOCK[p->format] / 4;
    gboolean whole = p->k % BLOCK[p->format] == 0 || p->k >= 8 * BLOCK[p->format];
    if (p->format != RK_PRODUCT_F32)
        l.uk = whole ? steps : MIN(2, steps);
    else if (p->k < 4 * l.uk)
        l.uk = 1;
    return l;
}

static gboolean
product_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    const uint32_t *v = kernel->param;
    const uint32_t LONGEST = 640; // multiply-adds of vec4s unrolled: a second of compilation
    RkProduct p = rk_product_of(args);
    Lanes l = lanes_of(kernel, &p);
    if (v[R_LANES] > caps->max_invocations || l.tm * l.tn * l.uk > LONGEST)
        return FALSE;
    // Drivers that compute four lanes at a time have the registers for a smaller tile only.
    if (caps->is_cpu && caps->subgroup_size < 8 && l.tm * l.tn > 32)
        return FALSE;
    gboolean eight = caps->subgroup_size == l.lanes && caps->subgroup_shuffle && caps->is_cpu;
    if (v[R_PATH] == BY_SPREAD_TEXEL && (!eight || p.m <= l.tm / 2 || p.n <= l.lx * l.tn / 2))
        return FALSE;
    if ((p.trans_a && l.tm % 4 != 0) || (!p.trans_b && l.tn % 4 != 0))
        return FALSE;
    uint64_t shared = l.lk > 1 ? (uint64_t)l.lanes * l.tm * l.tn * 4 : 4;
    if (shared > caps->max_shared_bytes || l.lx * l.lk > l.lanes)
        return FALSE;
    // Tiles that would be mostly empty, or too small by far, aren't worth a compilation.
    uint32_t least = l.tm * l.tn > 144 ? 4 : l.tm > 8 ? 2 : 1;
    gboolean empty = (l.tm > 4 && p.m <= l.tm * least) || (l.tn > 8 && p.n <= 2 * l.tn);
    gboolean tiny = (l.tm == 1 && p.m > 4) || (l.tn == 1 && p.n > 3) || (v[R_LK] > 1 && p.m > 8) ||
                    (l.tm == 4 && l.tn == 8 && p.m > 256);
    if (empty || tiny)
        return FALSE;
    return fits(caps, args, &p, v[R_PATH] != BY_STORAGE);
}

static void
product_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args,
               RkDispatchList *list)
{
    RkProduct p = rk_product_of(args);
    gboolean texel = kernel->param[R_PATH] != BY_STORAGE;
    Lanes l = lanes_of(kernel, &p);
    Grid g = grid_of(caps, &p, l.lanes / (l.lx * l.lk) * l.tm, l.lx * l.tn);
    if (g.groups == 0)
        return;
    gboolean parts = g.splits > 1;
    int32_t out = parts ? RK_OPERAND_SCRATCH : RK_OPERAND_OUT;
    RkDispatch *d = rk_dispatch_add(list, SHADERS[p.format][kernel->param[R_PATH]]);
    bind(d, &p, texel, out);
    if (texel) {
        rk_dispatch_write(d, out, RK_BIND_STORAGE);
        d->operand[7].bytes = out_aligned(&p) && l.tn % 4 == 0 ? 16 : 0; // not written, or all
    }
    const uint32_t spec[] = {
        l.lanes,
        l.lx,
        l.lk,
        l.tm,
        l.tn,
        l.uk,
        p.trans_a,
        p.trans_b,
        aligned(p.a_stride, p.a_batch),
        aligned(p.b_stride, p.b_batch),
        out_aligned(&p),
        p.k % (4 * l.uk) != 0,
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(spec); i++)
        rk_dispatch_spec(d, spec[i]);
    spec_finish(d, &p, parts);
    push(d, &p, &g);
    rk_dispatch_grid(d, caps, g.groups);
    if (parts)
        record_sum(caps, &p, &g, list);
}

// --- tile.comp -----------------------------------------------------------------------------------

// param of its kernels: the block, and how many 4 x 4 squares of it a thread takes each way.
enum { T_BM, T_BN, T_BK, T_RM, T_RN, T_STAGES };

static uint32_t
tile_threads(const uint32_t *v)
{
    return v[T_BM] / (4 * v[T_RM]) * (v[T_BN] / (4 * v[T_RN]));
}

static gboolean
tile_supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    const uint32_t *v = kernel->param;
    RkProduct p = rk_product_of(args);
    uint32_t shared = v[T_STAGES] * v[T_BK] * (v[T_BM] + v[T_BN] + 8) * 4;
    return tile_threads(v) <= caps->max_invocations && shared <= caps->max_shared_bytes &&
           p.m > v[T_BM] / 2 && p.n > v[T_BN] / 2 && fits(caps, args, &p, FALSE);
}

static void
tile_record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    const uint32_t *v = kernel->param;
    RkProduct p = rk_product_of(args);
    Grid g = grid_of(caps, &p, v[T_BM], v[T_BN]);
    if (g.groups == 0)
        return;
    gboolean parts = g.splits > 1;
    RkDispatch *d = rk_dispatch_add(list, SHADERS[p.format][BY_TILE]);
    bind(d, &p, FALSE, parts ? RK_OPERAND_SCRATCH : RK_OPERAND_OUT);
    const uint32_t spec[] = {
        tile_threads(v),
        v[T_BM],
        v[T_BN],
        v[T_BK],
        v[T_RM],
        v[T_RN],
        v[T_STAGES],
        p.trans_a,
        p.trans_b,
        aligned(p.a_stride, p.a_batch),
        aligned(p.b_stride, p.b_batch),
        out_aligned(&p),
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(spec); i++)
        rk_dispatch_spec(d, spec[i]);
    spec_finish(d, &p, parts);
    push(d, &p, &g);
    rk_dispatch_grid(d, caps, g.groups);
    if (parts)
        record_sum(caps, &p, &g, list);
}

// --- the table -----------------------------------------------------------------------------------

#define REGISTERS(label, ...)                                                                      \
    {                                                                                              \
        .name = label, .shader = "product", .param = {__VA_ARGS__}, .supports = product_supports,  \
        .record = product_record                                                                   \
    }
#define TILE(label, ...)                                                                           \
    {                                                                                              \
        .name = label, .shader = "tile", .param = {__VA_ARGS__}, .supports = tile_supports,        \
        .record = tile_record                                                                      \
    }

enum {
    TEXEL_8X8,
    TEXEL_4X8,
    TEXEL_1X8,
    TEXEL_8X1,
    SPREAD_8X8,
    SPREAD_16X4,
    SPREAD_24X4,
    SPREAD_32X4,
    SPREAD_24X8,
    STORAGE_4X4,
    STORAGE_1X4,
    STORAGE_4X1,
    ROWS_1X2,
    TILE_64X64,
    TILE_128X64,
    TILE_128X128,
};

const RkKernel rk_product_kernels[RK_PRODUCT_KERNELS] = {
    // path, lanes, lanes along N, lanes along K, tile, steps of 4 in a row
    [TEXEL_8X8] = REGISTERS("texel 8x8", BY_TEXEL, 8, 4, 1, 8, 8, 2),
    [TEXEL_4X8] = REGISTERS("texel 4x8", BY_TEXEL, 8, 2, 1, 4, 8, 2),
    [TEXEL_1X8] = REGISTERS("texel 1x8", BY_TEXEL, 8, 8, 1, 1, 8, 2),
    [TEXEL_8X1] = REGISTERS("texel 8x1", BY_TEXEL, 8, 1, 1, 8, 1, 2),
    [SPREAD_8X8] = REGISTERS("spread 8x8", BY_SPREAD_TEXEL, 8, 8, 1, 8, 8, 2),
    [SPREAD_16X4] = REGISTERS("spread 16x4", BY_SPREAD_TEXEL, 8, 8, 1, 16, 4, 2),
    [SPREAD_24X4] = REGISTERS("spread 24x4", BY_SPREAD_TEXEL, 8, 8, 1, 24, 4, 2),
    [SPREAD_32X4] = REGISTERS("spread 32x4", BY_SPREAD_TEXEL, 8, 8, 1, 32, 4, 2),
    [SPREAD_24X8] = REGISTERS("spread 24x8", BY_SPREAD_TEXEL, 8, 8, 1, 24, 8, 2),
    [STORAGE_4X4] = REGISTERS("storage 4x4", BY_STORAGE, 64, 8, 1, 4, 4, 1),
    [STORAGE_1X4] = REGISTERS("storage 1x4", BY_STORAGE, 64, 64, 1, 1, 4, 1),
    [STORAGE_4X1] = REGISTERS("storage 4x1", BY_STORAGE, 64, 1, 1, 4, 1, 1),
    [ROWS_1X2] = REGISTERS("rows 1x2", BY_STORAGE, 64, 2, 32, 1, 2, 1),
    // block M, N, K; squares of 4 a thread takes along M, N; buffers
    [TILE_64X64] = TILE("tile 64x64", 64, 64, 16, 1, 1, 2),
    [TILE_128X64] = TILE("tile 128x64", 128, 64, 16, 2, 1, 1),
    [TILE_128X128] = TILE("tile 128x128", 128, 128, 16, 2, 2, 1),
};

// What runs untuned: the first row that holds and whose kernel suits. Figures:
// tests/bench/RESULTS.md.
#define ANY UINT32_MAX
static const struct {
    gboolean cpu;
    uint32_t kernel;
    uint32_t min_m, min_n, max_m, max_n;
    uint32_t max_unrolled; // multiply-adds of vec4s in a row: more outgrow a core's code cache
} CHOICES[] = {
    {TRUE, TEXEL_8X1, 9, 1, ANY, 3, ANY},          {TRUE, TEXEL_1X8, 1, 1, 3, ANY, ANY},
    {TRUE, SPREAD_32X4, 96, 1, ANY, ANY, 384},     {TRUE, SPREAD_24X4, 72, 1, ANY, ANY, 384},
    {TRUE, SPREAD_16X4, 16, 1, ANY, ANY, ANY},     {TRUE, SPREAD_8X8, 1, 1, ANY, ANY, ANY},
    {TRUE, TEXEL_4X8, 1, 1, 48, ANY, ANY},         {TRUE, TEXEL_8X8, 1, 1, ANY, ANY, ANY},
    {TRUE, TEXEL_4X8, 1, 1, ANY, ANY, ANY},        {FALSE, ROWS_1X2, 1, 1, 8, ANY, ANY},
    {FALSE, STORAGE_4X1, 4, 1, ANY, 3, ANY},       {FALSE, TILE_128X128, 1024, 1024, ANY, ANY, ANY},
    {FALSE, TILE_128X64, 512, 256, ANY, ANY, ANY}, {FALSE, TILE_64X64, 33, 33, ANY, ANY, ANY},
};

static uint32_t
unrolled(const RkKernel *kernel, const RkProduct *p)
{
    if (kernel->record != product_record)
        return 0;
    Lanes l = lanes_of(kernel, p);
    return l.tm * l.tn * l.uk;
}

const RkKernel *
rk_product_pick(const RkCaps *caps, const RkOpArgs *args)
{
    RkProduct p = rk_product_of(args);
    for (uint32_t i = 0; i < G_N_ELEMENTS(CHOICES); i++) {
        const RkKernel *kernel = &rk_product_kernels[CHOICES[i].kernel];
        if (CHOICES[i].cpu == caps->is_cpu && p.m <= CHOICES[i].max_m && p.n <= CHOICES[i].max_n &&
            p.m >= CHOICES[i].min_m && p.n >= CHOICES[i].min_n &&
            unrolled(kernel, &p) <= CHOICES[i].max_unrolled && kernel->supports(kernel, caps, args))
            return kernel;
    }
    const RkKernel *any = &rk_product_kernels[STORAGE_4X4];
    return any->supports(any, caps, args) ? any : NULL;
}
