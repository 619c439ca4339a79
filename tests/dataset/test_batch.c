// SPDX-License-Identifier: GPL-3.0-or-later
#include "batch_rig.h"

#include "base/sort_rows.h"

#include <string.h>

static const char *const USER_ITEM[] = {"user", "item"};
static const char *const RATING[] = {"rating"};
static const char *const TIME[] = {"timestamp"};
static const char *const GENRES[] = {"items.genres"};
static const char *const AGE[] = {"users.age"};

enum {
    CODES,
    LABEL,
    TIMES,
    BAG,
    AGES,
    HISTORY,
    SEQUENCE,
    NEGATIVES,
    WEIGHTS,
    ROWS,
    SORTED_CODES,
    SORTED_BAG,
    N_PARTS
};

static const RkBatchPart PARTS[N_PARTS] = {
    [CODES] = {.name = "codes", .kind = RK_BATCH_CODES, .columns = USER_ITEM, .n_columns = 2},
    [LABEL] = {.name = "label", .kind = RK_BATCH_REALS, .columns = RATING, .n_columns = 1},
    [TIMES] = {.name = "time", .kind = RK_BATCH_TIMES, .columns = TIME, .n_columns = 1},
    [BAG] =
        {.name = "genres", .kind = RK_BATCH_BAG, .columns = GENRES, .n_columns = 1, .length = 3},
    [AGES] = {.name = "age", .kind = RK_BATCH_REALS, .columns = AGE, .n_columns = 1},
    [HISTORY] =
        {.name = "history", .kind = RK_BATCH_HISTORY, .length = 5, .missing = 9999, .at_end = TRUE},
    [SEQUENCE] = {.name = "sequence", .kind = RK_BATCH_SEQUENCE, .length = 4},
    [NEGATIVES] = {.name = "negatives", .kind = RK_BATCH_NEGATIVES},
    [WEIGHTS] = {.name = "weights", .kind = RK_BATCH_WEIGHTS},
    [ROWS] = {.name = "rows", .kind = RK_BATCH_ROWS},
    [SORTED_CODES] = {.name = "sorted codes", .kind = RK_BATCH_SORTED, .of = CODES},
    [SORTED_BAG] = {.name = "sorted genres", .kind = RK_BATCH_SORTED, .of = BAG},
};

static RkParams *
uniform(void)
{
    return rig_params(rk_negative_params, rk_n_negative_params,
                      "negatives=uniform negatives.count=3");
}

// ---- one batch ---------------------------------------------------------------------------------

// Table row of each row of a part.
static uint32_t *
rows_of(const Rig *rig, RkPart part)
{
    uint32_t *rows = g_new(uint32_t, memory_n_rows(rig->memory, 0) + 1), n = 0;
    for (uint32_t row = 0; row < memory_n_rows(rig->memory, 0); row++)
        if (rk_split_part(rig->split, row) == part)
            rows[n++] = row;
    return rows;
}

static void
check_bag(const Rig *rig, const uint32_t *bag, uint32_t r, uint32_t item)
{
    const RkColumn *genres = memory_column(rig->memory, 1, "genres");
    const uint32_t *ends = bag + 64 * 3;
    uint32_t first = r > 0 ? ends[r - 1] : 0;
    uint32_t n = MIN(genres->offset[item + 1] - genres->offset[item], 3);
    g_assert_cmpuint(ends[r] - first, ==, n);
    g_assert_cmpmem(bag + first, n * 4, genres->codes + genres->offset[item], n * 4);
}

static void
check_sorted(const uint32_t *index, uint32_t n, const uint32_t *sorted)
{
    g_autofree uint32_t *packed = g_new(uint32_t, RK_SORT_ROWS_WORDS(n));
    g_autofree uint32_t *scratch = g_new(uint32_t, n);
    rk_sort_rows(index, n, packed, scratch);
    g_assert_cmpmem(packed, 12ull * n, sorted, 12ull * n);
}

