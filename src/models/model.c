// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/model.h"

#include "base/rng.h"
#include "models/packed.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

#define RK_MODEL(id) extern const RkModel rk_model_##id;
#include "models/models.def"
#undef RK_MODEL

static const RkModel *const MODELS[] = {
#define RK_MODEL(id) &rk_model_##id,
#include "models/models.def"
#undef RK_MODEL
};

const RkModel *
rk_model_at(size_t i)
{
    return i < G_N_ELEMENTS(MODELS) ? MODELS[i] : NULL;
}

const RkModel *
rk_model_find(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(MODELS)];
    for (size_t i = 0; i < G_N_ELEMENTS(MODELS); i++) {
        names[i] = MODELS[i]->name;
        if (strcmp(name, names[i]) == 0)
            return MODELS[i];
    }
    const char *near = rk_nearest_word(name, names, G_N_ELEMENTS(names));
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't find the model \"%s\"%s%s%s", name,
                near != NULL ? ": did you mean \"" : ". ", near != NULL ? near : "",
                near != NULL ? "\"?" : "See rankine models.");
    return NULL;
}

static gboolean
has_kind(const RkModelData *data, gboolean numbers)
{
    for (uint32_t i = 0; i < data->n_features; i++)
        if ((data->features[i].kind == RK_FEATURE_NUMBER) == numbers)
            return TRUE;
    return FALSE;
}

static gboolean
check_needs(const RkModel *model, const RkModelData *data, GError **error)
{
    const struct {
        RkModelNeeds need;
        gboolean has;
        const char *what;
    } needs[] = {
        {RK_NEEDS_USER, data->user >= 0, "a user field (--set FIELD.kind=user at import)"},
        {RK_NEEDS_ITEM, data->item >= 0, "an item field (--set FIELD.kind=item at import)"},
        {RK_NEEDS_HISTORY, data->history > 0, "behaviour sequences: a user, an item and a time"},
        {RK_NEEDS_NUMBERS, has_kind(data, TRUE), "a number field"},
        {RK_NEEDS_CODES, has_kind(data, FALSE), "a categorical field"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++)
        if ((model->needs & needs[i].need) && !needs[i].has) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't build %s on this dataset: it needs %s", model->title, needs[i].what);
            return FALSE;
        }
    return TRUE;
}

static RkModelBuild *
new_build(RkGraph *graph, const RkModelData *data, const RkParams *set)
{
    RkModelBuild *build = g_new0(RkModelBuild, 1);
    *build = (RkModelBuild){.graph = graph,
                            .data = data,
                            .set = set,
                            .rng = RK_NONE,
                            .params = g_array_new(FALSE, FALSE, sizeof(RkModelParam)),
                            .packed = g_array_new(FALSE, FALSE, sizeof(RkPackedParam)),
                            .inputs = g_new(RkRef, data->n_features),
                            .ends = g_new(RkRef, data->n_features),
                            .history = RK_NONE,
                            .history_length = RK_NONE};
    for (uint32_t i = 0; i < data->n_features; i++)
        build->inputs[i] = build->ends[i] = RK_NONE;
    return build;
}

RkModelBuild *
rk_model_build_new(const RkModel *model, const RkModelData *data, const RkParams *set,
                   gboolean training, GError **error)
{
    if (!check_needs(model, data, error))
        return NULL;
    RkModelBuild *build = new_build(rk_graph_new(), data, set);
    if (training)
        build->rng = rk_graph_input(build->graph, "rng", rk_type(RK_U32, 1, RK_DIM(4)));
    return build;
}

RkModelBuild *
rk_model_build_beside(RkModelBuild *of, const RkModel *model, const RkModelData *data,
                      const RkParams *set, const char *prefix, GError **error)
{
    if (!check_needs(model, data, error))
        return NULL;
    RkModelBuild *build = new_build(of->graph, data, set);
    build->prefix = prefix;
    return build;
}

