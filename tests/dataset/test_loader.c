// SPDX-License-Identifier: GPL-3.0-or-later
//
// When batches come: every row once, the same bytes whatever the threads, resumed, cancelled, with
// errors at their turn.
#include "loader_rig.h"

#include <math.h>
#include <string.h>

#define N_ROWS 3001u

typedef struct {
    Memory *memory;
    RkSplit *split;
    RkFrame *frame;
} Data;

static void
data_init(Data *data)
{
    data->memory = rig_data(N_ROWS, 3);
    data->split = rig_split(N_ROWS, 3);
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

static const RkBatchColumn ROW = {.name = "row", .kind = RK_BATCH_ROW};

static const RkBatchColumn ALL[] = {
    {.name = "user", .kind = RK_BATCH_CODE, .field = "user"},
    {.name = "item", .kind = RK_BATCH_CODE},
    {.name = "label", .kind = RK_BATCH_LABEL},
    {.name = "weight", .kind = RK_BATCH_WEIGHT},
    {.name = "tags", .kind = RK_BATCH_BAG, .field = "tags", .capacity = 5},
    {.name = "ends", .kind = RK_BATCH_ENDS, .n_of = 1, .of = {4}},
    {.name = "history", .kind = RK_BATCH_HISTORY, .width = 6},
    {.name = "negatives", .kind = RK_BATCH_NEGATIVES, .width = 5},
    {.name = "log q", .kind = RK_BATCH_LOG_Q, .n_of = 1, .of = {7}},
    {.name = "sorted", .kind = RK_BATCH_SORTED, .n_of = 2, .of = {1, 7}},
    {.name = "row", .kind = RK_BATCH_ROW},
};

// ---- rows --------------------------------------------------------------------------------------

static void
an_epoch_has_every_row_of_its_part_once(void)
{
    static const char *const SETTINGS[] = {"batch=64", "batch=64 loader.threads=0",
                                           "batch=2000 loader.threads=2", "batch=1"};
    g_auto(Data) data = {0};
    data_init(&data);
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++)
        for (int part = 0; part < 3; part++) {
            g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                                       .parts = 1u << part,
                                                       .columns = &ROW,
                                                       .n_columns = 1,
                                                       .batch = SETTINGS[s],
                                                       .n_epochs = 2},
                                         NULL);
            g_autofree uint32_t *first = g_new0(uint32_t, N_ROWS);
            uint32_t n_epoch[2] = {0}, n_moved = 0;
            RkBatch batch;
            while (rig_next(rig, &batch)) {
                const uint32_t *row = rig_column(rig, &batch, 0);
                for (uint32_t i = 0; i < rk_loader_batch(rig->loader); i++) {
                    if (i >= batch.n) {
                        g_assert_cmpuint(row[i], ==, UINT32_MAX);
                        continue;
                    }
                    g_assert_cmpint(rk_split_part(data.split, row[i]), ==, part);
                    g_assert_cmpuint(first[row[i]] / N_ROWS, ==, batch.epoch);
                    n_moved += batch.epoch == 1 && first[row[i]] % N_ROWS != n_epoch[1];
                    first[row[i]] = (batch.epoch + 1) * N_ROWS + n_epoch[batch.epoch]++;
                }
                g_assert_cmpint(batch.last, ==,
                                batch.index == rk_loader_n_batches(rig->loader) - 1);
                rk_loader_release(rig->loader, batch.slot);
            }
            for (int epoch = 0; epoch < 2; epoch++)
                g_assert_cmpuint(n_epoch[epoch], ==, rk_split_n(data.split, (RkPart)part));
            g_assert_cmpuint(n_moved, >, n_epoch[1] * 9 / 10);
        }
}

