// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one place where a VkResult becomes a message. Any thread.
#include "gpu/gpu-private.h"

typedef struct {
    VkResult result;
    RkErrorCode code;
    const char *name;
    const char *advice;
} ResultRow;

#define LOWER                                                                                      \
    "Lower the batch size, the embedding dimension or the table sizes, or close what else uses "   \
    "it."

static const ResultRow ROWS[] = {
    {VK_ERROR_DEVICE_LOST, RK_ERROR_DEVICE_LOST, "VK_ERROR_DEVICE_LOST",
     "The driver reset the device or it stopped answering. Open it again and replay from the last "
     "checkpoint; if it happens again, lower the batch size or update the driver."},
    {VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY", LOWER},
    {VK_ERROR_OUT_OF_DEVICE_MEMORY, RK_ERROR_MEMORY, "VK_ERROR_OUT_OF_DEVICE_MEMORY", LOWER},
    {VK_ERROR_OUT_OF_POOL_MEMORY, RK_ERROR_MEMORY, "VK_ERROR_OUT_OF_POOL_MEMORY", LOWER},
    {VK_ERROR_FRAGMENTED_POOL, RK_ERROR_MEMORY, "VK_ERROR_FRAGMENTED_POOL", LOWER},
    {VK_ERROR_TOO_MANY_OBJECTS, RK_ERROR_MEMORY, "VK_ERROR_TOO_MANY_OBJECTS", LOWER},
    {VK_ERROR_MEMORY_MAP_FAILED, RK_ERROR_MEMORY, "VK_ERROR_MEMORY_MAP_FAILED", LOWER},
    {VK_ERROR_INITIALIZATION_FAILED, RK_ERROR_DEVICE, "VK_ERROR_INITIALIZATION_FAILED",
     "Check that the driver is installed and that you may use the device (ls -l /dev/dri)."},
    {VK_ERROR_INCOMPATIBLE_DRIVER, RK_ERROR_DEVICE, "VK_ERROR_INCOMPATIBLE_DRIVER",
     "Update the driver to one with Vulkan 1.1."},
    {VK_ERROR_LAYER_NOT_PRESENT, RK_ERROR_DEVICE, "VK_ERROR_LAYER_NOT_PRESENT",
     "Check VK_INSTANCE_LAYERS and VK_LAYER_PATH."},
    {VK_ERROR_EXTENSION_NOT_PRESENT, RK_ERROR_DEVICE, "VK_ERROR_EXTENSION_NOT_PRESENT",
     "Update the driver."},
    {VK_ERROR_FEATURE_NOT_PRESENT, RK_ERROR_DEVICE, "VK_ERROR_FEATURE_NOT_PRESENT",
     "Update the driver."},
    {VK_ERROR_INVALID_SHADER_NV, RK_ERROR_DEVICE, "VK_ERROR_INVALID_SHADER_NV",
     "Update the driver."},
};

static const ResultRow *
find_row(VkResult result)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        if (ROWS[i].result == result)
            return &ROWS[i];
    }
    return NULL;
}

const char *
rk_result_name(VkResult result)
{
    const ResultRow *row = find_row(result);
    return row != NULL ? row->name : "an unknown VkResult";
}

gboolean
rk_result_fail(VkResult result, const char *call, const char *object, GError **error)
{
    const ResultRow *row = find_row(result);
    g_set_error(error, RK_ERROR, row != NULL ? row->code : RK_ERROR_DEVICE,
                "Can't use %s: %s failed with %s (%d). %s", object, call, rk_result_name(result),
                result,
                row != NULL ? row->advice : "Update the driver or choose another --device.");
    return FALSE;
}

gboolean
rk_device_fail(RkDevice *device, VkResult result, const char *call, GError **error)
{
    if (result == VK_ERROR_DEVICE_LOST)
        device->lost = TRUE;
    return rk_result_fail(result, call, device->info.name, error);
}
