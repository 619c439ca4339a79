// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a packed parameter is made of and how layers compute with it. A model's code holds one
// reference for each parameter and hands it to the rk_layer_ functions below, which read the form.
#include "models/packed.h"

#include "models/layers.h"
#include "ops/ops.h"

#include <math.h>

static const RkInit ZERO = {RK_INIT_ZERO, 0};

const RkPackedParam *
rk_packed_find(const RkModelBuild *build, RkRef ref)
{
    for (guint i = 0; i < build->packed->len; i++) {
        const RkPackedParam *p = &g_array_index(build->packed, RkPackedParam, i);
        if (p->ref == ref)
            return p;
    }
    return NULL;
}

// ---- making --------------------------------------------------------------------------------

static RkRef
add_part(RkModelBuild *b, const RkPackedParam *p, const char *suffix, RkType type, RkInit init,
         int feature)
{
    g_autofree char *name = g_strconcat(p->name, suffix, NULL);
    return rk_model_add_part(b, name, type, init, feature, p->name);
}

// The stored rows of a table, which belong to codes only while none is left out.
static RkRef
add_weight(RkModelBuild *b, RkPackedParam *p, RkDtype dtype, RkInit init)
{
    RkType type = p->type;
    type.dtype = dtype;
    if (p->form->rows > 0)
        type.dim[0] = RK_DIM(p->form->rows);
    return add_part(b, p, "", type, init, p->form->rows > 0 ? -1 : p->feature);
}

static void
add_float(RkModelBuild *b, RkPackedParam *p, RkInit init)
{
    RkDtype dtype = p->form->format == RK_FORMAT_F16 ? RK_F16 : RK_F32;
    p->part[RK_PART_WEIGHT] = add_weight(b, p, dtype, init);
}

static void
add_integer(RkModelBuild *b, RkPackedParam *p, RkInit init)
{
    (void)init;
    const RkParamForm *f = p->form;
    gboolean table = p->feature >= 0;
    RkDim rows = f->rows > 0 ? RK_DIM(f->rows) : p->type.dim[0];
    int rows_of = f->rows > 0 || f->per_tensor ? -1 : p->feature;
    if (f->per_tensor)
        rows = RK_DIM(1);
    RkType scale = rk_type(RK_F32, 1, rows);
    if (table)
        scale = rk_type(RK_F32, 2, rows, RK_DIM(2));
    else if (f->group > 0)
        scale = rk_type(RK_F32, 2, rows, RK_DIM((p->type.dim[1].n + f->group - 1) / f->group));
    p->part[RK_PART_WEIGHT] = add_weight(b, p, f->format == RK_FORMAT_I8 ? RK_I8 : RK_I4, ZERO);
    p->part[RK_PART_SCALE] = add_part(b, p, ".scale", scale, ZERO, rows_of);
    if (f->offset && !table)
        p->part[RK_PART_OFFSET] = add_part(b, p, ".offset", rk_type(RK_F32, 1, rows), ZERO, -1);
    if (f->activations == RK_ACTIVATIONS_STATIC)
        p->part[RK_PART_X_SCALE] =
            add_part(b, p, ".x_scale", rk_type(RK_F32, 1, RK_DIM(1)), ZERO, -1);
}

static RkType
bits_type(const RkPackedParam *p)
{
    return rk_type(RK_U32, 2, p->type.dim[0], RK_DIM((p->type.dim[1].n + 31) / 32));
}

static void
add_masked(RkModelBuild *b, RkPackedParam *p, RkInit init)
{
    p->part[RK_PART_WEIGHT] = add_weight(b, p, RK_F32, init);
    p->part[RK_PART_MASK] = add_part(b, p, ".mask", bits_type(p), ZERO, -1);
}

static void
add_24(RkModelBuild *b, RkPackedParam *p, RkInit init)
{
    (void)init;
    RkType half = rk_type(RK_F32, 2, p->type.dim[0], RK_DIM(p->type.dim[1].n / 2));
    p->part[RK_PART_WEIGHT] = add_part(b, p, "", half, ZERO, -1);
    p->part[RK_PART_MASK] = add_part(b, p, ".places", bits_type(p), ZERO, -1);
}