static void
without_shuffling_rows_come_as_stored(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                               .parts = 1u << RK_PART_TRAIN | 1u << RK_PART_TEST,
                                               .columns = &ROW,
                                               .n_columns = 1,
                                               .batch = "batch=100 shuffle=none drop-last=true",
                                               .n_epochs = 1},
                                 NULL);
    RkBatch batch;
    uint32_t at = 0, n = 0;
    while (rig_next(rig, &batch)) {
        const uint32_t *row = rig_column(rig, &batch, 0);
        g_assert_cmpuint(batch.n, ==, 100);
        for (uint32_t i = 0; i < batch.n; i++, at++, n++) {
            while (rk_split_part(data.split, at) == RK_PART_VALID)
                at++;
            g_assert_cmpuint(row[i], ==, at);
        }
        rk_loader_release(rig->loader, batch.slot);
    }
    uint64_t n_rows = rk_loader_n_samples(rig->loader);
    g_assert_cmpuint(n, ==, n_rows - n_rows % 100);
}

// ---- bytes -------------------------------------------------------------------------------------

// A checksum of all that the loader gives, some slots kept for a while.
static char *
digest(RkFrame *frame, const char *settings, uint32_t epoch, uint64_t at_batch, uint32_t n_epochs)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = frame,
                                               .columns = ALL,
                                               .n_columns = G_N_ELEMENTS(ALL),
                                               .batch = settings,
                                               .negatives = "negatives=popularity",
                                               .imbalance = "balance=oversample "
                                                            "class-weight=balanced",
                                               .epoch = epoch,
                                               .at_batch = at_batch,
                                               .n_epochs = n_epochs},
                                 NULL);
    const RkBatchOptions shape = {.columns = ALL, .n_columns = G_N_ELEMENTS(ALL)};
    RkBatch batch;
    uint32_t held = UINT32_MAX;
    while (rig_next(rig, &batch)) {
        for (uint32_t c = 0; c < G_N_ELEMENTS(ALL); c++) {
            uint64_t words = rk_batch_column_words(&shape, c, rk_loader_batch(rig->loader));
            g_checksum_update(sum, rig_column(rig, &batch, c), (gssize)(words * 4));
        }
        if (held != UINT32_MAX)
            rk_loader_release(rig->loader, held);
        held = batch.slot;
    }
    return g_strdup(g_checksum_get_string(sum));
}

static void
the_bytes_dont_depend_on_threads(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    g_autofree char *one =
        digest(data.frame, "batch=128 label.binary=true label.threshold=5", 0, 0, 2);
    for (int n_threads = 0; n_threads <= 4; n_threads += n_threads < 2 ? 1 : 2) {
        g_autofree char *settings = g_strdup_printf(
            "batch=128 label.binary=true label.threshold=5 loader.threads=%d", n_threads);
        g_autofree char *other = digest(data.frame, settings, 0, 0, 2);
        g_assert_cmpstr(one, ==, other);
    }
    g_autofree char *later =
        digest(data.frame, "batch=128 label.binary=true label.threshold=5", 1, 0, 2);
    g_assert_cmpstr(one, !=, later);
}

