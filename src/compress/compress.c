// SPDX-License-Identifier: GPL-3.0-or-later
#include "compress/compress.h"

#include "models/packed.h"
#include "ops/matmul.h"

#include <math.h>
#include <string.h>

RkCompressed *
rk_compressed_new(const RkModel *model, const RkModelData *data, const RkParams *set,
                  RkWeights *tensors)
{
    RkCompressed *c = g_new(RkCompressed, 1);
    *c = (RkCompressed){.model = model,
                        .set = rk_params_copy(set),
                        .data = *data,
                        .form = rk_model_form_copy(data->form),
                        .tensors = tensors};
    c->data.form = c->form;
    return c;
}

RkCompressed *
rk_compressed_copy(const RkCompressed *model)
{
    return rk_compressed_new(model->model, &model->data, model->set,
                             rk_weights_copy(model->tensors));
}

void
rk_compressed_free(RkCompressed *model)
{
    if (model == NULL)
        return;
    rk_params_free(model->set);
    rk_model_form_free(model->form);
    rk_weights_free(model->tensors);
    g_free(model);
}

// ---- what it is built of -------------------------------------------------------------------

static RkModelBuild *
build_model(const RkCompressed *c, RkRef *score, GError **error)
{
    g_autoptr(RkModelBuild) build = rk_model_build_new(c->model, &c->data, c->set, FALSE, error);
    if (build == NULL)
        return NULL;
    *score = c->model->score(build, RK_NONE);
    return rk_graph_check(build->graph, error) ? g_steal_pointer(&build) : NULL;
}

static void
clear_param(gpointer data)
{
    g_free((char *)((RkCompressedParam *)data)->name);
}

static gboolean
add_param(GArray *to, const char *name, const RkType *type, int feature, gboolean dense,
          RkFormat format, GError **error)
{
    RkCompressedParam p = {.feature = feature, .dense = dense, .format = format};
    if (!rk_type_bind(type, 1, &p.type, error))
        return FALSE;
    p.type.dtype = RK_F32;
    p.name = g_strdup(name);
    g_array_append_val(to, p);
    return TRUE;
}