static void
check_batch(const Rig *rig, void *const *memory, const uint32_t *rows)
{
    const uint32_t *codes = memory[CODES], *at = memory[ROWS];
    const float *label = memory[LABEL], *age = memory[AGES];
    const int64_t *time = memory[TIMES];
    for (uint32_t r = 0; r < 64; r++) {
        uint32_t row = rows[at[r]];
        uint32_t user = memory_column(rig->memory, 0, "user")->code[row];
        uint32_t item = memory_column(rig->memory, 0, "item")->code[row];
        g_assert_cmpuint(codes[r * 2], ==, user);
        g_assert_cmpuint(codes[r * 2 + 1], ==, item);
        g_assert_cmpfloat(label[r], ==, (float)memory_column(rig->memory, 0, "rating")->real[row]);
        g_assert_cmpint(time[r], ==, memory_column(rig->memory, 0, "timestamp")->time[row]);
        g_assert_cmpfloat(age[r], ==, (float)memory_column(rig->memory, 2, "age")->real[user]);
        check_bag(rig, memory[BAG], r, item);
    }
    check_sorted(codes, 128, memory[SORTED_CODES]);
    const uint32_t *bag = memory[BAG];
    uint32_t used[64 * 3];
    for (uint32_t i = 0; i < 64 * 3; i++)
        used[i] = i < bag[64 * 3 + 63] ? bag[i] : UINT32_MAX;
    check_sorted(used, 64 * 3, memory[SORTED_BAG]);
}

static void
right_cells(void)
{
    g_autoptr(Rig) rig = rig_new("ratings", "users=300 items=1000", "split=random", 20000);
    g_autoptr(RkParams) negatives = uniform();
    RkBatchOptions options = rig_options(rig);
    options.negatives = negatives;
    g_autoptr(RkBatcher) batcher = rig_batcher(rig, PARTS, N_PARTS, &options);
    g_autoptr(RkBatchScratch) scratch = rk_batch_scratch_new(batcher);
    g_autofree uint32_t *rows = rows_of(rig, RK_PART_TRAIN);
    void **memory = rig_memory(batcher, 1);
    for (uint32_t k = 0; k < 20; k++) {
        uint32_t n_rows = 0;
        g_assert_true(rk_batcher_fill(batcher, scratch, k / 7, k * 5, memory, &n_rows, NULL));
        g_assert_cmpuint(n_rows, ==, 64);
        check_batch(rig, memory, rows);
    }
    rig_memory_free(memory, batcher, 1);
}

static void
every_row_once(void)
{
    g_autoptr(Rig) rig = rig_new("ratings", "users=50 items=1000", "split=random", 3000);
    for (int shuffle = 0; shuffle <= 1; shuffle++) {
        RkBatchOptions options = rig_options(rig);
        options.shuffle = shuffle;
        g_autoptr(RkBatcher) batcher = rig_batcher(rig, &PARTS[WEIGHTS], 2, &options);
        g_autoptr(RkBatchScratch) scratch = rk_batch_scratch_new(batcher);
        uint32_t n = (uint32_t)rk_split_n(rig->split, RK_PART_TRAIN), n_moved[2] = {0};
        void **memory = rig_memory(batcher, 1);
        for (uint32_t epoch = 0; epoch < 2; epoch++) {
            g_autofree uint8_t *count = g_malloc0(n);
            double weights = 0;
            for (uint32_t k = 0; k < rk_batcher_n_batches(batcher); k++) {
                uint32_t n_rows = 0;
                rk_batcher_fill(batcher, scratch, epoch, k, memory, &n_rows, NULL);
                g_assert_cmpuint(n_rows, ==, MIN(64, n - k * 64));
                for (uint32_t r = 0; r < 64; r++) {
                    weights += (double)((float *)memory[0])[r];
                    if (r >= n_rows)
                        continue;
                    count[((uint32_t *)memory[1])[r]]++;
                    n_moved[epoch] += ((uint32_t *)memory[1])[r] != k * 64 + r;
                }
            }
            for (uint32_t row = 0; row < n; row++)
                g_assert_cmpuint(count[row], ==, 1);
            g_assert_cmpfloat(weights, ==, n); // what fills up the last batch weighs nothing
        }
        g_assert_cmpuint(n_moved[0] > n / 2, ==, shuffle);
        g_assert_cmpuint(n_moved[1] > n / 2, ==, shuffle);
        rig_memory_free(memory, batcher, 1);
        options.drop_last = TRUE;
        g_autoptr(RkBatcher) dropping = rig_batcher(rig, &PARTS[WEIGHTS], 2, &options);
        g_assert_cmpuint(rk_batcher_n_batches(dropping), ==, n / 64);
    }
}

