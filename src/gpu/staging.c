// SPDX-License-Identifier: GPL-3.0-or-later
//
// The staging ring: host transfers of memory that the host can't see (or can't read fast). A few
// mapped slots in turn, so that the host copies one while the device copies another. Every copy is
// ordered after what was submitted before, and before what is submitted later.
#include "gpu/gpu-private.h"

#include <string.h>

enum {
    N_SLOTS = 4,
    SLOT_BYTES = 4 << 20, // past 1 MiB a PCIe copy runs at its full rate
};

typedef struct {
    VkCommandBuffer commands;
    VkFence fence;
    uint8_t *map;
    gboolean in_flight;
    void *read_to; // where the slot's content goes when the device is done; NULL for a write
    size_t read_bytes;
} Slot;

struct RkStaging {
    RkDevice *device;
    RkBuffer *buffer;
    VkCommandPool pool;
    Slot slot[N_SLOTS];
    uint32_t next;
};

// One copy of a slot's content, or the zeroing of a whole buffer where `zero` is set.
typedef struct {
    VkBuffer from, to;
    VkBufferCopy region;
    gboolean zero;
} Transfer;

static gboolean
init(RkStaging *staging, GError **error)
{
    RkDevice *device = staging->device;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT |
                                                   VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                          .queueFamilyIndex = device->queue_family};
    VkResult result = vkCreateCommandPool(device->handle, &pool, NULL, &staging->pool);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateCommandPool", error);
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = staging->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = N_SLOTS};
    VkCommandBuffer commands[N_SLOTS];
    result = vkAllocateCommandBuffers(device->handle, &allocate, commands);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkAllocateCommandBuffers", error);
    staging->buffer =
        rk_buffer_new(device, RK_BUFFER_READBACK, (size_t)N_SLOTS * SLOT_BYTES, error);
    if (staging->buffer == NULL)
        return FALSE;
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        Slot *slot = &staging->slot[i];
        slot->commands = commands[i];
        slot->map = (uint8_t *)rk_buffer_map(staging->buffer) + (size_t)i * SLOT_BYTES;
        result = vkCreateFence(device->handle, &fence, NULL, &slot->fence);
        if (result != VK_SUCCESS)
            return rk_device_fail(device, result, "vkCreateFence", error);
    }
    return TRUE;
}

void
rk_staging_free(RkStaging *staging)
{
    VkDevice handle = staging->device->handle;
    for (uint32_t i = 0; i < N_SLOTS; i++)
        vkDestroyFence(handle, staging->slot[i].fence, NULL);
    vkDestroyCommandPool(handle, staging->pool, NULL);
    rk_buffer_free(staging->buffer);
    g_free(staging);
}

static RkStaging *
get(RkDevice *device, GError **error)
{
    if (device->lost) {
        rk_device_fail(device, VK_ERROR_DEVICE_LOST, "an earlier call", error);
        return NULL;
    }
    if (device->staging != NULL)
        return device->staging;
    RkStaging *staging = g_new0(RkStaging, 1);
    staging->device = device;
    if (!init(staging, error)) {
        rk_staging_free(staging);
        return NULL;
    }
    device->staging = staging;
    return staging;
}

// Waits for the slot's transfer and delivers what it read.
static gboolean
finish(RkStaging *staging, Slot *slot, GError **error)
{
    if (!slot->in_flight)
        return TRUE;
    if (!rk_fence_wait(staging->device, slot->fence, error))
        return FALSE;
    slot->in_flight = FALSE;
    if (slot->read_to != NULL)
        memcpy(slot->read_to, slot->map, slot->read_bytes);
    slot->read_to = NULL;
    return TRUE;
}

// All slots. After an error nothing is delivered, and nothing stays in flight either: the caller is
// about to free what is being copied.
static gboolean
finish_all(RkStaging *staging, gboolean ok, GError **error)
{
    for (uint32_t i = 0; ok && i < N_SLOTS; i++)
        ok = finish(staging, &staging->slot[i], error);
    if (ok)
        return TRUE;
    vkDeviceWaitIdle(staging->device->handle);
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        staging->slot[i].read_to = NULL;
        staging->slot[i].in_flight = FALSE;
    }
    return FALSE;
}

