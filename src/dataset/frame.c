// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/frame-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
clear_field(gpointer data)
{
    RkFrameField *field = data;
    g_free(field->name);
    g_free(field->past);
    g_free(field->value);
    g_free(field->begin);
    g_free(field->length);
    g_clear_pointer(&field->values, g_array_unref);
}

RkFrame *
rk_frame_new(const RkFrameOptions *options, GError **error)
{
    g_autoptr(RkFrame) frame = g_new0(RkFrame, 1);
    frame->options = *options;
    frame->fields = g_array_new(FALSE, FALSE, sizeof(RkFrameField));
    g_array_set_clear_func(frame->fields, clear_field);
    g_mutex_init(&frame->mutex);
    if (!rk_frame_load(frame, error))
        return NULL;
    // The caller's names and counter may go now.
    frame->options.fields = NULL;
    frame->options.progress = NULL;
    frame->options.cancelled = NULL;
    return g_steal_pointer(&frame);
}

void
rk_frame_free(RkFrame *frame)
{
    if (frame == NULL)
        return;
    g_array_unref(frame->fields);
    free(frame->record);
    rk_seen_items_free(frame->seen[0]);
    rk_seen_items_free(frame->seen[1]);
    rk_history_free(frame->history);
    rk_negative_lists_free(frame->lists);
    g_free(frame->item_counts);
    g_mutex_clear(&frame->mutex);
    g_free(frame);
}

// ---- plain facts -------------------------------------------------------------------------------

int
rk_frame_find(const RkFrame *frame, const char *field, GError **error)
{
    for (guint i = 0; i < frame->fields->len; i++)
        if (strcmp(rk_frame_field(frame, (int)i)->name, field) == 0)
            return (int)i;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't make batches of the field %s: it was not loaded. Name it among the fields "
                "to load.",
                field);
    return -1;
}

uint32_t
rk_frame_n_rows(const RkFrame *frame)
{
    return frame->n_rows;
}

static uint32_t
n_codes(const RkFrame *frame, int field)
{
    return field < 0 ? 0 : rk_frame_field(frame, field)->n_codes;
}

uint32_t
rk_frame_n_users(const RkFrame *frame)
{
    return n_codes(frame, frame->user);
}

uint32_t
rk_frame_n_items(const RkFrame *frame)
{
    return n_codes(frame, frame->item);
}

uint32_t
rk_frame_n_codes(const RkFrame *frame, const char *field)
{
    int found = rk_frame_find(frame, field, NULL);
    g_return_val_if_fail(found >= 0, 0);
    return n_codes(frame, found);
}

RkPart
rk_frame_part(const RkFrame *frame, uint32_t row)
{
    return frame->options.split != NULL ? rk_split_part(frame->options.split, row) : RK_PART_TRAIN;
}

size_t
rk_frame_bytes(const RkFrame *frame)
{
    return frame->bytes;
}

int64_t
rk_frame_first_time(const RkFrame *frame)
{
    return frame->first_time;
}

double
rk_frame_label_mean(const RkFrame *frame, RkPart part, uint64_t *n)
{
    double sum = 0;
    uint64_t counted = 0;
    for (uint32_t row = 0; frame->label >= 0 && row < frame->n_rows; row++) {
        float label = rk_float_of(rk_frame_word(frame, frame->label, row));
        if (isnan(label) || rk_frame_part(frame, row) != part)
            continue;
        sum += label;
        counted++;
    }
    if (n != NULL)
        *n = counted;
    return counted > 0 ? sum / (double)counted : NAN;
}

gboolean
rk_frame_labels_within(const RkFrame *frame, RkPart part, double low, double high, double *outside)
{
    for (uint32_t row = 0; frame->label >= 0 && row < frame->n_rows; row++) {
        double label = (double)rk_float_of(rk_frame_word(frame, frame->label, row));
        if (!(label < low || label > high) || rk_frame_part(frame, row) != part)
            continue; // NaN is no label
        if (outside != NULL)
            *outside = label;
        return FALSE;
    }
    return TRUE;
}

