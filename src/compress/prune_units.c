// SPDX-License-Identifier: GPL-3.0-or-later
//
// Structured pruning: neurons and embedding dimensions are cut out of every parameter that they
// run through (ops/channels.h), so that the model really is smaller.
#include "compress/prune-private.h"

#include "ops/channels.h"

#include <math.h>
#include <string.h>

// The model with every parameter as plain values, whose graph shows what belongs together.
typedef struct {
    RkModelForm *form;
    RkModelData data;
    RkModelBuild *build;
    RkChannels *channels;
    GArray *params; // of RkCompressedParam, of the model as it is
} Structure;

static void
clear_structure(Structure *s)
{
    g_clear_pointer(&s->channels, rk_channels_free);
    g_clear_pointer(&s->build, rk_model_build_free);
    g_clear_pointer(&s->form, rk_model_form_free);
    g_clear_pointer(&s->params, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Structure, clear_structure)

static gboolean
find_structure(Structure *s, const RkCompressed *model, GError **error)
{
    s->form = rk_model_form_copy(model->form);
    for (guint i = 0; i < s->form->params->len; i++) {
        RkParamForm *form = &g_array_index(s->form->params, RkParamForm, i);
        form->rows = 0;
        if (form->format != RK_FORMAT_LOW_RANK)
            form->format = RK_FORMAT_F32;
    }
    s->data = model->data;
    s->data.form = s->form;
    s->params = rk_compressed_params(model, error);
    s->build = rk_model_build_new(model->model, &s->data, model->set, FALSE, error);
    if (s->params == NULL || s->build == NULL)
        return FALSE;
    RkRef score = model->model->score(s->build, RK_NONE);
    if (!rk_graph_check(s->build->graph, error))
        return FALSE;
    s->channels = rk_channels_new(s->build->graph, score);
    return TRUE;
}

static RkRef
node_of(const Structure *s, const RkCompressedParam *p)
{
    return rk_graph_find(s->build->graph, p->name);
}

// What a class runs through, to tell neurons from dimensions.
typedef struct {
    gboolean in_table; // columns of a table
    gboolean out;      // rows of a dense layer
    uint32_t owner;    // the parameter that names its group
    double sum;        // of its members' scores
    uint64_t n;        // members
    uint32_t unit;     // in its group
} Class;

static Class *
need_class(GHashTable *classes, uint32_t id, uint32_t owner)
{
    Class *one = g_hash_table_lookup(classes, GUINT_TO_POINTER(id));
    if (one != NULL)
        return one;
    one = g_new0(Class, 1);
    one->owner = owner;
    g_hash_table_insert(classes, GUINT_TO_POINTER(id), one);
    return one;
}

// Adds a parameter's scores to the classes that it runs through.
static void
add_scores(const Structure *s, uint32_t at, const float *score, GHashTable *classes)
{
    const RkCompressedParam *p = &g_array_index(s->params, RkCompressedParam, at);
    RkRef node = node_of(s, p);
    uint64_t n = rk_tensor_numel(&p->type);
    uint32_t cols = rk_tensor_cols(&p->type);
    for (uint32_t axis = 0; axis < p->type.rank; axis++)
        for (uint32_t i = 0; i < p->type.dim[axis]; i++) {
            uint32_t id = rk_channels_class(s->channels, node, axis, i);
            if (id == UINT32_MAX)
                continue;
            Class *one = need_class(classes, id, at);
            gboolean out = p->dense && axis == 0;
            if (out && !one->out)
                one->owner = at; // the layer that makes it
            one->out |= out;
            one->in_table |= p->feature >= 0 && axis == 1;
            uint64_t begin = axis + 1 == p->type.rank ? i : (uint64_t)i * cols;
            uint64_t step = axis + 1 == p->type.rank ? cols : 1;
            uint64_t end = axis + 1 == p->type.rank ? n : begin + cols;
            for (uint64_t v = begin; v < end; v += step, one->n++)
                one->sum += (double)score[v];
        }
}

static int
compare_ids(const void *a, const void *b)
{
    uint32_t x = GPOINTER_TO_UINT(*(void *const *)a), y = GPOINTER_TO_UINT(*(void *const *)b);
    return (x > y) - (x < y);
}

// The classes of a kind as units; ids[unit] are their classes, in a fixed order.
static GArray *
find_units(const RkPrune *prune, const Structure *s, const RkCompressed *model, gboolean dims,
           uint32_t **ids)
{
    g_autoptr(GHashTable) classes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (guint i = 0; i < s->params->len; i++) {
        g_autofree float *score =
            rk_prune_scores(prune, model, &g_array_index(s->params, RkCompressedParam, i));
        add_scores(s, i, score, classes);
    }
    GArray *units = g_array_new(FALSE, FALSE, sizeof(RkPruneUnit));
    guint n;
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(classes, &n);
    qsort(keys, n, sizeof *keys, compare_ids);
    *ids = g_new(uint32_t, MAX(n, 1));
    for (guint i = 0; i < n; i++) {
        const Class *one = g_hash_table_lookup(classes, keys[i]);
        const RkCompressedParam *owner = &g_array_index(s->params, RkCompressedParam, one->owner);
        if ((dims ? !one->in_table : one->in_table || !one->out) ||
            !rk_prune_wants(prune, owner->name))
            continue;
        // A mean, so that narrow and wide layers compare.
        RkPruneUnit unit = {(float)(one->sum / (double)MAX(one->n, 1)), one->owner, units->len,
                            FALSE};
        (*ids)[units->len] = GPOINTER_TO_UINT(keys[i]);
        g_array_append_val(units, unit);
    }
    return units;
}

// ---- cutting -------------------------------------------------------------------------------

// Whether each slice of an axis stays; NULL when all do.
static uint8_t *
kept_of(const Structure *s, RkRef node, uint32_t axis, uint32_t n, GHashTable *cut,
        uint32_t *n_kept)
{
    uint8_t *kept = g_new(uint8_t, MAX(n, 1));
    *n_kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = rk_channels_class(s->channels, node, axis, i);
        kept[i] = id == UINT32_MAX || !g_hash_table_contains(cut, GUINT_TO_POINTER(id));
        *n_kept += kept[i];
    }
    return kept;
}

