// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/negatives.h"

#include "base/exact.h"
#include "base/rng.h"
#include "dataset/alias.h"
#include "dataset/streams.h"

#include <stdlib.h>
#include <string.h>

const RkParam rk_negative_params[] = {
    {"negatives", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|uniform|popularity|in-batch|file",
     "Where items come from that a user did not take"},
    {"negatives.count", RK_PARAM_INT, 1, 10000, "4", "items", NULL, "Negatives of each row"},
    {"negatives.power", RK_PARAM_REAL, 0, 4, "0.75", NULL, NULL,
     "Exponent of an item's training events (popularity)"},
    {"negatives.exclude-seen", RK_PARAM_BOOL, 0, 0, "true", NULL, NULL,
     "Leave out what the user has in the training part, or up to the part that is tested"},
};
const size_t rk_n_negative_params = G_N_ELEMENTS(rk_negative_params);

#define ATTEMPTS 64 // draws that hit what a user has before the items are searched in order

// Negatives of a file: lists by (user, item).
typedef struct {
    uint64_t *key; // [n] ascending, user << 32 | item
    uint32_t *place;
    uint32_t n;
    uint32_t *offset; // [n + 1] by place
    uint32_t *item;
} Given;

typedef struct Kind Kind;

struct RkNegatives {
    const Kind *kind;
    uint32_t count, n_items;
    uint64_t seed;
    const RkHistory *history; // NULL: seen items are not excluded
    RkAlias *alias;
    Given given;
};

// One draw: random bits that depend on (seed, epoch, thing, attempt) alone.
typedef struct {
    const RkNegatives *negatives;
    const RkNegativeRows *rows;
    uint32_t row;   // of the batch
    uint64_t thing; // position * count + j
} Draw;

struct Kind {
    const char *name;
    gboolean (*prepare)(RkNegatives *n, RkChunkSource *source, const RkSplit *split, double power,
                        GError **error);
    uint32_t (*draw)(const Draw *draw, uint64_t random);
};

// ---- uniform, in-batch -------------------------------------------------------------------------

static uint32_t
draw_uniform(const Draw *draw, uint64_t random)
{
    return (uint32_t)((random >> 32) * draw->negatives->n_items >> 32);
}

static uint32_t
draw_in_batch(const Draw *draw, uint64_t random)
{
    const RkNegativeRows *rows = draw->rows;
    if (rows->n_rows < 2)
        return draw_uniform(draw, random);
    uint64_t step = 1 + ((random >> 32) * (rows->n_rows - 1) >> 32);
    return rows->item[(draw->row + step) % rows->n_rows];
}

// ---- popularity --------------------------------------------------------------------------------

typedef struct {
    int column;
    const RkSplit *split;
    uint8_t *part;
    double *count;
    uint32_t n_items;
} Count;

static gboolean
count_items(const RkChunk *chunk, void *data, GError **error)
{
    Count *c = data;
    const uint32_t *item = chunk->columns[c->column].code;
    if (c->split != NULL)
        rk_split_parts(c->split, chunk->first_row, chunk->n_rows, c->part);
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (item[i] < c->n_items && (c->split == NULL || c->part[i] == RK_PART_TRAIN))
            c->count[item[i]]++;
    return TRUE;
}

static gboolean
prepare_popularity(RkNegatives *n, RkChunkSource *source, const RkSplit *split, double power,
                   GError **error)
{
    const RkTable *events = rk_events_table(source->schema);
    g_autofree double *count = g_new0(double, n->n_items);
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    Count c = {rk_table_find_kind(events, RK_FIELD_ITEM), split, part, count, n->n_items};
    if (!rk_scan(source, 0, &c.column, 1, count_items, &c, error))
        return FALSE;
    double sum = 0;
    for (uint32_t i = 0; i < n->n_items; i++) {
        count[i] = count[i] > 0 ? rk_exact_pow(count[i], power) : 0;
        sum += count[i];
    }
    if (sum <= 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't draw negatives by popularity: no training row names an item. Choose "
                    "negatives=uniform or another split.");
        return FALSE;
    }
    n->alias = rk_alias_new(count, n->n_items);
    return TRUE;
}

