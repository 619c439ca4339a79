// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/loader.h"

#include "dataset/batch-private.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64u // bytes, a cache line

typedef enum { SLOT_FREE, SLOT_FILLING, SLOT_READY, SLOT_LENT } SlotState;

typedef struct {
    SlotState state;
    RkBatch batch;
    GError *error;
} Slot;

typedef struct {
    RkLoader *loader;
    RkBatchWork *work;
    GThread *thread; // NULL for the one of the consumer
} Worker;

// Batches are numbered over all epochs; number i goes to slot i % n_slots.
struct RkLoader {
    RkBatchPlan *plan;
    uint32_t n_slots, n_columns;
    void **memory;  // [n_slots][n_columns]
    gboolean owned; // the memory
    uint32_t n_workers;
    Worker *workers;

    GMutex mutex; // guards what follows
    GCond freed, filled;
    Slot *slots;
    uint64_t claim, give, take_back; // numbers: to fill, to hand out, to be released next
    uint64_t end;                    // number behind the last batch
    gboolean stopping, cancelled;
    GError *error; // of a batch; sticks
};

// ---- filling -----------------------------------------------------------------------------------

// Fills the slot of batch `number`, which is FILLING, with the mutex let go.
static void
fill_slot(RkLoader *loader, RkBatchWork *work, uint64_t number)
{
    uint64_t n_batches = loader->plan->n_batches;
    uint32_t slot = (uint32_t)(number % loader->n_slots);
    RkBatch batch = {.slot = slot,
                     .epoch = (uint32_t)(number / n_batches),
                     .index = number % n_batches,
                     .last = number % n_batches == n_batches - 1};
    GError *error = NULL;
    rk_batch_choose(loader->plan, work, batch.epoch, batch.index);
    rk_batch_fill(loader->plan, work, loader->memory + (size_t)slot * loader->n_columns, &error);
    batch.n = work->n;

    g_mutex_lock(&loader->mutex);
    loader->slots[slot].batch = batch;
    loader->slots[slot].error = error;
    loader->slots[slot].state = SLOT_READY;
    if (error != NULL) // what comes behind is of no use
        loader->stopping = TRUE;
    g_cond_broadcast(&loader->filled);
    if (error != NULL)
        g_cond_broadcast(&loader->freed);
}

static gboolean
can_claim(const RkLoader *loader)
{
    return loader->claim < loader->end && loader->claim < loader->take_back + loader->n_slots;
}

static gpointer
work(gpointer data)
{
    Worker *worker = data;
    RkLoader *loader = worker->loader;
    g_mutex_lock(&loader->mutex);
    while (!loader->stopping) {
        if (!can_claim(loader)) {
            g_cond_wait(&loader->freed, &loader->mutex);
            continue;
        }
        uint64_t number = loader->claim++;
        loader->slots[number % loader->n_slots].state = SLOT_FILLING;
        g_mutex_unlock(&loader->mutex);
        fill_slot(loader, worker->work, number); // comes back with the mutex
    }
    g_mutex_unlock(&loader->mutex);
    return NULL;
}

// ---- the consumer's side -----------------------------------------------------------------------

// Waits until batch `give` is there, with the mutex; FALSE when it never will be.
static gboolean
wait_for_batch(RkLoader *loader)
{
    Slot *slot = &loader->slots[loader->give % loader->n_slots];
    if (loader->workers[0].thread == NULL && !loader->stopping && loader->claim == loader->give) {
        g_assert(can_claim(loader)); // or a slot was not released
        uint64_t number = loader->claim++;
        g_mutex_unlock(&loader->mutex);
        fill_slot(loader, loader->workers[0].work, number);
    }
    while (!loader->cancelled && slot->state != SLOT_READY &&
           !(loader->stopping && loader->claim <= loader->give))
        g_cond_wait(&loader->filled, &loader->mutex);
    return !loader->cancelled && slot->state == SLOT_READY;
}

static int
hand_out(RkLoader *loader, RkBatch *batch)
{
    if (loader->error == NULL && !loader->cancelled && loader->give == loader->end)
        return 0;
    // Every slot is lent: no batch could ever come.
    g_assert(loader->error != NULL || loader->cancelled ||
             loader->give < loader->take_back + loader->n_slots);
    if (loader->error != NULL || !wait_for_batch(loader))
        return -1;
    Slot *slot = &loader->slots[loader->give % loader->n_slots];
    if (slot->error != NULL) {
        loader->error = g_steal_pointer(&slot->error);
        return -1;
    }
    slot->state = SLOT_LENT;
    *batch = slot->batch;
    loader->give++;
    return 1;
}

int
rk_loader_next(RkLoader *loader, RkBatch *batch, GError **error)
{
    g_mutex_lock(&loader->mutex);
    int next = hand_out(loader, batch);
    if (next < 0 && loader->error != NULL)
        g_propagate_error(error, g_error_copy(loader->error));
    else if (next < 0)
        g_set_error_literal(error, RK_ERROR, RK_ERROR_CANCELLED, "Loading batches: interrupted.");
    g_mutex_unlock(&loader->mutex);
    return next;
}

void
rk_loader_release(RkLoader *loader, uint32_t slot)
{
    g_mutex_lock(&loader->mutex);
    g_assert(slot == loader->take_back % loader->n_slots && loader->take_back < loader->give);
    loader->slots[slot].state = SLOT_FREE;
    loader->take_back++;
    g_cond_signal(&loader->freed);
    g_mutex_unlock(&loader->mutex);
}

