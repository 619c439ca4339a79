// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pruning of single weights of dense layers (masked), of two in each four (2:4), and of whole rows
// of tables, whose codes then read as zeros.
#include "compress/prune-private.h"

#include <math.h>
#include <string.h>

static gboolean
fail_nothing(const RkPrune *prune, const RkCompressed *model, const GArray *params,
             const char *what, GError **error)
{
    const char *only = rk_params_text(prune->set, "only");
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't prune %s of %s%s%s: it has none. %s", what,
                model->model->title, *only != '\0' ? " in " : "", only, rk_prune_instead(params));
    return FALSE;
}

// A score a weight; those of all layers are comparable as they are.
static GArray *
weight_units(const RkPrune *prune, const RkCompressed *model, const GArray *params, GError **error)
{
    GArray *units = g_array_new(FALSE, FALSE, sizeof(RkPruneUnit));
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (!p->dense || !rk_prune_wants(prune, p->name))
            continue;
        if (!rk_compressed_is_real(p, "Prune", error)) {
            g_array_unref(units);
            return NULL;
        }
        g_autofree float *score = rk_prune_scores(prune, model, p);
        for (uint32_t k = 0; k < rk_tensor_numel(&p->type); k++) {
            RkPruneUnit unit = {score[k], i, k, FALSE};
            g_array_append_val(units, unit);
        }
    }
    return units;
}

gboolean
rk_prune_weights(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    if (params == NULL)
        return FALSE;
    g_autoptr(GArray) units = weight_units(prune, model, params, error);
    if (units == NULL)
        return FALSE;
    if (units->len == 0)
        return fail_nothing(prune, model, params, "weights of dense layers", error);
    gboolean global = strcmp(rk_params_text(prune->set, "scope"), "global") == 0;
    rk_prune_choose(units, params->len, ratio, global, 1);
    g_autofree float **values = g_new0(float *, params->len);
    for (guint i = 0; i < units->len; i++) {
        const RkPruneUnit *unit = &g_array_index(units, RkPruneUnit, i);
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, unit->group);
        if (values[unit->group] == NULL)
            values[unit->group] = rk_compressed_values(model, p);
        if (unit->pruned)
            values[unit->group][unit->unit] = 0;
    }
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (values[i] != NULL)
            rk_compressed_store(model, p->name, &p->type, RK_FORMAT_MASKED, values[i]);
        g_free(values[i]);
    }
    return TRUE;
}

// The two of each four columns that score least become zeros, and the rest is packed by magnitude:
// what was zeroed goes first.
static void
halve(const RkPrune *prune, RkCompressed *model, const RkCompressedParam *p)
{
    g_autofree float *score = rk_prune_scores(prune, model, p);
    g_autofree float *values = rk_compressed_values(model, p);
    for (uint64_t at = 0; at < rk_tensor_numel(&p->type); at += 4)
        for (int n = 0; n < 2; n++) {
            uint64_t worst = UINT64_MAX;
            for (uint64_t c = at; c < at + 4; c++)
                if (score[c] >= 0 && (worst == UINT64_MAX || score[c] <= score[worst]))
                    worst = c; // of equals the last goes, as rk_pack_24() has it
            values[worst] = 0;
            score[worst] = -1;
        }
    rk_compressed_store(model, p->name, &p->type, RK_FORMAT_24, values);
}

gboolean
rk_prune_24(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    guint n = 0;
    if (params == NULL)
        return FALSE;
    if (rk_params_is_set(prune->set, "ratio") && ratio != 0.5) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't prune what=2:4 to ratio=%g: it leaves out two of each four, 0.5.",
                    ratio);
        return FALSE;
    }
    for (guint i = 0; ratio > 0 && i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (!p->dense || p->type.dim[1] % 4 != 0 || !rk_prune_wants(prune, p->name))
            continue;
        if (!rk_compressed_is_real(p, "Prune", error))
            return FALSE;
        halve(prune, model, p);
        n++;
    }
    return n > 0 || ratio == 0 ||
           fail_nothing(prune, model, params, "dense layers whose columns come in fours", error);
}

// ---- rows ----------------------------------------------------------------------------------