static uint32_t
draw_popular(const Draw *draw, uint64_t random)
{
    return rk_alias_draw(draw->negatives->alias, random);
}

// ---- from a file -------------------------------------------------------------------------------

typedef struct {
    int columns[3]; // user, item, negatives
    GArray *keys, *items, *offsets;
} Reading;

static gboolean
take_lists(const RkChunk *chunk, void *data, GError **error)
{
    Reading *r = data;
    const RkColumn *list = &chunk->columns[r->columns[2]];
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t key = (uint64_t)chunk->columns[r->columns[0]].code[i] << 32 |
                       chunk->columns[r->columns[1]].code[i];
        g_array_append_val(r->keys, key);
        g_array_append_vals(r->items, list->codes + list->offset[i],
                            list->offset[i + 1] - list->offset[i]);
        g_array_append_val(r->offsets, r->items->len);
    }
    return TRUE;
}

static int
compare_places(const void *a, const void *b, void *data)
{
    const uint64_t *key = data;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return key[x] != key[y] ? (key[x] < key[y] ? -1 : 1) : (x > y) - (x < y);
}

static int
find_table(const RkSchema *schema, int columns[3])
{
    for (guint t = 1; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        columns[0] = rk_table_find_kind(table, RK_FIELD_USER);
        columns[1] = rk_table_find_kind(table, RK_FIELD_ITEM);
        columns[2] = rk_table_find_kind(table, RK_FIELD_MULTI);
        if (columns[0] >= 0 && columns[1] >= 0 && columns[2] >= 0 &&
            g_strcmp0(rk_table_field(table, (uint32_t)columns[2])->vocabulary, "item") == 0)
            return (int)t;
    }
    return -1;
}

static gboolean
prepare_file(RkNegatives *n, RkChunkSource *source, const RkSplit *split, double power,
             GError **error)
{
    Reading r;
    int table = find_table(source->schema, r.columns);
    if (table < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't take negatives from a file: the dataset has no table of them. Import "
                    "the .negative file with the ratings, or choose negatives=uniform.");
        return FALSE;
    }
    uint32_t zero = 0;
    r.keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    r.items = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    r.offsets = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(r.offsets, zero);
    gboolean done = rk_scan(source, (uint32_t)table, r.columns, 3, take_lists, &r, error);
    Given *given = &n->given;
    given->n = r.keys->len;
    g_autofree uint64_t *key = (uint64_t *)(void *)g_array_free(r.keys, FALSE);
    given->item = (uint32_t *)(void *)g_array_free(r.items, FALSE);
    given->offset = (uint32_t *)(void *)g_array_free(r.offsets, FALSE);
    given->place = g_new(uint32_t, MAX(given->n, 1));
    given->key = g_new(uint64_t, MAX(given->n, 1));
    for (uint32_t i = 0; i < given->n; i++)
        given->place[i] = i;
    g_qsort_with_data(given->place, (int)given->n, sizeof(uint32_t), compare_places, key);
    for (uint32_t i = 0; i < given->n; i++)
        given->key[i] = key[given->place[i]];
    return done;
}

static gboolean
take_given(const RkNegatives *n, const RkNegativeRows *rows, uint32_t row, uint32_t *item,
           GError **error)
{
    uint64_t key = (uint64_t)(rows->user != NULL ? rows->user[row] : 0) << 32 | rows->item[row];
    uint32_t low = 0, high = n->given.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (n->given.key[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t found = 0, first = 0;
    if (low < n->given.n && n->given.key[low] == key) {
        first = n->given.offset[n->given.place[low]];
        found = n->given.offset[n->given.place[low] + 1] - first;
    }
    if (found < n->count) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't take %u negatives from the file: it has %u for code %u of user and code "
                    "%u of item. Lower negatives.count, or choose negatives=uniform.",
                    n->count, found, (uint32_t)(key >> 32), (uint32_t)key);
        return FALSE;
    }
    memcpy(item, n->given.item + first, n->count * sizeof *item);
    return TRUE;
}

// ---- drawing -----------------------------------------------------------------------------------