double
rk_frame_label_share(const RkFrame *frame, RkPart part, double threshold)
{
    uint64_t n = 0, above = 0;
    for (uint32_t row = 0; frame->label >= 0 && row < frame->n_rows; row++) {
        double label = (double)rk_float_of(rk_frame_word(frame, frame->label, row));
        if (isnan(label) || rk_frame_part(frame, row) != part)
            continue;
        n++;
        above += label >= threshold;
    }
    return n > 0 ? (double)above / (double)n : NAN;
}

gboolean
rk_frame_is_positive(const RkFrame *frame, uint32_t row)
{
    if (frame->label < 0 || !(frame->options.positive_from > -INFINITY))
        return TRUE;
    return rk_float_of(rk_frame_word(frame, frame->label, row)) >= frame->options.positive_from;
}

// ---- what is worked out ------------------------------------------------------------------------

static gboolean
check_ids(const RkFrame *frame, const char *what, gboolean user, GError **error)
{
    if (frame->item >= 0 && (!user || frame->user >= 0))
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't %s: the events have no %s field. Import them with --set FIELD.kind=%s.",
                what, frame->item < 0 ? "item" : "user", frame->item < 0 ? "item" : "user");
    return FALSE;
}

static gboolean
pair_of_any(const void *data, uint64_t row, uint32_t *user, uint32_t *item)
{
    const RkFrame *frame = data;
    *user = rk_frame_word(frame, frame->user, (uint32_t)row);
    *item = rk_frame_word(frame, frame->item, (uint32_t)row);
    return rk_frame_is_positive(frame, (uint32_t)row);
}

static gboolean
pair_of_training(const void *data, uint64_t row, uint32_t *user, uint32_t *item)
{
    return rk_frame_part(data, (uint32_t)row) == RK_PART_TRAIN &&
           pair_of_any(data, row, user, item);
}

const RkSeenItems *
rk_frame_seen(RkFrame *frame, gboolean all_parts, GError **error)
{
    static const RkSeenPair PAIR[] = {pair_of_training, pair_of_any};
    int which = all_parts ? 1 : 0;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&frame->mutex);
    if (frame->seen[which] == NULL && check_ids(frame, "list what users have seen", TRUE, error))
        frame->seen[which] = rk_seen_items_new(rk_frame_n_users(frame), rk_frame_n_items(frame),
                                               frame->n_rows, PAIR[which], frame, error);
    return frame->seen[which];
}

static RkHistoryEvent
event_of(const void *data, uint32_t row)
{
    const RkFrame *frame = data;
    return (RkHistoryEvent){.user = rk_frame_word(frame, frame->user, row),
                            .item = rk_frame_word(frame, frame->item, row),
                            .time = rk_frame_word(frame, frame->time, row),
                            .counts = rk_frame_is_positive(frame, row),
                            .part = (uint8_t)rk_frame_part(frame, row)};
}

const RkHistory *
rk_frame_history(RkFrame *frame, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&frame->mutex);
    if (frame->history != NULL || !check_ids(frame, "make histories", TRUE, error))
        return frame->history;
    if (!frame->options.history) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't make histories: the frame was loaded without times. Load it with "
                    "history set.");
        return NULL;
    }
    frame->history = rk_history_new(rk_frame_n_users(frame), frame->n_rows, frame->time >= 0,
                                    event_of, frame, error);
    return frame->history;
}

const uint64_t *
rk_frame_item_counts(RkFrame *frame, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&frame->mutex);
    if (frame->item_counts != NULL || !check_ids(frame, "count events of items", FALSE, error))
        return frame->item_counts;
    uint32_t n_items = rk_frame_n_items(frame);
    frame->item_counts = g_new0(uint64_t, (size_t)n_items + 1);
    for (uint32_t row = 0; row < frame->n_rows; row++) {
        uint32_t item = rk_frame_word(frame, frame->item, row);
        if (item < n_items && rk_frame_part(frame, row) == RK_PART_TRAIN &&
            rk_frame_is_positive(frame, row))
            frame->item_counts[item]++;
    }
    return frame->item_counts;
}

const RkNegativeLists *
rk_frame_negative_lists(RkFrame *frame, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&frame->mutex);
    if (frame->lists == NULL)
        frame->lists = rk_negative_lists_new(frame->options.source, error);
    return frame->lists;
}
