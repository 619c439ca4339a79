// SPDX-License-Identifier: GPL-3.0-or-later
//
// The capability probe: Vulkan's limits and features as the plain numbers of RkCaps.
#include "gpu/gpu-private.h"

#include <string.h>

// Everything that a probe asks for, chained as far as the device knows it.
typedef struct {
    VkPhysicalDeviceProperties2 core;
    VkPhysicalDeviceIDProperties id;
    VkPhysicalDeviceSubgroupProperties subgroup;
    VkPhysicalDeviceMaintenance3Properties allocation;
    VkPhysicalDeviceDriverProperties driver;
    VkPhysicalDeviceMaintenance4Properties buffer;
    VkPhysicalDeviceShaderIntegerDotProductProperties int_dot;
} Properties;

typedef struct {
    size_t offset; // of the struct in Properties
    VkStructureType type;
    uint32_t core; // the version it is part of
    const char *extension;
} PropertyRow;

#define ROW(member, type, core, extension)                                                         \
    {                                                                                              \
        offsetof(Properties, member), VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##type, core, extension    \
    }
static const PropertyRow ROWS[] = {
    ROW(id, ID_PROPERTIES, VK_API_VERSION_1_1, NULL),
    ROW(subgroup, SUBGROUP_PROPERTIES, VK_API_VERSION_1_1, NULL),
    ROW(allocation, MAINTENANCE_3_PROPERTIES, VK_API_VERSION_1_1, NULL),
    ROW(driver, DRIVER_PROPERTIES, VK_API_VERSION_1_2, VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME),
    ROW(buffer, MAINTENANCE_4_PROPERTIES, VK_API_VERSION_1_3, VK_KHR_MAINTENANCE_4_EXTENSION_NAME),
    ROW(int_dot, SHADER_INTEGER_DOT_PRODUCT_PROPERTIES, VK_API_VERSION_1_3,
        VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME),
};
#undef ROW

static void
query_properties(VkPhysicalDevice physical, uint32_t api, Properties *properties)
{
    *properties = (Properties){.core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        if (api < ROWS[i].core &&
            (ROWS[i].extension == NULL || !rk_physical_has_extension(physical, ROWS[i].extension)))
            continue;
        VkBaseOutStructure *link = (VkBaseOutStructure *)((char *)properties + ROWS[i].offset);
        link->sType = ROWS[i].type;
        link->pNext = properties->core.pNext;
        properties->core.pNext = link;
    }
    vkGetPhysicalDeviceProperties2(physical, &properties->core);
}

static RkDeviceType
type_of(VkPhysicalDeviceType type)
{
    static const RkDeviceType TYPES[] = {
        [VK_PHYSICAL_DEVICE_TYPE_OTHER] = RK_DEVICE_OTHER,
        [VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU] = RK_DEVICE_INTEGRATED,
        [VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU] = RK_DEVICE_DISCRETE,
        [VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU] = RK_DEVICE_VIRTUAL,
        [VK_PHYSICAL_DEVICE_TYPE_CPU] = RK_DEVICE_CPU,
    };
    return (size_t)type < G_N_ELEMENTS(TYPES) ? TYPES[type] : RK_DEVICE_OTHER;
}

