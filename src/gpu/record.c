// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/record.h"

#include "gpu/record-private.h"

#include <string.h>

static const VkPipelineStageFlags WORK =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
static const VkAccessFlags WRITES = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
static const VkAccessFlags READS = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT;

static gboolean
create_queries(RkRecord *record, uint32_t n, GError **error)
{
    RkDevice *device = record->device;
    if (device->timestamp_bits == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't time kernels on %s: its compute queue has no timestamps. Time whole "
                    "submissions, or choose another --device.",
                    device->info.name);
        return FALSE;
    }
    const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                        .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                        .queryCount = n};
    VkResult result = vkCreateQueryPool(device->handle, &info, NULL, &record->queries);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateQueryPool", error);
    vkCmdResetQueryPool(record->commands, record->queries, 0, n);
    record->max_timestamps = n;
    return TRUE;
}

static gboolean
create(RkRecord *record, GError **error)
{
    RkDevice *device = record->device;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = device->queue_family};
    VkResult result = vkCreateCommandPool(device->handle, &pool, NULL, &record->pool);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateCommandPool", error);
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = record->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1};
    result = vkAllocateCommandBuffers(device->handle, &allocate, &record->commands);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkAllocateCommandBuffers", error);
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    result = vkCreateFence(device->handle, &fence, NULL, &record->fence);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateFence", error);
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    result = vkBeginCommandBuffer(record->commands, &begin);
    return result == VK_SUCCESS || rk_device_fail(device, result, "vkBeginCommandBuffer", error);
}

RkRecord *
rk_record_new(RkDevice *device, uint32_t timestamps, GError **error)
{
    if (device->lost) {
        rk_device_fail(device, VK_ERROR_DEVICE_LOST, "an earlier call", error);
        return NULL;
    }
    g_autoptr(RkRecord) record = g_new0(RkRecord, 1);
    record->device = device;
    rk_descriptors_init(&record->descriptors);
    if (!create(record, error) || (timestamps > 0 && !create_queries(record, timestamps, error)))
        return NULL;
    return g_steal_pointer(&record);
}

void
rk_record_free(RkRecord *record)
{
    if (record == NULL)
        return;
    RkDevice *device = record->device;
    if (record->state == RK_RECORD_IN_FLIGHT) {
        // Also where waiting failed: a lost device answers at once, a live one is never outrun.
        vkDeviceWaitIdle(device->handle);
        device->n_in_flight--;
    }
    rk_descriptors_clear(record);
    vkDestroyQueryPool(device->handle, record->queries, NULL);
    vkDestroyFence(device->handle, record->fence, NULL);
    vkDestroyCommandPool(device->handle, record->pool, NULL);
    g_free(record);
}

void
rk_record_set_independent(RkRecord *record)
{
    g_return_if_fail(record->state == RK_RECORD_OPEN && !record->begun);
    record->independent = TRUE;
}

static void
global_barrier(RkRecord *record)
{
    const VkMemoryBarrier all = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                 .srcAccessMask = WRITES,
                                 .dstAccessMask = READS | WRITES};
    vkCmdPipelineBarrier(record->commands, WORK, WORK, 0, 1, &all, 0, NULL, 0, NULL);
}

// The first command is ordered after every record submitted before.
static void
begin_work(RkRecord *record)
{
    g_assert(record->state == RK_RECORD_OPEN);
    if (!record->begun && !record->independent)
        global_barrier(record);
    record->begun = TRUE;
}

static gboolean
check_binding(const RkRecord *record, const RkPipeline *pipeline, uint32_t i,
              const RkBinding *binding, GError **error)
{
    const RkCaps *caps = &record->device->info.caps;
    RkBindKind kind = pipeline->key.binding[i];
    size_t size = rk_buffer_bytes(binding->buffer);
    VkDeviceSize range = rk_binding_range(binding);
    VkDeviceSize texel = kind == RK_BIND_SAMPLED_F32 || kind == RK_BIND_SAMPLED_U32 ? 4 : 16;
    const char *cause = NULL;
    if (binding->bytes == 0)
        cause = "it is empty; skip the dispatch";
    else if (binding->offset > size || binding->bytes > size - binding->offset)
        cause = "it reaches past the end of its buffer; check the shapes";
    else if (binding->offset % caps->storage_alignment != 0)
        cause = "its offset isn't aligned to RkCaps.storage_alignment";
    else if (kind == RK_BIND_STORAGE && range > caps->max_storage_range)
        cause = "one storage binding may cover less on this device (maxStorageBufferRange); split "
                "the table";
    else if (kind != RK_BIND_STORAGE && range / texel > caps->max_texel_elements)
        cause = "one texel view may cover less on this device (maxTexelBufferElements); split the "
                "table or bind it as a storage buffer";
    if (cause == NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't dispatch %s: binding %u covers %zu bytes at %zu of a buffer of %zu: %s.",
                pipeline->key.shader, i, binding->bytes, binding->offset, size, cause);
    return FALSE;
}

