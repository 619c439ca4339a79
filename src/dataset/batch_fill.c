// SPDX-License-Identifier: GPL-3.0-or-later
//
// The values of a batch: one function a kind of column, over the samples that were chosen.
#include "dataset/batch-private.h"

#include "base/sort_rows.h"

#include <math.h>
#include <string.h>

typedef struct {
    const RkBatchPlan *plan;
    RkBatchWork *work;
    void *const *memory; // [n_columns]
} Fill;

typedef gboolean (*FillColumn)(const Fill *fill, uint32_t c, GError **error);

static const RkBatchColumn *
about(const Fill *fill, uint32_t c)
{
    return &fill->plan->columns[c].about;
}

static void
pad(uint32_t *out, uint64_t n, uint32_t value)
{
    for (uint64_t i = 0; i < n; i++)
        out[i] = value;
}

// ---- values of fields --------------------------------------------------------------------------

static const RkFrameField *
field_of(const Fill *fill, uint32_t c)
{
    return rk_frame_field(fill->plan->frame, fill->plan->columns[c].field);
}

// What selects sample i's value of a field.
static uint32_t
key_of(const Fill *fill, const RkFrameField *field, uint32_t i)
{
    return field->key == RK_KEY_ROW    ? fill->work->row[i]
           : field->key == RK_KEY_USER ? fill->work->user[i]
                                       : fill->work->item[i];
}

// The words of a field; `padding` behind the samples.
static void
gather(const Fill *fill, uint32_t c, uint32_t *out, uint32_t padding)
{
    const RkFrame *frame = fill->plan->frame;
    const RkFrameField *field = field_of(fill, c);
    uint32_t n = fill->work->n;
    if (field->key == RK_KEY_ROW) {
        const uint32_t *record = frame->record + field->word, *row = fill->work->row;
        for (uint32_t i = 0; i < n; i++)
            out[i] = record[(size_t)row[i] * frame->stride];
    } else {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t key = key_of(fill, field, i);
            out[i] = key < field->n_keys ? field->value[key] : field->none;
        }
    }
    pad(out + n, fill->plan->batch - n, padding);
}

static gboolean
fill_code(const Fill *fill, uint32_t c, GError **error)
{
    const RkFrame *frame = fill->plan->frame;
    uint32_t *out = fill->memory[c];
    if (fill->plan->columns[c].field != frame->item) {
        gather(fill, c, out, UINT32_MAX);
        return TRUE;
    }
    memcpy(out, fill->work->item, fill->work->n * sizeof *out); // where it isn't a negative's
    pad(out + fill->work->n, fill->plan->batch - fill->work->n, UINT32_MAX);
    return TRUE;
}

static gboolean
fill_time(const Fill *fill, uint32_t c, GError **error)
{
    gather(fill, c, fill->memory[c], UINT32_MAX);
    return TRUE;
}

static gboolean
fill_number(const Fill *fill, uint32_t c, GError **error)
{
    float *out = fill->memory[c], missing = about(fill, c)->missing;
    gather(fill, c, fill->memory[c], rk_bits_of(NAN));
    for (uint32_t i = 0; i < fill->work->n; i++)
        if (isnan(out[i]))
            out[i] = missing;
    memset(out + fill->work->n, 0, (fill->plan->batch - fill->work->n) * sizeof *out);
    return TRUE;
}

static gboolean
fill_row(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t *out = fill->memory[c], n = fill->work->n;
    memcpy(out, fill->work->row, n * sizeof *out);
    pad(out + n, fill->plan->batch - n, UINT32_MAX);
    return TRUE;
}

static float
label_of(const Fill *fill, uint32_t i)
{
    return fill->work->other[i] > 0 ? 0 : rk_batch_label(fill->plan, fill->work->row[i]);
}

static gboolean
fill_label(const Fill *fill, uint32_t c, GError **error)
{
    float *out = fill->memory[c];
    for (uint32_t i = 0; i < fill->plan->batch; i++) {
        float label = i < fill->work->n ? label_of(fill, i) : 0;
        out[i] = isnan(label) ? 0 : label;
    }
    return TRUE;
}

static gboolean
fill_weight(const Fill *fill, uint32_t c, GError **error)
{
    float *out = fill->memory[c];
    for (uint32_t i = 0; i < fill->plan->batch; i++) {
        float label = i < fill->work->n ? label_of(fill, i) : NAN;
        gboolean is_none =
            isnan(label) || (fill->work->other[i] > 0 && fill->work->item[i] == UINT32_MAX);
        out[i] = is_none ? 0 : fill->plan->weight[label > 0];
    }
    return TRUE;
}

// ---- bags --------------------------------------------------------------------------------------

