// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/layers.h"

#include "ops/ops.h"

#include <string.h>

uint32_t
rk_layer_widths(RkModelBuild *build, const char *text, uint32_t max, uint32_t *widths)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", -1);
    uint32_t n = g_strv_length(parts);
    if (n > max) {
        rk_graph_refuse(build->graph, "Can't build layers %s: set %u at most.", text, max);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        guint64 width;
        if (!g_ascii_string_to_unsigned(parts[i], 10, 1, 1 << 20, &width, NULL)) {
            rk_graph_refuse(
                build->graph,
                "Can't build layers \"%s\": write widths with dashes, such as 128-64-1.", text);
            return 0;
        }
        widths[i] = (uint32_t)width;
    }
    return n;
}

RkDim
rk_layer_dim(const RkModelBuild *build, RkRef x, int axis)
{
    const RkType *type = rk_graph_type(build->graph, x);
    if (axis < 0)
        axis += (int)type->rank;
    return axis >= 0 && axis < (int)type->rank ? type->dim[axis] : RK_DIM(1);
}

RkRef
rk_layer_linear(RkModelBuild *build, const char *name, RkRef x, uint32_t n, RkAct act, RkInit init,
                gboolean bias)
{
    g_autofree char *weight = g_strconcat(name, ".weight", NULL);
    g_autofree char *offset = g_strconcat(name, ".bias", NULL);
    RkType type = rk_type(RK_F32, 2, RK_DIM(n), rk_layer_dim(build, x, -1));
    RkRef w = rk_model_weight(build, weight, type, init);
    RkRef b = RK_NONE;
    if (bias)
        b = rk_model_param(build, offset, rk_type(RK_F32, 1, RK_DIM(n)), (RkInit){0});
    return rk_layer_dense(build, x, w, b, act);
}

RkRef
rk_layer_dropout(RkModelBuild *build, RkRef x, double p)
{
    if (build->rng == RK_NONE || p <= 0)
        return x;
    return rk_dropout(build->graph, x, build->rng, (float)p, build->n_random++);
}

RkRef
rk_layer_mlp(RkModelBuild *build, const char *name, RkRef x, const char *widths, RkAct act,
             RkAct last, double dropout)
{
    uint32_t width[RK_LAYER_MAX];
    uint32_t n = *widths != '\0' ? rk_layer_widths(build, widths, RK_LAYER_MAX, width) : 0;
    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *layer = g_strdup_printf("%s.%u", name, i);
        gboolean is_last = i + 1 == n;
        RkInit init = {act == RK_ACT_RELU && !is_last ? RK_INIT_HE : RK_INIT_GLOROT, 0};
        x = rk_layer_linear(build, layer, x, width[i], is_last ? last : act, init, TRUE);
        if (!is_last)
            x = rk_layer_dropout(build, x, dropout);
    }
    return x;
}

// f32 [B, 1, D] from [B, D].
static RkRef
as_field(RkModelBuild *build, RkRef x)
{
    RkDim b = rk_layer_dim(build, x, 0), d = rk_layer_dim(build, x, -1);
    return rk_reshape(build->graph, x, rk_type(RK_F32, 3, b, RK_DIM(1), d));
}

// A feature's vector, f32 [B, dim].
static RkRef
feature_vector(RkModelBuild *build, const char *name, uint32_t feature, uint32_t dim,
               double deviation)
{
    RkGraph *g = build->graph;
    const RkModelFeature *f = &build->data->features[feature];
    g_autofree char *param = g_strdup_printf("%s.%s", name, f->name);
    RkRef input = rk_model_input(build, feature);
    if (f->kind == RK_FEATURE_NUMBER) {
        RkRef v = rk_model_param(build, param, rk_type(RK_F32, 1, RK_DIM(dim)),
                                 (RkInit){RK_INIT_NORMAL, deviation});
        RkRef column = rk_reshape(g, input, rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(1)));
        return rk_mul(g, column, v);
    }
    RkRef table = rk_model_table(build, param, (int)feature, dim, deviation);
    if (f->kind == RK_FEATURE_CODE)
        return rk_layer_gather(build, table, input);
    return rk_layer_bag(build, table, input, rk_model_ends(build, feature));
}

