// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the files of this folder share: the device's insides, its memory, and the staging ring.
// Nothing outside src/gpu includes it. Owner's thread only.
#pragma once

#include "gpu/buffer.h"
#include "gpu/ceilings.h"
#include "gpu/device.h"
#include "gpu/pipeline.h"

// instance.c -------------------------------------------------------------------------------------

typedef struct {
    VkInstance handle;
    uint32_t api_version; // the highest that both the loader and Rankine know
    VkDebugUtilsMessengerEXT messenger;
} RkInstance;

gboolean rk_instance_init(RkInstance *instance, GError **error);
void rk_instance_clear(RkInstance *instance);

// Every device of Vulkan 1.1 or later, in enumeration order; NULL with RK_ERROR_NOT_FOUND and what
// to install when there is none.
GArray *rk_instance_devices(const RkInstance *instance, GError **error); // of VkPhysicalDevice

// result.c ---------------------------------------------------------------------------------------

const char *rk_result_name(VkResult result);

// rk_device_fail() for where there is no device yet; `object` is the device's name or "Vulkan".
gboolean rk_result_fail(VkResult result, const char *call, const char *object, GError **error);

// features.c: the optional features, probed once and enabled exactly as found
// -----------------------

enum { RK_MAX_EXTENSIONS = 16 };

typedef struct {
    VkPhysicalDeviceFeatures2 core; // heads the chain that vkCreateDevice() takes
    VkPhysicalDevice16BitStorageFeatures f16_storage;
    VkPhysicalDevice8BitStorageFeatures i8_storage;
    VkPhysicalDeviceShaderFloat16Int8Features f16_i8;
    VkPhysicalDeviceShaderIntegerDotProductFeatures int_dot;
    VkPhysicalDeviceVulkanMemoryModelFeatures memory_model;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV coop_nv;
    const char *extensions[RK_MAX_EXTENSIONS];
    uint32_t n_extensions;
} RkFeatures;

// `api` is the lower of the instance's and the device's version. `features` must stay where it is:
// its structs point at each other.
void rk_features_probe(VkPhysicalDevice physical, uint32_t api, RkFeatures *features);

// Whether the device has an extension; for those that need no enabling.
gboolean rk_physical_has_extension(VkPhysicalDevice physical, const char *name);

// caps.c -----------------------------------------------------------------------------------------

void rk_device_describe(VkInstance instance, uint32_t instance_api, VkPhysicalDevice physical,
                        uint32_t index, RkDeviceInfo *info);

// memory.c ---------------------------------------------------------------------------------------

typedef struct RkMemory RkMemory;
typedef struct RkBlock RkBlock;

typedef struct {
    RkBlock *block;
    VkDeviceMemory handle;
    VkDeviceSize offset, bytes;
    void *map;       // NULL where the memory isn't host-visible
    gboolean cached; // host reads through `map` are fast
} RkAllocation;

RkMemory *rk_memory_new(RkDevice *device);
void rk_memory_free(RkMemory *memory);
gboolean rk_memory_alloc(RkMemory *memory, RkBufferKind kind, const VkMemoryRequirements *needs,
                         RkAllocation *allocation, GError **error);
void rk_memory_release(RkMemory *memory, RkAllocation *allocation);

// The error that says what was asked, what there is and what to lower. Returns FALSE.
gboolean rk_memory_fail(RkMemory *memory, VkDeviceSize asked, const char *cause, GError **error);

// staging.c --------------------------------------------------------------------------------------

typedef struct RkStaging RkStaging;

// Each waits until the device is done. `staging` belongs to the device and is made at first use.
gboolean rk_staging_write(RkDevice *device, VkBuffer to, size_t offset, const void *data,
                          size_t bytes, GError **error);
gboolean rk_staging_read(RkDevice *device, VkBuffer from, size_t offset, void *data, size_t bytes,
                         GError **error);
gboolean rk_staging_zero(RkDevice *device, VkBuffer to, GError **error); // all of it
void rk_staging_free(RkStaging *staging);

// pipeline.c, pipeline-cache.c -------------------------------------------------------------------

struct RkPipeline {
    RkPipelineKey key; // its shader name is interned
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline handle;
};

// The descriptor type and texel format (VK_FORMAT_UNDEFINED for none) of each binding kind.
typedef struct {
    VkDescriptorType descriptor;
    VkFormat format;
} RkBindInfo;
extern const RkBindInfo RK_BIND_INFO[RK_N_BIND_KINDS];

void rk_pipelines_free(RkDevice *device);
gboolean rk_pipeline_cache_open(RkDevice *device, GError **error);
void rk_pipeline_cache_close(RkDevice *device); // writes it back when it grew

// device.c ---------------------------------------------------------------------------------------

struct RkDevice {
    RkInstance instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    uint32_t queue_family;
    VkQueue queue;
    uint32_t timestamp_bits; // 0: the queue has none
    double timestamp_ns;     // per tick
    RkDeviceInfo info;
    VkPhysicalDeviceMemoryProperties heaps;
    uint64_t max_allocations;
    gboolean stage_always; // RANKINE_STAGING=always
    gboolean has_budget;   // VK_EXT_memory_budget

    gboolean lost;
    uint32_t n_in_flight; // records submitted and not yet seen done

    RkMemory *memory;
    RkStaging *staging;
    GHashTable *pipelines; // RkPipelineKey -> RkPipeline
    VkPipelineCache pipeline_cache;
    gboolean pipeline_cache_grew;
    RkCeilings *ceilings; // measured at most once
};

// Sleeps until the fence is signalled. A device that doesn't answer for minutes counts as lost.
gboolean rk_fence_wait(RkDevice *device, VkFence fence, GError **error);

// Waits for every submitted record, so that the host may touch what they use.
gboolean rk_device_settle(RkDevice *device, GError **error);
