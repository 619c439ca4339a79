// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which samples an epoch has, and which of them a batch.
#include "dataset/batch-private.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

float
rk_batch_label(const RkBatchPlan *plan, uint32_t row)
{
    if (plan->frame->label < 0)
        return 1;
    float label = rk_float_of(rk_frame_word(plan->frame, plan->frame->label, row));
    return plan->binary && !isnan(label) ? label >= plan->threshold : label;
}

// ---- listing -----------------------------------------------------------------------------------

static gboolean
is_mine(const RkBatchPlan *plan, uint32_t part)
{
    return (plan->parts >> part) & 1;
}

// The most rows that the parts can have.
static uint64_t
count_rows(const RkBatchPlan *plan)
{
    const RkSplit *split = plan->frame->options.split;
    uint64_t n = 0;
    if (split == NULL)
        return is_mine(plan, RK_PART_TRAIN) ? plan->frame->n_rows : 0;
    for (uint32_t part = 0; part < RK_N_PARTS; part++)
        n += is_mine(plan, part) ? rk_split_n(split, (RkPart)part) : 0;
    return n;
}

static gboolean
list_rows(RkBatchPlan *plan, GError **error)
{
    uint64_t n = count_rows(plan);
    if (n == plan->frame->n_rows) {
        plan->n_list = (uint32_t)n;
        return TRUE;
    }
    plan->list = g_try_malloc_n(MAX(n, 1), sizeof *plan->list);
    if (plan->list == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't list the samples: %" G_GUINT64_FORMAT
                    " rows take more memory than there is. Train on fewer.",
                    n);
        return FALSE;
    }
    for (uint32_t row = 0; row < plan->frame->n_rows; row++)
        if (is_mine(plan, rk_frame_part(plan->frame, row)))
            plan->list[plan->n_list++] = row;
    return TRUE;
}

static uint32_t
row_at(const RkBatchPlan *plan, uint32_t i)
{
    return plan->list != NULL ? plan->list[i] : i;
}

// Rows of each class; n[0] of label 0. Rows without a label are of none.
static void
count_classes(const RkBatchPlan *plan, uint64_t n[2])
{
    n[0] = n[1] = 0;
    for (uint32_t i = 0; i < plan->n_list; i++) {
        float label = rk_batch_label(plan, row_at(plan, i));
        if (!isnan(label))
            n[label > 0]++;
    }
}

// Puts the rows of label 0 first; those without a label leave the list.
static void
part_classes(RkBatchPlan *plan, const uint64_t n[2])
{
    uint32_t *parted = g_new(uint32_t, n[0] + n[1] + 1);
    uint64_t next[2] = {0, n[0]};
    for (uint32_t i = 0; i < plan->n_list; i++) {
        uint32_t row = row_at(plan, i);
        float label = rk_batch_label(plan, row);
        if (!isnan(label))
            parted[next[label > 0]++] = row;
    }
    g_free(plan->list);
    plan->list = parted;
    plan->n_list = (uint32_t)(n[0] + n[1]);
    plan->n_negative = (uint32_t)n[0];
}

static gboolean
balance(RkBatchPlan *plan, const RkParams *set, GError **error)
{
    gboolean weighted = strcmp(rk_params_text(set, "class-weight"), "none") != 0;
    gboolean balanced = strcmp(rk_params_text(set, "balance"), "none") != 0;
    uint64_t n[2];
    if (!weighted && !balanced)
        return TRUE;
    count_classes(plan, n);
    if (balanced) {
        plan->imbalance = rk_imbalance_new(set, plan->seed, n, error);
        if (plan->imbalance == NULL)
            return FALSE;
        part_classes(plan, n);
    }
    n[0] += (n[0] + n[1]) * (plan->n_each - 1); // drawn negatives have label 0
    return rk_imbalance_weights(set, n, plan->weight, error);
}

// ---- sequences ---------------------------------------------------------------------------------

static gboolean
in_history(const RkBatchPlan *plan, uint64_t place)
{
    return (plan->history_parts >> plan->history->part[place]) & 1;
}

// The place of the nearest event at or before `end` - 1 that stands in histories; `begin` - 1,
// which may wrap, when there is none.
static uint64_t
nearest(const RkBatchPlan *plan, uint64_t begin, uint64_t end)
{
    while (end > begin && !in_history(plan, end - 1))
        end--;
    return end - 1;
}

static void
list_user(const RkBatchPlan *plan, uint32_t user, gboolean all_windows, GArray *places)
{
    uint64_t begin = plan->history->offset[user], end = plan->history->offset[user + 1];
    while (end > begin) {
        uint64_t last = end - 1; // the last target
        if (!is_mine(plan, plan->history->part[last])) {
            end--;
            continue;
        }
        if (nearest(plan, begin, last) == begin - 1)
            return;
        uint32_t place = (uint32_t)last;
        g_array_append_val(places, place);
        if (!all_windows)
            return;
        // The first input of this window is the last target of the one before it.
        for (uint32_t t = 0; t < plan->width && end > begin; t++)
            end = nearest(plan, begin, end - 1) + 1;
    }
}

static gboolean
list_sequences(RkBatchPlan *plan, const RkParams *set, GError **error)
{
    gboolean all_windows = strcmp(rk_params_text(set, "sequence.windows"), "all") == 0;
    GArray *places = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t user = 0; user < plan->history->n_users; user++)
        list_user(plan, user, all_windows, places);
    plan->n_list = places->len;
    plan->list = (uint32_t *)(void *)g_array_free(places, FALSE);
    return TRUE;
}

