// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/index.h"

#include "base/sort_rows.h"
#include "ops/family.h"
#include "ops/sample-inputs.h"

#include <string.h>

gboolean
rk_flat_extent(const RkType *type, RkDim *extent)
{
    uint32_t n_batch = 0;
    *extent = RK_DIM(1);
    for (uint32_t i = 0; i < type->rank; i++) {
        extent->n *= type->dim[i].n;
        n_batch += type->dim[i].per_batch ? 1 : 0;
    }
    extent->per_batch = n_batch > 0;
    return n_batch <= 1;
}

static gboolean
infer_flat(const RkOpTypes *t, uint32_t i, RkDim *n, GError **error)
{
    if (!rk_infer_dtype(t, i, RK_U32, error))
        return FALSE;
    return rk_flat_extent(&t->in[i], n) ||
           rk_infer_fail(t, error, "input %u has the batch in two dimensions", i);
}

static RkCost
host_cost(const RkOpArgs *args)
{
    return (RkCost){0};
}

// The references work on doubles; what the host computes is integer, so they convert.
static uint32_t *
as_words(const RkTensor *tensor, const double *values)
{
    uint64_t n = rk_tensor_numel(tensor);
    uint32_t *words = g_new(uint32_t, n + 1);
    for (uint64_t i = 0; i < n; i++)
        words[i] = (uint32_t)values[i];
    return words;
}

static void
oracle_from_host(const RkOpArgs *args, double *const *in, double *out)
{
    g_autofree uint32_t **words = g_new0(uint32_t *, args->n_in + 1);
    for (uint32_t i = 0; i < args->n_in; i++)
        words[i] = args->present[i] ? as_words(&args->in[i], in[i]) : NULL;
    g_autofree uint32_t *packed = g_malloc0(rk_tensor_bytes(&args->out) + 4);
    args->op->host(args, (const void *const *)words, packed);
    rk_tensor_unpack(&args->out, packed, out);
    for (uint32_t i = 0; i < args->n_in; i++)
        g_free(words[i]);
}

// --- sort_rows ----------------------------------------------------------------------------------

static gboolean
sort_rows_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    RkDim n;
    if (!infer_flat(t, 0, &n, error))
        return FALSE;
    *out = rk_type(RK_U32, 2, RK_DIM(3), n);
    return TRUE;
}

static void
sort_rows_host(const RkOpArgs *args, const void *const *in, void *out)
{
    uint32_t n = args->out.dim[1];
    // Not sorted in place: `out` may be memory that is slow to read back.
    g_autofree uint32_t *packed = g_new(uint32_t, RK_SORT_ROWS_WORDS(n) + n);
    rk_sort_rows(in[0], n, packed, packed + RK_SORT_ROWS_WORDS(n));
    memcpy(out, packed, 3 * sizeof(uint32_t) * (size_t)n);
}

// By counting ranks, so as not to share the radix sort's mistakes. Quadratic.
static void
sort_rows_oracle(const RkOpArgs *args, double *const *in, double *out)
{
    uint32_t n = args->out.dim[1], n_rows = 0, n_named = 0;
    double *perm = out, *rows = out + n, *seg = out + 2 * (size_t)n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t rank = 0;
        for (uint32_t j = 0; j < n; j++)
            rank += in[0][j] < in[0][i] || (in[0][j] == in[0][i] && j < i);
        perm[rank] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        double row = in[0][(uint32_t)perm[i]];
        if (row == UINT32_MAX)
            break;
        if (n_rows == 0 || rows[n_rows - 1] != row) {
            seg[n_rows] = i;
            rows[n_rows++] = row;
        }
        n_named++;
    }
    for (uint32_t u = n_rows; u < n; u++) {
        rows[u] = UINT32_MAX;
        seg[u] = u == n_rows ? n_named : n;
    }
}

// --- host_concat --------------------------------------------------------------------------------

static gboolean
host_concat_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    RkDim total = RK_DIM(0);
    for (uint32_t i = 0; i < t->n_in; i++) {
        RkDim n;
        if (!infer_flat(t, i, &n, error))
            return FALSE;
        if (i > 0 && n.per_batch != total.per_batch)
            return rk_infer_fail(t, error, "some parts grow with the batch and some don't");
        total.per_batch = n.per_batch;
        total.n += n.n;
    }
    *out = rk_type(RK_U32, 1, total);
    return TRUE;
}

static void
host_concat_host(const RkOpArgs *args, const void *const *in, void *out)
{
    uint8_t *to = out;
    for (uint32_t i = 0; i < args->n_in; i++) {
        size_t bytes = rk_tensor_bytes(&args->in[i]);
        memcpy(to, in[i], bytes);
        to += bytes;
    }
}

// --- bags ---------------------------------------------------------------------------------------

