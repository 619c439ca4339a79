// SPDX-License-Identifier: GPL-3.0-or-later
//
// Opening and closing a device: instance, choice, queue, and the parts that live as long as it.
#include "gpu/gpu-private.h"

#include "gpu/choice.h"

#include <string.h>

const char *
rk_device_type_name(RkDeviceType type)
{
    static const char *const NAMES[] = {"discrete", "integrated", "virtual", "cpu", "other"};
    return type < G_N_ELEMENTS(NAMES) ? NAMES[type] : "other";
}

const char *const *
rk_device_precisions(const RkCaps *caps)
{
    // Narrow types travel as packed 32-bit words, so every device has every precision.
    static const char *const ALL[] = {"fp32", "fp16", "int8", "int4", NULL};
    return ALL;
}

static GArray *
describe_all(const RkInstance *instance, GArray **physicals, GError **error)
{
    GArray *devices = rk_instance_devices(instance, error);
    if (devices == NULL)
        return NULL;
    GArray *infos = g_array_sized_new(FALSE, TRUE, sizeof(RkDeviceInfo), devices->len);
    g_array_set_size(infos, devices->len);
    for (uint32_t i = 0; i < devices->len; i++)
        rk_device_describe(instance->handle, instance->api_version,
                           g_array_index(devices, VkPhysicalDevice, i), i,
                           &g_array_index(infos, RkDeviceInfo, i));
    if (physicals != NULL)
        *physicals = devices;
    else
        g_array_unref(devices);
    return infos;
}

GArray *
rk_device_list(GError **error)
{
    RkInstance instance;
    GArray *infos = NULL;
    if (rk_instance_init(&instance, error))
        infos = describe_all(&instance, NULL, error);
    rk_instance_clear(&instance);
    return infos;
}

// Chooses the physical device and fills in what is known of it.
static gboolean
choose(RkDevice *device, const char *wanted, GError **error)
{
    g_autoptr(GArray) physicals = NULL;
    g_autoptr(GArray) infos = describe_all(&device->instance, &physicals, error);
    if (infos == NULL)
        return FALSE;
    const RkDeviceInfo *info =
        rk_device_choose((const RkDeviceInfo *)(void *)infos->data, infos->len, wanted, error);
    if (info == NULL)
        return FALSE;
    device->info = *info;
    device->physical = g_array_index(physicals, VkPhysicalDevice, info->index);
    vkGetPhysicalDeviceMemoryProperties(device->physical, &device->heaps);
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(device->physical, &properties);
    device->max_allocations = properties.limits.maxMemoryAllocationCount;
    device->timestamp_ns = properties.limits.timestampPeriod;
    device->has_budget =
        rk_physical_has_extension(device->physical, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    return TRUE;
}

// A family with compute; one with timestamps before one without, and then one without graphics,
// which doesn't wait behind a desktop's frames.
static gboolean
choose_queue(RkDevice *device, GError **error)
{
    uint32_t n = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(device->physical, &n, NULL);
    g_autofree VkQueueFamilyProperties *families = g_new0(VkQueueFamilyProperties, n);
    vkGetPhysicalDeviceQueueFamilyProperties(device->physical, &n, families);
    int best = -1;
    for (uint32_t i = 0; i < n; i++) {
        if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT))
            continue;
        int score = (families[i].timestampValidBits > 0 ? 2 : 0) +
                    (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT ? 0 : 1);
        if (score <= best)
            continue;
        best = score;
        device->queue_family = i;
        device->timestamp_bits = families[i].timestampValidBits;
    }
    if (best >= 0)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                "Can't open %s: it has no queue for compute. Choose another --device.",
                device->info.name);
    return FALSE;
}

static gboolean
create(RkDevice *device, GError **error)
{
    RkFeatures features;
    rk_features_probe(device->physical, MIN(device->info.api_version, device->instance.api_version),
                      &features);
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = device->queue_family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &features.core,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = features.n_extensions,
                                     .ppEnabledExtensionNames = features.extensions};
    VkResult result = vkCreateDevice(device->physical, &info, NULL, &device->handle);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateDevice", error);
    vkGetDeviceQueue(device->handle, device->queue_family, 0, &device->queue);
    return TRUE;
}

RkDevice *
rk_device_open(const char *wanted, GError **error)
{
    g_autoptr(RkDevice) device = g_new0(RkDevice, 1);
    device->stage_always = g_strcmp0(g_getenv("RANKINE_STAGING"), "always") == 0;
    if (!rk_instance_init(&device->instance, error) || !choose(device, wanted, error) ||
        !choose_queue(device, error) || !create(device, error))
        return NULL;
    device->memory = rk_memory_new(device);
    if (!rk_pipeline_cache_open(device, error))
        return NULL;
    return g_steal_pointer(&device);
}

void
rk_device_close(RkDevice *device)
{
    if (device == NULL)
        return;
    if (device->handle != VK_NULL_HANDLE) {
        vkDeviceWaitIdle(device->handle); // a lost device answers too; nothing to do about it
        rk_pipeline_cache_close(device);
        rk_pipelines_free(device);
        g_clear_pointer(&device->staging, rk_staging_free);
        g_clear_pointer(&device->memory, rk_memory_free);
        vkDestroyDevice(device->handle, NULL);
    }
    rk_instance_clear(&device->instance);
    g_free(device->ceilings);
    g_free(device);
}

const RkDeviceInfo *
rk_device_info(const RkDevice *device)
{
    return &device->info;
}

const RkCaps *
rk_device_caps(const RkDevice *device)
{
    return &device->info.caps;
}

gboolean
rk_device_is_lost(const RkDevice *device)
{
    return device->lost;
}

gboolean
rk_device_settle(RkDevice *device, GError **error)
{
    if (device->lost)
        return rk_device_fail(device, VK_ERROR_DEVICE_LOST, "an earlier call", error);
    if (device->n_in_flight == 0)
        return TRUE;
    VkResult result = vkQueueWaitIdle(device->queue);
    return result == VK_SUCCESS || rk_device_fail(device, result, "vkQueueWaitIdle", error);
}

gboolean
rk_fence_wait(RkDevice *device, VkFence fence, GError **error)
{
    const uint64_t SLICE_NS = 1000000000u;
    const int MAX_SLICES = 300; // the largest product on a software driver takes well under 5 min
    for (int i = 0; i < MAX_SLICES; i++) {
        VkResult result = vkWaitForFences(device->handle, 1, &fence, VK_TRUE, SLICE_NS);
        if (result == VK_SUCCESS)
            return TRUE;
        if (result != VK_TIMEOUT)
            return rk_device_fail(device, result, "vkWaitForFences", error);
    }
    device->lost = TRUE;
    g_set_error(
        error, RK_ERROR, RK_ERROR_DEVICE_LOST,
        "Can't use %s: it didn't finish its work in %d seconds. Open it again and lower the "
        "batch size, or choose another --device.",
        device->info.name, MAX_SLICES);
    return FALSE;
}
