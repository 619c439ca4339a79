// SPDX-License-Identifier: GPL-3.0-or-later
//
// A Vulkan layer for tests: makes the n-th call of a function fail, and makes a device look poorer
// than it is. The product knows nothing of it. tests/gpu/fault.h loads it and steers it in process;
// from outside, two variables do, read when the layer is loaded:
//   RK_FAULT=vkQueueSubmit:2:-4        the second call returns VK_ERROR_DEVICE_LOST; "2+" that and
//                                      all later ones
//   RK_LIMIT=timestampValidBits:0,maxStorageBufferRange:65536     what the device then says
// A failed call isn't passed on. Any thread.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))

// Every call of Rankine's that can fail: name, the dispatchable handle, parameters, arguments.
#define ALLOCATOR const VkAllocationCallbacks *a
#define DEVICE_CALLS(X)                                                                            \
    X(vkAllocateMemory, d,                                                                         \
      (VkDevice d, const VkMemoryAllocateInfo *i, ALLOCATOR, VkDeviceMemory *o), (d, i, a, o))     \
    X(vkMapMemory, d,                                                                              \
      (VkDevice d, VkDeviceMemory m, VkDeviceSize f, VkDeviceSize n, VkMemoryMapFlags l,           \
       void **o),                                                                                  \
      (d, m, f, n, l, o))                                                                          \
    X(vkBindBufferMemory, d, (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize f),           \
      (d, b, m, f))                                                                                \
    X(vkCreateBuffer, d, (VkDevice d, const VkBufferCreateInfo *i, ALLOCATOR, VkBuffer *o),        \
      (d, i, a, o))                                                                                \
    X(vkCreateBufferView, d,                                                                       \
      (VkDevice d, const VkBufferViewCreateInfo *i, ALLOCATOR, VkBufferView *o), (d, i, a, o))     \
    X(vkCreateShaderModule, d,                                                                     \
      (VkDevice d, const VkShaderModuleCreateInfo *i, ALLOCATOR, VkShaderModule *o), (d, i, a, o)) \
    X(vkCreatePipelineCache, d,                                                                    \
      (VkDevice d, const VkPipelineCacheCreateInfo *i, ALLOCATOR, VkPipelineCache *o),             \
      (d, i, a, o))                                                                                \
    X(vkGetPipelineCacheData, d, (VkDevice d, VkPipelineCache c, size_t * n, void *o),             \
      (d, c, n, o))                                                                                \
    X(vkCreateComputePipelines, d,                                                                 \
      (VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i, ALLOCATOR, \
       VkPipeline *o),                                                                             \
      (d, c, n, i, a, o))                                                                          \
    X(vkCreatePipelineLayout, d,                                                                   \
      (VkDevice d, const VkPipelineLayoutCreateInfo *i, ALLOCATOR, VkPipelineLayout *o),           \
      (d, i, a, o))                                                                                \
    X(vkCreateDescriptorSetLayout, d,                                                              \
      (VkDevice d, const VkDescriptorSetLayoutCreateInfo *i, ALLOCATOR, VkDescriptorSetLayout *o), \
      (d, i, a, o))                                                                                \
    X(vkCreateDescriptorPool, d,                                                                   \
      (VkDevice d, const VkDescriptorPoolCreateInfo *i, ALLOCATOR, VkDescriptorPool *o),           \
      (d, i, a, o))                                                                                \
    X(vkAllocateDescriptorSets, d,                                                                 \
      (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *o), (d, i, o))           \
    X(vkCreateCommandPool, d,                                                                      \
      (VkDevice d, const VkCommandPoolCreateInfo *i, ALLOCATOR, VkCommandPool *o), (d, i, a, o))   \
    X(vkAllocateCommandBuffers, d,                                                                 \
      (VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *o), (d, i, o))           \
    X(vkBeginCommandBuffer, c, (VkCommandBuffer c, const VkCommandBufferBeginInfo *i), (c, i))     \
    X(vkEndCommandBuffer, c, (VkCommandBuffer c), (c))                                             \
    X(vkCreateFence, d, (VkDevice d, const VkFenceCreateInfo *i, ALLOCATOR, VkFence *o),           \
      (d, i, a, o))                                                                                \
    X(vkResetFences, d, (VkDevice d, uint32_t n, const VkFence *f), (d, n, f))                     \
    X(vkGetFenceStatus, d, (VkDevice d, VkFence f), (d, f))                                        \
    X(vkWaitForFences, d, (VkDevice d, uint32_t n, const VkFence *f, VkBool32 all, uint64_t t),    \
      (d, n, f, all, t))                                                                           \
    X(vkQueueSubmit, q, (VkQueue q, uint32_t n, const VkSubmitInfo *i, VkFence f), (q, n, i, f))   \
    X(vkQueueWaitIdle, q, (VkQueue q), (q))                                                        \
    X(vkDeviceWaitIdle, d, (VkDevice d), (d))                                                      \
    X(vkCreateQueryPool, d,                                                                        \
      (VkDevice d, const VkQueryPoolCreateInfo *i, ALLOCATOR, VkQueryPool *o), (d, i, a, o))       \
    X(vkGetQueryPoolResults, d,                                                                    \
      (VkDevice d, VkQueryPool p, uint32_t first, uint32_t n, size_t bytes, void *o,               \
       VkDeviceSize stride, VkQueryResultFlags l),                                                 \
      (d, p, first, n, bytes, o, stride, l))