static const Kind KINDS[] = {
    {"uniform", NULL, draw_uniform},
    {"popularity", prepare_popularity, draw_popular},
    {"in-batch", NULL, draw_in_batch},
    {"file", prepare_file, NULL},
};

static gboolean
is_refused(const Draw *draw, uint32_t item)
{
    const RkNegatives *n = draw->negatives;
    if (item == draw->rows->item[draw->row] || item >= n->n_items)
        return TRUE;
    return n->history != NULL && draw->rows->user != NULL &&
           rk_history_has(n->history, draw->rows->user[draw->row], item);
}

static gboolean
draw_one(const Draw *draw, uint32_t *item, GError **error)
{
    const RkNegatives *n = draw->negatives;
    const uint32_t key[2] = {(uint32_t)n->seed, (uint32_t)(n->seed >> 32)};
    uint32_t counter[4] = {(uint32_t)draw->thing, (uint32_t)(draw->thing >> 32), RK_STREAM_NEGATIVE,
                           draw->rows->epoch << 6};
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt += 2, counter[3]++) {
        RkRng4 bits = rk_rng_philox(counter, key);
        for (int half = 0; half < 4; half += 2) {
            *item = n->kind->draw(draw, (uint64_t)bits.v[half + 1] << 32 | bits.v[half]);
            if (!is_refused(draw, *item))
                return TRUE;
        }
    }
    // The user has nearly everything: the next item in order that is left.
    for (uint32_t i = 0; i < n->n_items; i++) {
        *item = *item + 1 < n->n_items ? *item + 1 : 0;
        if (!is_refused(draw, *item))
            return TRUE;
    }
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't draw a negative for code %u of user: there is no item the user doesn't "
                "have. Set negatives.exclude-seen=false.",
                draw->rows->user != NULL ? draw->rows->user[draw->row] : 0);
    return FALSE;
}

gboolean
rk_negatives_draw(const RkNegatives *n, const RkNegativeRows *rows, uint32_t *item, GError **error)
{
    for (uint32_t row = 0; row < rows->n_rows; row++, item += n->count) {
        if (n->kind->draw == NULL) {
            if (!take_given(n, rows, row, item, error))
                return FALSE;
            continue;
        }
        for (uint32_t j = 0; j < n->count; j++) {
            Draw draw = {n, rows, row, (rows->position + row) * n->count + j};
            if (!draw_one(&draw, &item[j], error))
                return FALSE;
        }
    }
    return TRUE;
}

RkNegatives *
rk_negatives_new(const RkParams *params, RkChunkSource *source, const RkSplit *split,
                 const RkHistory *history, uint32_t n_items, uint64_t seed, GError **error)
{
    const char *name = rk_params_text(params, "negatives");
    g_autoptr(RkNegatives) n = g_new0(RkNegatives, 1);
    n->n_items = n_items;
    n->seed = seed;
    if (rk_params_bool(params, "negatives.exclude-seen"))
        n->history = history;
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (strcmp(KINDS[i].name, name) == 0)
            n->kind = &KINDS[i];
    if (n->kind == NULL) // none
        return g_steal_pointer(&n);
    if (n_items == 0 || rk_table_find_kind(rk_events_table(source->schema), RK_FIELD_ITEM) < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't draw negatives: the events name no item. Mark the field (rankine import "
                    "--set FIELD.kind=item), or set negatives=none.");
        return NULL;
    }
    n->count = (uint32_t)rk_params_int(params, "negatives.count");
    if (n->kind->prepare != NULL &&
        !n->kind->prepare(n, source, split, rk_params_real(params, "negatives.power"), error))
        return NULL;
    return g_steal_pointer(&n);
}

void
rk_negatives_free(RkNegatives *n)
{
    if (n == NULL)
        return;
    rk_alias_free(n->alias);
    g_free(n->given.key);
    g_free(n->given.place);
    g_free(n->given.offset);
    g_free(n->given.item);
    g_free(n);
}

uint32_t
rk_negatives_count(const RkNegatives *n)
{
    return n != NULL && n->kind != NULL ? n->count : 0;
}