// Items of a user before a row, by looking at all rows.
static uint32_t
brute_history(const Rig *rig, uint32_t row, RkPart part, uint32_t *items)
{
    const uint32_t *user = memory_column(rig->memory, 0, "user")->code;
    const uint32_t *item = memory_column(rig->memory, 0, "item")->code;
    const int64_t *time = memory_column(rig->memory, 0, "timestamp")->time;
    uint32_t n = 0; // a generated user's rows are in order of time
    for (uint32_t k = 0; k < memory_n_rows(rig->memory, 0); k++)
        if (user[k] == user[row] && rk_split_part(rig->split, k) <= part &&
            (time[k] < time[row] || (time[k] == time[row] && k < row)))
            items[n++] = item[k];
    return n;
}

static void
histories_are_of_the_past(void)
{
    static const char *const SPLITS[] = {"split=random", "split=leave-last-two", "split=temporal"};
    for (size_t s = 0; s < G_N_ELEMENTS(SPLITS); s++) {
        g_autoptr(Rig) rig = rig_new("sequence", "users=100 items=1000", SPLITS[s], 2500);
        const RkBatchPart parts[] = {PARTS[HISTORY], PARTS[SEQUENCE], PARTS[ROWS]};
        for (RkPart part = RK_PART_TRAIN; part <= RK_PART_TEST; part++) {
            RkBatchOptions options = rig_options(rig);
            options.part = part;
            g_autoptr(RkBatcher) batcher = rig_batcher(rig, parts, 3, &options);
            g_autoptr(RkBatchScratch) scratch = rk_batch_scratch_new(batcher);
            g_autofree uint32_t *rows = rows_of(rig, part);
            void **memory = rig_memory(batcher, 1);
            uint32_t n_rows = 0;
            rk_batcher_fill(batcher, scratch, 3, 0, memory, &n_rows, NULL);
            const uint32_t *padded = memory[0], *packed = memory[1], *ends = packed + 64 * 4;
            for (uint32_t r = 0; r < 64; r++) {
                uint32_t items[2500];
                uint32_t n = brute_history(rig, rows[((uint32_t *)memory[2])[r]], part, items);
                for (uint32_t i = 0; i < 5; i++)
                    g_assert_cmpuint(padded[r * 5 + 4 - i], ==, i < n ? items[n - 1 - i] : 9999);
                uint32_t first = r > 0 ? ends[r - 1] : 0;
                g_assert_cmpuint(ends[r] - first, ==, MIN(n, 4));
                for (uint32_t i = 0; i < MIN(n, 4); i++)
                    g_assert_cmpuint(packed[ends[r] - 1 - i], ==, items[n - 1 - i]);
            }
            rig_memory_free(memory, batcher, 1);
        }
    }
}

static void
negatives_as_rows(void)
{
    static const char *const COLUMNS[] = {"item"};
    g_autoptr(Rig) rig = rig_new("ratings", "users=300 items=1000", "split=random", 20000);
    g_autoptr(RkParams) negatives = uniform();
    const RkBatchPart parts[] = {
        {.name = "item", .kind = RK_BATCH_CODES, .columns = COLUMNS, .n_columns = 1},
        PARTS[LABEL],
        PARTS[BAG],
        PARTS[ROWS],
        PARTS[AGES]};
    RkBatchOptions options = rig_options(rig);
    options.negatives = negatives;
    options.negative_rows = TRUE;
    options.batch = 16; // 64 rows with negatives
    g_autoptr(RkBatcher) batcher = rig_batcher(rig, parts, 5, &options);
    g_autoptr(RkBatchScratch) scratch = rk_batch_scratch_new(batcher);
    g_autofree uint32_t *rows = rows_of(rig, RK_PART_TRAIN);
    void **memory = rig_memory(batcher, 1);
    uint32_t n_rows = 0;
    rk_batcher_fill(batcher, scratch, 0, 1, memory, &n_rows, NULL);
    g_assert_cmpuint(n_rows, ==, 16);
    const uint32_t *item = memory[0], *row = memory[3];
    for (uint32_t r = 0; r < 64; r++) {
        uint32_t source = rows[row[r]];
        g_assert_cmpuint(row[r], ==, row[r / 4 * 4]);
        uint32_t own = memory_column(rig->memory, 0, "item")->code[source];
        float label = (float)memory_column(rig->memory, 0, "rating")->real[source];
        g_assert_cmpint(item[r] == own, ==, r % 4 == 0);
        g_assert_cmpfloat(((float *)memory[1])[r], ==, r % 4 == 0 ? label : 0);
        check_bag(rig, memory[2], r, item[r]); // of the negative's own item
    }
    rig_memory_free(memory, batcher, 1);
}

