// SPDX-License-Identifier: GPL-3.0-or-later
//
// A Vulkan device: instance, choice, capability probe, queue. Vulkan 1.1 is the floor; whatever
// else a kernel may want is probed into RkCaps. A device is used by one thread at a time.
//
// Environment: RANKINE_DEVICE names the device as --device does; RANKINE_VALIDATION=1 loads the
// Khronos validation layer and turns its messages into GLib warnings; RANKINE_STAGING=always (a
// diagnostic) treats device memory as if the host couldn't see it.
#pragma once

#include "base/caps.h"
#include "base/error.h"

#include <vulkan/vulkan.h>

typedef struct RkDevice RkDevice;

typedef enum {
    RK_DEVICE_DISCRETE, // in order of preference
    RK_DEVICE_INTEGRATED,
    RK_DEVICE_VIRTUAL,
    RK_DEVICE_CPU,
    RK_DEVICE_OTHER,
} RkDeviceType;

typedef struct {
    uint32_t index; // in enumeration order
    char name[256];
    char driver[512]; // driver name and version text
    RkDeviceType type;
    uint8_t uuid[16];        // deviceUUID
    uint32_t driver_version; // as the driver encodes it
    uint32_t api_version;
    RkCaps caps;
} RkDeviceInfo;

// Opens the device that `wanted` names (index, part of the name, or UUID); NULL takes
// RANKINE_DEVICE, and if that is unset the first of the best type. Fails with
// RK_ERROR_NOT_FOUND, listing what there is, or RK_ERROR_DEVICE naming the Vulkan call.
RkDevice *rk_device_open(const char *wanted, GError **error);
void rk_device_close(RkDevice *device); // every object made from it must be gone

// Describes every device without opening one. Array of RkDeviceInfo, owned by the caller.
GArray *rk_device_list(GError **error);

const RkDeviceInfo *rk_device_info(const RkDevice *device);
const RkCaps *rk_device_caps(const RkDevice *device);
const char *rk_device_type_name(RkDeviceType type);

// "precisions" of the device as --json prints them: NULL-terminated, static strings.
const char *const *rk_device_precisions(const RkCaps *caps);

// The file of the user's cache folder (or of RANKINE_CACHE_DIR) where something is kept for this
// device and driver version: the folder, UUID, version, suffix. The folder may not exist yet.
char *rk_device_cache_path(const RkDevice *device, const char *suffix);

// After any call failed with RK_ERROR_DEVICE_LOST; the device and all made from it must be closed.
gboolean rk_device_is_lost(const RkDevice *device);

// Names the failed Vulkan call and says what to do. RK_ERROR_DEVICE_LOST for a lost device (and
// marks the device), RK_ERROR_MEMORY when memory ran out, else RK_ERROR_DEVICE. Returns FALSE.
gboolean rk_device_fail(RkDevice *device, VkResult result, const char *call, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDevice, rk_device_close)