static void
add_low_rank(RkModelBuild *b, RkPackedParam *p, RkInit init)
{
    g_autofree char *left = g_strconcat(p->name, ".left", NULL);
    g_autofree char *right = g_strconcat(p->name, ".right", NULL);
    RkDim rank = RK_DIM(p->form->low_rank);
    p->part[RK_PART_LEFT] = rk_model_add_param(b, left, rk_type(RK_F32, 2, p->type.dim[0], rank),
                                               init, p->feature, p->dense);
    p->part[RK_PART_RIGHT] =
        rk_model_add_param(b, right, rk_type(RK_F32, 2, rank, p->type.dim[1]), init, -1, p->dense);
}

static void (*const ADD[RK_N_FORMATS])(RkModelBuild *b, RkPackedParam *p, RkInit init) = {
    [RK_FORMAT_F32] = add_float,         [RK_FORMAT_F16] = add_float,
    [RK_FORMAT_I8] = add_integer,        [RK_FORMAT_I4] = add_integer,
    [RK_FORMAT_MASKED] = add_masked,     [RK_FORMAT_24] = add_24,
    [RK_FORMAT_LOW_RANK] = add_low_rank,
};

static gboolean
check_form(RkModelBuild *b, const RkPackedParam *p)
{
    RkFormat format = p->form->format;
    const char *why = NULL;
    if (p->type.rank != 2 && (format != RK_FORMAT_F32 || p->form->rows > 0))
        why = "it is no matrix";
    else if ((format == RK_FORMAT_MASKED || format == RK_FORMAT_24) && !p->dense)
        why = "it is no dense layer's";
    else if (format == RK_FORMAT_24 && p->type.dim[1].n % 4 != 0)
        why = "its columns don't come in fours";
    else if (p->form->rows > 0 && p->feature < 0)
        why = "it is no table";
    if (why != NULL)
        rk_graph_fail(b->graph, "Can't store %s as %s: %s.", p->name, rk_format_name(format), why);
    return why == NULL;
}

RkRef
rk_packed_add(RkModelBuild *build, const RkParamForm *form, const char *name, RkType type,
              RkInit init, int feature, gboolean dense)
{
    RkPackedParam p = {.name = rk_arena_strdup(rk_graph_arena(build->graph), name),
                       .form = form,
                       .type = type,
                       .feature = feature,
                       .dense = dense};
    for (int i = 0; i < RK_N_PACKED_PARTS; i++)
        p.part[i] = RK_NONE;
    // Its NaN shows at once where a model computes with it instead of through a layer.
    p.ref = rk_graph_fill(build->graph, type, NAN);
    if (check_form(build, &p)) {
        ADD[form->format](build, &p, init);
        if (form->rows > 0)
            p.part[RK_PART_MAP] = add_part(
                build, &p, ".map", rk_type(RK_U32, 2, type.dim[0], RK_DIM(1)), ZERO, feature);
    }
    g_array_append_val(build->packed, p);
    return p.ref;
}

// ---- rounding while training ---------------------------------------------------------------

// x as integers of so many bits would hold it, ranges by the innermost dimension.
static RkRef
round_rows(RkGraph *g, RkRef x, uint32_t bits, gboolean symmetric)
{
    const float LEAST = 1e-30f; // a scale that can divide
    float half = (float)(1u << (bits - 1));
    if (symmetric) {
        RkRef scale = rk_scale(g, rk_max(g, rk_abs(g, x), -1, TRUE), 1 / (half - 1));
        RkRef zero = rk_graph_fill(g, rk_type(RK_F32, 0), 0);
        return rk_fake_quantize(g, x, rk_shift(g, scale, LEAST), zero, 1 - half, half - 1);
    }
    RkRef low = rk_neg(g, rk_max(g, rk_neg(g, x), -1, TRUE));
    RkRef width = rk_sub(g, rk_max(g, x, -1, TRUE), low);
    RkRef scale = rk_shift(g, rk_scale(g, width, 1 / (2 * half - 1)), LEAST);
    RkRef offset = rk_add(g, low, rk_scale(g, scale, half));
    return rk_fake_quantize(g, x, scale, offset, -half, half - 1);
}