enum {
#define X(name, handle, params, args) CALL_##name,
    DEVICE_CALLS(X)
#undef X
        N_CALLS
};

// What RK_LIMIT can lower, by the Vulkan name.
typedef enum {
    LIMIT_timestampValidBits,
    LIMIT_maxMemoryAllocationCount,
    LIMIT_heapSize,
    LIMIT_maxStorageBufferRange,
    LIMIT_maxTexelBufferElements,
    LIMIT_apiVersion,
    N_LIMITS
} Limit;
static const char *const LIMIT_NAMES[N_LIMITS] = {
    "timestampValidBits",    "maxMemoryAllocationCount", "heapSize",
    "maxStorageBufferRange", "maxTexelBufferElements",   "apiVersion",
};

// The calls on an instance that are watched or altered.
#define INSTANCE_CALLS(X)                                                                          \
    X(vkDestroyInstance)                                                                           \
    X(vkEnumeratePhysicalDevices)                                                                  \
    X(vkGetPhysicalDeviceProperties)                                                               \
    X(vkGetPhysicalDeviceProperties2)                                                              \
    X(vkGetPhysicalDeviceMemoryProperties)                                                         \
    X(vkGetPhysicalDeviceQueueFamilyProperties)                                                    \
    X(vkCreateDevice)

typedef struct {
    void *key; // the loader's dispatch table, shared by an instance and its physical devices
    VkInstance handle;
    PFN_vkGetInstanceProcAddr next;
    // Asked for while the instance is made: later the loader answers with the top of the chain.
#define X(name) PFN_##name name;
    INSTANCE_CALLS(X)
#undef X
} Instance;

typedef struct {
    void *key;
    VkDevice handle;
    PFN_vkGetDeviceProcAddr next;
    PFN_vkVoidFunction calls[N_CALLS];
} Device;

enum { MAX_OBJECTS = 16 };
static struct {
    pthread_mutex_t lock;
    Instance instances[MAX_OBJECTS];
    Device devices[MAX_OBJECTS];
    char name[64]; // the armed function; empty for none
    int n;         // its call that fails
    int and_later;
    VkResult result;
    int seen, fired;
    int limited[N_LIMITS];
    uint64_t limits[N_LIMITS];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *
key_of(const void *handle)
{
    return *(void *const *)handle;
}

static Instance *
find_instance(const void *handle)
{
    for (int i = 0; i < MAX_OBJECTS; i++) {
        if (state.instances[i].key == (handle ? key_of(handle) : NULL))
            return &state.instances[i];
    }
    abort(); // more objects than a test has
}

static Device *
find_device(const void *handle)
{
    for (int i = 0; i < MAX_OBJECTS; i++) {
        if (state.devices[i].key == (handle ? key_of(handle) : NULL))
            return &state.devices[i];
    }
    abort();
}

// Steering ---------------------------------------------------------------------------------------

// Prototypes for what fault.h looks up by name.
EXPORT void rk_fault_arm(const char *spec);
EXPORT int rk_fault_fired(void);
EXPORT void rk_fault_limits(const char *spec);
EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface);

// "name:n:result" or "name:n+:result"; NULL disarms. The count of calls starts anew.
void
rk_fault_arm(const char *spec)
{
    char plus[2] = "";
    int n = 0;
    int result = 0;
    pthread_mutex_lock(&state.lock);
    state.name[0] = '\0';
    state.seen = state.fired = 0;
    if (spec != NULL && (sscanf(spec, "%63[^:]:%d%1[+]:%d", state.name, &n, plus, &result) == 4 ||
                         sscanf(spec, "%63[^:]:%d:%d", state.name, &n, &result) == 3)) {
        state.n = n;
        state.and_later = plus[0] == '+';
        state.result = (VkResult)result;
    }
    pthread_mutex_unlock(&state.lock);
}

// How often the armed call failed since it was armed.
int
rk_fault_fired(void)
{
    pthread_mutex_lock(&state.lock);
    int fired = state.fired;
    pthread_mutex_unlock(&state.lock);
    return fired;
}