void
rk_model_build_free(RkModelBuild *build)
{
    if (build == NULL)
        return;
    if (build->prefix == NULL)
        rk_graph_free(build->graph);
    g_array_unref(build->params);
    g_array_unref(build->packed);
    g_free(build->inputs);
    g_free(build->ends);
    g_free(build);
}

// An input; beside another build the one that is there already.
static RkRef
need_input(RkModelBuild *build, const char *name, RkType type)
{
    RkRef known = build->prefix != NULL ? rk_graph_find(build->graph, name) : RK_NONE;
    return known != RK_NONE ? known : rk_graph_input(build->graph, name, type);
}

RkRef
rk_model_rank(const RkModel *model, RkModelBuild *build)
{
    if (model->rank != NULL)
        return model->rank(build);
    RkType all = rk_type(RK_U32, 2, RK_DIM(1), RK_DIM(rk_model_n_items(build)));
    return model->score(build, need_input(build, "items", all));
}

RkRef
rk_model_input(RkModelBuild *build, uint32_t feature)
{
    const RkModelFeature *f = &build->data->features[feature];
    if (build->inputs[feature] != RK_NONE)
        return build->inputs[feature];
    RkType type = rk_type(f->kind == RK_FEATURE_NUMBER ? RK_F32 : RK_U32, 1, RK_BATCH(1));
    if (f->kind == RK_FEATURE_BAG) {
        gboolean ragged = f->width == 0;
        type = ragged ? rk_type(RK_U32, 1, RK_BATCH(f->capacity))
                      : rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(f->width));
        g_autofree char *ends = g_strconcat(f->name, ".ends", NULL);
        if (ragged)
            build->ends[feature] = need_input(build, ends, rk_type(RK_U32, 1, RK_BATCH(1)));
    }
    build->inputs[feature] = need_input(build, f->name, type);
    return build->inputs[feature];
}

RkRef
rk_model_ends(RkModelBuild *build, uint32_t feature)
{
    rk_model_input(build, feature);
    return build->ends[feature];
}

RkRef
rk_model_user(RkModelBuild *build)
{
    return rk_model_input(build, (uint32_t)build->data->user);
}

RkRef
rk_model_item(RkModelBuild *build)
{
    return rk_model_input(build, (uint32_t)build->data->item);
}

RkRef
rk_model_history(RkModelBuild *build)
{
    if (build->history == RK_NONE)
        build->history = need_input(build, "history",
                                    rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(build->data->history)));
    return build->history;
}

RkRef
rk_model_history_length(RkModelBuild *build)
{
    if (build->history_length == RK_NONE)
        build->history_length =
            need_input(build, "history.length", rk_type(RK_U32, 1, RK_BATCH(1)));
    return build->history_length;
}

uint32_t
rk_model_n_users(const RkModelBuild *build)
{
    return build->data->features[build->data->user].rows;
}

uint32_t
rk_model_n_items(const RkModelBuild *build)
{
    return build->data->features[build->data->item].rows;
}

static RkRef
find_param(const RkModelBuild *build, const char *name)
{
    for (guint i = 0; i < build->packed->len; i++) {
        const RkPackedParam *known = &g_array_index(build->packed, RkPackedParam, i);
        if (strcmp(known->name, name) == 0)
            return known->ref;
    }
    for (guint i = 0; i < build->params->len; i++) {
        const RkModelParam *known = &g_array_index(build->params, RkModelParam, i);
        if (strcmp(known->name, name) == 0)
            return known->ref;
    }
    return RK_NONE;
}

static RkRef
add_tensor(RkModelBuild *build, const char *name, RkType type, const RkModelParam *like)
{
    RkModelParam param = *like;
    g_autofree char *full = g_strconcat(build->prefix != NULL ? build->prefix : "", name, NULL);
    param.ref = rk_graph_param(build->graph, full, type);
    param.name = rk_arena_strdup(rk_graph_arena(build->graph), name);
    g_array_append_val(build->params, param);
    return param.ref;
}

