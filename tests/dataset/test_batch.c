// SPDX-License-Identifier: GPL-3.0-or-later
//
// What batches hold, beside what the stored columns say.
#include "loader_rig.h"

#include "base/sort_rows.h"
#include "dataset/imbalance.h"

#include <math.h>
#include <string.h>

#define N_ROWS 1501u

typedef struct {
    Memory *memory;
    RkSplit *split;
    RkFrame *frame;
} Data;

static void
data_init(Data *data, uint32_t seed)
{
    data->memory = rig_data(N_ROWS, seed);
    data->split = rig_split(N_ROWS, seed);
    data->frame = rig_frame(data->memory, data->split);
}

static void
data_clear(Data *data)
{
    rk_frame_free(data->frame);
    rk_split_free(data->split);
    memory_free(data->memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Data, data_clear)

// The row of a side table whose key is `code`, the first; -1 without.
static int
side_row(const Memory *memory, uint32_t table, const char *key, uint32_t code)
{
    const RkColumn *column = memory_column(memory, table, key);
    for (uint32_t i = 0; i < column->n_rows; i++)
        if (column->code[i] == code)
            return (int)i;
    return -1;
}

static void
check_bag(const uint32_t *out, uint32_t n, const RkColumn *column, int row, uint32_t most)
{
    uint32_t begin = row >= 0 ? column->offset[row] : 0;
    uint32_t length = row >= 0 ? column->offset[row + 1] - begin : 0;
    g_assert_cmpuint(n, ==, MIN(length, most));
    for (uint32_t k = 0; k < n; k++)
        g_assert_cmpuint(out[k], ==, column->codes[begin + k]);
}

// ---- fields ------------------------------------------------------------------------------------

enum { ROW, USER, ITEM, AGE, PRICE, MOOD, TIME, LABEL, WEIGHT, TAGS, ENDS, GENRES };

static const RkBatchColumn FIELDS[] = {
    [ROW] = {.name = "row", .kind = RK_BATCH_ROW},
    [USER] = {.name = "user", .kind = RK_BATCH_CODE, .field = "user"},
    [ITEM] = {.name = "item", .kind = RK_BATCH_CODE, .field = "item"},
    [AGE] = {.name = "age", .kind = RK_BATCH_CODE, .field = "users.age"},
    [PRICE] = {.name = "price", .kind = RK_BATCH_NUMBER, .field = "items.price", .missing = -7},
    [MOOD] = {.name = "mood", .kind = RK_BATCH_NUMBER, .field = "mood", .missing = 9},
    [TIME] = {.name = "time", .kind = RK_BATCH_TIME, .field = "time"},
    [LABEL] = {.name = "label", .kind = RK_BATCH_LABEL},
    [WEIGHT] = {.name = "weight", .kind = RK_BATCH_WEIGHT},
    [TAGS] = {.name = "tags", .kind = RK_BATCH_BAG, .field = "tags", .capacity = 4},
    [ENDS] = {.name = "tags.ends", .kind = RK_BATCH_ENDS, .n_of = 1, .of = {TAGS}},
    [GENRES] = {.name = "genres", .kind = RK_BATCH_BAG, .field = "genres", .width = 2},
};

static void
check_padding(Rig *rig, const RkBatch *batch)
{
    static const int NONE[] = {ROW, USER, ITEM, AGE, TIME};
    static const int ZERO[] = {PRICE, MOOD, LABEL, WEIGHT};
    const uint32_t *ends = rig_column(rig, batch, ENDS), *genres = rig_column(rig, batch, GENRES);
    for (uint32_t i = batch->n; i < rk_loader_batch(rig->loader); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(NONE); k++)
            g_assert_cmpuint(((uint32_t *)rig_column(rig, batch, NONE[k]))[i], ==, UINT32_MAX);
        for (size_t k = 0; k < G_N_ELEMENTS(ZERO); k++)
            g_assert_cmpfloat(((float *)rig_column(rig, batch, ZERO[k]))[i], ==, 0);
        g_assert_cmpuint(ends[i], ==, ends[batch->n - 1]);
        g_assert_cmpuint(genres[i * 2], ==, UINT32_MAX);
    }
    const uint32_t *tags = rig_column(rig, batch, TAGS);
    for (uint32_t i = ends[batch->n - 1]; i < rk_loader_batch(rig->loader) * 4; i++)
        g_assert_cmpuint(tags[i], ==, UINT32_MAX);
}

