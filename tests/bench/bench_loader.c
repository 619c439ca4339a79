// SPDX-License-Identifier: GPL-3.0-or-later
//
// How many samples a second the batch loader delivers on two threads, beside a memcpy of the same
// bytes in the same run. bench-loader [ROWS] (default 5,000,000 generated ratings in batches of
// 8192). Medians over epochs; the bar is five million four-column samples a second.
#include "base/clock.h"
#include "dataset/loader.h"
#include "dataset/synth.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 8192, EPOCHS = 5, SLOTS = 6, THREADS = 2, MOST_PARTS = 8 };
#define BAR 5e6

typedef struct {
    RkSynth *synth;
    RkSplit *split;
    uint32_t n_users, n_items;
} Data;

static const char *const USER_ITEM[] = {"user", "item"};
static const char *const RATING[] = {"rating"};
static const char *const TIME[] = {"timestamp"};

static const RkBatchPart PARTS[] = {
    {.name = "ids", .kind = RK_BATCH_CODES, .columns = USER_ITEM, .n_columns = 2},
    {.name = "rating", .kind = RK_BATCH_REALS, .columns = RATING, .n_columns = 1},
    {.name = "time", .kind = RK_BATCH_TIMES, .columns = TIME, .n_columns = 1},
    {.name = "sorted", .kind = RK_BATCH_SORTED, .of = 0},
    {.name = "negatives", .kind = RK_BATCH_NEGATIVES},
    {.name = "history", .kind = RK_BATCH_HISTORY, .length = 20},
};

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

static RkParams *
params_of(const RkParam *table, size_t n, const char *const *settings)
{
    g_autoptr(GError) error = NULL;
    RkParams *params = rk_params_new(table, n);
    for (; settings != NULL && *settings != NULL; settings++)
        if (!rk_params_assign(params, *settings, &error))
            g_error("%s", error->message);
    return params;
}

static void
make_data(Data *data, uint64_t n_rows)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind("ratings", &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = params_of(table, n, NULL);
    data->synth = rk_synth_new("ratings", params, 1, n_rows, &error);
    if (data->synth == NULL)
        g_error("%s", error->message);
    data->n_users = rk_synth_vocabulary_size(data->synth, "user");
    data->n_items = rk_synth_vocabulary_size(data->synth, "item");
}

// Seconds of each epoch; the heap's growth over all but the first batches.
static void
run_epochs(const RkBatcher *batcher, void **memory, double *seconds, long *grown)
{
    const RkLoaderOptions how = {THREADS, SLOTS, 0, EPOCHS + 1};
    g_autoptr(RkLoader) loader = rk_loader_new(batcher, memory, &how);
    uint64_t start = rk_clock_ns();
    size_t before = 0;
    for (;;) {
        RkBatch batch;
        if (!rk_loader_next(loader, &batch, NULL))
            g_error("loading failed");
        if (batch.index == 0 || batch.end) {
            uint64_t now = rk_clock_ns();
            if (batch.end || batch.epoch > 1) // the first epoch warms up
                seconds[(batch.end ? EPOCHS + 1 : (int)batch.epoch) - 2] =
                    (double)(now - start) * 1e-9;
            start = now;
            if (!batch.end && batch.epoch == 1)
                before = mallinfo2().uordblks;
        }
        if (batch.end)
            break;
        rk_loader_release(loader, &batch);
    }
    *grown = (long)mallinfo2().uordblks - (long)before;
}

// The same bytes from one place to another by one thread, in pieces of a batch.
static double
copy_seconds(uint64_t bytes, uint64_t piece)
{
    char *from = g_malloc(bytes), *to = g_malloc(bytes);
    double seconds[EPOCHS];
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    for (int i = 0; i < EPOCHS; i++) {
        uint64_t start = rk_clock_ns();
        for (uint64_t at = 0; at < bytes; at += piece)
            memcpy(to + at, from + at, MIN(piece, bytes - at));
        seconds[i] = (double)(rk_clock_ns() - start) * 1e-9;
    }
    g_free(from);
    g_free(to);
    return median(seconds, EPOCHS);
}

static void
measure(const Data *data, const char *what, const int *parts, int n_parts,
        const char *const *negatives, gboolean has_bar)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) params =
        negatives ? params_of(rk_negative_params, rk_n_negative_params, negatives) : NULL;
    const RkBatchOptions options = {.batch = BATCH,
                                    .shuffle = TRUE,
                                    .drop_last = TRUE,
                                    .negatives = params,
                                    .n_users = data->n_users,
                                    .n_items = data->n_items,
                                    .seed = 1,
                                    .n_threads = THREADS};
    RkBatchPart chosen[MOST_PARTS];
    for (int i = 0; i < n_parts; i++)
        chosen[i] = PARTS[parts[i]];
    g_autoptr(RkBatcher) batcher =
        rk_batcher_new(rk_synth_source(data->synth), chosen, (uint32_t)n_parts, &options, &error);
    if (batcher == NULL)
        g_error("%s", error->message);
    void *memory[SLOTS * MOST_PARTS];
    uint64_t words = 0;
    for (int i = 0; i < SLOTS * n_parts; i++) {
        uint64_t n = rk_batcher_words(batcher, (uint32_t)(i % n_parts));
        memory[i] = g_malloc(n * 4);
        words += i < n_parts ? n : 0;
    }
    double seconds[EPOCHS];
    long grown = 0;
    run_epochs(batcher, memory, seconds, &grown);
    double n_batches = (double)rk_batcher_n_batches(batcher), epoch = median(seconds, EPOCHS);
    double copy = copy_seconds(words * 4 * (uint64_t)n_batches, words * 4);
    double rate = n_batches * BATCH / epoch;
    printf("%-46s %6.2f M samples/s  %5.2f GB/s  %5.1f x memcpy's time  heap %+ld B", what,
           rate * 1e-6, (double)words * 4 * n_batches / epoch * 1e-9, epoch / copy, grown);
    if (has_bar)
        printf("  bar %.0f M: %s", BAR * 1e-6, rate >= BAR ? "pass" : "short");
    putchar('\n');
    for (int i = 0; i < SLOTS * n_parts; i++)
        g_free(memory[i]);
}

int
main(int argc, char **argv)
{
    static const char *const UNIFORM[] = {"negatives=uniform", "negatives.count=4", NULL};
    Data data = {0};
    uint64_t n_rows = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 5000000;
    make_data(&data, n_rows);
    printf("%" G_GUINT64_FORMAT " ratings, %u users, %u items, batches of %d, %d threads on %u "
           "cores; medians of %d epochs\n",
           n_rows, data.n_users, data.n_items, BATCH, THREADS, g_get_num_processors(), EPOCHS);
    measure(&data, "user, item, rating, timestamp, shuffled", (int[]){0, 1, 2}, 3, NULL, TRUE);
    measure(&data, "the same and ids sorted", (int[]){0, 1, 2, 3}, 4, NULL, FALSE);
    measure(&data, "the same and 4 unseen negatives a row", (int[]){0, 1, 2, 3, 4}, 5, UNIFORM,
            FALSE);
    measure(&data, "the first and the last 20 items of the user", (int[]){0, 1, 2, 5}, 4, NULL,
            FALSE);
    rk_synth_free(data.synth);
    return 0;
}
