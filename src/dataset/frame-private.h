// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shared by frame.c (questions), frame_load.c (reading), frame_values.c (single values) and
// batch_fill.c (gathering).
#pragma once

#include "dataset/frame.h"

struct RkFrameField {
    char *name; // as it was asked for
    RkFieldKind kind;
    RkColumnType type;
    RkFrameKey key;
    uint32_t table, column;   // in the source
    const RkFeature *feature; // that is made of the column; NULL for the field itself
    float *past;              // [n_keys] while loading: a feature of the past
    gboolean of_item_past;    // a feature of the item's past, unknown for another item
    uint32_t n_codes;
    uint32_t word;   // KEY_ROW: in a record; unused for CODES
    uint32_t n_keys; // rows, users or items
    uint32_t *value; // else [n_keys], codes or the bits of floats
    uint32_t none;   // where a side table has no row
    // CODES: values[begin[key]..begin[key] + length[key]) are a key's.
    uint64_t *begin;
    uint32_t *length;
    GArray *values; // of uint32_t
};

struct RkFrame {
    RkFrameOptions options;
    uint32_t n_rows;
    uint32_t stride;  // words of a record
    uint32_t *record; // [n_rows][stride]
    size_t bytes;
    GArray *fields;              // of RkFrameField
    int user, item, label, time; // in `fields`; -1 without
    int64_t first_time;          // of all events
    GMutex mutex;                // guards what follows, each set once
    RkSeenItems *seen[2];        // of the training part, of all
    RkHistory *history;
    uint64_t *item_counts;
    RkNegativeLists *lists;
};

static inline const RkFrameField *
rk_frame_field(const RkFrame *frame, int field)
{
    return &g_array_index(frame->fields, RkFrameField, field);
}

// A word of an event's record; UINT32_MAX for a field that isn't there.
static inline uint32_t
rk_frame_word(const RkFrame *frame, int field, uint32_t row)
{
    if (field < 0)
        return UINT32_MAX;
    return frame->record[(size_t)row * frame->stride + rk_frame_field(frame, field)->word];
}

static inline float
rk_float_of(uint32_t bits)
{
    union {
        uint32_t u;
        float f;
    } both = {.u = bits};
    return both.f;
}

static inline uint32_t
rk_bits_of(float value)
{
    union {
        uint32_t u;
        float f;
    } both = {.f = value};
    return both.u;
}

// Index of a loaded field, or -1 with RK_ERROR_USAGE.
int rk_frame_find(const RkFrame *frame, const char *field, GError **error);

// Whether an event stands in histories, seen lists and popularity.
gboolean rk_frame_is_positive(const RkFrame *frame, uint32_t row);

// Fills frame->fields and the records.
gboolean rk_frame_load(RkFrame *frame, GError **error);