uint32_t
rk_layer_n_fields(const RkModelBuild *build, gboolean numbers)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < build->data->n_features; i++)
        n += numbers || build->data->features[i].kind != RK_FEATURE_NUMBER;
    return n;
}

RkRef
rk_layer_fields(RkModelBuild *build, const char *name, uint32_t dim, double deviation,
                gboolean numbers)
{
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(RkRef));
    for (uint32_t i = 0; i < build->data->n_features; i++) {
        if (!numbers && build->data->features[i].kind == RK_FEATURE_NUMBER)
            continue;
        RkRef field = as_field(build, feature_vector(build, name, i, dim, deviation));
        g_array_append_val(parts, field);
    }
    return rk_concat(build->graph, 1, parts->len, (const RkRef *)(void *)parts->data);
}

RkRef
rk_layer_first_order(RkModelBuild *build, const char *name)
{
    RkGraph *g = build->graph;
    g_autofree char *bias = g_strconcat(name, ".bias", NULL);
    RkRef sum = rk_model_param(build, bias, rk_type(RK_F32, 1, RK_DIM(1)), (RkInit){0});
    for (uint32_t i = 0; i < build->data->n_features; i++)
        sum = rk_add(g, sum, feature_vector(build, name, i, 1, 1e-4));
    return sum;
}

RkRef
rk_layer_numbers(RkModelBuild *build)
{
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(RkRef));
    for (uint32_t i = 0; i < build->data->n_features; i++) {
        if (build->data->features[i].kind != RK_FEATURE_NUMBER)
            continue;
        RkRef column = rk_reshape(build->graph, rk_model_input(build, i),
                                  rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(1)));
        g_array_append_val(parts, column);
    }
    if (parts->len == 0)
        return RK_NONE;
    return rk_concat(build->graph, 1, parts->len, (const RkRef *)(void *)parts->data);
}

RkRef
rk_layer_items(RkModelBuild *build, RkRef items)
{
    if (items != RK_NONE)
        return items;
    return rk_reshape(build->graph, rk_model_item(build),
                      rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(1)));
}

RkLayerPair
rk_layer_pair(RkModelBuild *build, const char *prefix, uint32_t dim, RkRef items)
{
    double deviation = rk_params_real(build->set, "init.std");
    g_autofree char *user = g_strconcat(prefix, "user.weight", NULL);
    g_autofree char *item = g_strconcat(prefix, "item.weight", NULL);
    RkRef users = rk_model_table(build, user, build->data->user, dim, deviation);
    RkRef table = rk_model_table(build, item, build->data->item, dim, deviation);
    return (RkLayerPair){rk_layer_gather(build, users, rk_model_user(build)),
                         rk_layer_gather(build, table, rk_layer_items(build, items))};
}

RkRef
rk_layer_beside(RkModelBuild *build, RkRef x, RkRef q)
{
    RkGraph *g = build->graph;
    RkDim b = rk_layer_dim(build, x, 0), c = rk_layer_dim(build, q, 1);
    RkRef wide =
        rk_expand(g, as_field(build, x), rk_type(RK_F32, 3, b, c, rk_layer_dim(build, x, -1)));
    RkRef each = rk_expand(g, q, rk_type(RK_F32, 3, b, c, rk_layer_dim(build, q, -1)));
    const RkRef parts[] = {wide, each};
    return rk_concat(g, 2, 2, parts);
}

RkRef
rk_layer_dot(RkModelBuild *build, RkRef x, RkRef q)
{
    RkGraph *g = build->graph;
    const RkType *type = rk_graph_type(g, q);
    if (type->rank != 3 || !rk_dim_equal(type->dim[0], RK_DIM(1)))
        return rk_sum(g, rk_mul(g, as_field(build, x), q), -1, FALSE);
    // Every x with every q: a product of matrices, not of B C vectors.
    RkType rows = rk_type(RK_F32, 2, type->dim[1], type->dim[2]);
    return rk_matmul(g, x, rk_reshape(g, q, rows), FALSE, TRUE);
}

RkRef
rk_layer_squeeze(RkModelBuild *build, RkRef x)
{
    RkType type = *rk_graph_type(build->graph, x);
    type.rank--;
    return rk_reshape(build->graph, x, type);
}
