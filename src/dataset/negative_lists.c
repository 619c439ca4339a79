// SPDX-License-Identifier: GPL-3.0-or-later
//
// Negatives as a file gives them: rows of user, item and items, found by binary search.
#include "dataset/negatives.h"

#include "dataset/scan.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t key;   // user << 32 | item
    uint64_t row;   // of the table
    uint64_t first; // of its items
    uint32_t n;
} Pair;

struct RkNegativeLists {
    GArray *pairs; // of Pair, ascending by key, then by row
    GArray *items; // of uint32_t
};

typedef struct {
    RkNegativeLists *lists;
    int user, item, listed; // columns
} Reading;

static int
compare_pairs(const void *a, const void *b)
{
    const Pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

// The columns of a table that lists items, or -1 in `listed`.
static Reading
columns_of(const RkTable *table)
{
    Reading found = {NULL, rk_table_find_kind(table, RK_FIELD_USER),
                     rk_table_find_kind(table, RK_FIELD_ITEM), -1};
    for (guint f = 0; f < table->fields->len; f++) {
        const RkField *field = rk_table_field(table, f);
        if (field->kind == RK_FIELD_MULTI && g_strcmp0(field->vocabulary, "item") == 0)
            found.listed = (int)f;
    }
    if (found.user < 0 || found.item < 0)
        found.listed = -1;
    return found;
}

static gboolean
read_lists(const RkChunk *chunk, void *data, GError **error)
{
    Reading *reading = data;
    const RkColumn *user = &chunk->columns[reading->user], *item = &chunk->columns[reading->item];
    const RkColumn *listed = &chunk->columns[reading->listed];
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t begin = listed->offset[i], n = listed->offset[i + 1] - begin;
        Pair pair = {((uint64_t)user->code[i] << 32) | item->code[i], chunk->first_row + i,
                     reading->lists->items->len, n};
        if (reading->lists->items->len > G_MAXINT / 8 - n) {
            g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                        "Can't keep the negatives of the file: it lists too many items. Draw "
                        "them instead: negatives=uniform.");
            return FALSE;
        }
        g_array_append_val(reading->lists->pairs, pair);
        if (n > 0)
            g_array_append_vals(reading->lists->items, listed->codes + begin, n);
    }
    return TRUE;
}

RkNegativeLists *
rk_negative_lists_new(RkChunkSource *source, GError **error)
{
    g_autoptr(RkNegativeLists) lists = g_new0(RkNegativeLists, 1);
    lists->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    lists->items = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t t = 1; t < source->schema->tables->len; t++) {
        Reading reading = columns_of(rk_schema_table(source->schema, t));
        if (reading.listed < 0)
            continue;
        reading.lists = lists;
        if (!rk_scan(source, t, (int[]){reading.user, reading.item, reading.listed}, 3, read_lists,
                     &reading, error))
            return NULL;
        if (lists->pairs->len > 0)
            qsort(lists->pairs->data, lists->pairs->len, sizeof(Pair), compare_pairs);
        return g_steal_pointer(&lists);
    }
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't take negatives from a file: the dataset has none. Import it together with "
                "its .negative file, or set negatives=uniform.");
    return NULL;
}

void
rk_negative_lists_free(RkNegativeLists *lists)
{
    if (lists == NULL)
        return;
    g_array_unref(lists->pairs);
    g_array_unref(lists->items);
    g_free(lists);
}

const uint32_t *
rk_negative_lists_find(const RkNegativeLists *lists, uint32_t user, uint32_t item, uint32_t *n)
{
    uint64_t key = ((uint64_t)user << 32) | item;
    const Pair *pairs = (const Pair *)(const void *)lists->pairs->data;
    guint low = 0, high = lists->pairs->len; // the first pair that isn't below
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (pairs[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == lists->pairs->len || pairs[low].key != key) {
        *n = 0;
        return NULL;
    }
    *n = pairs[low].n;
    return &g_array_index(lists->items, uint32_t, pairs[low].first);
}