static gboolean
check_grid(const RkRecord *record, const RkPipeline *pipeline, const uint32_t grid[3],
           GError **error)
{
    const uint32_t *max = record->device->info.caps.max_grid;
    if (grid[0] <= max[0] && grid[1] <= max[1] && grid[2] <= max[2])
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_SHAPE,
                "Can't dispatch %s over %u x %u x %u workgroups: %s allows %u x %u x %u. Lower the "
                "batch size.",
                pipeline->key.shader, grid[0], grid[1], grid[2], record->device->info.name, max[0],
                max[1], max[2]);
    return FALSE;
}

gboolean
rk_record_dispatch(RkRecord *record, RkPipeline *pipeline, const RkBinding *bindings,
                   const void *push, const uint32_t grid[3], GError **error)
{
    for (uint32_t i = 0; i < pipeline->key.n_bindings; i++) {
        if (!check_binding(record, pipeline, i, &bindings[i], error))
            return FALSE;
    }
    VkDescriptorSet set;
    if (!check_grid(record, pipeline, grid, error) ||
        !rk_descriptors_set(record, pipeline, bindings, &set, error))
        return FALSE;
    begin_work(record);
    vkCmdBindPipeline(record->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->handle);
    vkCmdBindDescriptorSets(record->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->layout, 0,
                            1, &set, 0, NULL);
    if (pipeline->key.push_bytes > 0)
        vkCmdPushConstants(record->commands, pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           pipeline->key.push_bytes, push);
    vkCmdDispatch(record->commands, grid[0], grid[1], grid[2]);
    return TRUE;
}

static void
assert_inside(const RkBinding *binding)
{
    size_t size = rk_buffer_bytes(binding->buffer);
    g_assert(binding->offset <= size && binding->bytes <= size - binding->offset);
}

void
rk_record_copy(RkRecord *record, RkBinding from, RkBinding to)
{
    assert_inside(&from);
    assert_inside(&to);
    begin_work(record);
    const VkBufferCopy region = {
        .srcOffset = from.offset, .dstOffset = to.offset, .size = MIN(from.bytes, to.bytes)};
    if (region.size > 0)
        vkCmdCopyBuffer(record->commands, rk_buffer_handle(from.buffer),
                        rk_buffer_handle(to.buffer), 1, &region);
}

void
rk_record_fill(RkRecord *record, RkBinding to, uint32_t word)
{
    assert_inside(&to);
    g_assert(to.offset % 4 == 0 && to.bytes % 4 == 0);
    begin_work(record);
    if (to.bytes > 0)
        vkCmdFillBuffer(record->commands, rk_buffer_handle(to.buffer), to.offset, to.bytes, word);
}

void
rk_record_barrier(RkRecord *record, const RkBinding *ranges, uint32_t n)
{
    enum { CHUNK = 16 };
    begin_work(record);
    if (n == 0)
        global_barrier(record);
    for (uint32_t first = 0; first < n; first += CHUNK) {
        VkBufferMemoryBarrier barriers[CHUNK];
        uint32_t part = MIN(n - first, CHUNK);
        for (uint32_t i = 0; i < part; i++) {
            const RkBinding *range = &ranges[first + i];
            barriers[i] = (VkBufferMemoryBarrier){.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                                  .srcAccessMask = WRITES,
                                                  .dstAccessMask = READS | WRITES,
                                                  .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                                  .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                                  .buffer = rk_buffer_handle(range->buffer),
                                                  .offset = range->offset,
                                                  .size = rk_binding_range(range)};
        }
        vkCmdPipelineBarrier(record->commands, WORK, WORK, 0, 0, NULL, part, barriers, 0, NULL);
    }
}

void
rk_record_timestamp(RkRecord *record)
{
    g_assert(record->n_timestamps < record->max_timestamps);
    begin_work(record);
    vkCmdWriteTimestamp(record->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, record->queries,
                        record->n_timestamps++);
}

gboolean
rk_record_end(RkRecord *record, GError **error)
{
    g_return_val_if_fail(record->state == RK_RECORD_OPEN, FALSE);
    const VkMemoryBarrier to_host = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = WRITES,
                                     .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    vkCmdPipelineBarrier(record->commands, WORK, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0,
                         NULL, 0, NULL);
    VkResult result = vkEndCommandBuffer(record->commands);
    if (result != VK_SUCCESS)
        return rk_device_fail(record->device, result, "vkEndCommandBuffer", error);
    record->state = RK_RECORD_READY;
    return TRUE;
}