static void
a_resumed_loader_goes_on_alike(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    RigOptions options = {.frame = data.frame,
                          .columns = ALL,
                          .n_columns = G_N_ELEMENTS(ALL),
                          .batch = "batch=200",
                          .negatives = "negatives=uniform",
                          .n_epochs = 3};
    g_autoptr(Rig) whole = rig_new(&options, NULL);
    options.epoch = 1;
    options.at_batch = 4;
    options.n_epochs = 2; // counted from the epoch it begins in
    g_autoptr(Rig) resumed = rig_new(&options, NULL);
    const RkBatchOptions shape = {.columns = ALL, .n_columns = G_N_ELEMENTS(ALL)};
    RkBatch a, b;
    while (rig_next(whole, &a)) {
        if (a.epoch > 1 || (a.epoch == 1 && a.index >= 4)) {
            g_assert_true(rig_next(resumed, &b));
            g_assert_cmpuint(a.epoch, ==, b.epoch);
            g_assert_cmpuint(a.index, ==, b.index);
            for (uint32_t c = 0; c < G_N_ELEMENTS(ALL); c++) {
                uint64_t words = rk_batch_column_words(&shape, c, 200);
                g_assert_cmpmem(rig_column(whole, &a, c), words * 4, rig_column(resumed, &b, c),
                                words * 4);
            }
            rk_loader_release(resumed->loader, b.slot);
        }
        rk_loader_release(whole->loader, a.slot);
    }
    g_assert_false(rig_next(resumed, &b));
    options.at_batch = 1000000;
    g_autoptr(GError) error = NULL;
    g_assert_null(rig_new(&options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
}

static void
memory_of_the_caller_is_used(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    uint32_t rows[3][50];
    void *memory[] = {rows[0], rows[1], rows[2]};
    g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                               .columns = &ROW,
                                               .n_columns = 1,
                                               .batch = "batch=50 shuffle=none",
                                               .memory = memory},
                                 NULL);
    RkBatch batch;
    for (int i = 0; i < 200; i++) { // for ever: it goes round
        g_assert_true(rig_next(rig, &batch));
        g_assert_true(rig_column(rig, &batch, 0) == memory[i % 3]);
        rk_loader_release(rig->loader, batch.slot);
    }
    g_assert_cmpuint(batch.epoch, >, 2);
}

// ---- ends --------------------------------------------------------------------------------------

static gpointer
cancel_soon(gpointer loader)
{
    g_usleep(20000);
    rk_loader_cancel(loader);
    return NULL;
}

static void
cancelling_ends_a_wait(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    for (int n_threads = 0; n_threads <= 2; n_threads++) {
        g_autofree char *settings = g_strdup_printf("batch=16 loader.threads=%d", n_threads);
        g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                                   .columns = ALL,
                                                   .n_columns = G_N_ELEMENTS(ALL),
                                                   .batch = settings,
                                                   .negatives = "negatives=uniform"},
                                     NULL);
        g_autoptr(GError) error = NULL;
        RkBatch batch;
        GThread *thread = g_thread_new("cancel", cancel_soon, rig->loader);
        int next;
        while ((next = rk_loader_next(rig->loader, &batch, &error)) == 1)
            rk_loader_release(rig->loader, batch.slot);
        g_assert_cmpint(next, ==, -1);
        g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
        g_thread_join(thread);
        g_assert_cmpint(rk_loader_next(rig->loader, &batch, NULL), ==, -1);
    }
}

static void
a_loader_may_go_in_the_middle(void)
{
    g_auto(Data) data = {0};
    data_init(&data);
    for (int n = 0; n < 5; n++) {
        g_autoptr(Rig) rig = rig_new(&(RigOptions){.frame = data.frame,
                                                   .columns = ALL,
                                                   .n_columns = G_N_ELEMENTS(ALL),
                                                   .batch = "batch=16 loader.threads=2",
                                                   .negatives = "negatives=uniform"},
                                     NULL);
        RkBatch batch;
        for (int i = 0; i < n && i < 3; i++) // slots that are never given back
            g_assert_true(rig_next(rig, &batch));
    }
}

