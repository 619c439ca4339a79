// SPDX-License-Identifier: GPL-3.0-or-later
//
// The driver's pipeline cache on disk: one file per device and driver version, in the user's cache
// folder. A file is a SHA-256 of the driver's data in front of that data, so a damaged or truncated
// one never reaches the driver; it is ignored and replaced. A folder that can't be written costs
// compile time, nothing else, so it is no error.
#include "gpu/gpu-private.h"

#include <errno.h>
#include <string.h>

enum { DIGEST_BYTES = 32 };

char *
rk_device_cache_path(const RkDevice *device, const char *suffix)
{
    const char *folder = g_getenv("RANKINE_CACHE_DIR");
    g_autoptr(GString) name = g_string_new(NULL);
    for (size_t i = 0; i < sizeof device->info.uuid; i++)
        g_string_append_printf(name, "%02x", device->info.uuid[i]);
    g_string_append_printf(name, "-%08x%s", device->info.driver_version, suffix);
    if (folder != NULL && folder[0] != '\0')
        return g_build_filename(folder, name->str, NULL);
    return g_build_filename(g_get_user_cache_dir(), "rankine", name->str, NULL);
}

static void
digest_of(const uint8_t *data, size_t bytes, uint8_t digest[DIGEST_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize n = DIGEST_BYTES;
    g_checksum_update(checksum, data, (gssize)bytes);
    g_checksum_get_digest(checksum, digest, &n);
}

// Whether the driver itself wrote the data: the header that Vulkan defines.
static gboolean
is_of_device(const RkDevice *device, const uint8_t *data, size_t bytes)
{
    VkPipelineCacheHeaderVersionOne header;
    VkPhysicalDeviceProperties properties;
    if (bytes < sizeof header)
        return FALSE;
    memcpy(&header, data, sizeof header);
    vkGetPhysicalDeviceProperties(device->physical, &properties);
    return header.headerSize >= sizeof header &&
           header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE &&
           header.vendorID == properties.vendorID && header.deviceID == properties.deviceID &&
           memcmp(header.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

gboolean
rk_pipeline_cache_open(RkDevice *device, GError **error)
{
    g_autofree char *path = rk_device_cache_path(device, ".bin");
    g_autofree char *file = NULL;
    gsize bytes = 0;
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    if (g_file_get_contents(path, &file, &bytes, NULL) && bytes > DIGEST_BYTES) {
        const uint8_t *data = (const uint8_t *)file + DIGEST_BYTES;
        uint8_t digest[DIGEST_BYTES];
        digest_of(data, bytes - DIGEST_BYTES, digest);
        if (memcmp(digest, file, DIGEST_BYTES) == 0 &&
            is_of_device(device, data, bytes - DIGEST_BYTES)) {
            info.initialDataSize = bytes - DIGEST_BYTES;
            info.pInitialData = data;
        }
    }
    VkResult result = vkCreatePipelineCache(device->handle, &info, NULL, &device->pipeline_cache);
    return result == VK_SUCCESS || rk_device_fail(device, result, "vkCreatePipelineCache", error);
}

static void
save(const RkDevice *device)
{
    size_t bytes = 0;
    if (vkGetPipelineCacheData(device->handle, device->pipeline_cache, &bytes, NULL) != VK_SUCCESS)
        return;
    g_autofree uint8_t *file = g_malloc(DIGEST_BYTES + bytes);
    uint8_t *data = file + DIGEST_BYTES;
    if (vkGetPipelineCacheData(device->handle, device->pipeline_cache, &bytes, data) != VK_SUCCESS)
        return;
    digest_of(data, bytes, file);
    g_autofree char *path = rk_device_cache_path(device, ".bin");
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(folder, 0700) != 0 ||
        !g_file_set_contents(path, (const char *)file, (gssize)(DIGEST_BYTES + bytes), &error))
        g_info("Can't keep compiled pipelines in %s: %s", path,
               error ? error->message : g_strerror(errno));
}

void
rk_pipeline_cache_close(RkDevice *device)
{
    if (device->pipeline_cache == VK_NULL_HANDLE)
        return;
    if (device->pipeline_cache_grew && !device->lost)
        save(device);
    vkDestroyPipelineCache(device->handle, device->pipeline_cache, NULL);
}
