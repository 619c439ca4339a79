// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/seen_items.h"

#include <stdlib.h>

struct RkSeenItems {
    uint32_t n_users;
    uint64_t *offset; // [n_users + 1] into item
    uint32_t *item;
};

static int
compare_items(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// Sorts one list and drops what repeats; returns what is left of its length.
static uint64_t
make_distinct(uint32_t *item, uint64_t n)
{
    gboolean sorted = TRUE;
    for (uint64_t i = 1; i < n && sorted; i++)
        sorted = item[i - 1] < item[i];
    if (sorted)
        return n;
    qsort(item, n, sizeof *item, compare_items);
    uint64_t kept = 1;
    for (uint64_t i = 1; i < n; i++)
        if (item[i] != item[i - 1])
            item[kept++] = item[i];
    return kept;
}

static void
compact(RkSeenItems *seen)
{
    uint64_t end = 0;
    for (uint32_t u = 0; u < seen->n_users; u++) {
        uint64_t first = seen->offset[u];
        uint64_t n = make_distinct(seen->item + first, seen->offset[u + 1] - first);
        for (uint64_t i = 0; i < n; i++)
            seen->item[end + i] = seen->item[first + i];
        seen->offset[u] = end;
        end += n;
    }
    seen->offset[seen->n_users] = end;
}

RkSeenItems *
rk_seen_items_new(uint32_t n_users, uint32_t n_items, uint64_t n_rows, RkSeenPair pair,
                  const void *data, GError **error)
{
    g_autoptr(RkSeenItems) seen = g_new0(RkSeenItems, 1);
    uint32_t user, item;
    seen->n_users = n_users;
    seen->offset = g_new0(uint64_t, (size_t)n_users + 2);
    // Counted two places ahead, filled one place ahead: then offset[u] is where user u begins.
    for (uint64_t row = 0; row < n_rows; row++)
        if (pair(data, row, &user, &item) && user < n_users && item < n_items)
            seen->offset[(size_t)user + 2]++;
    for (size_t u = 2; u < (size_t)n_users + 2; u++)
        seen->offset[u] += seen->offset[u - 1];
    uint64_t total = seen->offset[(size_t)n_users + 1];
    seen->item = g_try_malloc_n(MAX(total, 1), sizeof *seen->item);
    if (seen->item == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't list the items each user has seen: %" G_GUINT64_FORMAT
                    " of them take more memory than there is. Set negatives.exclude=positive.",
                    total);
        return NULL;
    }
    for (uint64_t row = 0; row < n_rows; row++)
        if (pair(data, row, &user, &item) && user < n_users && item < n_items)
            seen->item[seen->offset[(size_t)user + 1]++] = item;
    compact(seen);
    return g_steal_pointer(&seen);
}

void
rk_seen_items_free(RkSeenItems *seen)
{
    if (seen == NULL)
        return;
    g_free(seen->offset);
    g_free(seen->item);
    g_free(seen);
}

const uint32_t *
rk_seen_items_of(const RkSeenItems *seen, uint32_t user, uint32_t *n)
{
    *n = 0;
    if (user >= seen->n_users)
        return NULL;
    *n = (uint32_t)(seen->offset[user + 1] - seen->offset[user]);
    return seen->item + seen->offset[user];
}

gboolean
rk_seen_items_has(const RkSeenItems *seen, uint32_t user, uint32_t item)
{
    uint32_t n;
    const uint32_t *items = rk_seen_items_of(seen, user, &n);
    while (n > 0) { // the half that could hold it
        uint32_t half = n / 2;
        if (items[half] == item)
            return TRUE;
        if (items[half] < item) {
            items += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return FALSE;
}

uint32_t
rk_seen_items_n_users(const RkSeenItems *seen)
{
    return seen->n_users;
}
