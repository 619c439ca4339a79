// SPDX-License-Identifier: GPL-3.0-or-later
//
// Single values of a frame by user, item or event: what serving reads.
#include "dataset/frame-private.h"

static gboolean
is_past_of(const RkFrameField *field, RkFieldKind kind)
{
    return field->table == 0 && field->kind == kind && field->feature != NULL &&
           rk_feature_info(field->feature).is_past;
}

const RkFrameField *
rk_frame_lookup(const RkFrame *frame, const char *name, RkFrameKey *key)
{
    int at = rk_frame_find(frame, name, NULL);
    if (at < 0)
        return NULL;
    const RkFrameField *field = rk_frame_field(frame, at);
    *key = at == frame->user || is_past_of(field, RK_FIELD_USER)   ? RK_KEY_USER
           : at == frame->item || is_past_of(field, RK_FIELD_ITEM) ? RK_KEY_ITEM
                                                                   : field->key;
    return field;
}

uint32_t
rk_frame_value(const RkFrame *frame, const RkFrameField *field, uint32_t key)
{
    if (is_past_of(field, RK_FIELD_USER) || is_past_of(field, RK_FIELD_ITEM)) {
        int ids = field->kind == RK_FIELD_USER ? frame->user : frame->item;
        uint32_t n = rk_frame_field(frame, ids)->n_codes;
        return rk_feature_apply(field->feature,
                                (RkCellValue){.code = key < n ? key : RK_CODE_MISSING})
            .code;
    }
    if (field == rk_frame_field(frame, MAX(frame->user, 0)) ||
        field == rk_frame_field(frame, MAX(frame->item, 0)))
        if (field->kind == RK_FIELD_USER || field->kind == RK_FIELD_ITEM)
            return key < field->n_codes ? key : UINT32_MAX;
    if (field->key == RK_KEY_ROW && key < frame->n_rows)
        return frame->record[(size_t)key * frame->stride + field->word];
    if (field->key != RK_KEY_ROW && key < field->n_keys)
        return field->value[key];
    return field->none;
}

const uint32_t *
rk_frame_codes(const RkFrameField *field, uint32_t key, uint32_t *n)
{
    *n = key < field->n_keys ? field->length[key] : 0;
    return *n > 0 ? &g_array_index(field->values, uint32_t, field->begin[key]) : NULL;
}