static void
barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkPipelineStageFlags to)
{
    const VkMemoryBarrier all = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                 .dstAccessMask =
                                     VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT};
    vkCmdPipelineBarrier(commands, from, to, 0, 1, &all, 0, NULL, 0, NULL);
}

static VkResult
record(Slot *slot, const Transfer *transfer)
{
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                            .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    VkResult result = vkBeginCommandBuffer(slot->commands, &begin);
    if (result != VK_SUCCESS)
        return result;
    barrier(slot->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT);
    if (transfer->zero)
        vkCmdFillBuffer(slot->commands, transfer->to, 0, VK_WHOLE_SIZE, 0);
    else
        vkCmdCopyBuffer(slot->commands, transfer->from, transfer->to, 1, &transfer->region);
    barrier(slot->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT);
    return vkEndCommandBuffer(slot->commands);
}

static gboolean
submit(RkStaging *staging, Slot *slot, const Transfer *transfer, GError **error)
{
    RkDevice *device = staging->device;
    VkResult result = record(slot, transfer);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkEndCommandBuffer", error);
    result = vkResetFences(device->handle, 1, &slot->fence);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkResetFences", error);
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &slot->commands};
    result = vkQueueSubmit(device->queue, 1, &info, slot->fence);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkQueueSubmit", error);
    slot->in_flight = TRUE;
    return TRUE;
}

// The next slot of the ring, free to use.
static Slot *
acquire(RkStaging *staging, VkDeviceSize *offset, GError **error)
{
    uint32_t i = staging->next;
    staging->next = (i + 1) % N_SLOTS;
    *offset = (VkDeviceSize)i * SLOT_BYTES;
    return finish(staging, &staging->slot[i], error) ? &staging->slot[i] : NULL;
}

gboolean
rk_staging_write(RkDevice *device, VkBuffer to, size_t offset, const void *data, size_t bytes,
                 GError **error)
{
    RkStaging *staging = get(device, error);
    if (staging == NULL)
        return FALSE;
    gboolean ok = TRUE;
    for (size_t done = 0; ok && done < bytes; done += SLOT_BYTES) {
        size_t part = MIN(bytes - done, SLOT_BYTES);
        Transfer transfer = {.from = rk_buffer_handle(staging->buffer),
                             .to = to,
                             .region = {.dstOffset = offset + done, .size = part}};
        Slot *slot = acquire(staging, &transfer.region.srcOffset, error);
        if (slot != NULL)
            memcpy(slot->map, (const uint8_t *)data + done, part);
        ok = slot != NULL && submit(staging, slot, &transfer, error);
    }
    return finish_all(staging, ok, error);
}

gboolean
rk_staging_read(RkDevice *device, VkBuffer from, size_t offset, void *data, size_t bytes,
                GError **error)
{
    RkStaging *staging = get(device, error);
    if (staging == NULL)
        return FALSE;
    gboolean ok = TRUE;
    for (size_t done = 0; ok && done < bytes; done += SLOT_BYTES) {
        size_t part = MIN(bytes - done, SLOT_BYTES);
        Transfer transfer = {.from = from,
                             .to = rk_buffer_handle(staging->buffer),
                             .region = {.srcOffset = offset + done, .size = part}};
        Slot *slot = acquire(staging, &transfer.region.dstOffset, error);
        ok = slot != NULL && submit(staging, slot, &transfer, error);
        if (ok) {
            slot->read_to = (uint8_t *)data + done;
            slot->read_bytes = part;
        }
    }
    return finish_all(staging, ok, error);
}

gboolean
rk_staging_zero(RkDevice *device, VkBuffer to, GError **error)
{
    RkStaging *staging = get(device, error);
    if (staging == NULL)
        return FALSE;
    VkDeviceSize offset;
    const Transfer transfer = {.to = to, .zero = TRUE};
    Slot *slot = acquire(staging, &offset, error);
    gboolean ok = slot != NULL && submit(staging, slot, &transfer, error);
    return finish_all(staging, ok, error);
}
