// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pruning of attention heads (Michel, Levy and Neubig, https://arxiv.org/abs/1905.10650): a head is
// its rows of the layers that make queries, keys and values. The model's setting "heads.cut" says
// which are gone, so that builds leave them out and the others keep their channels.
#include "compress/prune-private.h"

#include <string.h>

static const char *const LAYERS[] = {"query", "key", "value"};
enum { N_LAYERS = G_N_ELEMENTS(LAYERS) };

// The heads of a block that are still there, in the order of their rows.
typedef struct {
    char *prefix; // "blocks.0."
    uint32_t n, width;
    uint32_t *head;         // [n] numbers that the model knows them by
    gboolean *cut;          // [n]
    guint weight[N_LAYERS]; // of the parameters
    guint bias[N_LAYERS];
} Block;

static void
clear_block(gpointer data)
{
    Block *block = data;
    g_free(block->prefix);
    g_free(block->head);
    g_free(block->cut);
}

static gboolean
find_param(const GArray *params, const char *prefix, const char *layer, const char *suffix,
           guint *at)
{
    g_autofree char *name = g_strconcat(prefix, layer, suffix, NULL);
    for (*at = 0; *at < params->len; (*at)++)
        if (strcmp(g_array_index(params, RkCompressedParam, *at).name, name) == 0)
            return TRUE;
    return FALSE;
}

static void
find_heads(const RkCompressed *model, const RkCompressedParam *query, Block *block)
{
    uint32_t all = (uint32_t)rk_params_int(model->set, "heads");
    g_auto(GStrv) gone = g_strsplit(rk_params_text(model->set, "heads.cut"), "+", -1);
    block->head = g_new(uint32_t, all);
    block->cut = g_new0(gboolean, all);
    for (uint32_t head = 0; head < all; head++) {
        g_autofree char *name = g_strdup_printf("%s%u", block->prefix, head);
        if (!g_strv_contains((const char *const *)gone, name))
            block->head[block->n++] = head;
    }
    block->width = query->type.dim[0] / block->n;
}

// GArray of Block: of models that have heads, those whose query layer is asked for.
static GArray *
find_blocks(const RkPrune *prune, const RkCompressed *model, const GArray *params)
{
    GArray *blocks = g_array_new(FALSE, TRUE, sizeof(Block));
    g_array_set_clear_func(blocks, clear_block);
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        Block block = {0};
        if (!g_str_has_suffix(p->name, "query.weight") || !rk_prune_wants(prune, p->name))
            continue;
        block.prefix = g_strndup(p->name, strlen(p->name) - strlen("query.weight"));
        gboolean whole = TRUE;
        for (int layer = 0; layer < N_LAYERS; layer++)
            whole &=
                find_param(params, block.prefix, LAYERS[layer], ".weight", &block.weight[layer]) &&
                find_param(params, block.prefix, LAYERS[layer], ".bias", &block.bias[layer]);
        if (whole)
            find_heads(model, p, &block);
        if (whole)
            g_array_append_val(blocks, block);
        else
            clear_block(&block);
    }
    return blocks;
}

// A mean over the head's numbers in all its layers.
static GArray *
head_units(const RkPrune *prune, const RkCompressed *model, const GArray *params,
           const GArray *blocks)
{
    GArray *units = g_array_new(FALSE, FALSE, sizeof(RkPruneUnit));
    for (guint b = 0; b < blocks->len; b++) {
        const Block *block = &g_array_index(blocks, Block, b);
        g_autofree double *sum = g_new0(double, block->n);
        uint64_t n = 0;
        for (int l = 0; l < 2 * N_LAYERS; l++) {
            guint at = l < N_LAYERS ? block->weight[l] : block->bias[l - N_LAYERS];
            const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, at);
            g_autofree float *score = rk_prune_scores(prune, model, p);
            uint64_t each = rk_tensor_numel(&p->type) / block->n;
            for (uint64_t i = 0; i < each * block->n; i++)
                sum[i / each] += (double)score[i];
            n += each;
        }
        for (uint32_t head = 0; head < block->n; head++) {
            RkPruneUnit unit = {(float)(sum[head] / (double)n), b, head, FALSE};
            g_array_append_val(units, unit);
        }
    }
    return units;
}

// Stores the rows of the heads that stay, in the format that they had.
static gboolean
cut_param(RkCompressed *model, const RkCompressedParam *p, const Block *block, GError **error)
{
    if (!rk_compressed_is_real(p, "Prune", error))
        return FALSE;
    if (p->format != RK_FORMAT_F32 && p->format != RK_FORMAT_F16 && p->format != RK_FORMAT_MASKED) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't cut through %s: it is stored as %s. Prune first, then pack.", p->name,
                    rk_format_name(p->format));
        return FALSE;
    }
    RkTensor smaller = p->type;
    size_t each = rk_tensor_numel(&p->type) / block->n, at = 0;
    g_autofree float *values = rk_compressed_values(model, p);
    smaller.dim[0] = 0;
    for (uint32_t head = 0; head < block->n; head++) {
        if (block->cut[head])
            continue;
        memmove(values + at, values + head * each, each * sizeof *values);
        smaller.dim[0] += block->width;
        at += each;
    }
    rk_compressed_store(model, p->name, &smaller, p->format, values);
    return TRUE;
}

static gboolean
cut_block(RkCompressed *model, const GArray *params, const Block *block, GError **error)
{
    g_autoptr(GString) gone = g_string_new(rk_params_text(model->set, "heads.cut"));
    gboolean any = FALSE;
    for (uint32_t head = 0; head < block->n; head++) {
        any |= block->cut[head];
        if (block->cut[head])
            g_string_append_printf(gone, "%s%s%u", gone->len > 0 ? "+" : "", block->prefix,
                                   block->head[head]);
    }
    for (int l = 0; any && l < 2 * N_LAYERS; l++) {
        guint at = l < N_LAYERS ? block->weight[l] : block->bias[l - N_LAYERS];
        if (!cut_param(model, &g_array_index(params, RkCompressedParam, at), block, error))
            return FALSE;
    }
    return rk_params_set(model->set, "heads.cut", gone->str, error);
}

gboolean
rk_prune_heads(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    if (params == NULL)
        return FALSE;
    g_autoptr(GArray) blocks = find_blocks(prune, model, params);
    g_autoptr(GArray) units = head_units(prune, model, params, blocks);
    if (units->len <= blocks->len) {
        const char *only = rk_params_text(prune->set, "only");
        gboolean has = FALSE;
        for (size_t i = 0; i < model->model->n_params; i++)
            has |= strcmp(model->model->params[i].name, "heads") == 0;
        g_autofree char *none =
            g_strconcat("it has no attention. ", rk_prune_instead(params), NULL);
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't prune heads of %s%s%s: %s",
                    model->model->title, *only != '\0' ? " in " : "", only,
                    !has               ? none
                    : blocks->len == 0 ? "it has no attention there that is stored whole. Prune "
                                         "first, then factorize."
                                       : "every block has one alone, and keeps it.");
        return FALSE;
    }
    gboolean global = strcmp(rk_params_text(prune->set, "scope"), "global") == 0;
    rk_prune_choose(units, blocks->len, ratio, global, 1);
    for (guint i = 0; i < units->len; i++) {
        const RkPruneUnit *unit = &g_array_index(units, RkPruneUnit, i);
        g_array_index(blocks, Block, unit->group).cut[unit->unit] = unit->pruned;
    }
    for (guint b = 0; b < blocks->len; b++)
        if (!cut_block(model, params, &g_array_index(blocks, Block, b), error))
            return FALSE;
    return TRUE;
}
