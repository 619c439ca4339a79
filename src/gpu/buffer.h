// SPDX-License-Identifier: GPL-3.0-or-later
//
// Buffers on suballocated device memory, and host transfers. Where device memory is host-visible
// (software drivers, integrated GPUs, resizable BAR) buffers are mapped and transfers are plain
// copies; elsewhere they go through a staging ring. Owner's thread only.
#pragma once

#include "gpu/device.h"

typedef struct RkBuffer RkBuffer;

typedef enum {
    RK_BUFFER_DEVICE,   // tensors; mapped only where that costs nothing
    RK_BUFFER_UPLOAD,   // always mapped, host writes, device reads (inputs of every step)
    RK_BUFFER_READBACK, // always mapped and cached, device writes, host reads
} RkBufferKind;

// A zeroed buffer usable as storage buffer, texel buffer and transfer source and destination.
// Fails with RK_ERROR_MEMORY saying what was asked, what there is and what to lower.
RkBuffer *rk_buffer_new(RkDevice *device, RkBufferKind kind, size_t bytes, GError **error);
void rk_buffer_free(RkBuffer *buffer); // no record that uses it may be in flight

size_t rk_buffer_bytes(const RkBuffer *buffer);
VkBuffer rk_buffer_handle(const RkBuffer *buffer);

// The mapping, or NULL where the memory isn't host-visible. UPLOAD and READBACK always have one,
// and it is coherent.
void *rk_buffer_map(const RkBuffer *buffer);

// Copies between host and buffer; waits for the device to be done with it. For weights and
// results, not for the per-step path (which writes to mapped UPLOAD buffers).
gboolean rk_buffer_write(RkBuffer *buffer, size_t offset, const void *data, size_t bytes,
                         GError **error);
gboolean rk_buffer_read(RkBuffer *buffer, size_t offset, void *data, size_t bytes, GError **error);

// Bytes that live buffers take on the device, and their peak since it was opened.
void rk_device_memory_used(const RkDevice *device, size_t *bytes, size_t *peak_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkBuffer, rk_buffer_free)