// The values of sample i's bag.
static const uint32_t *
bag_of(const Fill *fill, const RkFrameField *field, uint32_t i, uint32_t *n)
{
    uint32_t key = i < fill->work->n ? key_of(fill, field, i) : UINT32_MAX;
    *n = 0;
    if (key >= field->n_keys)
        return NULL;
    *n = field->length[key];
    return &g_array_index(field->values, uint32_t, field->begin[key]);
}

static gboolean
fill_fixed_bag(const Fill *fill, uint32_t c)
{
    const RkFrameField *field = field_of(fill, c);
    uint32_t *out = fill->memory[c], width = about(fill, c)->width, n;
    for (uint32_t i = 0; i < fill->plan->batch; i++, out += width) {
        const uint32_t *values = bag_of(fill, field, i, &n);
        n = MIN(n, width);
        if (n > 0)
            memcpy(out, values, n * sizeof *out);
        pad(out + n, width - n, UINT32_MAX);
    }
    return TRUE;
}

static gboolean
fill_bag(const Fill *fill, uint32_t c, GError **error)
{
    const RkFrameField *field = field_of(fill, c);
    uint32_t *out = fill->memory[c], n;
    uint64_t room = fill->plan->columns[c].words, end = 0;
    if (about(fill, c)->width > 0)
        return fill_fixed_bag(fill, c);
    for (uint32_t i = 0; i < fill->plan->batch; i++) {
        const uint32_t *values = bag_of(fill, field, i, &n);
        if (n > room - end && !fill->plan->truncate) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                        "Can't fill a batch: the values of %s don't fit into %" G_GUINT64_FORMAT
                        " places, %u a sample. Raise bag.capacity, or set bag.overflow=truncate.",
                        field->name, room, about(fill, c)->capacity);
            return FALSE;
        }
        n = (uint32_t)MIN(n, room - end);
        if (n > 0)
            memcpy(out + end, values, n * sizeof *out);
        end += n;
    }
    pad(out + end, room - end, UINT32_MAX);
    return TRUE;
}

static gboolean
fill_ends(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t bag = about(fill, c)->of[0], *out = fill->memory[c], n;
    const RkFrameField *field = field_of(fill, bag);
    uint32_t width = about(fill, bag)->width;
    uint64_t room = fill->plan->columns[bag].words, end = 0;
    for (uint32_t i = 0; i < fill->plan->batch; i++) {
        bag_of(fill, field, i, &n);
        end = MIN(end + (width > 0 ? width : n), room);
        out[i] = (uint32_t)end;
    }
    return TRUE;
}

// ---- histories and sequences -------------------------------------------------------------------

static uint32_t
sequence_history(const Fill *fill, uint32_t i, uint32_t *out)
{
    const uint32_t *place = fill->work->place + (size_t)i * (fill->plan->width + 1);
    uint32_t n = fill->work->n_place[i] - 1;
    for (uint32_t t = 0; t < n; t++)
        out[t] = fill->plan->history->item[place[n - t]];
    return n;
}

static uint32_t
row_history(const Fill *fill, uint32_t i, uint32_t *out)
{
    const RkBatchPlan *plan = fill->plan;
    return rk_history_last(plan->history, fill->work->user[i], fill->work->row[i],
                           plan->history_parts, plan->width, out);
}

static gboolean
fill_history(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t *out = fill->memory[c], width = fill->plan->width;
    for (uint32_t i = 0; i < fill->plan->batch; i++, out += width) {
        uint32_t n = i >= fill->work->n                            ? 0
                     : fill->plan->samples == RK_SAMPLES_SEQUENCES ? sequence_history(fill, i, out)
                                                                   : row_history(fill, i, out);
        pad(out + n, width - n, UINT32_MAX);
    }
    return TRUE;
}

static gboolean
fill_history_length(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t *out = fill->memory[c], width = fill->plan->width;
    const uint32_t *history = fill->memory[about(fill, c)->of[0]];
    for (uint32_t i = 0; i < fill->plan->batch; i++, history += width) {
        out[i] = 0;
        while (out[i] < width && history[out[i]] != UINT32_MAX)
            out[i]++;
    }
    return TRUE;
}

// What follows the t-th of n items, where that is a sample of these parts.
static uint32_t
target_of(const Fill *fill, uint32_t i, uint32_t t)
{
    const RkBatchPlan *plan = fill->plan;
    if (i >= fill->work->n || t + 1 >= fill->work->n_place[i])
        return UINT32_MAX;
    const uint32_t *place = fill->work->place + (size_t)i * (plan->width + 1);
    uint32_t at = place[fill->work->n_place[i] - 2 - t];
    return (plan->parts >> plan->history->part[at]) & 1 ? plan->history->item[at] : UINT32_MAX;
}

static gboolean
fill_target(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t *out = fill->memory[c];
    for (uint32_t i = 0; i < fill->plan->batch; i++)
        for (uint32_t t = 0; t < fill->plan->width; t++)
            *out++ = target_of(fill, i, t);
    return TRUE;
}