static void
check_cells(const Data *data, Rig *rig, const RkBatch *batch, uint32_t i)
{
    const Memory *m = data->memory;
    uint32_t row = ((uint32_t *)rig_column(rig, batch, ROW))[i];
    uint32_t user = rig_code(m, "user", row), item = rig_code(m, "item", row);
    g_assert_cmpuint(((uint32_t *)rig_column(rig, batch, USER))[i], ==, user);
    g_assert_cmpuint(((uint32_t *)rig_column(rig, batch, ITEM))[i], ==, item);
    int at_user = side_row(m, 2, "user", user), at_item = side_row(m, 1, "item", item);
    g_assert_cmpuint(((uint32_t *)rig_column(rig, batch, AGE))[i], ==,
                     at_user >= 0 ? memory_column(m, 2, "age")->code[at_user] : UINT32_MAX);
    g_assert_cmpfloat(((float *)rig_column(rig, batch, PRICE))[i], ==,
                      at_item >= 0 ? (float)memory_column(m, 1, "price")->real[at_item] : -7);
    double mood = rig_real(m, "mood", row), rating = rig_real(m, "rating", row);
    g_assert_cmpfloat(((float *)rig_column(rig, batch, MOOD))[i], ==,
                      isnan(mood) ? 9 : (float)mood);
    int64_t time = rig_time(m, row);
    uint32_t since =
        time == INT64_MIN ? UINT32_MAX : (uint32_t)(time - rk_frame_first_time(data->frame));
    g_assert_cmpuint(((uint32_t *)rig_column(rig, batch, TIME))[i], ==, since);
    g_assert_cmpfloat(((float *)rig_column(rig, batch, LABEL))[i], ==,
                      isnan(rating) ? 0 : (float)rating);
    g_assert_cmpfloat(((float *)rig_column(rig, batch, WEIGHT))[i], ==, isnan(rating) ? 0 : 1);
    const uint32_t *ends = rig_column(rig, batch, ENDS);
    uint32_t begin = i > 0 ? ends[i - 1] : 0;
    check_bag((uint32_t *)rig_column(rig, batch, TAGS) + begin, ends[i] - begin,
              memory_column(m, 0, "tags"), (int)row, 100);
    const uint32_t *genres = (uint32_t *)rig_column(rig, batch, GENRES) + i * 2;
    check_bag(genres, (genres[0] != UINT32_MAX) + (genres[1] != UINT32_MAX),
              memory_column(m, 1, "genres"), at_item, 2);
}

static void
cells_are_those_of_the_rows_and_their_joins(void)
{
    g_auto(Data) data = {0};
    data_init(&data, 1);
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                               .columns = FIELDS,
                                               .n_columns = G_N_ELEMENTS(FIELDS),
                                               .batch = "batch=100",
                                               .n_epochs = 1},
                                 NULL);
    RkBatch batch;
    while (rig_next(rig, &batch)) {
        for (uint32_t i = 0; i < batch.n; i++)
            check_cells(&data, rig, &batch, i);
        check_padding(rig, &batch);
        rk_loader_release(rig->loader, batch.slot);
    }
}

static void
labels_become_binary_by_a_threshold(void)
{
    g_auto(Data) data = {0};
    data_init(&data, 1);
    g_autoptr(Rig) rig =
        rig_new(&(RigOptions){.frame = data.frame,
                              .columns = FIELDS,
                              .n_columns = G_N_ELEMENTS(FIELDS),
                              .batch = "batch=100 label.binary=true label.threshold=4",
                              .imbalance = "class-weight=balanced",
                              .n_epochs = 1},
                NULL);
    RkBatch batch;
    double sum[2] = {0};
    while (rig_next(rig, &batch)) {
        const uint32_t *row = rig_column(rig, &batch, ROW);
        const float *label = rig_column(rig, &batch, LABEL);
        const float *weight = rig_column(rig, &batch, WEIGHT);
        for (uint32_t i = 0; i < batch.n; i++) {
            g_assert_cmpfloat(label[i], ==, rig_real(data.memory, "rating", row[i]) >= 4);
            sum[label[i] > 0] += weight[i];
        }
        rk_loader_release(rig->loader, batch.slot);
    }
    g_assert_cmpfloat_with_epsilon(sum[0], sum[1], 0.01); // sums of some 900 f32 weights
}