static gboolean
bag_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    RkDim n;
    if (!infer_flat(t, 0, &n, error))
        return FALSE;
    gboolean ragged = t->n_in > 1 && t->present[1];
    if (ragged ? !rk_infer_dtype(t, 1, RK_U32, error) || !rk_infer_rank(t, 1, 1, error)
               : !rk_infer_rank(t, 0, 2, error))
        return FALSE;
    *out = rk_type(RK_U32, 1, n);
    return TRUE;
}

static gboolean
bag_inverse_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    if (!rk_infer_dtype(t, 0, RK_U32, error) || !rk_infer_rank(t, 0, 1, error))
        return FALSE;
    *out = rk_type(RK_F32, 2, t->in[0].dim[0], RK_DIM(1));
    return TRUE;
}

static gboolean
is_ragged(const RkOpArgs *args)
{
    return args->n_in > 1 && args->present[1];
}

// The elements of bag b, where a fixed bag's are as good as ragged ones with even ends.
static void
bag_range(const RkOpArgs *args, const uint32_t *ends, uint32_t b, uint32_t *begin, uint32_t *end)
{
    uint32_t n = args->out.dim[0];
    if (is_ragged(args)) {
        *begin = MIN(b > 0 ? ends[b - 1] : 0, n);
        *end = MIN(ends[b], n);
        return;
    }
    *begin = b * args->in[0].dim[1];
    *end = *begin + args->in[0].dim[1];
}

static uint32_t
bag_count(const RkOpArgs *args)
{
    return is_ragged(args) ? args->in[1].dim[0] : args->in[0].dim[0];
}

static void
bag_ids_host(const RkOpArgs *args, const void *const *in, void *out)
{
    uint32_t *id = out, n_bags = bag_count(args), begin, end;
    memset(id, 0xff, rk_tensor_bytes(&args->out));
    for (uint32_t b = 0; b < n_bags; b++) {
        bag_range(args, in[1], b, &begin, &end);
        for (uint32_t e = begin; e < end; e++)
            id[e] = b;
    }
}

static void
bag_used_host(const RkOpArgs *args, const void *const *in, void *out)
{
    uint32_t *used = out, n = args->out.dim[0], n_bags = bag_count(args);
    uint32_t begin, end = n_bags > 0 ? n : 0;
    if (n_bags > 0)
        bag_range(args, in[1], n_bags - 1, &begin, &end);
    memcpy(used, in[0], sizeof *used * (size_t)end);
    for (uint32_t e = end; e < n; e++)
        used[e] = UINT32_MAX;
}

static void
bag_inverse_host(const RkOpArgs *args, const void *const *in, void *out)
{
    const uint32_t *ends = in[0];
    float *inverse = out;
    for (uint32_t b = 0, begin = 0; b < args->out.dim[0]; begin = ends[b++])
        inverse[b] = ends[b] > begin ? 1.0f / (float)(ends[b] - begin) : 0.0f;
}

static gboolean
remap_infer(const RkOpTypes *t, RkType *out, GError **error)
{
    const RkType *map = &t->in[1];
    if (!rk_infer_dtype(t, 0, RK_U32, error) || !rk_infer_dtype(t, 1, RK_U32, error))
        return FALSE;
    if (map->rank < 1 || map->rank > 2 || (map->rank == 2 && !rk_dim_equal(map->dim[1], RK_DIM(1))))
        return rk_infer_fail(t, error, "the map has one row for each code");
    *out = t->in[0];
    return TRUE;
}

static void
remap_host(const RkOpArgs *args, const void *const *in, void *out)
{
    const uint32_t *index = in[0], *map = in[1];
    uint32_t *to = out, n_rows = args->in[1].dim[0];
    uint64_t n = rk_tensor_numel(&args->out);
    for (uint64_t i = 0; i < n; i++)
        to[i] = index[i] < n_rows ? map[index[i]] : UINT32_MAX;
}

static uint32_t
remap_limit(const RkOpArgs *args, uint32_t i)
{
    return i == 0 ? args->in[1].dim[0] : 0;
}

static uint32_t
ends_limit(const RkOpArgs *args, uint32_t i)
{
    return i == 1 && is_ragged(args) ? (uint32_t)rk_tensor_numel(&args->in[0]) + 1 : 0;
}

// --- rows
// -----------------------------------------------------------------------------------------

static const RkSample sort_rows_samples[] = {
    {"repeated rows", 1, {RK_S_INDEX1(100, 17)}},
    {"two-dimensional", 1, {RK_S_INDEX2(8, 5, 1000)}},
    {"one", 1, {RK_S_INDEX1(1, 5)}},
    {"none", 1, {RK_S_INDEX1(0, 5)}},
};

static const RkSample host_concat_samples[] = {
    {"three parts", 3, {RK_S_INDEX1(7, 100), RK_S_INDEX2(3, 2, 50), RK_S_INDEX1(0, 5)}},
    {"one part", 1, {RK_S_INDEX1(7, 100)}},
};

