// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/form.h"

#include "base/json.h"

#include <string.h>

static const char *const FORMATS[] = {
    [RK_FORMAT_F32] = "f32",
    [RK_FORMAT_F16] = "f16",
    [RK_FORMAT_I8] = "i8",
    [RK_FORMAT_I4] = "i4",
    [RK_FORMAT_MASKED] = "masked",
    [RK_FORMAT_24] = "2:4",
    [RK_FORMAT_LOW_RANK] = "low-rank",
};

static const char *const ACTIVATIONS[] = {
    [RK_ACTIVATIONS_F32] = "f32",
    [RK_ACTIVATIONS_DYNAMIC] = "dynamic",
    [RK_ACTIVATIONS_STATIC] = "static",
};

const char *
rk_format_name(RkFormat format)
{
    return FORMATS[format];
}

static void
clear_param(gpointer data)
{
    g_free(((RkParamForm *)data)->param);
}

RkModelForm *
rk_model_form_new(void)
{
    RkModelForm *form = g_new(RkModelForm, 1);
    form->params = g_array_new(FALSE, FALSE, sizeof(RkParamForm));
    g_array_set_clear_func(form->params, clear_param);
    return form;
}

RkModelForm *
rk_model_form_copy(const RkModelForm *form)
{
    RkModelForm *copy = rk_model_form_new();
    for (guint i = 0; form != NULL && i < form->params->len; i++) {
        RkParamForm param = g_array_index(form->params, RkParamForm, i);
        param.param = g_strdup(param.param);
        g_array_append_val(copy->params, param);
    }
    return copy;
}

void
rk_model_form_free(RkModelForm *form)
{
    if (form == NULL)
        return;
    g_array_unref(form->params);
    g_free(form);
}

static int
find(const RkModelForm *form, const char *param)
{
    for (guint i = 0; form != NULL && i < form->params->len; i++)
        if (strcmp(g_array_index(form->params, RkParamForm, i).param, param) == 0)
            return (int)i;
    return -1;
}

const RkParamForm *
rk_model_form_find(const RkModelForm *form, const char *param)
{
    int at = find(form, param);
    return at >= 0 ? &g_array_index(form->params, RkParamForm, at) : NULL;
}

RkParamForm *
rk_model_form_need(RkModelForm *form, const char *param)
{
    int at = find(form, param);
    if (at < 0) {
        RkParamForm one = {.param = g_strdup(param)};
        at = (int)form->params->len;
        g_array_append_val(form->params, one);
    }
    return &g_array_index(form->params, RkParamForm, at);
}

void
rk_model_form_remove(RkModelForm *form, const char *param)
{
    int at = find(form, param);
    if (at >= 0)
        g_array_remove_index(form->params, (guint)at);
}

// Members at their defaults are left out.
void
rk_model_form_to_json(const RkModelForm *form, JsonBuilder *builder)
{
    json_builder_begin_array(builder);
    for (guint i = 0; i < form->params->len; i++) {
        const RkParamForm *p = &g_array_index(form->params, RkParamForm, i);
        json_builder_begin_object(builder);
        rk_json_add_text(builder, "param", p->param);
        rk_json_add_text(builder, "format", FORMATS[p->format]);
        if (p->rank > 0) {
            json_builder_set_member_name(builder, "shape");
            json_builder_begin_array(builder);
            for (uint32_t d = 0; d < p->rank; d++)
                json_builder_add_int_value(builder, p->dim[d]);
            json_builder_end_array(builder);
        }
        const struct {
            const char *name;
            uint32_t value;
        } numbers[] = {{"rows", p->rows},
                       {"rank", p->low_rank},
                       {"group", p->group},
                       {"offset", (uint32_t)p->offset},
                       {"per_tensor", (uint32_t)p->per_tensor}};
        for (size_t n = 0; n < G_N_ELEMENTS(numbers); n++)
            if (numbers[n].value > 0)
                rk_json_add_int(builder, numbers[n].name, numbers[n].value);
        if (p->activations != RK_ACTIVATIONS_F32)
            rk_json_add_text(builder, "activations", ACTIVATIONS[p->activations]);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static gboolean
find_word(const char *what, const char *text, const char *const *words, size_t n, int *code,
          GError **error)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *code = (int)i;
            return TRUE;
        }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "it has the unknown %s \"%s\"", what, text);
    return FALSE;
}

static gboolean
read_number(JsonObject *object, const char *name, uint32_t *value, GError **error)
{
    int64_t number = 0;
    if (!json_object_has_member(object, name))
        return TRUE;
    if (!rk_json_int(object, name, &number, error))
        return FALSE;
    if (number < 0 || number > UINT32_MAX) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA, "its %s is out of range", name);
        return FALSE;
    }
    *value = (uint32_t)number;
    return TRUE;
}

static gboolean
read_shape(JsonObject *object, RkParamForm *p, GError **error)
{
    g_autofree double *dim = NULL;
    if (!json_object_has_member(object, "shape"))
        return TRUE;
    if (!rk_json_reals(object, "shape", &dim, &p->rank, error))
        return FALSE;
    for (uint32_t d = 0; d < p->rank && d < RK_MAX_RANK; d++)
        p->dim[d] = dim[d] >= 0 && dim[d] < UINT32_MAX ? (uint32_t)dim[d] : 0;
    if (p->rank <= RK_MAX_RANK)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "its shape has too many dimensions");
    return FALSE;
}

static gboolean
read_param(JsonObject *object, RkModelForm *form, GError **error)
{
    const char *param, *format, *activations = ACTIVATIONS[RK_ACTIVATIONS_F32];
    int code;
    uint32_t offset = 0, per_tensor = 0;
    if (!rk_json_string(object, "param", &param, error) ||
        !rk_json_string(object, "format", &format, error) ||
        (json_object_has_member(object, "activations") &&
         !rk_json_string(object, "activations", &activations, error)))
        return FALSE;
    RkParamForm *p = rk_model_form_need(form, param);
    if (!find_word("format", format, FORMATS, RK_N_FORMATS, &code, error))
        return FALSE;
    p->format = (RkFormat)code;
    if (!find_word("activations", activations, ACTIVATIONS, G_N_ELEMENTS(ACTIVATIONS), &code,
                   error))
        return FALSE;
    p->activations = (RkActivations)code;
    if (!read_shape(object, p, error) || !read_number(object, "rows", &p->rows, error) ||
        !read_number(object, "rank", &p->low_rank, error) ||
        !read_number(object, "group", &p->group, error) ||
        !read_number(object, "offset", &offset, error) ||
        !read_number(object, "per_tensor", &per_tensor, error))
        return FALSE;
    p->offset = offset != 0;
    p->per_tensor = per_tensor != 0;
    return TRUE;
}

RkModelForm *
rk_model_form_from_json(JsonArray *array, GError **error)
{
    g_autoptr(RkModelForm) form = rk_model_form_new();
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_OBJECT(node) && read_param(json_node_get_object(node), form, error))
            continue;
        if (error == NULL || *error == NULL)
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "it is no object");
        g_prefix_error(error, "Can't read how parameter %u was compressed: ", i);
        return NULL;
    }
    return g_steal_pointer(&form);
}