static void
refusals(void)
{
    static const char *const NOWHERE[] = {"nowhere"};
    const struct {
        RkBatchPart part;
        const char *message;
    } ROWS_REFUSED[] = {
        {{.name = "a", .kind = RK_BATCH_CODES, .columns = NOWHERE, .n_columns = 1},
         "*no such field*"},
        {{.name = "a", .kind = RK_BATCH_CODES, .columns = RATING, .n_columns = 1},
         "*another type*"},
        {{.name = "a", .kind = RK_BATCH_NEGATIVES}, "*negatives are off*"},
        {{.name = "a", .kind = RK_BATCH_SORTED, .of = 3}, "*earlier array*"},
        {{.name = "a", .kind = RK_BATCH_HISTORY}, "*length is 0*"},
    };
    g_autoptr(Rig) rig = rig_new("ratings", "users=30 items=1000", "split=random", 1000);
    RkBatchOptions options = rig_options(rig);
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS_REFUSED); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(
            rk_batcher_new(&rig->memory->source, &ROWS_REFUSED[i].part, 1, &options, &error));
        if (!g_pattern_match_simple(ROWS_REFUSED[i].message, error->message))
            g_error("%s", error->message);
    }
    g_autoptr(GError) error = NULL;
    options.drop_last = TRUE;
    options.batch = 100000;
    g_assert_null(rk_batcher_new(&rig->memory->source, PARTS, 2, &options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
}

// ---- the loader --------------------------------------------------------------------------------

static uint64_t
hash_epochs(const RkBatcher *batcher, uint32_t n_threads, uint32_t n_slots)
{
    void **memory = rig_memory(batcher, n_slots);
    uint32_t n_parts = rk_batcher_n_parts(batcher);
    const RkLoaderOptions how = {n_threads, n_slots, 1, 2};
    RkLoader *loader = rk_loader_new(batcher, memory, &how);
    uint64_t hash = 0xcbf29ce484222325u, number = 0;
    for (;;) {
        RkBatch batch;
        g_assert_true(rk_loader_next(loader, &batch, NULL));
        if (batch.end)
            break;
        g_assert_cmpuint(batch.epoch, ==, 1 + number / rk_batcher_n_batches(batcher));
        g_assert_cmpuint(batch.index, ==, number++ % rk_batcher_n_batches(batcher));
        for (uint32_t part = 0; part < n_parts; part++) {
            const uint32_t *words = memory[batch.slot * n_parts + part];
            for (uint64_t i = 0; i < rk_batcher_words(batcher, part); i++)
                hash = (hash ^ words[i]) * 0x100000001b3u; // FNV-1a by words
        }
        rk_loader_release(loader, &batch);
    }
    rk_loader_free(loader);
    rig_memory_free(memory, batcher, n_slots);
    return hash;
}

static void
same_bytes(void)
{
    g_autoptr(Rig) rig = rig_new("ratings", "users=300 items=1000", "split=random", 20000);
    g_autoptr(RkParams) negatives = uniform();
    g_autoptr(RkParams) balance = rig_params(rk_balance_params, rk_n_balance_params,
                                             "balance=oversample balance.threshold=4");
    RkBatchOptions options = rig_options(rig);
    options.negatives = negatives;
    options.balance = balance;
    static const uint32_t HOW[][2] = {{1, 1}, {1, 3}, {2, 4}, {4, 3}, {4, 9}};
    uint64_t hash = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(HOW); i++) {
        options.n_threads = HOW[i][0];
        g_autoptr(RkBatcher) batcher = rig_batcher(rig, PARTS, N_PARTS, &options);
        uint64_t got = hash_epochs(batcher, HOW[i][0], HOW[i][1]);
        g_assert_true(i == 0 || got == hash);
        hash = got;
    }
    options.seed++;
    g_autoptr(RkBatcher) other = rig_batcher(rig, PARTS, N_PARTS, &options);
    g_assert_cmphex(hash_epochs(other, 2, 4), !=, hash);
    // Computed once and written down: the same bytes on every machine.
    g_assert_cmphex(hash, ==, 0x374f080f9bb53088u);
}