// Scores of a table's rows: sums over their values, or how often the data names them.
static float *
row_scores(const RkPrune *prune, const RkCompressed *model, const RkCompressedParam *p,
           GError **error)
{
    uint32_t rows = p->type.dim[0], cols = p->type.dim[1];
    float *score = g_new0(float, MAX(rows, 1));
    if (strcmp(rk_params_text(prune->set, "by"), "frequency") == 0) {
        g_autofree uint64_t *n = prune->context->counts(prune->context, p->feature, error);
        if (n == NULL) {
            g_free(score);
            return NULL;
        }
        for (uint32_t r = 0; r < rows; r++)
            score[r] = (float)n[r];
        return score;
    }
    g_autofree float *each = rk_prune_scores(prune, model, p);
    for (uint64_t i = 0; i < (uint64_t)rows * cols; i++)
        score[i / cols] += each[i];
    return score;
}

// Stores the kept rows and a map of codes to them.
static void
store_rows(RkCompressed *model, const RkCompressedParam *p, const uint8_t *pruned, uint32_t kept)
{
    size_t cols = p->type.dim[1];
    g_autofree float *values = rk_compressed_values(model, p);
    RkTensor stored = p->type, codes = {RK_U32, 2, {p->type.dim[0], 1}};
    uint32_t *map = g_malloc(MAX(rk_tensor_bytes(&codes), 4)), at = 0;
    g_autofree char *name = g_strconcat(p->name, ".map", NULL);
    stored.dim[0] = kept;
    float *rows = g_malloc0(MAX(rk_tensor_bytes(&stored), 4));
    for (uint32_t r = 0; r < p->type.dim[0]; r++) {
        map[r] = pruned[r] ? UINT32_MAX : at;
        if (!pruned[r])
            memcpy(rows + cols * at++, values + cols * r, cols * sizeof *rows);
    }
    rk_compressed_drop(model, p->name);
    RkParamForm *form = rk_model_form_need(model->form, p->name);
    form->rows = kept;
    form->rank = 2;
    memcpy(form->dim, p->type.dim, sizeof form->dim);
    rk_weights_put(model->tensors, p->name, &stored, rows);
    rk_weights_put(model->tensors, name, &codes, map);
}

gboolean
rk_prune_rows(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    g_autoptr(GArray) params = rk_compressed_params(model, error);
    if (params == NULL)
        return FALSE;
    g_autoptr(GArray) units = g_array_new(FALSE, FALSE, sizeof(RkPruneUnit));
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        // A row of one number costs as much as its place in the map.
        if (p->feature < 0 || p->type.dim[1] < 2 || !rk_prune_wants(prune, p->name))
            continue;
        if (!rk_compressed_is_real(p, "Prune", error))
            return FALSE;
        g_autofree float *score = row_scores(prune, model, p, error);
        if (score == NULL)
            return FALSE;
        for (uint32_t r = 0; r < p->type.dim[0]; r++) {
            RkPruneUnit unit = {score[r], i, r, FALSE};
            g_array_append_val(units, unit);
        }
    }
    if (units->len == 0)
        return fail_nothing(prune, model, params, "rows of tables", error);
    gboolean global = strcmp(rk_params_text(prune->set, "scope"), "global") == 0;
    rk_prune_choose(units, params->len, ratio, global, 1);
    g_autofree uint8_t **pruned = g_new0(uint8_t *, params->len);
    g_autofree uint32_t *kept = g_new0(uint32_t, params->len);
    for (guint i = 0; i < units->len; i++) {
        const RkPruneUnit *unit = &g_array_index(units, RkPruneUnit, i);
        if (pruned[unit->group] == NULL)
            pruned[unit->group] =
                g_new0(uint8_t, g_array_index(params, RkCompressedParam, unit->group).type.dim[0]);
        pruned[unit->group][unit->unit] = unit->pruned;
        kept[unit->group] += !unit->pruned;
    }
    for (guint i = 0; i < params->len; i++) {
        const RkCompressedParam *p = &g_array_index(params, RkCompressedParam, i);
        if (pruned[i] != NULL && kept[i] < p->type.dim[0])
            store_rows(model, p, pruned[i], kept[i]);
        g_free(pruned[i]);
    }
    return TRUE;
}