// "name:value,name:value"; NULL lifts them all. Counts for devices opened from then on.
void
rk_fault_limits(const char *spec)
{
    pthread_mutex_lock(&state.lock);
    memset(state.limited, 0, sizeof state.limited);
    while (spec != NULL && *spec != '\0') {
        char name[64];
        unsigned long long value;
        if (sscanf(spec, "%63[^:]:%llu", name, &value) != 2)
            break;
        for (int i = 0; i < N_LIMITS; i++) {
            if (strcmp(LIMIT_NAMES[i], name) == 0) {
                state.limited[i] = 1;
                state.limits[i] = value;
            }
        }
        spec = strchr(spec, ',');
        spec += spec != NULL;
    }
    pthread_mutex_unlock(&state.lock);
}

static int
fails(const char *name, VkResult *result)
{
    int now = 0;
    pthread_mutex_lock(&state.lock);
    if (strcmp(state.name, name) == 0) {
        state.seen++;
        now = state.seen == state.n || (state.and_later && state.seen > state.n);
        state.fired += now;
        *result = state.result;
    }
    pthread_mutex_unlock(&state.lock);
    return now;
}

// The value itself, or the limit where it is lower.
static uint64_t
lowered(Limit limit, uint64_t value)
{
    return state.limited[limit] && state.limits[limit] < value ? state.limits[limit] : value;
}

// Calls on a device ------------------------------------------------------------------------------

#define X(name, handle, params, args)                                                              \
    static VKAPI_ATTR VkResult VKAPI_CALL fault_##name params                                      \
    {                                                                                              \
        VkResult result;                                                                           \
        if (fails(#name, &result))                                                                 \
            return result;                                                                         \
        return ((PFN_##name)find_device(handle)->calls[CALL_##name])args;                          \
    }
DEVICE_CALLS(X)
#undef X

static const struct {
    const char *name;
    PFN_vkVoidFunction fault;
} CALLS[N_CALLS] = {
#define X(name, handle, params, args) {#name, (PFN_vkVoidFunction)fault_##name},
    DEVICE_CALLS(X)
#undef X
};

static PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice device, const char *name);
static PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance instance, const char *name);

static VKAPI_ATTR void VKAPI_CALL
destroy_device(VkDevice device, const VkAllocationCallbacks *allocator)
{
    if (device == VK_NULL_HANDLE)
        return;
    Device *entry = find_device(device);
    PFN_vkDestroyDevice next = (PFN_vkDestroyDevice)entry->next(device, "vkDestroyDevice");
    memset(entry, 0, sizeof *entry);
    next(device, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
              const VkAllocationCallbacks *allocator, VkDevice *device)
{
    VkResult result;
    if (fails("vkCreateDevice", &result))
        return result;
    // The loader leaves the next layer's entry points in the chain; each layer moves it on by one.
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)(uintptr_t)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO ||
           link->function != VK_LAYER_LINK_INFO)
        link = (VkLayerDeviceCreateInfo *)(uintptr_t)link->pNext;
    PFN_vkGetDeviceProcAddr device_next = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    result = find_instance(physical)->vkCreateDevice(physical, info, allocator, device);
    if (result != VK_SUCCESS)
        return result;
    Device *entry = find_device(NULL);
    entry->key = key_of(*device);
    entry->handle = *device;
    entry->next = device_next;
    for (int i = 0; i < N_CALLS; i++)
        entry->calls[i] = device_next(*device, CALLS[i].name);
    return VK_SUCCESS;
}

// Calls on an instance ---------------------------------------------------------------------------

static VKAPI_ATTR VkResult VKAPI_CALL
enumerate_devices(VkInstance instance, uint32_t *n, VkPhysicalDevice *devices)
{
    VkResult result;
    if (fails("vkEnumeratePhysicalDevices", &result))
        return result;
    return find_instance(instance)->vkEnumeratePhysicalDevices(instance, n, devices);
}

static void
lower_properties(VkPhysicalDeviceProperties *properties)
{
    VkPhysicalDeviceLimits *limits = &properties->limits;
    limits->maxMemoryAllocationCount =
        (uint32_t)lowered(LIMIT_maxMemoryAllocationCount, limits->maxMemoryAllocationCount);
    limits->maxStorageBufferRange =
        (uint32_t)lowered(LIMIT_maxStorageBufferRange, limits->maxStorageBufferRange);
    limits->maxTexelBufferElements =
        (uint32_t)lowered(LIMIT_maxTexelBufferElements, limits->maxTexelBufferElements);
    properties->apiVersion = (uint32_t)lowered(LIMIT_apiVersion, properties->apiVersion);
}

static VKAPI_ATTR void VKAPI_CALL
get_properties(VkPhysicalDevice physical, VkPhysicalDeviceProperties *properties)
{
    find_instance(physical)->vkGetPhysicalDeviceProperties(physical, properties);
    lower_properties(properties);
}

static VKAPI_ATTR void VKAPI_CALL
get_properties2(VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *properties)
{
    find_instance(physical)->vkGetPhysicalDeviceProperties2(physical, properties);
    lower_properties(&properties->properties);
}

static VKAPI_ATTR void VKAPI_CALL
get_memory(VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties *memory)
{
    find_instance(physical)->vkGetPhysicalDeviceMemoryProperties(physical, memory);
    for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
        memory->memoryHeaps[i].size = lowered(LIMIT_heapSize, memory->memoryHeaps[i].size);
}

static VKAPI_ATTR void VKAPI_CALL
get_queues(VkPhysicalDevice physical, uint32_t *n, VkQueueFamilyProperties *families)
{
    find_instance(physical)->vkGetPhysicalDeviceQueueFamilyProperties(physical, n, families);
    for (uint32_t i = 0; families != NULL && i < *n; i++)
        families[i].timestampValidBits =
            (uint32_t)lowered(LIMIT_timestampValidBits, families[i].timestampValidBits);
}

static VKAPI_ATTR void VKAPI_CALL
destroy_instance(VkInstance instance, const VkAllocationCallbacks *allocator)
{
    if (instance == VK_NULL_HANDLE)
        return;
    PFN_vkDestroyInstance next = find_instance(instance)->vkDestroyInstance;
    memset(find_instance(instance), 0, sizeof(Instance));
    next(instance, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                VkInstance *instance)
{
    VkResult result;
    if (fails("vkCreateInstance", &result))
        return result;
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)(uintptr_t)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO ||
           link->function != VK_LAYER_LINK_INFO)
        link = (VkLayerInstanceCreateInfo *)(uintptr_t)link->pNext;
    PFN_vkGetInstanceProcAddr next_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    PFN_vkCreateInstance next = (PFN_vkCreateInstance)next_proc(NULL, "vkCreateInstance");
    result = next(info, allocator, instance);
    if (result != VK_SUCCESS)
        return result;
    Instance *entry = find_instance(NULL);
    *entry = (Instance){.key = key_of(*instance), .handle = *instance, .next = next_proc};
#define X(name) entry->name = (PFN_##name)next_proc(*instance, #name);
    INSTANCE_CALLS(X)
#undef X
    return VK_SUCCESS;
}

