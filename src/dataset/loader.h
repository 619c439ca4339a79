// SPDX-License-Identifier: GPL-3.0-or-later
//
// Threads that fill batches ahead of whoever consumes them, into slots of memory that the caller
// names (pinned staging, say): a ring, so that nothing is allocated a batch. Batches come in order
// and have the same bytes with any number of threads and slots. One thread consumes; cancel from
// any.
#pragma once

#include "dataset/batch.h"

typedef struct RkLoader RkLoader;

typedef struct {
    uint32_t n_threads;   // that fill, 1 .. 64
    uint32_t n_slots;     // at least 1; two more than threads keep all of them busy
    uint32_t first_epoch; // to go on from
    uint32_t n_epochs;    // 0 for no end
} RkLoaderOptions;

typedef struct {
    uint32_t slot;   // whose memory holds it; n_slots at the end
    uint32_t epoch;  // from first_epoch on
    uint64_t index;  // in the epoch
    uint32_t n_rows; // real ones of the batch
    gboolean end;    // nothing follows; the other members say nothing
} RkBatch;

// Starts filling. memory [n_slots, n_parts] of the batcher, each of rk_batcher_words() words,
// aligned to 8 bytes. The batcher and the memory must outlive the loader.
RkLoader *rk_loader_new(const RkBatcher *batcher, void *const *memory,
                        const RkLoaderOptions *options);

// Any other source of batches; fill is called from several threads at once.
typedef gboolean (*RkLoaderFill)(void *data, uint32_t thread, uint32_t epoch, uint64_t index,
                                 uint32_t slot, uint32_t *n_rows, GError **error);
RkLoader *rk_loader_new_fill(RkLoaderFill fill, void *data, uint64_t n_batches,
                             const RkLoaderOptions *options);

// Waits for the next batch. Fails with what filling it failed with, at its turn and from then on,
// or with RK_ERROR_CANCELLED.
gboolean rk_loader_next(RkLoader *loader, RkBatch *batch, GError **error);

// Gives a batch's slot back to be filled again; in any order.
void rk_loader_release(RkLoader *loader, const RkBatch *batch);

void rk_loader_cancel(RkLoader *loader); // any thread; the consumer's wait ends
void rk_loader_free(RkLoader *loader);   // stops and joins the threads

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLoader, rk_loader_free)
