// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Vulkan instance: the highest version the loader has, portability drivers included, and the
// Khronos validation layer with synchronization checks under RANKINE_VALIDATION=1.
#include "gpu/gpu-private.h"

#include <string.h>

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

static VKAPI_ATTR VkBool32 VKAPI_CALL
on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
           const VkDebugUtilsMessengerCallbackDataEXT *data, void *user_data)
{
    g_warning("Vulkan %s: %s", data->pMessageIdName ? data->pMessageIdName : "message",
              data->pMessage);
    return VK_FALSE; // go on with the call
}

// Validation and performance messages only: the loader's own chatter about manifests is general.
static const VkDebugUtilsMessengerCreateInfoEXT MESSENGER = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                   VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
    .pfnUserCallback = on_message,
};

static gboolean
has_layer(const char *name)
{
    uint32_t n = 0;
    if (vkEnumerateInstanceLayerProperties(&n, NULL) != VK_SUCCESS)
        return FALSE;
    g_autofree VkLayerProperties *layers = g_new0(VkLayerProperties, n);
    if (vkEnumerateInstanceLayerProperties(&n, layers) < 0)
        return FALSE;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(layers[i].layerName, name) == 0)
            return TRUE;
    }
    return FALSE;
}

// Of the loader and its drivers, or of a layer.
static gboolean
has_extension(const char *layer, const char *name)
{
    uint32_t n = 0;
    if (vkEnumerateInstanceExtensionProperties(layer, &n, NULL) != VK_SUCCESS)
        return FALSE;
    g_autofree VkExtensionProperties *extensions = g_new0(VkExtensionProperties, n);
    if (vkEnumerateInstanceExtensionProperties(layer, &n, extensions) < 0)
        return FALSE;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(extensions[i].extensionName, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
want_validation(void)
{
    if (g_strcmp0(g_getenv("RANKINE_VALIDATION"), "1") != 0)
        return FALSE;
    if (has_layer(VALIDATION_LAYER))
        return TRUE;
    g_warning("RANKINE_VALIDATION=1 is set but the layer " VALIDATION_LAYER " isn't installed, so "
              "nothing is validated. Install it (Debian: vulkan-validationlayers).");
    return FALSE;
}

static void
add_messenger(RkInstance *instance)
{
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(instance->handle,
                                                                  "vkCreateDebugUtilsMessengerEXT");
    if (create == NULL || create(instance->handle, &MESSENGER, NULL, &instance->messenger) < 0)
        g_warning("Validation is on but its messages can't be received: the messenger was refused. "
                  "Update the Vulkan loader.");
}

static gboolean
fail_no_driver(GError **error)
{
    const char *files = g_getenv("VK_DRIVER_FILES");
    if (files == NULL)
        files = g_getenv("VK_ICD_FILENAMES");
    g_autofree char *named =
        files ? g_strdup_printf(" VK_DRIVER_FILES or VK_ICD_FILENAMES limits the search to %s.",
                                files)
              : g_strdup("");
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                "Can't find a Vulkan device: no driver with Vulkan 1.1 offers one.%s Install the "
                "driver of your GPU; without a GPU, Debian's mesa-vulkan-drivers has one that runs "
                "on the processor.",
                named);
    return FALSE;
}

gboolean
rk_instance_init(RkInstance *instance, GError **error)
{
    *instance = (RkInstance){.handle = VK_NULL_HANDLE};
    VkResult result = vkEnumerateInstanceVersion(&instance->api_version);
    if (result != VK_SUCCESS)
        return rk_result_fail(result, "vkEnumerateInstanceVersion", "Vulkan", error);
    if (instance->api_version < VK_API_VERSION_1_1) {
        g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                    "Can't use the Vulkan loader: it has version 1.0, Rankine needs 1.1. Update "
                    "libvulkan1.");
        return FALSE;
    }
    instance->api_version = MIN(instance->api_version, VK_API_VERSION_1_3);

    const char *extensions[4];
    const char *layers[1];
    const VkValidationFeatureEnableEXT checks[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkValidationFeaturesEXT validation = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                                .enabledValidationFeatureCount =
                                                    G_N_ELEMENTS(checks),
                                                .pEnabledValidationFeatures = checks};
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .pApplicationName = "rankine",
                                           .pEngineName = "rankine",
                                           .apiVersion = instance->api_version};
    VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                 .pApplicationInfo = &application,
                                 .ppEnabledExtensionNames = extensions,
                                 .ppEnabledLayerNames = layers};
    if (has_extension(NULL, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        extensions[info.enabledExtensionCount++] = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
        info.flags = VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    }
    gboolean validate = want_validation();
    if (validate) {
        layers[info.enabledLayerCount++] = VALIDATION_LAYER;
        extensions[info.enabledExtensionCount++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
        if (has_extension(VALIDATION_LAYER, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME)) {
            extensions[info.enabledExtensionCount++] = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;
            info.pNext = &validation;
        }
    }
    result = vkCreateInstance(&info, NULL, &instance->handle);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return fail_no_driver(error);
    if (result != VK_SUCCESS)
        return rk_result_fail(result, "vkCreateInstance", "Vulkan", error);
    if (validate)
        add_messenger(instance);
    return TRUE;
}

void
rk_instance_clear(RkInstance *instance)
{
    if (instance->handle == VK_NULL_HANDLE)
        return;
    if (instance->messenger != VK_NULL_HANDLE) {
        PFN_vkDestroyDebugUtilsMessengerEXT destroy =
            (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(
                instance->handle, "vkDestroyDebugUtilsMessengerEXT");
        destroy(instance->handle, instance->messenger, NULL);
    }
    vkDestroyInstance(instance->handle, NULL);
    *instance = (RkInstance){.handle = VK_NULL_HANDLE};
}

GArray *
rk_instance_devices(const RkInstance *instance, GError **error)
{
    uint32_t n = 0;
    VkResult result = vkEnumeratePhysicalDevices(instance->handle, &n, NULL);
    g_autofree VkPhysicalDevice *all = g_new0(VkPhysicalDevice, n + 1);
    if (result == VK_SUCCESS)
        result = vkEnumeratePhysicalDevices(instance->handle, &n, all);
    // A driver that fails to start (no device node, no rights) is the same as none.
    if (result < 0 && result != VK_ERROR_INITIALIZATION_FAILED) {
        rk_result_fail(result, "vkEnumeratePhysicalDevices", "Vulkan", error);
        return NULL;
    }
    g_autoptr(GArray) devices = g_array_new(FALSE, TRUE, sizeof(VkPhysicalDevice));
    for (uint32_t i = 0; result >= 0 && i < n; i++) {
        VkPhysicalDeviceProperties properties;
        vkGetPhysicalDeviceProperties(all[i], &properties);
        if (properties.apiVersion >= VK_API_VERSION_1_1)
            g_array_append_val(devices, all[i]);
    }
    if (devices->len == 0) {
        fail_no_driver(error);
        return NULL;
    }
    return g_steal_pointer(&devices);
}
