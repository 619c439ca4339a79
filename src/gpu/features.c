// SPDX-License-Identifier: GPL-3.0-or-later
//
// Optional features: one row each. A row's struct joins the chain when the device's version or an
// extension has it; what it then says is enabled, and the rest stays off (robust buffer access
// included, which costs a compare at every load).
#include "gpu/gpu-private.h"

#include <string.h>

#define PORTABILITY_SUBSET "VK_KHR_portability_subset"

typedef struct {
    size_t offset; // of the struct in RkFeatures
    VkStructureType type;
    uint32_t core; // the version it is part of; 0 for never
    const char *extension;
} FeatureRow;

#define ROW(member, type, core, extension)                                                         \
    {                                                                                              \
        offsetof(RkFeatures, member), VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##type, core, extension    \
    }
static const FeatureRow ROWS[] = {
    ROW(f16_storage, 16BIT_STORAGE_FEATURES, VK_API_VERSION_1_1, NULL),
    ROW(i8_storage, 8BIT_STORAGE_FEATURES, VK_API_VERSION_1_2, VK_KHR_8BIT_STORAGE_EXTENSION_NAME),
    ROW(f16_i8, SHADER_FLOAT16_INT8_FEATURES, VK_API_VERSION_1_2,
        VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME),
    ROW(int_dot, SHADER_INTEGER_DOT_PRODUCT_FEATURES, VK_API_VERSION_1_3,
        VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME),
    ROW(memory_model, VULKAN_MEMORY_MODEL_FEATURES, VK_API_VERSION_1_2,
        VK_KHR_VULKAN_MEMORY_MODEL_EXTENSION_NAME),
    ROW(coop_nv, COOPERATIVE_MATRIX_FEATURES_NV, 0, VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME),
};
#undef ROW

static VkExtensionProperties *
list_extensions(VkPhysicalDevice physical, uint32_t *n)
{
    *n = 0;
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, n, NULL) < 0)
        *n = 0;
    VkExtensionProperties *list = g_new0(VkExtensionProperties, *n + 1);
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, n, list) < 0)
        *n = 0;
    return list;
}

static gboolean
in_list(const VkExtensionProperties *list, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(list[i].extensionName, name) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean
rk_physical_has_extension(VkPhysicalDevice physical, const char *name)
{
    uint32_t n;
    g_autofree VkExtensionProperties *list = list_extensions(physical, &n);
    return in_list(list, n, name);
}

// Leaves on only what a kernel of ours can use.
static void
keep_what_is_used(RkFeatures *features)
{
    memset(&features->core.features, 0, sizeof features->core.features);
    features->f16_storage.uniformAndStorageBuffer16BitAccess = VK_FALSE;
    features->f16_storage.storagePushConstant16 = VK_FALSE;
    features->f16_storage.storageInputOutput16 = VK_FALSE;
    features->i8_storage.uniformAndStorageBuffer8BitAccess = VK_FALSE;
    features->i8_storage.storagePushConstant8 = VK_FALSE;
    features->coop_nv.cooperativeMatrixRobustBufferAccess = VK_FALSE;
}

void
rk_features_probe(VkPhysicalDevice physical, uint32_t api, RkFeatures *features)
{
    uint32_t n;
    g_autofree VkExtensionProperties *list = list_extensions(physical, &n);
    *features = (RkFeatures){.core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        gboolean in_core = ROWS[i].core != 0 && api >= ROWS[i].core;
        if (!in_core && (ROWS[i].extension == NULL || !in_list(list, n, ROWS[i].extension)))
            continue;
        VkBaseOutStructure *link = (VkBaseOutStructure *)((char *)features + ROWS[i].offset);
        link->sType = ROWS[i].type;
        link->pNext = features->core.pNext;
        features->core.pNext = link;
        if (!in_core)
            features->extensions[features->n_extensions++] = ROWS[i].extension;
    }
    // A portability driver asks to have this one enabled wherever it is there.
    if (in_list(list, n, PORTABILITY_SUBSET))
        features->extensions[features->n_extensions++] = PORTABILITY_SUBSET;
    vkGetPhysicalDeviceFeatures2(physical, &features->core);
    keep_what_is_used(features);
}