static void
a_bag_that_overflows_is_an_error_or_cut(void)
{
    RkBatchColumn columns[] = {FIELDS[TAGS], FIELDS[ENDS]};
    columns[0].capacity = 1; // two values a row on average
    columns[1].of[0] = 0;
    g_auto(Data) data = {0};
    data_init(&data, 1);
    RigOptions options = {.frame = data.frame,
                          .columns = columns,
                          .n_columns = 2,
                          .batch = "batch=100 bag.overflow=truncate",
                          .n_epochs = 1};
    g_autoptr(Rig) cut = rig_new(&options, NULL);
    RkBatch batch;
    g_assert_true(rig_next(cut, &batch));
    const uint32_t *ends = rig_column(cut, &batch, 1), *tags = rig_column(cut, &batch, 0);
    g_assert_cmpuint(ends[99], ==, 100);
    for (uint32_t i = 0; i < 100; i++)
        g_assert_cmpuint(tags[i], <, RIG_GENRES);
    options.batch = "batch=100";
    g_autoptr(Rig) strict = rig_new(&options, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(rk_loader_next(strict->loader, &batch, &error), ==, -1);
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
}

static void
codes_without_a_training_row_can_be_none(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = rig_data(150, 9);
    g_autoptr(RkSplit) split = rig_split(150, 9);
    RkFrameOptions options = rig_frame_options(memory, split);
    options.trained_codes_only = TRUE;
    g_autoptr(RkFrame) frame = rk_frame_new(&options, &error);
    g_assert_no_error(error);
    gboolean trained[RIG_ITEMS] = {FALSE};
    for (uint32_t row = 0; row < 150; row++)
        if (rk_split_part(split, row) == RK_PART_TRAIN && rig_code(memory, "item", row) < RIG_ITEMS)
            trained[rig_code(memory, "item", row)] = TRUE;
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = frame,
                                               .parts = 1u << RK_PART_TEST,
                                               .columns = FIELDS,
                                               .n_columns = 3,
                                               .n_epochs = 1},
                                 NULL);
    RkBatch batch;
    uint32_t n_none = 0;
    g_assert_true(rig_next(rig, &batch));
    for (uint32_t i = 0; i < batch.n; i++) {
        uint32_t item = rig_code(memory, "item", ((uint32_t *)rig_column(rig, &batch, ROW))[i]);
        gboolean none = item == UINT32_MAX || !trained[item];
        n_none += none && item != UINT32_MAX;
        g_assert_cmpuint(((uint32_t *)rig_column(rig, &batch, ITEM))[i], ==,
                         none ? UINT32_MAX : item);
    }
    g_assert_cmpuint(n_none, >, 0);
}

// ---- histories ---------------------------------------------------------------------------------

static gboolean
is_before(const Memory *m, uint32_t a, uint32_t b)
{
    return rig_time(m, a) != INT64_MIN && rig_time(m, b) != INT64_MIN &&
           rig_time(m, a) < rig_time(m, b);
}

// The order within a user's events: by time, then by row.
static gboolean
comes_first(const Memory *m, uint32_t a, uint32_t b)
{
    return rig_time(m, a) != rig_time(m, b) ? rig_time(m, a) < rig_time(m, b) : a < b;
}

// The last `width` items before a row, worked out the slow way; returns how many.
static uint32_t
slow_history(const Data *data, uint32_t row, unsigned parts, uint32_t width, uint32_t *item)
{
    const Memory *m = data->memory;
    uint32_t user = rig_code(m, "user", row), n = 0;
    g_autofree uint32_t *rows = g_new(uint32_t, N_ROWS);
    for (uint32_t r = 0; r < N_ROWS && user != UINT32_MAX; r++) {
        if (rig_code(m, "user", r) != user || rig_code(m, "item", r) == UINT32_MAX ||
            !is_before(m, r, row) || !((parts >> rk_split_part(data->split, r)) & 1))
            continue;
        uint32_t at = n++;
        for (; at > 0 && comes_first(m, r, rows[at - 1]); at--)
            rows[at] = rows[at - 1];
        rows[at] = r;
    }
    uint32_t skipped = n > width ? n - width : 0;
    for (uint32_t i = skipped; i < n; i++)
        item[i - skipped] = rig_code(m, "item", rows[i]);
    return n - skipped;
}

