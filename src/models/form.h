// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a compressed model differs from what its settings say: the extents that pruning left of a
// parameter, and the format that it is stored and computed in. A build reads the form of its data
// (RkModelData.form) whenever it makes a parameter, so every build of a stored model (to score,
// rank, serve, train on) is of the compressed one. Plain data; its owner's thread.
#pragma once

#include "graph/tensor.h"

#include <json-glib/json-glib.h>

// The tensors that stand for a parameter "w" of values [N, K] (a table: [R, D]):
typedef enum {
    RK_FORMAT_F32,      // w f32
    RK_FORMAT_F16,      // w f16
    RK_FORMAT_I8,       // w i8, scales beside it
    RK_FORMAT_I4,       // w i4, scales beside it
    RK_FORMAT_MASKED,   // w f32, w.mask u32 [N, ceil(K / 32)]; dense layers only
    RK_FORMAT_24,       // w f32 [N, K / 2], w.places u32 [N, ceil(K / 32)]; dense layers only
    RK_FORMAT_LOW_RANK, // w.left [N, rank] times w.right [rank, K], each a parameter of its own
                        // that may have a form again
    RK_N_FORMATS,
} RkFormat;

typedef enum {
    RK_ACTIVATIONS_F32,
    RK_ACTIVATIONS_DYNAMIC, // i8, a scale for each row from the row itself
    RK_ACTIVATIONS_STATIC,  // i8, by w.x_scale f32 [1]
} RkActivations;

typedef struct {
    char *param; // owned
    RkFormat format;
    uint32_t rank;             // of dim; 0: as the model's settings say
    uint32_t dim[RK_MAX_RANK]; // of the values; a table's dim[0] is always the data's
    // Of a table: rows that are stored, [rows, D], the others read as zeros. w.map u32 [R, 1] has
    // each code's row, UINT32_MAX for none. 0: every row is there.
    uint32_t rows;
    uint32_t low_rank; // of LOW_RANK
    // I8 and I4. Tables: w.scale f32 [R, 2], a scale and an offset for each row: q * scale +
    // offset. Dense layers: w.scale f32 [N], or [N, ceil(K / group)] with a group; with `offset`
    // also w.offset f32 [N]: q * scale + offset. No group and offset together. `per_tensor`: one
    // row of scales and offsets for all, [1, 2] and [1]; no group then.
    uint32_t group; // columns that a scale serves, a multiple of 32; 0: the row
    gboolean offset;
    gboolean per_tensor;
    RkActivations activations; // of I8 without a group
    // Of F32 in training: I8 or I4 that values are rounded to wherever they are computed with,
    // by each row's (or group's) extremes; gradients pass straight through. F32: not. Isn't stored.
    RkFormat rounded;
} RkParamForm;

typedef struct {
    GArray *params; // of RkParamForm
} RkModelForm;

RkModelForm *rk_model_form_new(void);
RkModelForm *rk_model_form_copy(const RkModelForm *form); // NULL: an empty one
void rk_model_form_free(RkModelForm *form);

// NULL when the parameter is as the settings say; `form` may be NULL.
const RkParamForm *rk_model_form_find(const RkModelForm *form, const char *param);

// The parameter's own entry, made when there is none: F32 in the settings' extents. Valid until
// the next entry is made.
RkParamForm *rk_model_form_need(RkModelForm *form, const char *param);
void rk_model_form_remove(RkModelForm *form, const char *param);

const char *rk_format_name(RkFormat format); // "f32", "i8", "2:4", "low-rank"

// A JSON array, appended to an open builder; and back. RK_ERROR_DATA when it is damaged.
void rk_model_form_to_json(const RkModelForm *form, JsonBuilder *builder);
RkModelForm *rk_model_form_from_json(JsonArray *array, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkModelForm, rk_model_form_free)
