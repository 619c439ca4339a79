// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels of gather and embedding bag (shaders/embed/bag.comp).
#include "ops/embed-private.h"

#include "ops/family.h"
#include "ops/ranges.h"

// param of a kernel: path, local size, numbers of a row that an invocation sums.
enum { PATH_TEXEL, PATH_WIDE, PATH_WORD };
enum { PATH_PARAM, LOCAL_SIZE_PARAM, NUMBERS_PARAM };

static const struct {
    const char *shader[RK_N_DTYPES];
    RkBindKind table, index, weight, scale;
    uint32_t unit_words;
} PATHS[] = {
    [PATH_TEXEL] = {{"embed_bag_texel_f32", "embed_bag_texel_f16", "embed_bag_texel_i8",
                     "embed_bag_texel_i4"},
                    RK_BIND_SAMPLED_U32X4,
                    RK_BIND_SAMPLED_U32,
                    RK_BIND_SAMPLED_F32,
                    RK_BIND_SAMPLED_F32X4,
                    4},
    [PATH_WIDE] = {{"embed_bag_f32", "embed_bag_f16", "embed_bag_i8", "embed_bag_i4"},
                   .unit_words = 4},
    [PATH_WORD] = {{"embed_word_f32", "embed_word_f16", "embed_word_i8", "embed_word_i4"},
                   .unit_words = 1},
};

// Past this a texel view is too small for the table, and storage ranges are larger.
#define MOST_RANGES 8u
#define SCALE_BYTES 8u // a scale and a bias for each row

static uint32_t
range_rows(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, const RkLookup *l)
{
    uint32_t path = kernel->param[PATH_PARAM];
    const RkRangeOperand operands[] = {
        {PATHS[path].table, 4 * (uint64_t)rk_tensor_row_words(&args->in[RK_BAG_TABLE])},
        {PATHS[path].scale, l->scaled && !l->one_scale ? SCALE_BYTES : 0},
    };
    return rk_range_rows(caps, l->n_rows, G_N_ELEMENTS(operands), operands);
}

static gboolean
supports(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args)
{
    RkLookup l = rk_lookup(args);
    uint32_t path = kernel->param[PATH_PARAM], words = rk_tensor_row_words(&args->in[RK_BAG_TABLE]);
    if (PATHS[path].unit_words == 4 && (words % 4 != 0 || l.n_cols % 4 != 0))
        return FALSE;
    if (kernel->param[LOCAL_SIZE_PARAM] > MIN(caps->max_invocations, caps->max_local[0]))
        return FALSE;
    uint32_t rows = range_rows(kernel, caps, args, &l);
    if (rows == 0 ? l.n_rows > 0 : path == PATH_TEXEL && rk_ceil_div(l.n_rows, rows) > MOST_RANGES)
        return FALSE;
    return (path != PATH_TEXEL || caps->uniform_texel_u32x4) &&
           rk_bind_fits(caps, PATHS[path].index, &args->in[RK_BAG_INDEX]) &&
           (!l.ragged || rk_bind_fits(caps, PATHS[path].index, &args->in[RK_BAG_ENDS])) &&
           (!l.weighted || rk_bind_fits(caps, PATHS[path].weight, &args->in[RK_BAG_WEIGHT])) &&
           (!l.scaled || path != PATH_TEXEL || caps->uniform_texel_f32x4) &&
           rk_bind_fits(caps, RK_BIND_STORAGE, &args->out);
}

// Rows [first, first + rows) of the table; all ranges but the first add to the output.
static void
add_range(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list,
          uint32_t first, uint32_t rows)
{
    RkLookup l = rk_lookup(args);
    uint32_t path = kernel->param[PATH_PARAM], local = kernel->param[LOCAL_SIZE_PARAM];
    uint32_t words = rk_tensor_row_words(&args->in[RK_BAG_TABLE]);
    uint32_t units = words / PATHS[path].unit_words;
    uint32_t lanes = (uint32_t)rk_ceil_div(l.n_cols, kernel->param[NUMBERS_PARAM]);
    lanes = path == PATH_WORD ? units : MIN(units, lanes);
    RkDispatch *d = rk_dispatch_add(list, PATHS[path].shader[args->in[RK_BAG_TABLE].dtype]);
    rk_dispatch_read(d, RK_BAG_TABLE, PATHS[path].table);
    rk_dispatch_read(d, RK_BAG_INDEX, PATHS[path].index);
    rk_dispatch_write(d, RK_OPERAND_OUT, RK_BIND_STORAGE);
    rk_dispatch_read(d, l.ragged ? RK_BAG_ENDS : RK_BAG_INDEX, PATHS[path].index);
    rk_dispatch_read(d, l.weighted ? RK_BAG_WEIGHT : RK_BAG_INDEX, PATHS[path].weight);
    rk_dispatch_read(d, l.scaled ? RK_BAG_SCALE : RK_BAG_INDEX, PATHS[path].scale);
    rk_range_set(d, 0, 4 * (uint64_t)words, first, rows);
    if (l.scaled && !l.one_scale)
        rk_range_set(d, 5, SCALE_BYTES, first, rows);
    rk_dispatch_spec(d, local);
    rk_dispatch_spec(d, units);
    rk_dispatch_spec(d, lanes);
    rk_dispatch_spec(d, l.per_bag == 1); // the loop of a gather is known to run once
    rk_dispatch_spec(d, l.ragged);
    rk_dispatch_spec(d, l.weighted);
    rk_dispatch_spec(d, l.mean);
    rk_dispatch_spec(d, first > 0);
    rk_dispatch_spec(d, l.one_scale);
    rk_dispatch_push(d, l.n_bags);
    rk_dispatch_push(d, l.per_bag);
    rk_dispatch_push(d, l.n_cols);
    rk_dispatch_push(d, first);
    rk_dispatch_push(d, rows);
    rk_dispatch_grid(d, caps, rk_ceil_div((uint64_t)l.n_bags * lanes, local));
}

static void
record(const RkKernel *kernel, const RkCaps *caps, const RkOpArgs *args, RkDispatchList *list)
{
    RkLookup l = rk_lookup(args);
    if (l.n_bags == 0 || l.n_cols == 0)
        return;
    uint32_t rows = range_rows(kernel, caps, args, &l), first = 0;
    do { // a table without rows still gives zeros
        add_range(kernel, caps, args, list, first, MIN(rows, l.n_rows - first));
        first += rows;
    } while (first < l.n_rows);
}

#define KERNEL(name_, path, local, numbers)                                                        \
    {                                                                                              \
        .name = name_, .param = {path, local, numbers}, .supports = supports, .record = record     \
    }

const RkKernel rk_lookup_kernels[RK_LOOKUP_KERNELS] = {
    KERNEL("uniform texel 32", PATH_TEXEL, 64, 32), KERNEL("uniform texel 16", PATH_TEXEL, 64, 16),
    KERNEL("storage vec4 128", PATH_WIDE, 128, 1),  KERNEL("storage vec4 64", PATH_WIDE, 64, 1),
    KERNEL("storage word", PATH_WORD, 64, 1),
};

// On a CPU texel loads come first, on a GPU storage buffers do: the order of the table but for
// that.
const RkKernel *
rk_lookup_pick(const RkCaps *caps, const RkOpArgs *args)
{
    for (uint32_t i = 0; i < RK_LOOKUP_KERNELS; i++) {
        const RkKernel *kernel = &rk_lookup_kernels[i];
        if ((caps->is_cpu || kernel->param[PATH_PARAM] != PATH_TEXEL) &&
            supports(kernel, caps, args))
            return kernel;
    }
    return NULL;
}