static const RkSample bag_samples[] = {
    {"fixed", 2, {RK_S_INDEX2(5, 3, 10), RK_S_ABSENT}},
    {"ragged, capacity left", 2, {RK_S_INDEX1(20, 10), RK_S_ENDS(6, 13)}},
    {"ragged, all empty", 2, {RK_S_INDEX1(4, 10), RK_S_ENDS(3, 0)}},
};

static const RkSample inverse_samples[] = {
    {"ragged", 1, {RK_S_ENDS(9, 40)}},
    {"all empty", 1, {RK_S_ENDS(3, 0)}},
};

static const RkSample remap_samples[] = {
    {"a bag's", 2, {RK_S_INDEX2(8, 5, 20), RK_S_INDEX1(20, 7)}},
    {"codes", 2, {RK_S_INDEX1(9, 3), RK_S_INDEX2(3, 1, 2)}},
};

static const char *const index_input[] = {"index", NULL};
static const char *const part_inputs[] = {"part*", NULL};
static const char *const bag_inputs[] = {"index", "ends?", NULL};
static const char *const remap_inputs[] = {"index", "map", NULL};
static const char *const ends_input[] = {"ends", NULL};

enum { SORT_ROWS, HOST_CONCAT, BAG_IDS, BAG_USED, BAG_INVERSE, REMAP };

static const RkOp ops[] = {
    [SORT_ROWS] = {.name = "sort_rows",
                   .input = index_input,
                   .flags = RK_OP_HOST,
                   .infer = sort_rows_infer,
                   .oracle = sort_rows_oracle,
                   .host = sort_rows_host,
                   .cost = host_cost,
                   .n_samples = G_N_ELEMENTS(sort_rows_samples),
                   .samples = sort_rows_samples},
    [HOST_CONCAT] = {.name = "host_concat",
                     .input = part_inputs,
                     .flags = RK_OP_HOST,
                     .infer = host_concat_infer,
                     .oracle = oracle_from_host,
                     .host = host_concat_host,
                     .cost = host_cost,
                     .n_samples = G_N_ELEMENTS(host_concat_samples),
                     .samples = host_concat_samples},
    [BAG_IDS] = {.name = "bag_ids",
                 .input = bag_inputs,
                 .flags = RK_OP_HOST,
                 .infer = bag_infer,
                 .oracle = oracle_from_host,
                 .host = bag_ids_host,
                 .index_limit = ends_limit,
                 .cost = host_cost,
                 .n_samples = G_N_ELEMENTS(bag_samples),
                 .samples = bag_samples},
    [BAG_USED] = {.name = "bag_used",
                  .input = bag_inputs,
                  .flags = RK_OP_HOST,
                  .infer = bag_infer,
                  .oracle = oracle_from_host,
                  .host = bag_used_host,
                  .index_limit = ends_limit,
                  .cost = host_cost,
                  .n_samples = G_N_ELEMENTS(bag_samples),
                  .samples = bag_samples},
    [BAG_INVERSE] = {.name = "bag_inverse",
                     .input = ends_input,
                     .flags = RK_OP_HOST,
                     .infer = bag_inverse_infer,
                     .oracle = oracle_from_host,
                     .host = bag_inverse_host,
                     .cost = host_cost,
                     .n_samples = G_N_ELEMENTS(inverse_samples),
                     .samples = inverse_samples},
    [REMAP] = {.name = "remap",
               .input = remap_inputs,
               .flags = RK_OP_HOST,
               .padded = 1,
               .infer = remap_infer,
               .oracle = oracle_from_host,
               .host = remap_host,
               .index_limit = remap_limit,
               .cost = host_cost,
               .n_samples = G_N_ELEMENTS(remap_samples),
               .samples = remap_samples},
};

RkFamily
rk_family_index(void)
{
    return (RkFamily){ops, G_N_ELEMENTS(ops)};
}

RkRef
rk_sorted_rows(RkGraph *graph, RkRef index)
{
    return rk_graph_op(graph, &ops[SORT_ROWS], 1, &index, 0, NULL);
}

RkRef
rk_host_concat(RkGraph *graph, uint32_t n, const RkRef *parts)
{
    return rk_graph_op(graph, &ops[HOST_CONCAT], n, parts, 0, NULL);
}

RkRef
rk_bag_ids(RkGraph *graph, RkRef index, RkRef ends)
{
    return rk_graph_op(graph, &ops[BAG_IDS], 2, (RkRef[]){index, ends}, 0, NULL);
}

RkRef
rk_bag_used(RkGraph *graph, RkRef index, RkRef ends)
{
    return rk_graph_op(graph, &ops[BAG_USED], 2, (RkRef[]){index, ends}, 0, NULL);
}

RkRef
rk_remap(RkGraph *graph, RkRef index, RkRef map)
{
    return rk_graph_op(graph, &ops[REMAP], 2, (RkRef[]){index, map}, 0, NULL);
}

RkRef
rk_bag_inverse(RkGraph *graph, RkRef ends)
{
    return rk_graph_op(graph, &ops[BAG_INVERSE], 1, &ends, 0, NULL);
}