gboolean
rk_batch_list(RkBatchPlan *plan, const RkBatchOptions *options, const RkParams *set, GError **error)
{
    gboolean sequences = plan->samples == RK_SAMPLES_SEQUENCES;
    plan->weight[0] = plan->weight[1] = 1;
    if (!(sequences ? list_sequences(plan, set, error) : list_rows(plan, error)))
        return FALSE;
    if (options->imbalance != NULL && !sequences && !balance(plan, options->imbalance, error))
        return FALSE;
    uint64_t n = plan->imbalance != NULL ? rk_imbalance_n(plan->imbalance) : plan->n_list;
    plan->n_samples = n * plan->n_each;
    plan->n_batches = rk_params_bool(set, "drop-last")
                          ? plan->n_samples / plan->batch
                          : (plan->n_samples + plan->batch - 1) / plan->batch;
    if (plan->n_batches > 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't make batches: the part has %" G_GUINT64_FORMAT " %s. %s", plan->n_samples,
                sequences ? "users with two events" : "samples",
                plan->n_samples > 0 ? "Lower the batch or set drop-last=false."
                                    : "Split the data another way, or take another part.");
    return FALSE;
}

// ---- choosing ----------------------------------------------------------------------------------

// The entry of the list behind sample i of an epoch.
static uint32_t
entry_of(const RkBatchPlan *plan, uint32_t epoch, uint32_t i)
{
    if (plan->imbalance == NULL)
        return i;
    int class;
    uint32_t at = rk_imbalance_at(plan->imbalance, epoch, i, &class);
    return class ? plan->n_negative + at : at;
}

// The places of a sample's T + 1 events, the newest first.
static void
choose_places(const RkBatchPlan *plan, RkBatchWork *work, uint32_t i, uint32_t last)
{
    uint32_t *place = work->place + (size_t)i * (plan->width + 1), n = 0;
    uint64_t begin = plan->history->offset[work->user[i]], at = last;
    place[n++] = last;
    while (n <= plan->width && (at = nearest(plan, begin, at)) != begin - 1)
        place[n++] = (uint32_t)at;
    work->n_place[i] = n;
}

static void
choose_pool(const RkBatchPlan *plan, RkBatchWork *work)
{
    work->n_pool = 0;
    for (uint32_t i = 0; i < work->n; i++) {
        if (plan->samples != RK_SAMPLES_SEQUENCES) {
            work->pool[work->n_pool++] = work->item[i];
            continue;
        }
        const uint32_t *place = work->place + (size_t)i * (plan->width + 1);
        for (uint32_t t = 0; t + 1 < work->n_place[i]; t++)
            work->pool[work->n_pool++] = plan->history->item[place[t]];
    }
}

RkNegativesFor
rk_batch_drawing(const RkBatchWork *work, uint32_t i)
{
    return (RkNegativesFor){.epoch = work->epoch,
                            .sample = work->sample[i],
                            .user = work->user[i],
                            .item = work->item[i],
                            .pool = work->pool,
                            .n_pool = work->n_pool};
}

// Rows in two passes, so that the records of the first are on their way when the second reads.
static void
choose_rows(const RkBatchPlan *plan, RkBatchWork *work, uint64_t first)
{
    const RkFrame *frame = plan->frame;
    gboolean sequences = plan->samples == RK_SAMPLES_SEQUENCES;
    if (plan->shuffle)
        rk_rng_permute_many(plan->seed, work->epoch, plan->n_samples, first, work->n, work->at);
    for (uint32_t i = 0; i < work->n; i++) {
        uint64_t at = plan->shuffle ? work->at[i] : first + i;
        uint32_t sample = (uint32_t)at;
        work->other[i] = 0;
        if (plan->n_each > 1) {
            sample = (uint32_t)(at / plan->n_each);
            work->other[i] = (uint32_t)(at % plan->n_each);
        }
        uint32_t entry = row_at(plan, entry_of(plan, work->epoch, sample));
        work->row[i] = sequences ? plan->history->row[entry] : entry;
        // A row that comes more than once draws anew each time.
        work->sample[i] = plan->imbalance != NULL ? sample : work->row[i];
        if (sequences)
            work->place[(size_t)i * (plan->width + 1)] = entry;
        __builtin_prefetch(frame->record + (size_t)work->row[i] * frame->stride);
    }
    for (uint32_t i = 0; i < work->n; i++) {
        work->user[i] = rk_frame_word(frame, frame->user, work->row[i]);
        work->item[i] = rk_frame_word(frame, frame->item, work->row[i]);
    }
}

void
rk_batch_choose(const RkBatchPlan *plan, RkBatchWork *work, uint32_t epoch, uint64_t batch)
{
    uint64_t first = batch * plan->batch;
    work->epoch = epoch;
    work->n = (uint32_t)MIN(plan->batch, plan->n_samples - first);
    choose_rows(plan, work, first);
    for (uint32_t i = 0; i < work->n && plan->samples == RK_SAMPLES_SEQUENCES; i++)
        choose_places(plan, work, i, work->place[(size_t)i * (plan->width + 1)]);
    if (plan->in_batch)
        choose_pool(plan, work);
    for (uint32_t i = 0; i < work->n && plan->n_each > 1; i++)
        if (work->other[i] > 0) {
            RkNegativesFor drawing = rk_batch_drawing(work, i);
            work->item[i] = rk_negatives_draw(plan->negatives, &drawing, work->other[i] - 1);
        }
}
