// SPDX-License-Identifier: GPL-3.0-or-later
//
// Counts and rates of what was before each row, in one walk through the events by time.
#include "dataset/features-private.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int64_t time;
    uint64_t row;
    uint32_t code;
    float label; // NaN: not of the training part
} Event;

typedef struct {
    const RkFeature *feature;
    const RkSplit *split;
    int columns[3]; // the field, time or -1, label or -1
    uint8_t *part;
    Event *events;
    gboolean ordered;
} Walk;

static gboolean
take_chunk(const RkChunk *chunk, void *data, GError **error)
{
    Walk *w = data;
    const uint32_t *code = chunk->columns[w->columns[0]].code;
    const int64_t *time = w->columns[1] >= 0 ? chunk->columns[w->columns[1]].time : NULL;
    const double *label = w->columns[2] >= 0 ? chunk->columns[w->columns[2]].real : NULL;
    if (w->split != NULL)
        rk_split_parts(w->split, chunk->first_row, chunk->n_rows, w->part);
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t row = chunk->first_row + i;
        Event *event = &w->events[row];
        gboolean trains = w->split == NULL || w->part[i] == RK_PART_TRAIN;
        double value = label != NULL && !isnan(label[i]) ? label[i] : 0;
        // Without times each row has one of its own.
        *event = (Event){time != NULL ? time[i] : (int64_t)row, row, code[i],
                         trains ? (float)value : NAN};
        w->ordered &= row == 0 || event[-1].time <= event->time;
    }
    return TRUE;
}

static int
compare_events(const void *a, const void *b)
{
    const Event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

// Rows of the same time see what was before all of them.
static void
walk(const Walk *w, uint64_t n, RkFeatureTotal *totals, float *values)
{
    const RkFeature *f = w->feature;
    for (uint64_t i = 0, end; i < n; i = end) {
        const Event *events = w->events;
        for (end = i; end < n && events[end].time == events[i].time; end++) {
            gboolean known = events[end].code < f->n_totals && events[end].time != INT64_MIN;
            values[events[end].row] =
                rk_feature_past_value(f, known ? totals[events[end].code] : (RkFeatureTotal){0});
        }
        for (uint64_t k = i; k < end; k++)
            if (!isnan(events[k].label) && events[k].code < f->n_totals &&
                events[k].time != INT64_MIN) {
                totals[events[k].code].n++;
                totals[events[k].code].labels += (double)events[k].label;
            }
    }
}

float *
rk_feature_past(const RkFeature *f, RkChunkSource *source, const RkSplit *split, GError **error)
{
    const RkTable *table = rk_events_table(source->schema);
    uint64_t n = source->n_rows(source, 0);
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    g_autofree Event *events = g_try_new(Event, MAX(n, 1));
    g_autofree float *values = g_try_new(float, MAX(n, 1));
    if (events == NULL || values == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't count the past of %" G_GUINT64_FORMAT " rows: %" G_GUINT64_FORMAT
                    " bytes of memory aren't there. Leave %s out of the features.",
                    n, n * (sizeof(Event) + sizeof(float)), f->name);
        return NULL;
    }
    Walk w = {.feature = f,
              .split = split,
              .columns = {(int)f->field, rk_table_find_kind(table, RK_FIELD_TIMESTAMP),
                          rk_table_find_kind(table, RK_FIELD_LABEL)},
              .part = part,
              .events = events,
              .ordered = TRUE};
    if (!rk_scan(source, 0, w.columns, 3, take_chunk, &w, error))
        return NULL;
    if (!w.ordered)
        qsort(events, n, sizeof *events, compare_events);
    g_autofree RkFeatureTotal *totals = g_new0(RkFeatureTotal, MAX(f->n_totals, 1));
    walk(&w, n, totals, values);
    return g_steal_pointer(&values);
}