// ---- negatives ---------------------------------------------------------------------------------

// Draws first..first + n of what `drawing` is for.
static void
draw(const Fill *fill, const RkNegativesFor *drawing, uint32_t first, uint32_t n, uint32_t *out)
{
    for (uint32_t j = 0; j < n; j++)
        out[j] = rk_negatives_draw(fill->plan->negatives, drawing, first + j);
}

// `with_item`: the item or target leads its negatives.
static gboolean
fill_drawn(const Fill *fill, uint32_t c, gboolean with_item)
{
    uint32_t *out = fill->memory[c], n = about(fill, c)->width;
    gboolean sequences = fill->plan->samples == RK_SAMPLES_SEQUENCES;
    uint32_t times = sequences ? fill->plan->width : 1;
    for (uint32_t i = 0; i < fill->plan->batch; i++)
        for (uint32_t t = 0; t < times; t++, out += n) {
            uint32_t item = sequences           ? target_of(fill, i, t)
                            : i < fill->work->n ? fill->work->item[i]
                                                : UINT32_MAX;
            if (with_item)
                *out++ = item;
            if (i >= fill->work->n || (sequences && item == UINT32_MAX)) {
                pad(out, n, UINT32_MAX);
                continue;
            }
            RkNegativesFor drawing = rk_batch_drawing(fill->work, i);
            drawing.item = item;
            draw(fill, &drawing, t * n, n, out);
        }
    return TRUE;
}

static gboolean
fill_negatives(const Fill *fill, uint32_t c, GError **error)
{
    return fill_drawn(fill, c, FALSE);
}

static gboolean
fill_candidates(const Fill *fill, uint32_t c, GError **error)
{
    return fill_drawn(fill, c, TRUE);
}

static gboolean
fill_log_q(const Fill *fill, uint32_t c, GError **error)
{
    const RkBatchColumn *of = about(fill, about(fill, c)->of[0]);
    gboolean drawn = of->kind == RK_BATCH_NEGATIVES || of->kind == RK_BATCH_CANDIDATES;
    uint32_t n = drawn ? of->width : MAX(about(fill, c)->width, 1);
    uint64_t words = fill->plan->columns[c].words, each = words / fill->plan->batch;
    const uint32_t *item = fill->memory[about(fill, c)->of[0]];
    float *out = fill->memory[c];
    for (uint32_t i = 0; i < fill->plan->batch; i++)
        for (uint64_t k = 0; k < each; k++, item++)
            *out++ = i < fill->work->n
                         ? rk_negatives_log_q(fill->plan->negatives, fill->work->user[i], *item, n)
                         : 0;
    return TRUE;
}

static gboolean
fill_sorted(const Fill *fill, uint32_t c, GError **error)
{
    uint32_t n = (uint32_t)(fill->plan->columns[c].words / 3), at = 0;
    uint32_t *index = fill->work->sort, *packed = index + n, *scratch = packed + 3 * (size_t)n + 2;
    for (uint32_t k = 0; k < about(fill, c)->n_of; k++) {
        uint32_t of = about(fill, c)->of[k];
        memcpy(index + at, fill->memory[of], fill->plan->columns[of].words * sizeof *index);
        at += (uint32_t)fill->plan->columns[of].words;
    }
    rk_sort_rows(index, n, packed, scratch);
    memcpy(fill->memory[c], packed, 3 * (size_t)n * sizeof *packed);
    return TRUE;
}

static const FillColumn FILL[RK_N_BATCH_KINDS] = {
    [RK_BATCH_CODE] = fill_code,
    [RK_BATCH_BAG] = fill_bag,
    [RK_BATCH_ENDS] = fill_ends,
    [RK_BATCH_NUMBER] = fill_number,
    [RK_BATCH_TIME] = fill_time,
    [RK_BATCH_LABEL] = fill_label,
    [RK_BATCH_WEIGHT] = fill_weight,
    [RK_BATCH_HISTORY] = fill_history,
    [RK_BATCH_HISTORY_LENGTH] = fill_history_length,
    [RK_BATCH_TARGET] = fill_target,
    [RK_BATCH_NEGATIVES] = fill_negatives,
    [RK_BATCH_CANDIDATES] = fill_candidates,
    [RK_BATCH_ROW] = fill_row,
    [RK_BATCH_LOG_Q] = fill_log_q,
    [RK_BATCH_SORTED] = fill_sorted,
};

gboolean
rk_batch_fill(const RkBatchPlan *plan, RkBatchWork *work, void *const *memory, GError **error)
{
    Fill fill = {plan, work, memory};
    for (uint32_t c = 0; c < plan->n_columns; c++)
        if (!FILL[plan->columns[c].about.kind](&fill, c, error))
            return FALSE;
    return TRUE;
}
