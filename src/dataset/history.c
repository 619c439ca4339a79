// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/history.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t time;
    uint32_t item;
    uint32_t order; // in the table, of the events taken
    uint32_t row;   // of the part; UINT32_MAX for others
} Event;

typedef struct {
    RkHistory *history;
    const RkSplit *split;
    RkPart part;
    int columns[3]; // user, item, time or -1
    uint8_t *parts;
    Event *events; // NULL while users are counted
    uint64_t *at;  // [n_users] where the next event of a user goes
    uint32_t row, order;
} Build;

static gboolean
take_chunk(const RkChunk *chunk, void *data, GError **error)
{
    Build *b = data;
    const uint32_t *user = chunk->columns[b->columns[0]].code;
    const uint32_t *item = chunk->columns[b->columns[1]].code;
    const int64_t *time = b->columns[2] >= 0 ? chunk->columns[b->columns[2]].time : NULL;
    if (b->split != NULL)
        rk_split_parts(b->split, chunk->first_row, chunk->n_rows, b->parts);
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        RkPart part = b->split != NULL ? (RkPart)b->parts[i] : b->part;
        if (part > b->part)
            continue;
        uint32_t row = part == b->part ? b->row++ : UINT32_MAX;
        if (user[i] >= b->history->n_users || item[i] == RK_CODE_MISSING)
            continue;
        if (b->events == NULL)
            b->history->first[user[i] + 1]++;
        else
            b->events[b->at[user[i]]++] =
                (Event){time != NULL ? time[i] : 0, item[i], b->order++, row};
    }
    return TRUE;
}

static int
compare_events(const void *a, const void *b)
{
    const Event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static int
compare_codes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// Order is kept where it is in order already, as it is in most files.
static void
sort_user(RkHistory *h, Event *events, uint32_t user)
{
    uint64_t first = h->first[user], n = h->first[user + 1] - first;
    gboolean ordered = TRUE;
    for (uint64_t i = 1; i < n && ordered; i++)
        ordered = events[first + i - 1].time <= events[first + i].time;
    if (!ordered)
        qsort(events + first, n, sizeof *events, compare_events);
    for (uint64_t i = 0; i < n; i++) {
        h->item[first + i] = h->had[first + i] = events[first + i].item;
        if (events[first + i].row != UINT32_MAX)
            h->position[events[first + i].row] = (uint32_t)i;
    }
    qsort(h->had + first, n, sizeof *h->had, compare_codes);
}

static gboolean
build(Build *b, RkChunkSource *source, GError **error)
{
    RkHistory *h = b->history;
    if (!rk_scan(source, 0, b->columns, 3, take_chunk, b, error))
        return FALSE;
    for (uint32_t user = 0; user < h->n_users; user++)
        h->first[user + 1] += h->first[user];
    h->n_rows = b->row;
    b->row = 0;
    uint64_t n = h->first[h->n_users];
    b->events = g_new(Event, MAX(n, 1));
    b->at = g_memdup2(h->first, (h->n_users + 1ull) * sizeof *h->first);
    h->item = g_new(uint32_t, MAX(n, 1));
    h->had = g_new(uint32_t, MAX(n, 1));
    h->position = g_new0(uint32_t, MAX(h->n_rows, 1));
    if (!rk_scan(source, 0, b->columns, 3, take_chunk, b, error))
        return FALSE;
    for (uint32_t user = 0; user < h->n_users; user++)
        sort_user(h, b->events, user);
    return TRUE;
}

RkHistory *
rk_history_new(RkChunkSource *source, const RkSplit *split, RkPart part, uint32_t n_users,
               GError **error)
{
    const RkTable *events = rk_events_table(source->schema);
    g_autoptr(RkHistory) history = g_new0(RkHistory, 1);
    Build b = {.history = history,
               .split = split,
               .part = part,
               .columns = {rk_table_find_kind(events, RK_FIELD_USER),
                           rk_table_find_kind(events, RK_FIELD_ITEM),
                           rk_table_find_kind(events, RK_FIELD_TIMESTAMP)}};
    if (b.columns[0] < 0 || b.columns[1] < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't collect what users had: the table %s names no %s. Mark the field "
                    "(rankine import --set FIELD.kind=%s).",
                    events->name, b.columns[0] < 0 ? "user" : "item",
                    b.columns[0] < 0 ? "user" : "item");
        return NULL;
    }
    history->n_users = n_users;
    history->first = g_new0(uint64_t, n_users + 2ull);
    b.parts = g_malloc(RK_CHUNK_ROWS);
    gboolean done = build(&b, source, error);
    g_free(b.parts);
    g_free(b.events);
    g_free(b.at);
    return done ? g_steal_pointer(&history) : NULL;
}

void
rk_history_free(RkHistory *history)
{
    if (history == NULL)
        return;
    g_free(history->first);
    g_free(history->item);
    g_free(history->had);
    g_free(history->position);
    g_free(history);
}

static uint32_t
last_of(const RkHistory *history, uint32_t user, uint32_t n, uint32_t longest,
        const uint32_t **items)
{
    uint32_t taken = MIN(n, longest);
    *items = history->item + history->first[user] + (n - taken);
    return taken;
}

uint32_t
rk_history_before(const RkHistory *history, uint32_t user, uint32_t row, uint32_t longest,
                  const uint32_t **items)
{
    *items = history->item;
    if (user >= history->n_users)
        return 0;
    return last_of(history, user, history->position[row], longest, items);
}

uint32_t
rk_history_all(const RkHistory *history, uint32_t user, uint32_t longest, const uint32_t **items)
{
    *items = history->item;
    if (user >= history->n_users)
        return 0;
    return last_of(history, user, (uint32_t)(history->first[user + 1] - history->first[user]),
                   longest, items);
}

gboolean
rk_history_has(const RkHistory *history, uint32_t user, uint32_t item)
{
    if (user >= history->n_users)
        return FALSE;
    const uint32_t *had = history->had + history->first[user];
    uint64_t n = history->first[user + 1] - history->first[user];
    while (n > 0) { // the first that isn't below `item`
        uint64_t half = n / 2;
        if (had[half] < item) {
            had += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return had < history->had + history->first[user + 1] && *had == item;
}