GArray *
rk_compressed_params(const RkCompressed *model, GError **error)
{
    RkRef score;
    g_autoptr(RkModelBuild) build = build_model(model, &score, error);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(RkCompressedParam));
    g_array_set_clear_func(list, clear_param);
    if (build == NULL)
        return NULL;
    for (guint i = 0; i < build->params->len; i++) {
        const RkModelParam *p = &g_array_index(build->params, RkModelParam, i);
        const RkType *type = rk_graph_type(build->graph, p->ref);
        if (p->part_of == NULL && type->dtype == RK_F32 &&
            !add_param(list, p->name, type, p->feature, p->dense, RK_FORMAT_F32, error))
            return NULL;
    }
    for (guint i = 0; i < build->packed->len; i++) {
        const RkPackedParam *p = &g_array_index(build->packed, RkPackedParam, i);
        if (p->form->format != RK_FORMAT_LOW_RANK &&
            !add_param(list, p->name, &p->type, p->feature, p->dense, p->form->format, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

gboolean
rk_compressed_check(const RkCompressed *model, GError **error)
{
    RkRef score;
    g_autoptr(RkModelBuild) build = build_model(model, &score, error);
    for (guint i = 0; build != NULL && i < build->params->len; i++) {
        const RkModelParam *p = &g_array_index(build->params, RkModelParam, i);
        const RkWeight *weight = rk_weights_find(model->tensors, p->name);
        RkTensor type;
        if (!rk_type_bind(rk_graph_type(build->graph, p->ref), 1, &type, error))
            return FALSE;
        g_autofree char *needs = rk_tensor_text(&type);
        g_autofree char *has = weight != NULL ? rk_tensor_text(&weight->type) : g_strdup("missing");
        if (strcmp(needs, has) == 0)
            continue;
        g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                    "Can't build the compressed %s: %s is %s, the model needs %s.",
                    model->model->title, p->name, has, needs);
        return FALSE;
    }
    return build != NULL;
}

// What the masks of a model leave out.
static size_t
masked_bytes(const RkCompressed *model)
{
    size_t bytes = 0;
    for (guint i = 0; i < model->form->params->len; i++) {
        const RkParamForm *form = &g_array_index(model->form->params, RkParamForm, i);
        if (form->format != RK_FORMAT_MASKED)
            continue;
        g_autofree char *name = g_strconcat(form->param, ".mask", NULL);
        const RkWeight *mask = rk_weights_find(model->tensors, name);
        uint64_t all = (uint64_t)form->dim[0] * form->dim[1];
        if (mask != NULL)
            bytes += 4 * (size_t)(all - rk_mask_count(form->dim[0], form->dim[1], mask->packed));
    }
    return bytes;
}

gboolean
rk_compressed_size(const RkCompressed *model, RkCompressedSize *size, GError **error)
{
    RkRef score;
    g_autoptr(RkModelBuild) build = build_model(model, &score, error);
    *size = (RkCompressedSize){.bytes = rk_weights_bytes(model->tensors)};
    if (build == NULL)
        return FALSE;
    size->stored = size->bytes - masked_bytes(model);
    RkGraph *g = build->graph;
    for (RkRef ref = 0; ref <= score; ref++) { // nothing follows the score
        RkOpArgs args;
        if (rk_graph_node(g, ref)->kind != RK_NODE_OP)
            continue;
        if (!rk_graph_bind(g, ref, 1, rk_graph_arena(g), &args, error))
            return FALSE;
        size->flops += rk_graph_node(g, ref)->op->cost(&args).flops;
    }
    return TRUE;
}

// ---- values --------------------------------------------------------------------------------

static const RkWeight *
part(const RkCompressed *c, const char *name, const char *suffix)
{
    g_autofree char *full = g_strconcat(name, suffix, NULL);
    return rk_weights_find(c->tensors, full);
}

// q * scale + offset of i8 and i4, rows of the stored matrix.
static void
decode_integer(const RkCompressed *c, const RkCompressedParam *p, const RkParamForm *form,
               const RkWeight *w, float *values)
{
    const float *scale = part(c, p->name, ".scale")->packed;
    const RkWeight *offset = part(c, p->name, ".offset");
    uint64_t rows = rk_tensor_rows(&w->type), cols = rk_tensor_cols(&w->type);
    uint64_t groups = form->group > 0 ? (cols + form->group - 1) / form->group : 1;
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t k = 0; k < cols; k++) {
            uint64_t row = form->per_tensor ? 0 : r;
            float s, o = 0;
            if (p->feature >= 0) {
                s = scale[2 * row];
                o = scale[2 * row + 1];
            } else {
                s = scale[row * groups + (form->group > 0 ? k / form->group : 0)];
                o = offset != NULL ? ((const float *)offset->packed)[row] : 0;
            }
            values[r * cols + k] = values[r * cols + k] * s + o;
        }
}

static void
decode_masked(const RkWeight *mask, const RkWeight *w, float *values)
{
    const uint32_t *words = mask->packed;
    uint64_t rows = rk_tensor_rows(&w->type), cols = rk_tensor_cols(&w->type);
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t k = 0; k < cols; k++)
            if (!(words[r * ((cols + 31) / 32) + k / 32] >> (k % 32) & 1))
                values[r * cols + k] = 0;
}

// Rows of a table whose map leaves some out.
static float *
spread_rows(const RkCompressedParam *p, const RkWeight *map, const float *stored, uint32_t rows)
{
    const uint32_t *to = map->packed;
    size_t cols = rk_tensor_cols(&p->type);
    float *values = g_new0(float, MAX(rk_tensor_numel(&p->type), 1));
    for (uint32_t code = 0; code < p->type.dim[0]; code++)
        if (to[code] < rows)
            memcpy(values + code * cols, stored + to[code] * cols, cols * sizeof *values);
    return values;
}

