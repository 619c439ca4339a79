// SPDX-License-Identifier: GPL-3.0-or-later
//
// Submitting a record, waiting for it, reading its timestamps. Nothing here allocates.
#include "gpu/record-private.h"

#include "base/clock.h"

// A sleeping thread takes 40 us to wake up; polling longer than this takes a core from the others.
static const uint64_t POLL_NS = 100000;

static inline void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

gboolean
rk_record_submit(RkRecord *record, GError **error)
{
    RkDevice *device = record->device;
    g_return_val_if_fail(record->state == RK_RECORD_READY, FALSE);
    if (device->lost)
        return rk_device_fail(device, VK_ERROR_DEVICE_LOST, "an earlier call", error);
    VkResult result = vkResetFences(device->handle, 1, &record->fence);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkResetFences", error);
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &record->commands};
    result = vkQueueSubmit(device->queue, 1, &info, record->fence);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkQueueSubmit", error);
    record->state = RK_RECORD_IN_FLIGHT;
    device->n_in_flight++;
    return TRUE;
}

static void
set_done(RkRecord *record)
{
    record->state = RK_RECORD_READY;
    record->done_once = TRUE;
    record->device->n_in_flight--;
}

gboolean
rk_record_is_done(RkRecord *record)
{
    if (record->state != RK_RECORD_IN_FLIGHT)
        return TRUE;
    VkResult result = vkGetFenceStatus(record->device->handle, record->fence);
    if (result == VK_SUCCESS)
        set_done(record);
    return result != VK_NOT_READY; // an error is done too: the wait that follows reports it
}

gboolean
rk_record_wait(RkRecord *record, GError **error)
{
    RkDevice *device = record->device;
    if (record->state != RK_RECORD_IN_FLIGHT)
        return TRUE;
    uint64_t start_ns = rk_clock_ns();
    VkResult result = vkGetFenceStatus(device->handle, record->fence);
    while (result == VK_NOT_READY && rk_clock_ns() - start_ns < POLL_NS) {
        relax();
        result = vkGetFenceStatus(device->handle, record->fence);
    }
    if (result == VK_NOT_READY) {
        if (!rk_fence_wait(device, record->fence, error))
            return FALSE;
    } else if (result != VK_SUCCESS) {
        return rk_device_fail(device, result, "vkGetFenceStatus", error);
    }
    set_done(record);
    return TRUE;
}

gboolean
rk_record_times_ns(RkRecord *record, double *ns, GError **error)
{
    enum { CHUNK = 64 };
    RkDevice *device = record->device;
    g_return_val_if_fail(record->done_once, FALSE);
    // Only the low timestamp_bits count; a difference taken within them survives one wrap.
    uint64_t mask =
        device->timestamp_bits >= 64 ? UINT64_MAX : (1ull << device->timestamp_bits) - 1;
    uint64_t first = 0;
    for (uint32_t done = 0; done < record->n_timestamps; done += CHUNK) {
        uint64_t ticks[CHUNK];
        uint32_t n = MIN(record->n_timestamps - done, CHUNK);
        VkResult result =
            vkGetQueryPoolResults(device->handle, record->queries, done, n, n * sizeof ticks[0],
                                  ticks, sizeof ticks[0], VK_QUERY_RESULT_64_BIT);
        if (result != VK_SUCCESS)
            return rk_device_fail(device, result, "vkGetQueryPoolResults", error);
        if (done == 0)
            first = ticks[0];
        for (uint32_t i = 0; i < n; i++)
            ns[done + i] = (double)((ticks[i] - first) & mask) * device->timestamp_ns;
    }
    return TRUE;
}