// Vectors and matrices; a place in a sequence or a code keeps its row.
static float *
slice(const RkTensor *type, const float *values, uint8_t *const *kept, RkTensor *smaller)
{
    uint32_t cols = rk_tensor_cols(type), last = type->rank - 1;
    uint64_t n = rk_tensor_numel(smaller), rows = rk_tensor_rows(type), at = 0;
    float *to = g_new(float, MAX(n, 1));
    for (uint64_t r = 0; r < rows; r++)
        for (uint32_t k = 0; k < cols; k++)
            if (kept[last][k] && (last == 0 || kept[0][r]))
                to[at++] = values[r * cols + k];
    g_assert(at == n);
    return to;
}

// Puts smaller values back in the format that they had, a table's missing rows still missing.
static gboolean
store_again(RkCompressed *model, const RkCompressedParam *p, const RkTensor *type,
            const float *values, GError **error)
{
    g_autofree char *name = g_strconcat(p->name, ".map", NULL);
    const RkWeight *map = rk_weights_find(model->tensors, name);
    if (!rk_compressed_is_real(p, "Prune", error))
        return FALSE;
    if (p->format != RK_FORMAT_F32 && p->format != RK_FORMAT_F16 && p->format != RK_FORMAT_MASKED) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't cut through %s: it is stored as %s. Prune first, then pack.", p->name,
                    rk_format_name(p->format));
        return FALSE;
    }
    if (map == NULL) {
        rk_compressed_store(model, p->name, type, p->format, values);
        return TRUE;
    }
    size_t cols = type->dim[1];
    const RkTensor codes = map->type;
    g_autofree uint32_t *row = g_memdup2(map->packed, rk_tensor_bytes(&codes));
    uint32_t rows = rk_model_form_find(model->form, p->name)->rows;
    RkTensor stored = {RK_F32, 2, {rows, type->dim[1]}};
    g_autofree float *there = g_malloc0(MAX(rk_tensor_bytes(&stored), 4));
    for (uint32_t code = 0; code < type->dim[0]; code++)
        if (row[code] < rows)
            memcpy(there + row[code] * cols, values + code * cols, cols * sizeof *there);
    rk_compressed_store(model, p->name, &stored, p->format, there);
    rk_model_form_need(model->form, p->name)->rows = rows;
    rk_model_form_need(model->form, p->name)->dim[0] = type->dim[0];
    rk_weights_put(model->tensors, name, &codes, g_steal_pointer(&row));
    return TRUE;
}

static gboolean
cut_param(const Structure *s, RkCompressed *model, const RkCompressedParam *p, GHashTable *cut,
          GError **error)
{
    RkRef node = node_of(s, p);
    RkTensor smaller = p->type;
    uint8_t *kept[RK_MAX_RANK] = {NULL};
    gboolean fine = TRUE;
    for (uint32_t axis = 0; axis < p->type.rank; axis++)
        kept[axis] = kept_of(s, node, axis, p->type.dim[axis], cut, &smaller.dim[axis]);
    if (memcmp(&smaller, &p->type, sizeof smaller) != 0) {
        g_autofree float *values = rk_compressed_values(model, p);
        g_autofree float *there = slice(&p->type, values, kept, &smaller);
        fine = store_again(model, p, &smaller, there, error);
    }
    for (uint32_t axis = 0; axis < p->type.rank; axis++)
        g_free(kept[axis]);
    return fine;
}

static gboolean
prune_units(const RkPrune *prune, RkCompressed *model, double ratio, gboolean dims, GError **error)
{
    g_auto(Structure) s = {0};
    g_autofree uint32_t *ids = NULL;
    if (!find_structure(&s, model, error))
        return FALSE;
    g_autoptr(GArray) units = find_units(prune, &s, model, dims, &ids);
    if (units->len == 0) {
        const char *only = rk_params_text(prune->set, "only");
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't prune %s of %s%s%s: none can be cut out whole. %s",
                    dims ? "embedding dimensions" : "neurons", model->model->title,
                    *only != '\0' ? " in " : "", only, rk_prune_instead(s.params));
        return FALSE;
    }
    gboolean global = strcmp(rk_params_text(prune->set, "scope"), "global") == 0;
    rk_prune_choose(units, s.params->len, ratio, global, 1);
    g_autoptr(GHashTable) cut = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < units->len; i++) {
        const RkPruneUnit *unit = &g_array_index(units, RkPruneUnit, i);
        if (unit->pruned)
            g_hash_table_add(cut, GUINT_TO_POINTER(ids[unit->unit]));
    }
    for (guint i = 0; i < s.params->len; i++)
        if (!cut_param(&s, model, &g_array_index(s.params, RkCompressedParam, i), cut, error))
            return FALSE;
    return TRUE;
}

gboolean
rk_prune_neurons(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    return prune_units(prune, model, ratio, FALSE, error);
}

gboolean
rk_prune_dims(const RkPrune *prune, RkCompressed *model, double ratio, GError **error)
{
    return prune_units(prune, model, ratio, TRUE, error);
}