// The values of a parameter, or rows of it, as they are trained.
static RkRef
round_values(RkModelBuild *b, const RkPackedParam *p, RkRef x)
{
    RkGraph *g = b->graph;
    uint32_t group = p->form->group, bits = p->form->rounded == RK_FORMAT_I8 ? 8 : 4;
    const RkType type = *rk_graph_type(g, x);
    gboolean symmetric = p->dense && !p->form->offset;
    if (p->form->rounded == RK_FORMAT_F32)
        return x;
    if (group == 0 || type.rank != 2 || type.dim[1].n <= group)
        return round_rows(g, x, bits, symmetric);
    // What a last group lacks is filled with zeros, which change no range around zero.
    uint32_t n_groups = (type.dim[1].n + group - 1) / group, n = n_groups * group;
    RkRef wide = n > type.dim[1].n ? rk_pad(g, x, 1, 0, n - type.dim[1].n) : x;
    RkRef each =
        rk_reshape(g, wide, rk_type(RK_F32, 3, type.dim[0], RK_DIM(n_groups), RK_DIM(group)));
    RkRef back = rk_reshape(g, round_rows(g, each, bits, symmetric),
                            rk_type(RK_F32, 2, type.dim[0], RK_DIM(n)));
    return n > type.dim[1].n ? rk_slice(g, back, 1, 0, type.dim[1].n) : back;
}

// ---- dense layers --------------------------------------------------------------------------

static RkRef
activate(RkGraph *g, RkRef x, RkAct act)
{
    static const struct {
        RkAct act;
        RkRef (*apply)(RkGraph *graph, RkRef a);
    } acts[] = {{RK_ACT_RELU, rk_relu}, {RK_ACT_SIGMOID, rk_sigmoid},
                {RK_ACT_TANH, rk_tanh}, {RK_ACT_GELU, rk_gelu},
                {RK_ACT_SILU, rk_silu}, {RK_ACT_SOFTPLUS, rk_softplus}};
    for (size_t i = 0; i < G_N_ELEMENTS(acts); i++)
        if (acts[i].act == act)
            return acts[i].apply(g, x);
    g_assert(act == RK_ACT_NONE);
    return x;
}

// Largest magnitude of a row over 127; a row of zeros keeps a scale that can divide.
static RkRef
row_scale(RkGraph *g, RkRef x)
{
    return rk_shift(g, rk_scale(g, rk_max(g, rk_abs(g, x), -1, TRUE), 1.0f / 127), 1e-30f);
}

static RkRef
dense_integer(RkModelBuild *b, const RkPackedParam *p, RkRef x, RkRef bias, RkAct act)
{
    RkGraph *g = b->graph;
    RkRef offset = p->part[RK_PART_OFFSET];
    RkDenseOptions o = {.bias = bias,
                        .scale = p->part[RK_PART_SCALE],
                        .x_scale = RK_NONE,
                        .group = p->form->group,
                        .act = offset == RK_NONE ? act : RK_ACT_NONE};
    RkRef quantized = x;
    if (p->form->activations != RK_ACTIVATIONS_F32) {
        o.x_scale = p->part[RK_PART_X_SCALE];
        if (o.x_scale == RK_NONE)
            o.x_scale = row_scale(g, x);
        quantized = rk_quantize_rows(g, x, o.x_scale);
    }
    RkRef y = rk_dense_with(g, quantized, p->part[RK_PART_WEIGHT], &o);
    if (offset == RK_NONE)
        return y;
    return activate(g, rk_add(g, y, rk_mul(g, rk_sum(g, x, -1, TRUE), offset)), act);
}