RkRef
rk_model_add_part(RkModelBuild *build, const char *name, RkType type, RkInit init, int feature,
                  const char *of)
{
    const RkModelParam like = {.init = init, .feature = feature, .codes = -1, .part_of = of};
    return add_tensor(build, name, type, &like);
}

RkRef
rk_model_add_param(RkModelBuild *build, const char *name, RkType type, RkInit init, int feature,
                   gboolean dense)
{
    RkRef known = find_param(build, name);
    const RkParamForm *form = rk_model_form_find(build->data->form, name);
    if (known != RK_NONE)
        return known;
    if (form != NULL && form->rank == type.rank) // a table has the rows of the data
        for (uint32_t d = feature >= 0 ? 1 : 0; d < type.rank; d++)
            type.dim[d] = RK_DIM(form->dim[d]);
    if (form != NULL &&
        (form->format != RK_FORMAT_F32 || form->rows > 0 || form->rounded != RK_FORMAT_F32))
        return rk_packed_add(build, form, name, type, init, feature, dense);
    const RkModelParam like = {.init = init, .feature = feature, .codes = -1, .dense = dense};
    return add_tensor(build, name, type, &like);
}

RkRef
rk_model_param(RkModelBuild *build, const char *name, RkType type, RkInit init)
{
    return rk_model_add_param(build, name, type, init, -1, FALSE);
}

RkRef
rk_model_weight(RkModelBuild *build, const char *name, RkType type, RkInit init)
{
    return rk_model_add_param(build, name, type, init, -1, TRUE);
}

RkRef
rk_model_table(RkModelBuild *build, const char *name, int feature, uint32_t dim, double deviation)
{
    uint32_t rows = build->data->features[feature].rows;
    return rk_model_add_param(build, name, rk_type(RK_F32, 2, RK_DIM(rows), RK_DIM(dim)),
                              (RkInit){RK_INIT_NORMAL, deviation}, feature, FALSE);
}

RkRef
rk_model_codes(RkModelBuild *build, const char *name, int feature, uint32_t width, int codes)
{
    RkRef known = find_param(build, name);
    if (known != RK_NONE)
        return known;
    uint32_t rows = build->data->features[feature].rows;
    const RkModelParam like = {.feature = feature, .codes = codes};
    return add_tensor(build, name, rk_type(RK_U32, 2, RK_DIM(rows), RK_DIM(width)), &like);
}

// FNV-1a, 32 bits: a stream of random numbers for each name, the same on every machine.
static uint32_t
stream_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return hash;
}

void
rk_model_init(const RkModelParam *param, const RkTensor *tensor, uint64_t seed, float *values)
{
    uint64_t n = rk_tensor_numel(tensor);
    uint32_t stream = stream_of(param->name);
    double fan_in = rk_tensor_cols(tensor), fan_out = (double)rk_tensor_rows(tensor);
    double normal = 0, uniform = 0, constant = 0;
    switch (param->init.kind) {
    case RK_INIT_ZERO:
        break;
    case RK_INIT_CONSTANT:
        constant = param->init.scale;
        break;
    case RK_INIT_NORMAL:
        normal = param->init.scale;
        break;
    case RK_INIT_UNIFORM:
        uniform = param->init.scale;
        break;
    case RK_INIT_GLOROT:
        uniform = sqrt(6 / (fan_in + fan_out));
        break;
    case RK_INIT_HE:
        normal = sqrt(2 / fan_in);
        break;
    }
    for (uint64_t i = 0; i < n; i++) {
        double v = constant;
        if (normal > 0)
            v = normal * rk_rng_normal(seed, stream, i);
        else if (uniform > 0)
            v = uniform * (2 * rk_rng_double(seed, stream, i) - 1);
        values[i] = (float)v;
    }
}
