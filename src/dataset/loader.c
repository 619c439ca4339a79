// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/loader.h"

#define MAX_THREADS 64u

typedef enum { SLOT_FREE, SLOT_FILLING, SLOT_READY, SLOT_TAKEN } SlotState;

typedef struct {
    SlotState state;
    uint32_t n_rows;
    GError *error; // what filling it failed with
} Slot;

typedef struct {
    RkLoader *loader;
    uint32_t index;
    RkBatchScratch *scratch; // of a batcher
    GThread *thread;
} Worker;

struct RkLoader {
    RkLoaderFill fill;
    void *data;
    uint64_t n_batches; // in an epoch
    RkLoaderOptions is;
    const RkBatcher *batcher; // NULL under another source
    void *const *memory;
    GMutex lock;
    GCond changed;       // a slot became free or ready, or the end
    uint64_t next_claim; // number of the next batch to fill, over all epochs
    uint64_t next_take;
    gboolean stop, cancelled;
    Slot *slots;
    Worker workers[MAX_THREADS];
};

static gboolean
fill_batch(void *data, uint32_t thread, uint32_t epoch, uint64_t index, uint32_t slot,
           uint32_t *n_rows, GError **error)
{
    RkLoader *loader = data;
    return rk_batcher_fill(loader->batcher, loader->workers[thread].scratch, epoch, index,
                           loader->memory + (size_t)slot * rk_batcher_n_parts(loader->batcher),
                           n_rows, error);
}

static uint32_t
epoch_of(const RkLoader *loader, uint64_t number)
{
    return loader->is.first_epoch + (uint32_t)(number / loader->n_batches);
}

static gboolean
is_past_end(const RkLoader *loader, uint64_t number)
{
    return loader->is.n_epochs > 0 && number / loader->n_batches >= loader->is.n_epochs;
}

// Claims the next batch once its slot is free; FALSE at the end. Locked.
static gboolean
claim(RkLoader *loader, uint64_t *number)
{
    while (!loader->stop && !is_past_end(loader, loader->next_claim)) {
        Slot *slot = &loader->slots[loader->next_claim % loader->is.n_slots];
        if (slot->state == SLOT_FREE) {
            slot->state = SLOT_FILLING;
            *number = loader->next_claim++;
            return TRUE;
        }
        g_cond_wait(&loader->changed, &loader->lock);
    }
    return FALSE;
}

static gpointer
work(gpointer data)
{
    Worker *worker = data;
    RkLoader *loader = worker->loader;
    uint64_t number = 0;
    g_mutex_lock(&loader->lock);
    while (claim(loader, &number)) {
        uint32_t at = (uint32_t)(number % loader->is.n_slots), n_rows = 0;
        GError *error = NULL;
        g_mutex_unlock(&loader->lock);
        gboolean done = loader->fill(loader->data, worker->index, epoch_of(loader, number),
                                     number % loader->n_batches, at, &n_rows, &error);
        g_mutex_lock(&loader->lock);
        loader->slots[at].state = SLOT_READY;
        loader->slots[at].n_rows = n_rows;
        loader->slots[at].error = error;
        loader->stop |= !done; // batches before it are still handed on
        g_cond_broadcast(&loader->changed);
    }
    g_mutex_unlock(&loader->lock);
    return NULL;
}

static RkLoader *
start(RkLoader *loader)
{
    loader->is.n_threads = CLAMP(loader->is.n_threads, 1, MAX_THREADS);
    loader->is.n_slots = MAX(loader->is.n_slots, 1);
    loader->slots = g_new0(Slot, loader->is.n_slots);
    g_mutex_init(&loader->lock);
    g_cond_init(&loader->changed);
    for (uint32_t i = 0; i < loader->is.n_threads; i++) {
        Worker *worker = &loader->workers[i];
        *worker = (Worker){.loader = loader, .index = i};
        if (loader->batcher != NULL)
            worker->scratch = rk_batch_scratch_new(loader->batcher);
        worker->thread = g_thread_new("loader", work, worker);
    }
    return loader;
}

RkLoader *
rk_loader_new(const RkBatcher *batcher, void *const *memory, const RkLoaderOptions *options)
{
    RkLoader *loader = g_new0(RkLoader, 1);
    loader->fill = fill_batch;
    loader->data = loader;
    loader->n_batches = rk_batcher_n_batches(batcher);
    loader->is = *options;
    loader->batcher = batcher;
    loader->memory = memory;
    return start(loader);
}

RkLoader *
rk_loader_new_fill(RkLoaderFill fill, void *data, uint64_t n_batches,
                   const RkLoaderOptions *options)
{
    RkLoader *loader = g_new0(RkLoader, 1);
    g_assert(n_batches > 0);
    loader->fill = fill;
    loader->data = data;
    loader->n_batches = n_batches;
    loader->is = *options;
    return start(loader);
}

// Whether the slot whose turn it is will never be ready. Locked.
static gboolean
is_given_up(const RkLoader *loader, const Slot *slot)
{
    return loader->stop && slot->state != SLOT_READY && slot->state != SLOT_FILLING;
}

static gboolean
take(RkLoader *loader, RkBatch *batch, GError **error)
{
    uint64_t number = loader->next_take;
    *batch = (RkBatch){.slot = loader->is.n_slots, .end = is_past_end(loader, number)};
    if (batch->end)
        return TRUE;
    uint32_t at = (uint32_t)(number % loader->is.n_slots);
    Slot *slot = &loader->slots[at];
    while (!loader->cancelled && slot->state != SLOT_READY && !is_given_up(loader, slot))
        g_cond_wait(&loader->changed, &loader->lock);
    if (loader->cancelled || slot->state != SLOT_READY) {
        g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "The batches were cancelled.");
        return FALSE;
    }
    if (slot->error != NULL) {
        g_propagate_error(error, g_error_copy(slot->error));
        return FALSE;
    }
    slot->state = SLOT_TAKEN;
    loader->next_take++;
    *batch =
        (RkBatch){at, epoch_of(loader, number), number % loader->n_batches, slot->n_rows, FALSE};
    return TRUE;
}

gboolean
rk_loader_next(RkLoader *loader, RkBatch *batch, GError **error)
{
    g_mutex_lock(&loader->lock);
    gboolean done = take(loader, batch, error);
    g_mutex_unlock(&loader->lock);
    return done;
}

void
rk_loader_release(RkLoader *loader, const RkBatch *batch)
{
    g_mutex_lock(&loader->lock);
    g_assert(batch->slot < loader->is.n_slots && loader->slots[batch->slot].state == SLOT_TAKEN);
    loader->slots[batch->slot].state = SLOT_FREE;
    g_cond_broadcast(&loader->changed);
    g_mutex_unlock(&loader->lock);
}

void
rk_loader_cancel(RkLoader *loader)
{
    g_mutex_lock(&loader->lock);
    loader->stop = loader->cancelled = TRUE;
    g_cond_broadcast(&loader->changed);
    g_mutex_unlock(&loader->lock);
}

void
rk_loader_free(RkLoader *loader)
{
    if (loader == NULL)
        return;
    rk_loader_cancel(loader);
    for (uint32_t i = 0; i < loader->is.n_threads; i++) {
        g_thread_join(loader->workers[i].thread);
        rk_batch_scratch_free(loader->workers[i].scratch);
    }
    for (uint32_t i = 0; i < loader->is.n_slots; i++)
        g_clear_error(&loader->slots[i].error);
    g_free(loader->slots);
    g_mutex_clear(&loader->lock);
    g_cond_clear(&loader->changed);
    g_free(loader);
}