static void
histories_hold_the_past_alone(void)
{
    enum { WIDTH = 7 };
    static const RkBatchColumn COLUMNS[] = {
        {.name = "row", .kind = RK_BATCH_ROW},
        {.name = "history", .kind = RK_BATCH_HISTORY, .width = WIDTH},
        {.name = "history.length", .kind = RK_BATCH_HISTORY_LENGTH, .n_of = 1, .of = {1}},
    };
    static const struct {
        const char *settings;
        unsigned parts, seen;
    } CASES[] = {{"batch=64", 1, 1},
                 {"batch=64", 2, 3},
                 {"batch=64", 4, 7},
                 {"batch=64 history.parts=train", 4, 1},
                 {"batch=64 history.parts=all", 1, 15}};
    for (uint32_t seed = 1; seed <= 2; seed++) {
        g_auto(Data) data = {0};
        data_init(&data, seed);
        uint64_t n_items = 0;
        for (size_t k = 0; k < G_N_ELEMENTS(CASES); k++) {
            g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                                       .parts = CASES[k].parts,
                                                       .columns = COLUMNS,
                                                       .n_columns = 3,
                                                       .batch = CASES[k].settings,
                                                       .n_epochs = 1},
                                         NULL);
            RkBatch batch;
            while (rig_next(rig, &batch)) {
                const uint32_t *row = rig_column(rig, &batch, 0);
                const uint32_t *history = rig_column(rig, &batch, 1);
                const uint32_t *length = rig_column(rig, &batch, 2);
                for (uint32_t i = 0; i < batch.n; i++, history += WIDTH) {
                    uint32_t expected[WIDTH];
                    uint32_t n = slow_history(&data, row[i], CASES[k].seen, WIDTH, expected);
                    g_assert_cmpuint(length[i], ==, n);
                    g_assert_cmpmem(history, n * 4, expected, n * 4);
                    for (uint32_t t = n; t < WIDTH; t++)
                        g_assert_cmpuint(history[t], ==, UINT32_MAX);
                    n_items += n;
                }
                rk_loader_release(rig->loader, batch.slot);
            }
        }
        g_assert_cmpuint(n_items, >, N_ROWS);
    }
}

// Each user's target events: t's input is before t's target, and no target is missed.
static void
sequences_shift_by_one(void)
{
    enum { T = 9 };
    static const RkBatchColumn COLUMNS[] = {
        {.name = "user", .kind = RK_BATCH_CODE, .field = "user"},
        {.name = "history", .kind = RK_BATCH_HISTORY, .width = T},
        {.name = "target", .kind = RK_BATCH_TARGET, .width = T},
        {.name = "negatives", .kind = RK_BATCH_NEGATIVES, .width = 2},
        {.name = "candidates", .kind = RK_BATCH_CANDIDATES, .width = 2},
    };
    g_auto(Data) data = {0};
    data_init(&data, 4);
    const RkHistory *all = rk_frame_history(data.frame, NULL);
    for (int windows = 0; windows < 2; windows++)
        for (int part = 0; part < 3; part++) {
            g_autoptr(Rig) rig =
                rig_new(&(RigOptions){.frame = data.frame,
                                      .parts = 1u << part,
                                      .samples = RK_SAMPLES_SEQUENCES,
                                      .columns = COLUMNS,
                                      .n_columns = G_N_ELEMENTS(COLUMNS),
                                      .batch = windows ? "batch=8 sequence.windows=all" : "batch=8",
                                      .negatives = "negatives=uniform",
                                      .n_epochs = 1},
                        NULL);
            const RkSeenItems *seen = rk_frame_seen(data.frame, FALSE, NULL);
            uint32_t n_targets[RIG_USERS] = {0}, n_samples[RIG_USERS] = {0};
            RkBatch batch;
            while (rig_next(rig, &batch)) {
                const uint32_t *user = rig_column(rig, &batch, 0);
                const uint32_t *history = rig_column(rig, &batch, 1);
                const uint32_t *target = rig_column(rig, &batch, 2);
                const uint32_t *negative = rig_column(rig, &batch, 3);
                const uint32_t *candidate = rig_column(rig, &batch, 4);
                for (uint32_t k = 0; k < 8 * T; k++) {
                    gboolean is_target = target[k] != UINT32_MAX;
                    uint32_t u = user[k / T];
                    g_assert_cmpuint(candidate[k * 3], ==, target[k]);
                    g_assert_cmpmem(&candidate[k * 3 + 1], 8, &negative[k * 2], 8);
                    if (is_target) {
                        g_assert_cmpuint(history[k], !=, UINT32_MAX);
                        g_assert_false(rk_seen_items_has(seen, u, negative[k * 2]));
                        n_targets[u]++;
                    } else {
                        g_assert_cmpuint(negative[k * 2 + 1], ==, UINT32_MAX);
                    }
                    if (part == 0 && k % T + 1 < T && history[k + 1] != UINT32_MAX)
                        g_assert_cmpuint(target[k], ==, history[k + 1]);
                }
                for (uint32_t i = 0; i < batch.n; i++)
                    n_samples[user[i]]++;
                rk_loader_release(rig->loader, batch.slot);
            }
            for (uint32_t u = 0; u < RIG_USERS; u++) {
                uint32_t n_mine = 0, n_before = 0;
                for (uint64_t at = all->offset[u]; at < all->offset[u + 1]; at++) {
                    n_mine += all->part[at] == part && n_before > 0;
                    n_before += all->part[at] <= part;
                }
                if (windows)
                    g_assert_cmpuint(n_targets[u], ==, n_mine);
                else
                    g_assert_cmpuint(n_samples[u], ==, n_mine > 0);
                if (!windows && part == 0)
                    g_assert_cmpuint(n_targets[u], ==, MIN(n_mine, T));
            }
        }
}

