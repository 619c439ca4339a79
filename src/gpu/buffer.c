// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/buffer.h"

#include "gpu/gpu-private.h"

#include <string.h>

struct RkBuffer {
    RkDevice *device;
    RkBufferKind kind;
    size_t bytes; // as asked; the Vulkan buffer is rounded up to whole texels
    VkBuffer handle;
    RkAllocation memory;
};

// The widest texel: a view over a tail that isn't a whole one must still lie inside the buffer.
static const size_t TEXEL_BYTES = 16;

static gboolean
create(RkBuffer *buffer, GError **error)
{
    RkDevice *device = buffer->device;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = (MAX(buffer->bytes, 1) + TEXEL_BYTES - 1) / TEXEL_BYTES * TEXEL_BYTES,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT |
                 VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    VkResult result = vkCreateBuffer(device->handle, &info, NULL, &buffer->handle);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return rk_memory_fail(device->memory, buffer->bytes, "vkCreateBuffer found no room", error);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateBuffer", error);
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(device->handle, buffer->handle, &needs);
    if (!rk_memory_alloc(device->memory, buffer->kind, &needs, &buffer->memory, error))
        return FALSE;
    result = vkBindBufferMemory(device->handle, buffer->handle, buffer->memory.handle,
                                buffer->memory.offset);
    return result == VK_SUCCESS || rk_device_fail(device, result, "vkBindBufferMemory", error);
}

RkBuffer *
rk_buffer_new(RkDevice *device, RkBufferKind kind, size_t bytes, GError **error)
{
    if (device->lost) {
        rk_device_fail(device, VK_ERROR_DEVICE_LOST, "an earlier call", error);
        return NULL;
    }
    if (bytes > device->info.caps.max_buffer_bytes) {
        g_autofree char *limit =
            g_format_size_full(device->info.caps.max_buffer_bytes, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *cause = g_strdup_printf("one buffer may have %s", limit);
        rk_memory_fail(device->memory, bytes, cause, error);
        return NULL;
    }
    g_autoptr(RkBuffer) buffer = g_new0(RkBuffer, 1);
    *buffer = (RkBuffer){.device = device, .kind = kind, .bytes = bytes};
    if (!create(buffer, error))
        return NULL;
    if (buffer->memory.map != NULL)
        memset(buffer->memory.map, 0, buffer->memory.bytes);
    else if (!rk_staging_zero(device, buffer->handle, error))
        return NULL;
    return g_steal_pointer(&buffer);
}

void
rk_buffer_free(RkBuffer *buffer)
{
    if (buffer == NULL)
        return;
    vkDestroyBuffer(buffer->device->handle, buffer->handle, NULL);
    rk_memory_release(buffer->device->memory, &buffer->memory);
    g_free(buffer);
}

size_t
rk_buffer_bytes(const RkBuffer *buffer)
{
    return buffer->bytes;
}

VkBuffer
rk_buffer_handle(const RkBuffer *buffer)
{
    return buffer->handle;
}

void *
rk_buffer_map(const RkBuffer *buffer)
{
    return buffer->memory.map;
}

static gboolean
check_range(const RkBuffer *buffer, const char *action, size_t offset, size_t bytes, GError **error)
{
    if (offset <= buffer->bytes && bytes <= buffer->bytes - offset)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't %s %zu bytes at offset %zu of a buffer: it has %zu bytes. Check the shapes.",
                action, bytes, offset, buffer->bytes);
    return FALSE;
}

gboolean
rk_buffer_write(RkBuffer *buffer, size_t offset, const void *data, size_t bytes, GError **error)
{
    if (!check_range(buffer, "write", offset, bytes, error))
        return FALSE;
    if (bytes == 0)
        return TRUE;
    if (buffer->memory.map == NULL)
        return rk_staging_write(buffer->device, buffer->handle, offset, data, bytes, error);
    if (!rk_device_settle(buffer->device, error))
        return FALSE;
    memcpy((uint8_t *)buffer->memory.map + offset, data, bytes);
    return TRUE;
}

gboolean
rk_buffer_read(RkBuffer *buffer, size_t offset, void *data, size_t bytes, GError **error)
{
    if (!check_range(buffer, "read", offset, bytes, error))
        return FALSE;
    if (bytes == 0)
        return TRUE;
    // Host reads of uncached memory crawl over the bus a word at a time.
    if (buffer->memory.map == NULL || !buffer->memory.cached)
        return rk_staging_read(buffer->device, buffer->handle, offset, data, bytes, error);
    if (!rk_device_settle(buffer->device, error))
        return FALSE;
    memcpy(data, (const uint8_t *)buffer->memory.map + offset, bytes);
    return TRUE;
}
