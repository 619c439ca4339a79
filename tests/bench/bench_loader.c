// SPDX-License-Identifier: GPL-3.0-or-later
//
// How many samples a second the loader delivers, beside a memcpy of the same bytes in the same run.
// bench-loader [ROWS [THREADS [LINES]]] (default 4,000,000 generated ratings, 2 threads, all lines;
// batches of 8192). Medians over epochs; beside them samples a second of processor time, which
// other programs disturb less. The bar is five million shuffled four-column samples a second.
#include "base/clock.h"
#include "dataset/loader.h"
#include "dataset/synth.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 8192, EPOCHS = 5, SLOTS = 6, MOST_COLUMNS = 8 };
#define BAR 5e6

enum { USER, ITEM, RATING, TIME, SORTED, NEGATIVES, HISTORY };

// `of` of a derived column is its place in the list that a line measures.
static const RkBatchColumn COLUMNS[] = {
    [USER] = {.name = "user", .kind = RK_BATCH_CODE, .field = "user"},
    [ITEM] = {.name = "item", .kind = RK_BATCH_CODE, .field = "item"},
    [RATING] = {.name = "rating", .kind = RK_BATCH_LABEL},
    [TIME] = {.name = "timestamp", .kind = RK_BATCH_TIME, .field = "timestamp"},
    [SORTED] = {.name = "sorted", .kind = RK_BATCH_SORTED, .n_of = 1, .of = {1}},
    [NEGATIVES] = {.name = "negatives", .kind = RK_BATCH_NEGATIVES, .width = 4},
    [HISTORY] = {.name = "history", .kind = RK_BATCH_HISTORY, .width = 20},
};

typedef struct {
    const char *what;
    int column[MOST_COLUMNS];
    uint32_t n_columns;
    RkSamples samples;
    const char *shuffle, *negatives;
    gboolean has_bar;
} Line;