RkRef
rk_layer_dense(RkModelBuild *build, RkRef x, RkRef w, RkRef bias, RkAct act)
{
    RkGraph *g = build->graph;
    const RkPackedParam *found = rk_packed_find(build, w);
    if (found == NULL)
        return rk_dense(g, x, w, bias, act);
    const RkPackedParam p = *found;
    RkRef weight = p.part[RK_PART_WEIGHT], mask = p.part[RK_PART_MASK];
    switch (p.form->format) {
    case RK_FORMAT_I8:
    case RK_FORMAT_I4:
        return dense_integer(build, &p, x, bias, act);
    case RK_FORMAT_MASKED:
        return rk_dense_masked(g, x, weight, mask, bias, act);
    case RK_FORMAT_24:
        return rk_dense_24(g, x, weight, mask, bias, act);
    case RK_FORMAT_LOW_RANK:
        x = rk_layer_dense(build, x, p.part[RK_PART_RIGHT], RK_NONE, RK_ACT_NONE);
        return rk_layer_dense(build, x, p.part[RK_PART_LEFT], bias, act);
    default:
        if (p.form->rounded == RK_FORMAT_I8 && p.form->activations != RK_ACTIVATIONS_F32)
            x = round_rows(g, x, 8, TRUE);
        return rk_dense(g, x, round_values(build, &p, weight), bias, act);
    }
}

// ---- tables --------------------------------------------------------------------------------

RkRef
rk_layer_gather(RkModelBuild *build, RkRef table, RkRef index)
{
    RkGraph *g = build->graph;
    const RkPackedParam *found = rk_packed_find(build, table);
    if (found == NULL)
        return rk_gather(g, table, index);
    const RkPackedParam p = *found;
    if (p.form->format == RK_FORMAT_LOW_RANK)
        return rk_matmul(g, rk_layer_gather(build, p.part[RK_PART_LEFT], index),
                         p.part[RK_PART_RIGHT], FALSE, FALSE);
    if (p.part[RK_PART_MAP] != RK_NONE)
        index = rk_remap(g, index, p.part[RK_PART_MAP]);
    if (p.part[RK_PART_SCALE] == RK_NONE)
        return round_values(build, &p, rk_gather(g, p.part[RK_PART_WEIGHT], index));
    return rk_gather_quantized(g, p.part[RK_PART_WEIGHT], p.part[RK_PART_SCALE], index);
}

RkRef
rk_layer_bag(RkModelBuild *build, RkRef table, RkRef index, RkRef ends)
{
    RkGraph *g = build->graph;
    const RkPackedParam *found = rk_packed_find(build, table);
    if (found == NULL)
        return rk_embedding_bag(g, table, RK_NONE, index, ends, RK_NONE, RK_BAG_SUM);
    const RkPackedParam p = *found;
    if (p.form->format == RK_FORMAT_LOW_RANK)
        return rk_matmul(g, rk_layer_bag(build, p.part[RK_PART_LEFT], index, ends),
                         p.part[RK_PART_RIGHT], FALSE, FALSE);
    if (p.part[RK_PART_MAP] != RK_NONE)
        index = rk_remap(g, index, p.part[RK_PART_MAP]);
    // Rows of ragged bags are summed by one op, and aren't rounded in training.
    if (p.form->rounded != RK_FORMAT_F32 && ends == RK_NONE)
        return rk_sum(g, round_values(build, &p, rk_gather(g, p.part[RK_PART_WEIGHT], index)), 1,
                      FALSE);
    return rk_embedding_bag(g, p.part[RK_PART_WEIGHT], p.part[RK_PART_SCALE], index, ends, RK_NONE,
                            RK_BAG_SUM);
}

// A column of a table's scales, f32 [R] or [R, 1].
static RkRef
scale_column(RkGraph *g, RkRef scale, uint32_t column, gboolean flat)
{
    RkRef x = rk_slice(g, scale, 1, column, column + 1);
    return flat ? rk_reshape(g, x, rk_type(RK_F32, 1, rk_graph_type(g, scale)->dim[0])) : x;
}

