// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fills batches ahead of their use. Memory is a ring of slots that the consumer supplies (the
// mapped inputs of plans) or leaves to the loader; threads fill the free ones in order while the
// consumer works on others. What a batch holds is a pure function of (options, epoch, batch), the
// same bytes whatever the number of threads. Nothing is allocated a batch.
//
// One thread calls next and release; cancel is for any.
#pragma once

#include "dataset/batch.h"

typedef struct RkLoader RkLoader;

typedef struct {
    RkBatchOptions batch; // the columns are copied; settings are only read by rk_loader_new()
    uint32_t n_slots;     // of the ring; 2 or more to fill ahead
    // [n_slots][n_columns]: where a slot's columns go, rk_batch_column_words() words each, or NULL
    // for memory of the loader's own. Must outlive the loader.
    void *const *memory;
    uint32_t epoch;    // to begin with
    uint64_t at_batch; // of that epoch
    uint32_t n_epochs; // from the first on; 0 goes on for ever
} RkLoaderOptions;

typedef struct {
    uint32_t slot;
    uint32_t n; // samples; the rest of the batch is padding
    uint32_t epoch;
    uint64_t index; // of the batch in its epoch
    gboolean last;  // of its epoch
} RkBatch;

// Fails as rk_frame_history() and so on do, and with RK_ERROR_USAGE when a column can't be had or
// there is no sample.
RkLoader *rk_loader_new(const RkLoaderOptions *options, GError **error);
void rk_loader_free(RkLoader *loader); // stops the threads; NULL is fine

// Waits for the next batch. 1: there is one, whose slot is the caller's until released. 0: the
// epochs are over. -1: an error, RK_ERROR_CANCELLED after a cancel; from then on every time.
int rk_loader_next(RkLoader *loader, RkBatch *batch, GError **error);

// Gives a slot back to be filled again. Slots are released in the order they came.
void rk_loader_release(RkLoader *loader, uint32_t slot);

// Stops the threads after the batch that each is at; a next() that waits returns.
void rk_loader_cancel(RkLoader *loader);

void *rk_loader_column(const RkLoader *loader, uint32_t slot, uint32_t column);
uint32_t rk_loader_batch(const RkLoader *loader);     // B
uint64_t rk_loader_n_batches(const RkLoader *loader); // an epoch
uint64_t rk_loader_n_samples(const RkLoader *loader); // an epoch, negatives of POINTWISE included

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLoader, rk_loader_free)
