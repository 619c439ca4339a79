// SPDX-License-Identifier: GPL-3.0-or-later
//
// A recorded command buffer: dispatches, copies, precise barriers and timestamps, recorded once,
// submitted any number of times. Recording allocates, submitting doesn't. Owner's thread only.
#pragma once

#include "gpu/buffer.h"
#include "gpu/pipeline.h"

typedef struct RkRecord RkRecord;

typedef struct {
    RkBuffer *buffer;
    size_t offset; // bytes, a multiple of RkCaps.storage_alignment
    size_t bytes;
} RkBinding;

// `timestamps`: room for that many rk_record_timestamp() calls.
RkRecord *rk_record_new(RkDevice *device, uint32_t timestamps, GError **error);
void rk_record_free(RkRecord *record); // waits until the device is done with it

// A record's first command is ordered after everything submitted before it. Call this before that
// command where the record shares nothing written with records in flight (serving slots, each with
// its own activations): the device may then overlap them.
void rk_record_set_independent(RkRecord *record);

// Dispatches grid workgroups of a pipeline. bindings: one for each of the pipeline's. push:
// push_bytes of the key. Texel views are made here and kept until the record is freed;
// buffers must outlive the record. A binding's bytes are rounded up to whole 16-byte texels, which
// its buffer has. Fails with RK_ERROR_SHAPE for a binding or grid that doesn't fit the buffer or
// the device.
gboolean rk_record_dispatch(RkRecord *record, RkPipeline *pipeline, const RkBinding *bindings,
                            const void *push, const uint32_t grid[3], GError **error);
void rk_record_copy(RkRecord *record, RkBinding from, RkBinding to); // min of both sizes
void rk_record_fill(RkRecord *record, RkBinding to, uint32_t word);

// Later commands see what earlier shaders and copies wrote, and may overwrite what they read.
// With buffers given, only those ranges; n 0 orders everything.
void rk_record_barrier(RkRecord *record, const RkBinding *ranges, uint32_t n);

void rk_record_timestamp(RkRecord *record); // after everything before it is done

// Ends recording; host writes before a submit are visible to it, its writes to the host after it.
gboolean rk_record_end(RkRecord *record, GError **error);

// Submits; several records may be in flight, each at most once. `rk_record_wait` polls for the
// first 100 us (a core is cheaper than a wake-up), then sleeps; waits for nothing when idle.
gboolean rk_record_submit(RkRecord *record, GError **error);
gboolean rk_record_wait(RkRecord *record, GError **error);
gboolean rk_record_is_done(RkRecord *record); // without waiting

// Nanoseconds of each timestamp since the first, after a wait. Array of as many as recorded.
gboolean rk_record_times_ns(RkRecord *record, double *ns, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkRecord, rk_record_free)
