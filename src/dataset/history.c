// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/history.h"

#include <stdlib.h>
#include <string.h>

// (time, row) of the events of all users, one user after the other.
typedef struct {
    uint32_t n_users, n_rows;
    gboolean timed;
    RkHistoryEvent (*event)(const void *data, uint32_t row);
    const void *data;
    uint64_t *offset; // [n_users + 2]
    uint64_t *key;    // time << 32 | row
} Ordering;

static gboolean
is_placed(const Ordering *o, const RkHistoryEvent *event)
{
    return event->user < o->n_users && !(o->timed && event->time == UINT32_MAX);
}

static gboolean
allocate(Ordering *o, GError **error)
{
    o->offset = g_new0(uint64_t, (size_t)o->n_users + 2);
    o->key = g_try_malloc_n(MAX(o->n_rows, 1), sizeof *o->key);
    if (o->key != NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't put %u events in order of time: there is not enough memory. Use a model "
                "without histories or fewer rows.",
                o->n_rows);
    return FALSE;
}

static void
group_by_user(Ordering *o)
{
    for (uint32_t row = 0; row < o->n_rows; row++) {
        RkHistoryEvent event = o->event(o->data, row);
        if (is_placed(o, &event))
            o->offset[(size_t)event.user + 2]++;
    }
    for (size_t u = 2; u < (size_t)o->n_users + 2; u++)
        o->offset[u] += o->offset[u - 1];
    for (uint32_t row = 0; row < o->n_rows; row++) {
        RkHistoryEvent event = o->event(o->data, row);
        if (is_placed(o, &event))
            o->key[o->offset[(size_t)event.user + 1]++] =
                ((uint64_t)(o->timed ? event.time : 0) << 32) | row;
    }
}

static int
compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void
sort_users(Ordering *o)
{
    for (uint32_t u = 0; u < o->n_users; u++) {
        uint64_t *key = o->key + o->offset[u], n = o->offset[u + 1] - o->offset[u];
        gboolean sorted = TRUE;
        for (uint64_t i = 1; i < n && sorted; i++)
            sorted = key[i - 1] < key[i];
        if (!sorted)
            qsort(key, n, sizeof *key, compare_keys);
    }
}

// Keeps the events that count and tells each row how many of them are strictly before it.
static void
place(const Ordering *o, RkHistory *history)
{
    uint64_t end = 0;
    for (uint32_t u = 0; u < o->n_users; u++) {
        uint64_t begin = end, earlier = 0, second = UINT64_MAX;
        history->offset[u] = begin;
        for (uint64_t i = o->offset[u]; i < o->offset[u + 1]; i++) {
            uint32_t row = (uint32_t)o->key[i];
            if (!o->timed || o->key[i] >> 32 != second)
                earlier = end - begin;
            second = o->key[i] >> 32;
            history->before[row] = (uint32_t)earlier;
            RkHistoryEvent event = o->event(o->data, row);
            if (!event.counts || event.item == UINT32_MAX)
                continue;
            history->row[end] = row;
            history->item[end] = event.item;
            history->part[end++] = event.part;
        }
    }
    history->offset[o->n_users] = end;
}

RkHistory *
rk_history_new(uint32_t n_users, uint32_t n_rows, gboolean timed,
               RkHistoryEvent (*event)(const void *data, uint32_t row), const void *data,
               GError **error)
{
    Ordering o = {n_users, n_rows, timed, event, data, NULL, NULL};
    if (!allocate(&o, error)) {
        g_free(o.offset);
        return NULL;
    }
    group_by_user(&o);
    sort_users(&o);
    RkHistory *history = g_new0(RkHistory, 1);
    uint64_t n = o.offset[n_users];
    history->n_users = n_users;
    history->offset = g_new0(uint64_t, (size_t)n_users + 1);
    history->row = g_new(uint32_t, MAX(n, 1));
    history->item = g_new(uint32_t, MAX(n, 1));
    history->part = g_new(uint8_t, MAX(n, 1));
    history->before = g_new0(uint32_t, MAX(n_rows, 1));
    place(&o, history);
    g_free(o.offset);
    g_free(o.key);
    return history;
}

void
rk_history_free(RkHistory *history)
{
    if (history == NULL)
        return;
    g_free(history->offset);
    g_free(history->row);
    g_free(history->item);
    g_free(history->part);
    g_free(history->before);
    g_free(history);
}

uint32_t
rk_history_last(const RkHistory *history, uint32_t user, uint32_t row, unsigned parts,
                uint32_t longest, uint32_t *item)
{
    uint32_t n = 0;
    if (user >= history->n_users)
        return 0;
    uint64_t begin = history->offset[user];
    uint64_t at = row == UINT32_MAX ? history->offset[user + 1] : begin + history->before[row];
    while (at-- > begin && n < longest)
        if ((parts >> history->part[at]) & 1)
            item[longest - ++n] = history->item[at];
    memmove(item, item + longest - n, n * sizeof *item);
    return n;
}