// i4 has no cast, so its rows are looked up: by the input that ranking feeds with every item.
static RkRef
all_rows(RkModelBuild *b, const RkPackedParam *p)
{
    RkGraph *g = b->graph;
    if (p->feature != b->data->item || b->rng != RK_NONE) {
        rk_graph_fail(g, "Can't compute with all of %s at once: it is stored in i4.", p->name);
        return RK_NONE;
    }
    RkRef items = rk_graph_find(g, "items");
    if (items == RK_NONE)
        items = rk_graph_input(g, "items", rk_type(RK_U32, 2, RK_DIM(1), p->type.dim[0]));
    return rk_reshape(g, items, rk_type(RK_U32, 1, p->type.dim[0]));
}

RkRef
rk_layer_values(RkModelBuild *build, RkRef w)
{
    RkGraph *g = build->graph;
    const RkPackedParam *found = rk_packed_find(build, w);
    if (found == NULL)
        return w;
    const RkPackedParam p = *found;
    RkRef weight = p.part[RK_PART_WEIGHT], scale = p.part[RK_PART_SCALE];
    RkRef map = p.part[RK_PART_MAP];
    if (p.form->format == RK_FORMAT_LOW_RANK)
        return rk_matmul(g, rk_layer_values(build, p.part[RK_PART_LEFT]),
                         rk_layer_values(build, p.part[RK_PART_RIGHT]), FALSE, FALSE);
    if (p.form->format == RK_FORMAT_MASKED)
        return rk_mul(g, weight, rk_mask_expand(g, p.part[RK_PART_MASK], p.type.dim[1].n));
    if (p.feature < 0) {
        rk_graph_fail(g, "Can't compute with the values of %s: it is stored as %s.", p.name,
                      rk_format_name(p.form->format));
        return RK_NONE;
    }
    if (map != RK_NONE)
        map = rk_reshape(g, map, rk_type(RK_U32, 1, p.type.dim[0]));
    else if (p.form->format == RK_FORMAT_I4)
        map = all_rows(build, &p);
    if (map != RK_NONE)
        return scale != RK_NONE ? rk_gather_quantized(g, weight, scale, map)
                                : round_values(build, &p, rk_gather(g, weight, map));
    if (p.form->format == RK_FORMAT_F16)
        return rk_cast(g, weight, RK_F32);
    if (p.form->format == RK_FORMAT_I8)
        return rk_add(g, rk_mul(g, rk_cast(g, weight, RK_F32), scale_column(g, scale, 0, FALSE)),
                      scale_column(g, scale, 1, FALSE));
    return round_values(build, &p, weight);
}

RkRef
rk_layer_scores(RkModelBuild *build, RkRef x, RkRef table)
{
    RkGraph *g = build->graph;
    const RkPackedParam *found = rk_packed_find(build, table);
    if (found == NULL)
        return rk_matmul(g, x, table, FALSE, TRUE);
    const RkPackedParam p = *found;
    RkRef weight = p.part[RK_PART_WEIGHT], scale = p.part[RK_PART_SCALE];
    if (p.part[RK_PART_MAP] != RK_NONE)
        return rk_matmul(g, x, rk_layer_values(build, table), FALSE, TRUE);
    if (p.form->format == RK_FORMAT_LOW_RANK)
        return rk_layer_scores(build, rk_matmul(g, x, p.part[RK_PART_RIGHT], FALSE, TRUE),
                               p.part[RK_PART_LEFT]);
    if (p.form->rounded != RK_FORMAT_F32)
        return rk_matmul(g, x, round_values(build, &p, weight), FALSE, TRUE);
    if (scale == RK_NONE)
        return rk_dense(g, x, weight, RK_NONE, RK_ACT_NONE);
    const RkDenseOptions o = {.bias = RK_NONE,
                              .scale = scale_column(g, scale, 0, TRUE),
                              .x_scale = RK_NONE,
                              .act = RK_ACT_NONE};
    RkRef offset = scale_column(g, scale, 1, TRUE);
    return rk_add(g, rk_dense_with(g, x, weight, &o), rk_mul(g, rk_sum(g, x, -1, TRUE), offset));
}
