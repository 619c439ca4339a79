// SPDX-License-Identifier: GPL-3.0-or-later
#include "loader_rig.h"

#include "base/rng.h"
#include "dataset/imbalance.h"

#include <math.h>
#include <string.h>

#define N_SLOTS 3u

enum { USER, ITEM, RATING, TIME, MOOD, TAGS };

static RkSchema *
make_schema(void)
{
    RkSchema *schema = rk_schema_new();
    RkTable *events = rk_schema_add_table(schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(events, "user", RK_FIELD_USER);
    rk_table_add_field(events, "item", RK_FIELD_ITEM);
    rk_table_add_field(events, "rating", RK_FIELD_LABEL);
    rk_table_add_field(events, "time", RK_FIELD_TIMESTAMP);
    rk_table_add_field(events, "mood", RK_FIELD_NUMBER);
    rk_table_add_field(events, "tags", RK_FIELD_MULTI);
    RkTable *items = rk_schema_add_table(schema, "items", RK_TABLE_ITEMS);
    rk_table_add_field(items, "item", RK_FIELD_ITEM);
    rk_table_add_field(items, "genres", RK_FIELD_MULTI);
    rk_table_add_field(items, "price", RK_FIELD_NUMBER);
    RkTable *users = rk_schema_add_table(schema, "users", RK_TABLE_USERS);
    rk_table_add_field(users, "user", RK_FIELD_USER);
    rk_table_add_field(users, "age", RK_FIELD_CATEGORICAL);
    RkTable *negatives = rk_schema_add_table(schema, "negatives", RK_TABLE_OTHER);
    rk_table_add_field(negatives, "user", RK_FIELD_USER);
    rk_table_add_field(negatives, "item", RK_FIELD_ITEM);
    RkField *listed = rk_table_add_field(negatives, "negatives", RK_FIELD_MULTI);
    g_free(listed->vocabulary);
    listed->vocabulary = g_strdup("item");
    return schema;
}

static gboolean
chance(uint32_t seed, uint32_t stream, uint32_t i, uint32_t one_in)
{
    return rk_rng_below(seed, stream, i, one_in) == 0;
}

// 0 to most - 1 codes a row.
static void
fill_codes(RkColumn *column, uint32_t n_rows, uint32_t seed, uint32_t most, uint32_t n_codes)
{
    column->codes = g_new(uint32_t, (size_t)n_rows * most + 1);
    column->offset[0] = 0;
    for (uint32_t i = 0, end = 0; i < n_rows; i++) {
        uint32_t n = rk_rng_below(seed, 20, i, most);
        for (uint32_t k = 0; k < n; k++)
            column->codes[end++] = rk_rng_below(seed, 21, i * 64 + k, n_codes);
        column->offset[i + 1] = end;
    }
}

static void
add_events(Memory *memory, uint32_t n_rows, uint32_t seed)
{
    g_autoptr(RkChunk) chunk = rk_chunk_new(rk_schema_table(memory->schema, 0), 0, 0, n_rows);
    RkColumn *column = chunk->columns;
    for (uint32_t i = 0; i < n_rows; i++) {
        uint32_t u = rk_rng_below(seed, 1, i, RIG_USERS * RIG_USERS);
        uint32_t item = rk_rng_below(seed, 2, i, RIG_ITEMS * RIG_ITEMS);
        column[USER].code[i] = chance(seed, 3, i, 60)
                                   ? RK_CODE_MISSING
                                   : u * (uint64_t)u / (RIG_USERS * RIG_USERS) / RIG_USERS;
        column[ITEM].code[i] = chance(seed, 4, i, 60)
                                   ? RK_CODE_MISSING
                                   : item * (uint64_t)item / (RIG_ITEMS * RIG_ITEMS) / RIG_ITEMS;
        column[RATING].real[i] = chance(seed, 5, i, 60) ? NAN : 1 + rk_rng_below(seed, 6, i, 5);
        column[TIME].time[i] =
            chance(seed, 7, i, 60) ? INT64_MIN : 1000000 + rk_rng_below(seed, 8, i, n_rows / 3 + 1);
        column[MOOD].real[i] = chance(seed, 9, i, 20) ? NAN : rk_rng_normal(seed, 10, i);
    }
    fill_codes(&column[TAGS], n_rows, seed + 100, 5, RIG_GENRES);
    memory_add(memory, chunk);
}

// Every third item is not described, and the first is twice.
static void
add_sides(Memory *memory, uint32_t seed)
{
    uint32_t n_items = RIG_ITEMS * 2 / 3;
    g_autoptr(RkChunk) items = rk_chunk_new(rk_schema_table(memory->schema, 1), 1, 0, n_items);
    for (uint32_t i = 0; i < n_items; i++) {
        items->columns[0].code[i] = i == 1 ? 0 : i * 3 / 2;
        items->columns[2].real[i] = i * 0.25;
    }
    fill_codes(&items->columns[1], n_items, seed + 200, 4, RIG_GENRES);
    memory_add(memory, items);
    g_autoptr(RkChunk) users =
        rk_chunk_new(rk_schema_table(memory->schema, 2), 2, 0, RIG_USERS - 1);
    for (uint32_t i = 0; i < RIG_USERS - 1; i++) {
        users->columns[0].code[i] = i;
        users->columns[1].code[i] = i % RIG_AGES;
    }
    memory_add(memory, users);
}

static void
add_negatives(Memory *memory)
{
    uint32_t n = 30;
    g_autoptr(RkChunk) lists = rk_chunk_new(rk_schema_table(memory->schema, 3), 3, 0, n);
    for (uint32_t i = 0; i < n; i++) {
        lists->columns[0].code[i] = (i * 7) % RIG_USERS;
        lists->columns[1].code[i] = (i * 11) % RIG_ITEMS;
    }
    fill_codes(&lists->columns[2], n, 300, 6, RIG_ITEMS);
    memory_add(memory, lists);
}

Memory *
rig_data(uint32_t n_rows, uint32_t seed)
{
    Memory *memory = memory_new(make_schema());
    add_events(memory, n_rows, seed);
    add_sides(memory, seed);
    add_negatives(memory);
    return memory;
}

uint32_t
rig_vocabulary_size(void *data, const char *name)
{
    static const struct {
        const char *name;
        uint32_t n;
    } SIZES[] = {{"user", RIG_USERS},
                 {"item", RIG_ITEMS},
                 {"users.age", RIG_AGES},
                 {"items.genres", RIG_GENRES},
                 {"events.tags", RIG_GENRES}};
    for (size_t i = 0; i < G_N_ELEMENTS(SIZES); i++)
        if (strcmp(SIZES[i].name, name) == 0)
            return SIZES[i].n;
    g_error("no vocabulary %s", name);
}

RkSplit *
rig_split(uint32_t n_rows, uint32_t seed)
{
    static const uint8_t PARTS[] = {RK_PART_TRAIN, RK_PART_TRAIN, RK_PART_TRAIN, RK_PART_VALID,
                                    RK_PART_TEST};
    g_autofree uint8_t *part = g_malloc(n_rows);
    for (uint32_t i = 0; i < n_rows; i++)
        part[i] = PARTS[rk_rng_below(seed, 50, i, G_N_ELEMENTS(PARTS))];
    return rk_split_new_parts("given", part, n_rows);
}

RkParams *
rig_set(const RkParam *table, size_t n, const char *settings)
{
    g_autoptr(GError) error = NULL;
    RkParams *set = rk_params_new(table, n);
    g_auto(GStrv) words = g_strsplit(settings, " ", -1);
    for (int i = 0; words[i] != NULL && *words[i] != '\0'; i++)
        rk_params_assign(set, words[i], &error);
    g_assert_no_error(error);
    return set;
}

RkFrameOptions
rig_frame_options(Memory *memory, const RkSplit *split)
{
    static const char *const FIELDS[] = {"tags",      "genres", "items.price",
                                         "users.age", "mood",   "time"};
    return (RkFrameOptions){.source = &memory->source,
                            .split = split,
                            .vocabulary_size = rig_vocabulary_size,
                            .fields = FIELDS,
                            .n_fields = G_N_ELEMENTS(FIELDS),
                            .history = TRUE,
                            .positive_from = -INFINITY};
}

RkFrame *
rig_frame(Memory *memory, const RkSplit *split)
{
    g_autoptr(GError) error = NULL;
    RkFrameOptions options = rig_frame_options(memory, split);
    RkFrame *frame = rk_frame_new(&options, &error);
    g_assert_no_error(error);
    return frame;
}

uint32_t
rig_code(const Memory *memory, const char *field, uint32_t row)
{
    return memory_column(memory, 0, field)->code[row];
}

double
rig_real(const Memory *memory, const char *field, uint32_t row)
{
    return memory_column(memory, 0, field)->real[row];
}

int64_t
rig_time(const Memory *memory, uint32_t row)
{
    return memory_column(memory, 0, "time")->time[row];
}

Rig *
rig_new(const RigOptions *options, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(Rig) rig = g_new0(Rig, 1);
    rig->batch = rig_set(rk_batch_params, rk_n_batch_params, options->batch ? options->batch : "");
    rig->negatives = rig_set(rk_negatives_params, rk_n_negatives_params,
                             options->negatives ? options->negatives : "");
    rig->imbalance = rig_set(rk_imbalance_params, rk_n_imbalance_params,
                             options->imbalance ? options->imbalance : "");
    RkLoaderOptions loading = {
        .batch = {.frame = options->frame,
                  .parts = options->parts != 0 ? options->parts : 1u << RK_PART_TRAIN,
                  .samples = options->samples,
                  .columns = options->columns,
                  .n_columns = options->n_columns,
                  .batch = rig->batch,
                  .negatives = rig->negatives,
                  .imbalance = rig->imbalance,
                  .seed = 77},
        .n_slots = N_SLOTS,
        .memory = options->memory,
        .epoch = options->epoch,
        .at_batch = options->at_batch,
        .n_epochs = options->n_epochs,
    };
    rig->loader = rk_loader_new(&loading, error != NULL ? error : &failure);
    g_assert_no_error(failure);
    return rig->loader != NULL ? g_steal_pointer(&rig) : NULL;
}

void
rig_free(Rig *rig)
{
    if (rig == NULL)
        return;
    rk_loader_free(rig->loader);
    rk_params_free(rig->batch);
    rk_params_free(rig->negatives);
    rk_params_free(rig->imbalance);
    g_free(rig);
}

gboolean
rig_next(Rig *rig, RkBatch *batch)
{
    g_autoptr(GError) error = NULL;
    int next = rk_loader_next(rig->loader, batch, &error);
    g_assert_no_error(error);
    g_assert_cmpint(next, >=, 0);
    return next == 1;
}

void *
rig_column(const Rig *rig, const RkBatch *batch, uint32_t column)
{
    return rk_loader_column(rig->loader, batch->slot, column);
}