// Entry ------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    PFN_vkVoidFunction function;
} ENTRIES[] = {
    {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)get_instance_proc},
    {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)get_device_proc},
    {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
    {"vkDestroyInstance", (PFN_vkVoidFunction)destroy_instance},
    {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
    {"vkDestroyDevice", (PFN_vkVoidFunction)destroy_device},
    {"vkEnumeratePhysicalDevices", (PFN_vkVoidFunction)enumerate_devices},
    {"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)get_properties},
    {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)get_properties2},
    {"vkGetPhysicalDeviceMemoryProperties", (PFN_vkVoidFunction)get_memory},
    {"vkGetPhysicalDeviceQueueFamilyProperties", (PFN_vkVoidFunction)get_queues},
};

static PFN_vkVoidFunction
find_own(const char *name)
{
    for (size_t i = 0; i < sizeof ENTRIES / sizeof ENTRIES[0]; i++) {
        if (strcmp(ENTRIES[i].name, name) == 0)
            return ENTRIES[i].function;
    }
    for (int i = 0; i < N_CALLS; i++) {
        if (strcmp(CALLS[i].name, name) == 0)
            return CALLS[i].fault;
    }
    return NULL;
}

static PFN_vkVoidFunction VKAPI_CALL
get_device_proc(VkDevice device, const char *name)
{
    PFN_vkVoidFunction own = find_own(name);
    return own != NULL ? own : find_device(device)->next(device, name);
}

static PFN_vkVoidFunction VKAPI_CALL
get_instance_proc(VkInstance instance, const char *name)
{
    PFN_vkVoidFunction own = find_own(name);
    if (own != NULL || instance == VK_NULL_HANDLE)
        return own;
    return find_instance(instance)->next(instance, name);
}

VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface)
{
    if (interface->loaderLayerInterfaceVersion < 2)
        return VK_ERROR_INITIALIZATION_FAILED;
    interface->loaderLayerInterfaceVersion = 2;
    interface->pfnGetInstanceProcAddr = get_instance_proc;
    interface->pfnGetDeviceProcAddr = get_device_proc;
    interface->pfnGetPhysicalDeviceProcAddr = NULL;
    if (getenv("RK_FAULT") != NULL)
        rk_fault_arm(getenv("RK_FAULT"));
    if (getenv("RK_LIMIT") != NULL)
        rk_fault_limits(getenv("RK_LIMIT"));
    return VK_SUCCESS;
}