void
rk_loader_cancel(RkLoader *loader)
{
    g_mutex_lock(&loader->mutex);
    loader->cancelled = loader->stopping = TRUE;
    g_cond_broadcast(&loader->freed);
    g_cond_broadcast(&loader->filled);
    g_mutex_unlock(&loader->mutex);
}

// ---- lifetime ----------------------------------------------------------------------------------

static gboolean
allocate_memory(RkLoader *loader, GError **error)
{
    loader->owned = TRUE;
    for (uint32_t s = 0; s < loader->n_slots; s++)
        for (uint32_t c = 0; c < loader->n_columns; c++) {
            size_t bytes = loader->plan->columns[c].words * sizeof(uint32_t);
            void **memory = &loader->memory[(size_t)s * loader->n_columns + c];
            if (posix_memalign(memory, ALIGNMENT, MAX(bytes, 1)) == 0)
                continue;
            *memory = NULL;
            g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                        "Can't make room for batches: %zu MiB are not there. Lower the batch.",
                        bytes >> 20);
            return FALSE;
        }
    return TRUE;
}

static gboolean
check_start(const RkLoaderOptions *options, const RkBatchPlan *plan, GError **error)
{
    if (options->at_batch < plan->n_batches)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't resume at batch %" G_GUINT64_FORMAT ": an epoch has %" G_GUINT64_FORMAT
                ". The data, the batch or the negatives were others then; start again.",
                options->at_batch, plan->n_batches);
    return FALSE;
}

static void
start(RkLoader *loader, uint32_t n_threads)
{
    loader->n_workers = MAX(n_threads, 1);
    loader->workers = g_new0(Worker, loader->n_workers);
    for (uint32_t i = 0; i < loader->n_workers; i++) {
        loader->workers[i] = (Worker){loader, rk_batch_work_new(loader->plan), NULL};
        if (n_threads > 0)
            loader->workers[i].thread = g_thread_new("rk-loader", work, &loader->workers[i]);
    }
}

RkLoader *
rk_loader_new(const RkLoaderOptions *options, GError **error)
{
    g_assert(options->n_slots > 0 && options->batch.frame != NULL);
    g_autoptr(RkBatchPlan) plan = rk_batch_plan_new(&options->batch, error);
    if (plan == NULL || !check_start(options, plan, error))
        return NULL;
    g_autoptr(RkLoader) loader = g_new0(RkLoader, 1);
    g_mutex_init(&loader->mutex);
    g_cond_init(&loader->freed);
    g_cond_init(&loader->filled);
    loader->plan = g_steal_pointer(&plan);
    loader->n_slots = options->n_slots;
    loader->n_columns = options->batch.n_columns;
    loader->slots = g_new0(Slot, loader->n_slots);
    size_t n_memory = (size_t)loader->n_slots * loader->n_columns;
    loader->memory = g_new0(void *, MAX(n_memory, 1));
    if (options->memory != NULL)
        memcpy(loader->memory, options->memory, n_memory * sizeof(void *));
    else if (!allocate_memory(loader, error))
        return NULL;
    uint64_t n_batches = loader->plan->n_batches;
    loader->claim = options->epoch * n_batches + options->at_batch;
    loader->give = loader->take_back = loader->claim;
    loader->end = options->n_epochs > 0 ? ((uint64_t)options->epoch + options->n_epochs) * n_batches
                                        : UINT64_MAX;
    g_autoptr(RkParams) defaults = rk_params_new(rk_batch_params, rk_n_batch_params);
    const RkParams *set = options->batch.batch != NULL ? options->batch.batch : defaults;
    start(loader, (uint32_t)rk_params_int(set, "loader.threads"));
    return g_steal_pointer(&loader);
}

void
rk_loader_free(RkLoader *loader)
{
    if (loader == NULL)
        return;
    rk_loader_cancel(loader);
    for (uint32_t i = 0; i < loader->n_workers; i++) {
        if (loader->workers[i].thread != NULL)
            g_thread_join(loader->workers[i].thread);
        rk_batch_work_free(loader->workers[i].work);
    }
    for (size_t i = 0; loader->owned && i < (size_t)loader->n_slots * loader->n_columns; i++)
        free(loader->memory[i]);
    for (uint32_t s = 0; s < loader->n_slots; s++)
        g_clear_error(&loader->slots[s].error);
    g_clear_error(&loader->error);
    g_free(loader->slots);
    g_free(loader->memory);
    g_free(loader->workers);
    rk_batch_plan_free(loader->plan);
    g_cond_clear(&loader->freed);
    g_cond_clear(&loader->filled);
    g_mutex_clear(&loader->mutex);
    g_free(loader);
}

// ---- facts -------------------------------------------------------------------------------------

void *
rk_loader_column(const RkLoader *loader, uint32_t slot, uint32_t column)
{
    g_assert(slot < loader->n_slots && column < loader->n_columns);
    return loader->memory[(size_t)slot * loader->n_columns + column];
}

uint32_t
rk_loader_batch(const RkLoader *loader)
{
    return loader->plan->batch;
}

uint64_t
rk_loader_n_batches(const RkLoader *loader)
{
    return loader->plan->n_batches;
}

uint64_t
rk_loader_n_samples(const RkLoader *loader)
{
    return loader->plan->n_samples;
}