static void
copy_limits(const Properties *properties, RkCaps *caps)
{
    const VkPhysicalDeviceLimits *limits = &properties->core.properties.limits;
    caps->max_invocations = limits->maxComputeWorkGroupInvocations;
    memcpy(caps->max_local, limits->maxComputeWorkGroupSize, sizeof caps->max_local);
    memcpy(caps->max_grid, limits->maxComputeWorkGroupCount, sizeof caps->max_grid);
    caps->max_shared_bytes = limits->maxComputeSharedMemorySize;
    caps->max_push_bytes = limits->maxPushConstantsSize;
    caps->max_storage_range = limits->maxStorageBufferRange;
    caps->max_texel_elements = limits->maxTexelBufferElements;
    // 16: a vec4 texel, the widest format that a binding may have.
    VkDeviceSize alignment = MAX(limits->minStorageBufferOffsetAlignment, 16);
    caps->storage_alignment = (uint32_t)MAX(alignment, limits->minTexelBufferOffsetAlignment);
    caps->subgroup_size = properties->subgroup.subgroupSize;
    if (properties->subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) {
        VkSubgroupFeatureFlags operations = properties->subgroup.supportedOperations;
        caps->subgroup_arithmetic = (operations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0;
        caps->subgroup_ballot = (operations & VK_SUBGROUP_FEATURE_BALLOT_BIT) != 0;
        caps->subgroup_shuffle = (operations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0;
    }
    caps->max_buffer_bytes = properties->allocation.maxMemoryAllocationSize;
    if (properties->buffer.maxBufferSize > 0)
        caps->max_buffer_bytes = MIN(caps->max_buffer_bytes, properties->buffer.maxBufferSize);
}

static void
copy_heap(VkPhysicalDevice physical, RkCaps *caps)
{
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(physical, &memory);
    for (uint32_t i = 0; i < memory.memoryHeapCount; i++) {
        if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
            caps->device_bytes = MAX(caps->device_bytes, memory.memoryHeaps[i].size);
    }
    caps->max_buffer_bytes = MIN(caps->max_buffer_bytes, caps->device_bytes);
}

static gboolean
has_format(VkPhysicalDevice physical, VkFormat format, VkFormatFeatureFlags feature)
{
    VkFormatProperties properties;
    vkGetPhysicalDeviceFormatProperties(physical, format, &properties);
    return (properties.bufferFeatures & feature) != 0;
}

static void
copy_formats(VkPhysicalDevice physical, RkCaps *caps)
{
    const VkFormat F32X4 = VK_FORMAT_R32G32B32A32_SFLOAT;
    const VkFormat U32X4 = VK_FORMAT_R32G32B32A32_UINT;
    const VkFormatFeatureFlags STORAGE = VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT;
    const VkFormatFeatureFlags UNIFORM = VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT;
    caps->storage_texel_f32x4 = has_format(physical, F32X4, STORAGE);
    caps->storage_texel_u32x4 = has_format(physical, U32X4, STORAGE);
    caps->uniform_texel_f32x4 = has_format(physical, F32X4, UNIFORM);
    caps->uniform_texel_u32x4 = has_format(physical, U32X4, UNIFORM);
}

static void
copy_features(VkPhysicalDevice physical, uint32_t api, const Properties *properties, RkCaps *caps)
{
    RkFeatures features;
    rk_features_probe(physical, api, &features);
    caps->f16_storage = features.f16_storage.storageBuffer16BitAccess;
    caps->f16_arithmetic = features.f16_i8.shaderFloat16;
    caps->i8_storage = features.i8_storage.storageBuffer8BitAccess;
    caps->i8_arithmetic = features.f16_i8.shaderInt8;
    caps->int_dot = features.int_dot.shaderIntegerDotProduct;
    caps->int_dot_accelerated =
        caps->int_dot && properties->int_dot.integerDotProduct4x8BitPackedSignedAccelerated;
    caps->coop_matrix =
        features.coop_nv.cooperativeMatrix && features.memory_model.vulkanMemoryModel;
}

void
rk_device_describe(VkInstance instance, uint32_t instance_api, VkPhysicalDevice physical,
                   uint32_t index, RkDeviceInfo *info)
{
    Properties properties;
    VkPhysicalDeviceProperties core;
    vkGetPhysicalDeviceProperties(physical, &core);
    uint32_t api = MIN(core.apiVersion, instance_api);
    query_properties(physical, api, &properties);
    *info = (RkDeviceInfo){.index = index,
                           .type = type_of(core.deviceType),
                           .driver_version = core.driverVersion,
                           .api_version = core.apiVersion};
    g_strlcpy(info->name, core.deviceName, sizeof info->name);
    memcpy(info->uuid, properties.id.deviceUUID, sizeof info->uuid);
    if (properties.driver.driverName[0] != '\0')
        g_snprintf(info->driver, sizeof info->driver, "%s %s", properties.driver.driverName,
                   properties.driver.driverInfo);
    else
        g_snprintf(info->driver, sizeof info->driver, "vendor 0x%04x, version 0x%08x",
                   core.vendorID, core.driverVersion);
    info->caps.is_cpu = info->type == RK_DEVICE_CPU;
    copy_limits(&properties, &info->caps);
    copy_heap(physical, &info->caps);
    copy_formats(physical, &info->caps);
    copy_features(physical, api, &properties, &info->caps);
    // It unrolls all that is hinted: a masked product took it 8 GB and minutes.
    info->caps.unrolls = properties.driver.driverID != VK_DRIVER_ID_GOOGLE_SWIFTSHADER;
}
