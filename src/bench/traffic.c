// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/traffic.h"

#include "base/rng.h"
#include "dataset/scan.h"

#include <math.h>

// Streams of the generator: never renumber, golden schedules depend on them (bench/schedule.c has
// the others).
#define STREAM_UNIFORM 0x6c640001u

typedef struct {
    RkTraffic *to;
    const RkSplit *split;
    int user, item, label, time; // columns; negative for none
} Reading;

static gboolean
take_chunk(const RkChunk *chunk, void *data, GError **error)
{
    const Reading *r = data;
    const RkColumn *columns = chunk->columns;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t row = chunk->first_row + i;
        RkTrafficEvent *e = &r->to->event[row];
        e->user = r->user >= 0 ? columns[r->user].code[i] : RK_CODE_MISSING;
        e->item = r->item >= 0 ? columns[r->item].code[i] : (uint32_t)row;
        e->label = r->label >= 0 ? (float)columns[r->label].real[i] : 1;
        e->time_s = r->time >= 0 ? columns[r->time].time[i] : (int64_t)row;
        e->part = r->split != NULL ? rk_split_part(r->split, row) : RK_PART_TEST;
        if (e->user < r->to->n_users)
            r->to->user_count[e->user]++;
        if (e->item < r->to->n_items)
            r->to->item_count[e->item]++;
    }
    return TRUE;
}

// Stable, so that events of one second stay in row order.
static int
by_time(const void *a, const void *b, void *unused)
{
    const RkTrafficEvent *x = a, *y = b;
    return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static gboolean
seen_pair(const void *data, uint64_t row, uint32_t *user, uint32_t *item)
{
    const RkTraffic *traffic = data;
    *user = traffic->event[row].user;
    *item = traffic->event[row].item;
    return TRUE;
}

static gboolean
allocate(RkTraffic *to, uint32_t n_users, uint32_t n_items, uint64_t n_events, GError **error)
{
    to->n_users = n_users;
    to->n_items = n_items;
    to->n_events = n_events;
    to->user_count = g_try_new0(uint64_t, MAX(n_users, 1));
    to->item_count = g_try_new0(uint64_t, MAX(n_items, 1));
    to->event = g_try_new0(RkTrafficEvent, MAX(n_events, 1));
    if (to->user_count != NULL && to->item_count != NULL && to->event != NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't load %" G_GUINT64_FORMAT " events for a benchmark: %" G_GUINT64_FORMAT
                " MiB of memory aren't there. Take a smaller dataset.",
                n_events, (n_events * sizeof *to->event) >> 20);
    return FALSE;
}

RkTraffic *
rk_traffic_new(RkChunkSource *source, const RkSplit *split, uint32_t n_users, uint32_t n_items,
               double positive_from, GError **error)
{
    const RkTable *table = rk_events_table(source->schema);
    g_autoptr(RkTraffic) to = g_new0(RkTraffic, 1);
    Reading r = {.to = to,
                 .split = split,
                 .user = rk_table_find_kind(table, RK_FIELD_USER),
                 .item = rk_table_find_kind(table, RK_FIELD_ITEM),
                 .label = rk_table_find_kind(table, RK_FIELD_LABEL),
                 .time = rk_table_find_kind(table, RK_FIELD_TIMESTAMP)};
    uint64_t n_events = source->n_rows(source, 0);
    if (r.item < 0) // its rows are what is ranked
        n_items = (uint32_t)MIN(n_events, UINT32_MAX - 1);
    if (n_items == 0 || n_events == 0 || n_events >= UINT32_MAX) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't make a load of this data: its table %s has %" G_GUINT64_FORMAT
                    " rows and %u items. Take other data.",
                    table->name, n_events, n_items);
        return NULL;
    }
    if (!allocate(to, r.user >= 0 ? n_users : 0, n_items, n_events, error))
        return NULL;
    to->timed = r.time >= 0;
    to->labelled = r.label >= 0;
    to->positive_from = positive_from;
    const int columns[] = {r.user, r.item, r.label, r.time};
    if (!rk_scan(source, 0, columns, G_N_ELEMENTS(columns), take_chunk, &r, error))
        return NULL;
    g_qsort_with_data(to->event, (int)n_events, sizeof *to->event, by_time, NULL);
    to->seen = rk_seen_items_new(to->n_users, n_items, n_events, seen_pair, to, error);
    return to->seen != NULL ? g_steal_pointer(&to) : NULL;
}

RkTraffic *
rk_traffic_new_uniform(uint32_t n_users, uint32_t n_items, uint64_t n_events, uint64_t seed)
{
    g_assert(n_items > 0);
    RkTraffic *to = g_new0(RkTraffic, 1);
    gboolean allocated = allocate(to, n_users, n_items, n_events, NULL);
    g_assert(allocated);
    to->timed = TRUE;
    for (uint64_t i = 0; i < n_events; i++) {
        uint32_t user = n_users > 0 ? rk_rng_below(seed, STREAM_UNIFORM, 2 * i, n_users) : 0;
        uint32_t item = rk_rng_below(seed, STREAM_UNIFORM, 2 * i + 1, n_items);
        to->event[i] = (RkTrafficEvent){.user = n_users > 0 ? user : RK_CODE_MISSING,
                                        .item = item,
                                        .label = 1,
                                        .part = RK_PART_TEST,
                                        .time_s = (int64_t)i};
        if (n_users > 0)
            to->user_count[user]++;
        to->item_count[item]++;
    }
    to->seen = rk_seen_items_new(n_users, n_items, n_events, seen_pair, to, NULL);
    g_assert(to->seen != NULL);
    return to;
}

void
rk_traffic_free(RkTraffic *traffic)
{
    if (traffic == NULL)
        return;
    g_free(traffic->user_count);
    g_free(traffic->item_count);
    g_free(traffic->event);
    rk_seen_items_free(traffic->seen);
    g_free(traffic);
}