// The third batch overflows; the two before it still come.
static void
an_error_comes_at_its_turn_and_stays(void)
{
    g_autoptr(Memory) memory = rig_data(64, 5);
    RkChunk *events = memory->tables->pdata[0];
    RkColumn *tags = &events->columns[5];
    g_free(tags->codes);
    tags->codes = g_new0(uint32_t, 100);
    for (uint32_t i = 0; i <= 64; i++)
        tags->offset[i] = i <= 33 ? i : i + 20;
    g_autoptr(RkFrame) frame = rig_frame(memory, NULL);
    static const RkBatchColumn BAG = {
        .name = "tags", .kind = RK_BATCH_BAG, .field = "tags", .capacity = 1};
    for (int n_threads = 0; n_threads <= 4; n_threads += 2) {
        g_autofree char *settings =
            g_strdup_printf("batch=16 shuffle=none loader.threads=%d", n_threads);
        g_autoptr(Rig) rig = rig_new(
            &(RigOptions){.frame = frame, .columns = &BAG, .n_columns = 1, .batch = settings},
            NULL);
        RkBatch batch;
        for (int i = 0; i < 2; i++) {
            g_assert_true(rig_next(rig, &batch));
            rk_loader_release(rig->loader, batch.slot);
        }
        for (int i = 0; i < 2; i++) {
            g_autoptr(GError) error = NULL;
            g_assert_cmpint(rk_loader_next(rig->loader, &batch, &error), ==, -1);
            g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
            g_assert_nonnull(strstr(error->message, "bag.overflow=truncate"));
        }
    }
}

// ---- loading -----------------------------------------------------------------------------------

static RkChunk *(*read_well)(RkChunkSource *, uint32_t, uint32_t, const gboolean *, GError **);

static RkChunk *
read_badly(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
           GError **error)
{
    if (table == 0 && i == 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATABASE, "the disk is gone");
        return NULL;
    }
    return read_well(source, table, i, columns, error);
}

static void
errors_of_the_source_pass_through(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = rig_data(RK_CHUNK_ROWS + 10, 5);
    read_well = memory->source.read;
    memory->source.read = read_badly;
    RkFrameOptions options = rig_frame_options(memory, NULL);
    g_assert_null(rk_frame_new(&options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATABASE);
    g_assert_cmpstr(error->message, ==, "the disk is gone");
}

static void
loading_can_be_cancelled(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Memory) memory = rig_data(100, 5);
    gint cancelled = 1;
    RkFrameOptions options = rig_frame_options(memory, NULL);
    options.cancelled = &cancelled;
    g_assert_null(rk_frame_new(&options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_CANCELLED);
}

static void
nothing_to_load_is_an_error(void)
{
    static const char *const SETTINGS[] = {"batch=64", "batch=65 drop-last=true"};
    g_autoptr(Memory) memory = rig_data(64, 5);
    g_autoptr(RkFrame) frame = rig_frame(memory, NULL); // all rows train
    for (size_t s = 0; s < G_N_ELEMENTS(SETTINGS); s++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(rig_new(&(RigOptions){.frame = frame,
                                            .parts = 1u << (s == 0 ? RK_PART_TEST : RK_PART_TRAIN),
                                            .columns = &ROW,
                                            .n_columns = 1,
                                            .batch = SETTINGS[s]},
                              &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dataset/loader/an epoch has every row of its part once",
                    an_epoch_has_every_row_of_its_part_once);
    g_test_add_func("/dataset/loader/without shuffling rows come as stored",
                    without_shuffling_rows_come_as_stored);
    g_test_add_func("/dataset/loader/the bytes don't depend on threads",
                    the_bytes_dont_depend_on_threads);
    g_test_add_func("/dataset/loader/a resumed loader goes on alike",
                    a_resumed_loader_goes_on_alike);
    g_test_add_func("/dataset/loader/memory of the caller is used", memory_of_the_caller_is_used);
    g_test_add_func("/dataset/loader/cancelling ends a wait", cancelling_ends_a_wait);
    g_test_add_func("/dataset/loader/a loader may go in the middle", a_loader_may_go_in_the_middle);
    g_test_add_func("/dataset/loader/an error comes at its turn and stays",
                    an_error_comes_at_its_turn_and_stays);
    g_test_add_func("/dataset/loader/errors of the source pass through",
                    errors_of_the_source_pass_through);
    g_test_add_func("/dataset/loader/loading can be cancelled", loading_can_be_cancelled);
    g_test_add_func("/dataset/loader/nothing to load is an error", nothing_to_load_is_an_error);
    return g_test_run();
}