// ---- negatives ---------------------------------------------------------------------------------

static void
pointwise_samples_are_events_and_their_negatives(void)
{
    static const RkBatchColumn COLUMNS[] = {
        {.name = "row", .kind = RK_BATCH_ROW},
        {.name = "item", .kind = RK_BATCH_CODE},
        {.name = "label", .kind = RK_BATCH_LABEL},
        {.name = "price", .kind = RK_BATCH_NUMBER, .field = "items.price", .missing = -1},
        {.name = "weight", .kind = RK_BATCH_WEIGHT},
    };
    g_auto(Data) data = {0};
    data_init(&data, 2);
    const RkSeenItems *seen = rk_frame_seen(data.frame, TRUE, NULL);
    g_autoptr(Rig) rig =
        rig_new(&(RigOptions){.frame = data.frame,
                              .samples = RK_SAMPLES_POINTWISE,
                              .columns = COLUMNS,
                              .n_columns = G_N_ELEMENTS(COLUMNS),
                              .batch = "batch=64 label.binary=true label.threshold=-1",
                              .negatives = "negatives=uniform negatives.n=3 negatives.exclude=all",
                              .n_epochs = 1},
                NULL);
    g_autofree uint32_t *n_own = g_new0(uint32_t, N_ROWS), *n_drawn = g_new0(uint32_t, N_ROWS);
    RkBatch batch;
    while (rig_next(rig, &batch)) {
        const uint32_t *row = rig_column(rig, &batch, 0), *item = rig_column(rig, &batch, 1);
        const float *label = rig_column(rig, &batch, 2), *price = rig_column(rig, &batch, 3);
        for (uint32_t i = 0; i < batch.n; i++) {
            uint32_t user = rig_code(data.memory, "user", row[i]);
            gboolean labelled = !isnan(rig_real(data.memory, "rating", row[i]));
            // An event without a label reads as 0 too, but has its own item.
            gboolean own =
                label[i] > 0 || (!labelled && item[i] == rig_code(data.memory, "item", row[i]));
            (own ? n_own : n_drawn)[row[i]]++;
            if (!own && user != UINT32_MAX)
                g_assert_false(rk_seen_items_has(seen, user, item[i]));
            int at = side_row(data.memory, 1, "item", item[i]);
            g_assert_cmpfloat(price[i], ==,
                              at < 0 ? -1
                                     : (float)memory_column(data.memory, 1, "price")->real[at]);
        }
        rk_loader_release(rig->loader, batch.slot);
    }
    for (uint32_t row = 0; row < N_ROWS; row++) {
        gboolean mine = rk_split_part(data.split, row) == RK_PART_TRAIN;
        g_assert_cmpuint(n_own[row], ==, mine);
        g_assert_cmpuint(n_drawn[row], ==, mine ? 3 : 0);
    }
}