typedef struct {
    uint64_t fails_at;
    int n_filled; // atomic
} Source;

static gboolean
fill(void *data, uint32_t thread, uint32_t epoch, uint64_t index, uint32_t slot, uint32_t *n_rows,
     GError **error)
{
    Source *source = data;
    g_atomic_int_inc(&source->n_filled);
    *n_rows = (uint32_t)index;
    if (index != source->fails_at)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA, "Can't read chunk 7.");
    return FALSE;
}

static void
errors_in_turn(void)
{
    for (uint32_t n_threads = 1; n_threads <= 4; n_threads++) {
        Source source = {.fails_at = 20};
        const RkLoaderOptions how = {n_threads, n_threads + 2, 0, 0};
        g_autoptr(RkLoader) loader = rk_loader_new_fill(fill, &source, 100, &how);
        RkBatch batch;
        for (uint32_t i = 0; i < 20; i++) {
            g_assert_true(rk_loader_next(loader, &batch, NULL));
            g_assert_cmpuint(batch.n_rows, ==, i);
            rk_loader_release(loader, &batch);
        }
        for (int again = 0; again < 2; again++) {
            g_autoptr(GError) error = NULL;
            g_assert_false(rk_loader_next(loader, &batch, &error));
            g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
        }
        g_assert_cmpint(g_atomic_int_get(&source.n_filled), <=, 20 + (int)n_threads + 2);
    }
}

static gpointer
cancel_soon(gpointer data)
{
    g_usleep(20000);
    rk_loader_cancel(data);
    return NULL;
}

static gboolean
never(void *data, uint32_t thread, uint32_t epoch, uint64_t index, uint32_t slot, uint32_t *n_rows,
      GError **error)
{
    g_usleep(60000); // longer than the consumer waits to be cancelled
    return TRUE;
}

static void
cancelling(void)
{
    const RkLoaderOptions how = {2, 4, 0, 0};
    RkLoader *loader = rk_loader_new_fill(never, NULL, 100, &how);
    GThread *thread = g_thread_new("cancel", cancel_soon, loader);
    RkBatch batch;
    g_autoptr(GError) error = NULL;
    g_assert_false(rk_loader_next(loader, &batch, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
    g_thread_join(thread);
    rk_loader_free(loader);
    // Freed while its threads wait for a slot, and while they fill.
    Source source = {.fails_at = UINT64_MAX};
    rk_loader_free(rk_loader_new_fill(fill, &source, 100, &how));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/batch/cells are those of the rows, joined tables' included",
                    right_cells);
    g_test_add_func("/dataset/batch/an epoch has every row once", every_row_once);
    g_test_add_func("/dataset/batch/histories hold the past of no later part",
                    histories_are_of_the_past);
    g_test_add_func("/dataset/batch/negatives can be rows", negatives_as_rows);
    g_test_add_func("/dataset/batch/what doesn't fit is refused", refusals);
    g_test_add_func("/dataset/loader/the same bytes with any number of threads and slots",
                    same_bytes);
    g_test_add_func("/dataset/loader/an error comes at its turn and stays", errors_in_turn);
    g_test_add_func("/dataset/loader/cancelling ends a wait", cancelling);
    return g_test_run();
}