float *
rk_compressed_values(const RkCompressed *model, const RkCompressedParam *param)
{
    const RkWeight *w = rk_weights_find(model->tensors, param->name);
    const RkParamForm *form = rk_model_form_find(model->form, param->name);
    float *values;
    if (param->format == RK_FORMAT_24) {
        values = g_new(float, MAX(rk_tensor_numel(&param->type), 1));
        rk_unpack_24(param->type.dim[0], param->type.dim[1], w->packed,
                     part(model, param->name, ".places")->packed, values);
        return values;
    }
    values = rk_weight_floats(w);
    if (param->format == RK_FORMAT_I8 || param->format == RK_FORMAT_I4)
        decode_integer(model, param, form, w, values);
    if (param->format == RK_FORMAT_MASKED)
        decode_masked(part(model, param->name, ".mask"), w, values);
    const RkWeight *map = part(model, param->name, ".map");
    if (map == NULL)
        return values;
    float *all = spread_rows(param, map, values, w->type.dim[0]);
    g_free(values);
    return all;
}

gboolean
rk_compressed_is_real(const RkCompressedParam *param, const char *first, GError **error)
{
    if (param->format != RK_FORMAT_I8 && param->format != RK_FORMAT_I4)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't change %s: it is stored as %s already. %s first, then quantize: begin with "
                "the parent.",
                param->name, rk_format_name(param->format), first);
    return FALSE;
}

void
rk_compressed_drop(RkCompressed *model, const char *name)
{
    static const char *const SUFFIXES[] = {"",      ".scale",  ".offset", ".x_scale",
                                           ".mask", ".places", ".map"};
    for (size_t i = 0; i < G_N_ELEMENTS(SUFFIXES); i++) {
        g_autofree char *full = g_strconcat(name, SUFFIXES[i], NULL);
        rk_weights_remove(model->tensors, full);
    }
    rk_model_form_remove(model->form, name);
}

static void *
to_half(const RkTensor *type, const float *values)
{
    uint64_t n = rk_tensor_numel(type);
    g_autofree double *wide = g_new(double, MAX(n, 1));
    void *packed = g_malloc0(MAX(rk_tensor_bytes(type), 4));
    for (uint64_t i = 0; i < n; i++)
        wide[i] = (double)values[i];
    rk_tensor_pack(type, wide, packed);
    return packed;
}

void
rk_compressed_store(RkCompressed *model, const char *name, const RkTensor *type, RkFormat format,
                    const float *values)
{
    g_autofree char *own = g_strdup(name); // the form may be what holds it
    RkTensor stored = *type, bits = {RK_U32, 2, {type->dim[0], (type->dim[1] + 31) / 32}};
    void *packed = NULL;
    g_autofree char *mask = g_strconcat(own, ".mask", NULL);
    g_autofree char *places = g_strconcat(own, ".places", NULL);
    rk_compressed_drop(model, own);
    RkParamForm *form = rk_model_form_need(model->form, own);
    form->format = format;
    form->rank = type->rank;
    memcpy(form->dim, type->dim, sizeof form->dim);
    stored.dtype = format == RK_FORMAT_F16 ? RK_F16 : RK_F32;
    if (format == RK_FORMAT_24) {
        uint32_t *words = g_malloc0(MAX(rk_tensor_bytes(&bits), 4));
        stored.dim[1] /= 2;
        packed = g_malloc0(MAX(rk_tensor_bytes(&stored), 4));
        rk_pack_24(type->dim[0], type->dim[1], values, packed, words);
        rk_weights_put(model->tensors, places, &bits, words);
    } else if (format == RK_FORMAT_F16) {
        packed = to_half(&stored, values);
    } else {
        packed = g_memdup2(values, rk_tensor_bytes(&stored));
    }
    rk_weights_put(model->tensors, own, &stored, packed);
    if (format != RK_FORMAT_MASKED)
        return;
    uint32_t *words = g_malloc0(MAX(rk_tensor_bytes(&bits), 4));
    rk_pack_mask(type->dim[0], type->dim[1], values, words);
    rk_weights_put(model->tensors, mask, &bits, words);
}