static void
in_batch_negatives_are_items_of_the_batch(void)
{
    static const RkBatchColumn COLUMNS[] = {
        {.name = "item", .kind = RK_BATCH_CODE},
        {.name = "negatives", .kind = RK_BATCH_NEGATIVES, .width = 4},
        {.name = "item.log_q", .kind = RK_BATCH_LOG_Q, .width = 32, .n_of = 1, .of = {0}},
    };
    g_auto(Data) data = {0};
    data_init(&data, 2);
    g_autoptr(Rig) rig =
        rig_new(&(RigOptions){.frame = data.frame,
                              .columns = COLUMNS,
                              .n_columns = G_N_ELEMENTS(COLUMNS),
                              .batch = "batch=32",
                              .negatives = "negatives=in-batch negatives.exclude=positive",
                              .n_epochs = 1},
                NULL);
    const uint64_t *count = rk_frame_item_counts(data.frame, NULL);
    double total = 0;
    for (uint32_t i = 0; i < RIG_ITEMS; i++)
        total += (double)count[i];
    RkBatch batch;
    while (rig_next(rig, &batch)) {
        const uint32_t *item = rig_column(rig, &batch, 0), *drawn = rig_column(rig, &batch, 1);
        const float *log_q = rig_column(rig, &batch, 2);
        for (uint32_t i = 0; i < batch.n; i++) {
            for (uint32_t k = 0; k < 4; k++) {
                gboolean found = FALSE;
                for (uint32_t j = 0; j < batch.n && !found; j++)
                    found = item[j] == drawn[i * 4 + k];
                g_assert_true(found);
                g_assert_cmpuint(drawn[i * 4 + k], !=, item[i]);
            }
            if (item[i] != UINT32_MAX) // two roundings to f32 of a number below 8
                g_assert_cmpfloat_with_epsilon(log_q[i], log(32 * (double)count[item[i]] / total),
                                               1e-5);
        }
        rk_loader_release(rig->loader, batch.slot);
    }
}

static void
sorted_rows_are_those_of_the_op(void)
{
    enum { B = 48, N = B + B * 3 };
    static const RkBatchColumn COLUMNS[] = {
        {.name = "item", .kind = RK_BATCH_CODE},
        {.name = "negatives", .kind = RK_BATCH_NEGATIVES, .width = 3},
        {.name = "sorted", .kind = RK_BATCH_SORTED, .n_of = 2, .of = {0, 1}},
    };
    g_auto(Data) data = {0};
    data_init(&data, 2);
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                               .columns = COLUMNS,
                                               .n_columns = G_N_ELEMENTS(COLUMNS),
                                               .batch = "batch=48",
                                               .negatives = "negatives=uniform",
                                               .n_epochs = 1},
                                 NULL);
    RkBatch batch;
    while (rig_next(rig, &batch)) {
        uint32_t index[N], packed[RK_SORT_ROWS_WORDS(N)], scratch[N];
        memcpy(index, rig_column(rig, &batch, 0), B * 4);
        memcpy(index + B, rig_column(rig, &batch, 1), B * 12);
        rk_sort_rows(index, N, packed, scratch);
        g_assert_cmpmem(rig_column(rig, &batch, 2), N * 12, packed, N * 12);
        rk_loader_release(rig->loader, batch.slot);
    }
}

// ---- imbalance ---------------------------------------------------------------------------------

static void
resampling_gives_the_classes_their_shares(void)
{
    static const uint64_t N[2] = {1000, 90};
    static const struct {
        const char *settings;
        uint32_t n[2];
    } CASES[] = {{"balance=oversample", {1000, 1000}},
                 {"balance=oversample balance.ratio=0.25", {1000, 250}},
                 {"balance=oversample balance.ratio=0.01", {1000, 90}},
                 {"balance=undersample", {90, 90}},
                 {"balance=undersample balance.ratio=0.5", {180, 90}}};
    for (size_t k = 0; k < G_N_ELEMENTS(CASES); k++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkParams) set =
            rig_set(rk_imbalance_params, rk_n_imbalance_params, CASES[k].settings);
        g_autoptr(RkImbalance) imbalance = rk_imbalance_new(set, 3, N, &error);
        g_assert_no_error(error);
        g_autofree uint32_t *times = g_new0(uint32_t, 2 * 1000);
        g_autofree uint32_t *again = g_new0(uint32_t, 2 * 1000);
        uint32_t n[2] = {0}, n_other = 0;
        for (uint32_t i = 0; i < rk_imbalance_n(imbalance); i++) {
            int class;
            uint32_t at = rk_imbalance_at(imbalance, 0, i, &class);
            n[class]++;
            times[class * 1000 + at]++;
            at = rk_imbalance_at(imbalance, 1, i, &class);
            again[class * 1000 + at]++;
        }
        for (int class = 0; class < 2; class ++) {
            g_assert_cmpuint(n[class], ==, CASES[k].n[class]);
            for (uint32_t i = 0; i < N[class]; i++) { // as evenly as can be
                g_assert_cmpuint(times[class * 1000 + i], >=, n[class] / N[class]);
                g_assert_cmpuint(times[class * 1000 + i], <=, n[class] / N[class] + 1);
                n_other += times[class * 1000 + i] != again[class * 1000 + i];
            }
        }
        if (n[0] % N[0] + n[1] % N[1] > 0) // another subset every epoch
            g_assert_cmpuint(n_other, >, 0);
    }
}