static const Line LINES[] = {
    {"user, item, rating, timestamp", {0, 1, 2, 3}, 4, .shuffle = "epoch", .has_bar = TRUE},
    {"the same in stored order", {0, 1, 2, 3}, 4, .shuffle = "none"},
    {"the same and the items sorted", {0, 1, 2, 3, 4}, 5, .shuffle = "epoch"},
    {"the same and 4 unseen uniform negatives",
     {0, 1, 2, 3, 5},
     5,
     .shuffle = "epoch",
     .negatives = "uniform"},
    {"the same and 4 unseen popular negatives",
     {0, 1, 2, 3, 5},
     5,
     .shuffle = "epoch",
     .negatives = "popularity"},
    {"user, item, label; 4 negatives an event as samples",
     {0, 1, 2},
     3,
     RK_SAMPLES_POINTWISE,
     "epoch",
     "uniform"},
    {"four columns and the last 20 items", {0, 1, 2, 3, 6}, 5, .shuffle = "epoch"},
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

static void
set(RkParams *params, const char *name, const char *value)
{
    g_autoptr(GError) error = NULL;
    if (!rk_params_set(params, name, value, &error))
        g_error("%s", error->message);
}

static uint32_t
vocabulary_size(void *data, const char *name)
{
    return rk_synth_vocabulary_size(data, name);
}

// The ratings in memory, and how long that took.
static RkFrame *
load(uint64_t n_rows, RkSynth **synth)
{
    static const char *const FIELDS[] = {"timestamp"};
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind("ratings", &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    *synth = rk_synth_new("ratings", params, 1, n_rows, &error);
    if (*synth == NULL)
        g_error("%s", error->message);
    RkFrameOptions options = {.source = rk_synth_source(*synth),
                              .vocabulary_size = vocabulary_size,
                              .vocabulary_data = *synth,
                              .fields = FIELDS,
                              .n_fields = 1,
                              .history = TRUE,
                              .positive_from = -INFINITY};
    RkFrame *frame = rk_frame_new(&options, &error);
    if (frame == NULL)
        g_error("%s", error->message);
    return frame;
}

static double
processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Seconds of each epoch but the first, which warms up, and of the processor over all of them; the
// heap's growth.
static long
run_epochs(RkLoader *loader, double *seconds, double *processor)
{
    RkBatch batch;
    uint64_t start = 0;
    size_t before = 0;
    while (rk_loader_next(loader, &batch, NULL) == 1) {
        if (batch.index == 0 && batch.epoch == 1) {
            start = rk_clock_ns();
            *processor = -processor_seconds();
            before = mallinfo2().uordblks;
        }
        if (batch.last && batch.epoch > 0) {
            uint64_t now = rk_clock_ns();
            seconds[batch.epoch - 1] = (double)(now - start) * 1e-9;
            start = now;
        }
        rk_loader_release(loader, batch.slot);
    }
    *processor += processor_seconds();
    return (long)mallinfo2().uordblks - (long)before;
}

// The same bytes from one place to another by one thread, in pieces of a batch.
static double
copy_seconds(uint64_t bytes, uint64_t piece)
{
    uint64_t room = MIN(bytes, (uint64_t)1 << 30); // goes round in 1 GiB
    char *from = g_malloc(room), *to = g_malloc(room);
    double seconds[EPOCHS];
    memset(from, 1, room);
    memset(to, 2, room);
    for (int i = 0; i < EPOCHS; i++) {
        uint64_t start = rk_clock_ns();
        for (uint64_t done = 0, at = 0; done < bytes; done += piece, at += piece) {
            at = at + piece > room ? 0 : at;
            memcpy(to + at, from + at, piece);
        }
        seconds[i] = (double)(rk_clock_ns() - start) * 1e-9;
    }
    g_free(from);
    g_free(to);
    return median(seconds, EPOCHS);
}

static void
measure(const Line *line, RkFrame *frame, const char *n_threads)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) batch = rk_params_new(rk_batch_params, rk_n_batch_params);
    g_autoptr(RkParams) negatives = rk_params_new(rk_negatives_params, rk_n_negatives_params);
    g_autofree char *size = g_strdup_printf("%d", BATCH);
    set(batch, "batch", size);
    set(batch, "shuffle", line->shuffle);
    set(batch, "drop-last", "true");
    set(batch, "loader.threads", n_threads);
    if (line->negatives != NULL)
        set(negatives, "negatives", line->negatives);
    RkBatchColumn columns[MOST_COLUMNS];
    for (uint32_t i = 0; i < line->n_columns; i++)
        columns[i] = COLUMNS[line->column[i]];
    RkLoaderOptions options = {.batch = {.frame = frame,
                                         .parts = 1u << RK_PART_TRAIN,
                                         .samples = line->samples,
                                         .columns = columns,
                                         .n_columns = line->n_columns,
                                         .batch = batch,
                                         .negatives = negatives,
                                         .seed = 1},
                               .n_slots = SLOTS,
                               .n_epochs = EPOCHS + 1};
    uint64_t words = 0;
    for (uint32_t i = 0; i < line->n_columns; i++)
        words += rk_batch_column_words(&options.batch, i, BATCH);
    g_autoptr(RkLoader) loader = rk_loader_new(&options, &error);
    if (loader == NULL)
        g_error("%s", error->message);
    double seconds[EPOCHS], processor = 0;
    long grown = run_epochs(loader, seconds, &processor);
    double n = (double)rk_loader_n_batches(loader), epoch = median(seconds, EPOCHS);
    double rate = n * BATCH / epoch, bytes = (double)words * 4 * n;
    double copy = copy_seconds((uint64_t)bytes, words * 4);
    printf("%-50s %6.2f M samples/s (%6.2f M a processor second) %5.2f GB/s %6.1f x memcpy's time  "
           "heap %+ld B",
           line->what, rate * 1e-6, n * BATCH * EPOCHS / processor * 1e-6, bytes / epoch * 1e-9,
           epoch / copy, grown);
    if (line->has_bar)
        printf("  bar %.0f M: %s", BAR * 1e-6, rate >= BAR ? "reached" : "short");
    putchar('\n');
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    uint64_t n_rows = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 4000000;
    const char *n_threads = argc > 2 ? argv[2] : "2";
    RkSynth *synth = NULL;
    uint64_t start = rk_clock_ns();
    g_autoptr(RkFrame) frame = load(n_rows, &synth);
    printf("%u ratings of %u users and %u items, %.0f MiB, generated and loaded in %.1f s; batches "
           "of %d, %s threads on %u cores; medians of %d epochs\n",
           rk_frame_n_rows(frame), rk_frame_n_users(frame), rk_frame_n_items(frame),
           (double)rk_frame_bytes(frame) / 0x1p20, (double)(rk_clock_ns() - start) * 1e-9, BATCH,
           n_threads, g_get_num_processors(), EPOCHS);
    size_t n_lines = argc > 3 ? (size_t)atoi(argv[3]) : G_N_ELEMENTS(LINES);
    for (size_t i = 0; i < MIN(n_lines, G_N_ELEMENTS(LINES)); i++)
        measure(&LINES[i], frame, n_threads);
    g_clear_pointer(&frame, rk_frame_free);
    rk_synth_free(synth);
    return 0;
}