static void
one_class_alone_cant_be_balanced(void)
{
    static const uint64_t N[2] = {0, 90};
    static const char *const SETTINGS[] = {"balance=oversample", "class-weight=balanced"};
    for (size_t k = 0; k < G_N_ELEMENTS(SETTINGS); k++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkParams) set = rig_set(rk_imbalance_params, rk_n_imbalance_params, SETTINGS[k]);
        float weight[2];
        g_autoptr(RkImbalance) imbalance = rk_imbalance_new(set, 3, N, &error);
        g_assert_null(imbalance);
        if (error == NULL)
            g_assert_false(rk_imbalance_weights(set, N, weight, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    }
}

// ---- refusals ----------------------------------------------------------------------------------

static void
what_cant_be_is_refused(void)
{
    static const struct {
        RkBatchColumn column;
        const char *says;
        RkSamples samples;
        const char *negatives;
    } CASES[] = {
        {{.name = "x", .kind = RK_BATCH_CODE, .field = "nothing"}, "was not loaded"},
        {{.name = "x", .kind = RK_BATCH_CODE, .field = "mood"}, "of the kind number"},
        {{.name = "x", .kind = RK_BATCH_NUMBER, .field = "user"}, "of the kind user"},
        {{.name = "x", .kind = RK_BATCH_BAG, .field = "tags"}, "room for no value"},
        {{.name = "x", .kind = RK_BATCH_HISTORY}, "width is 0"},
        {{.name = "x", .kind = RK_BATCH_TARGET, .width = 3}, "only sequences"},
        {{.name = "x", .kind = RK_BATCH_NEGATIVES, .width = 3}, "negatives=uniform"},
        {{.name = "x", .kind = RK_BATCH_SORTED}, "must name the column"},
        {{.name = "x", .kind = RK_BATCH_SORTED, .n_of = 1, .of = {0}}, "can't derive"},
        {{.name = "x", .kind = RK_BATCH_ROW}, "negatives=uniform", RK_SAMPLES_POINTWISE},
        {{.name = "x", .kind = RK_BATCH_ROW},
         "in-batch negatives",
         RK_SAMPLES_POINTWISE,
         "negatives=in-batch"},
        {{.name = "x", .kind = RK_BATCH_ROW}, "history or a target", RK_SAMPLES_SEQUENCES},
    };
    g_auto(Data) data = {0};
    data_init(&data, 1);
    for (size_t k = 0; k < G_N_ELEMENTS(CASES); k++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(rig_new(&(RigOptions){.frame = data.frame,
                                            .samples = CASES[k].samples,
                                            .columns = &CASES[k].column,
                                            .n_columns = 1,
                                            .negatives = CASES[k].negatives},
                              &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (strstr(error->message, CASES[k].says) == NULL)
            g_error("\"%s\" doesn't say \"%s\"", error->message, CASES[k].says);
    }
}

static void
fields_that_arent_there_are_refused(void)
{
    static const char *const NAMES[] = {"nothing", "negatives.negatives", "items.nothing"};
    g_autoptr(Memory) memory = rig_data(50, 1);
    for (size_t k = 0; k < G_N_ELEMENTS(NAMES); k++) {
        g_autoptr(GError) error = NULL;
        RkFrameOptions options = rig_frame_options(memory, NULL);
        options.fields = &NAMES[k];
        options.n_fields = 1;
        g_assert_null(rk_frame_new(&options, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, NAMES[k]));
    }
}

// ---- features ----------------------------------------------------------------------------------

static void
fitted_features_stand_in_batches(void)
{
    static const char *const SETTINGS[] = {"events.mood.scale=standard", "events.time.time=hour",
                                           "items.price.scale=minmax", "events.user.past=count",
                                           NULL};
    static const char *const NAMES[] = {"mood", "time.hour", "items.price", "user.count"};
    static const RkBatchColumn COLUMNS[] = {
        {.name = "row", .kind = RK_BATCH_ROW},
        {.name = "mood", .kind = RK_BATCH_NUMBER, .field = "mood"},
        {.name = "hour", .kind = RK_BATCH_CODE, .field = "time.hour"},
        {.name = "price", .kind = RK_BATCH_NUMBER, .field = "items.price"},
        {.name = "count", .kind = RK_BATCH_NUMBER, .field = "user.count"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = rig_data(N_ROWS, 6);
    g_autoptr(RkSplit) split = rig_split(N_ROWS, 6);
    g_autoptr(RkFeatures) features =
        rk_features_fit(&memory->source, split, SETTINGS, NULL, &error);
    g_assert_no_error(error);
    RkFrameOptions options = rig_frame_options(memory, split);
    options.features = features;
    options.fields = NAMES;
    options.n_fields = G_N_ELEMENTS(NAMES);
    g_autoptr(RkFrame) frame = rk_frame_new(&options, &error);
    g_assert_no_error(error);
    g_autofree float *past = rk_feature_past(rk_features_find(features, 0, "user.count"),
                                             &memory->source, split, &error);
    g_autoptr(Rig) rig = rig_new(
        &(RigOptions){
            .frame = frame, .columns = COLUMNS, .n_columns = G_N_ELEMENTS(COLUMNS), .n_epochs = 1},
        NULL);
    RkBatch batch;
    g_assert_true(rig_next(rig, &batch));
    const uint32_t *row = rig_column(rig, &batch, 0), *hour = rig_column(rig, &batch, 2);
    const float *mood = rig_column(rig, &batch, 1), *price = rig_column(rig, &batch, 3);
    const float *count = rig_column(rig, &batch, 4);
    for (uint32_t i = 0; i < batch.n; i++) {
        RkCellValue cell = rk_column_cell(memory_column(memory, 0, "mood"), row[i]);
        g_assert_cmpfloat(mood[i], ==,
                          rk_feature_apply(rk_features_find(features, 0, "mood"), cell).real);
        cell = rk_column_cell(memory_column(memory, 0, "time"), row[i]);
        g_assert_cmpuint(hour[i], ==,
                         rk_feature_apply(rk_features_find(features, 0, "time.hour"), cell).code);
        int at = side_row(memory, 1, "item", rig_code(memory, "item", row[i]));
        cell = (RkCellValue){.real = NAN};
        if (at >= 0)
            cell = rk_column_cell(memory_column(memory, 1, "price"), (uint32_t)at);
        g_assert_cmpfloat(price[i], ==,
                          rk_feature_apply(rk_features_find(features, 1, "price"), cell).real);
        g_assert_cmpfloat(count[i], ==, past[row[i]]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/batch/cells are those of the rows and their joins",
                    cells_are_those_of_the_rows_and_their_joins);
    g_test_add_func("/dataset/batch/labels become binary by a threshold",
                    labels_become_binary_by_a_threshold);
    g_test_add_func("/dataset/batch/a bag that overflows is an error or cut",
                    a_bag_that_overflows_is_an_error_or_cut);
    g_test_add_func("/dataset/batch/codes without a training row can be none",
                    codes_without_a_training_row_can_be_none);
    g_test_add_func("/dataset/batch/histories hold the past alone", histories_hold_the_past_alone);
    g_test_add_func("/dataset/batch/sequences shift by one", sequences_shift_by_one);
    g_test_add_func("/dataset/batch/pointwise samples are events and their negatives",
                    pointwise_samples_are_events_and_their_negatives);
    g_test_add_func("/dataset/batch/in-batch negatives are items of the batch",
                    in_batch_negatives_are_items_of_the_batch);
    g_test_add_func("/dataset/batch/sorted rows are those of the op",
                    sorted_rows_are_those_of_the_op);
    g_test_add_func("/dataset/batch/resampling gives the classes their shares",
                    resampling_gives_the_classes_their_shares);
    g_test_add_func("/dataset/batch/one class alone can't be balanced",
                    one_class_alone_cant_be_balanced);
    g_test_add_func("/dataset/batch/what can't be is refused", what_cant_be_is_refused);
    g_test_add_func("/dataset/batch/fields that aren't there are refused",
                    fields_that_arent_there_are_refused);
    g_test_add_func("/dataset/batch/fitted features stand in batches",
                    fitted_features_stand_in_batches);
    return g_test_run();
}
