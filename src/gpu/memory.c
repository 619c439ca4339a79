// SPDX-License-Identifier: GPL-3.0-or-later
//
// Device memory, suballocated: drivers allow few allocations and each is slow. Blocks of one memory
// type are cut best fit from sorted free ranges, and neighbours join when they come back. Large
// requests get a block of their own. Only buffers live here, so no image granularity matters.
//
// Mapped memory is always of a coherent type (Vulkan guarantees one), so nothing is ever flushed.
#include "gpu/gpu-private.h"

#include <string.h>
#include <sys/mman.h>

// Few allocations for a model of some hundred tensors, little waste on a card of 2 GiB.
static const VkDeviceSize BLOCK_BYTES = 64u << 20;

typedef struct {
    VkDeviceSize offset, bytes;
} Range;

struct RkBlock {
    VkDeviceMemory handle;
    uint32_t type;
    VkDeviceSize bytes;
    void *map;    // made when the first mapped allocation wants it
    GArray *free; // Range, sorted by offset, never adjacent
};

struct RkMemory {
    RkDevice *device;
    GPtrArray *blocks;
    gboolean zero_copy; // device memory is host memory, or all of it is visible to the host
    VkDeviceSize heap_used[VK_MAX_MEMORY_HEAPS]; // by blocks
    size_t used, peak;                           // by allocations
};

enum {
    LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
    MAPPED = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
    CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
    // Types that need a feature to be enabled, or can't be what a tensor wants.
    UNUSABLE = VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT | VK_MEMORY_PROPERTY_PROTECTED_BIT |
               VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD |
               VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD | VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV,
    N_WISHES = 4,
};

// What each kind of buffer wants, best first; the next is tried where a type is missing or full.
// Device buffers never slide into host memory of a discrete GPU: ten times slower, silently.
static const VkMemoryPropertyFlags WISHES[][N_WISHES] = {
    [RK_BUFFER_DEVICE] = {LOCAL},
    [RK_BUFFER_UPLOAD] = {LOCAL | MAPPED, MAPPED},
    [RK_BUFFER_READBACK] = {LOCAL | MAPPED | CACHED, MAPPED | CACHED, MAPPED},
};
static const VkMemoryPropertyFlags ZERO_COPY_WISHES[N_WISHES] = {LOCAL | MAPPED | CACHED,
                                                                 LOCAL | MAPPED};

static int
find_type(const VkPhysicalDeviceMemoryProperties *heaps, uint32_t allowed,
          VkMemoryPropertyFlags wanted)
{
    for (uint32_t i = 0; i < heaps->memoryTypeCount; i++) {
        VkMemoryPropertyFlags flags = heaps->memoryTypes[i].propertyFlags;
        if ((allowed >> i & 1) && (flags & wanted) == wanted && !(flags & UNUSABLE))
            return (int)i;
    }
    return -1;
}

// Whether as much memory is mappable as the device has: software, integrated, resizable BAR.
static gboolean
is_zero_copy(const RkDevice *device)
{
    int type = find_type(&device->heaps, UINT32_MAX, LOCAL | MAPPED);
    if (type < 0 || device->stage_always)
        return FALSE;
    uint32_t heap = device->heaps.memoryTypes[type].heapIndex;
    return device->heaps.memoryHeaps[heap].size >= device->info.caps.device_bytes;
}

RkMemory *
rk_memory_new(RkDevice *device)
{
    RkMemory *memory = g_new0(RkMemory, 1);
    memory->device = device;
    memory->blocks = g_ptr_array_new();
    memory->zero_copy = is_zero_copy(device);
    return memory;
}

static void
block_free(RkMemory *memory, RkBlock *block)
{
    memory->heap_used[memory->device->heaps.memoryTypes[block->type].heapIndex] -= block->bytes;
    vkFreeMemory(memory->device->handle, block->handle, NULL); // unmaps it too
    g_array_unref(block->free);
    g_ptr_array_remove_fast(memory->blocks, block);
    g_free(block);
}

void
rk_memory_free(RkMemory *memory)
{
    while (memory->blocks->len > 0)
        block_free(memory, g_ptr_array_index(memory->blocks, 0));
    g_ptr_array_unref(memory->blocks);
    g_free(memory);
}

// What the driver says is left of a heap for this process, where it says so.
static VkDeviceSize
heap_left(const RkMemory *memory, uint32_t heap)
{
    VkDeviceSize size = memory->device->heaps.memoryHeaps[heap].size;
    VkDeviceSize left = size - MIN(size, memory->heap_used[heap]);
    if (!memory->device->has_budget)
        return left;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &budget};
    vkGetPhysicalDeviceMemoryProperties2(memory->device->physical, &properties);
    VkDeviceSize total = budget.heapBudget[heap];
    return MIN(left, total - MIN(total, budget.heapUsage[heap]));
}

gboolean
rk_memory_fail(RkMemory *memory, VkDeviceSize asked, const char *cause, GError **error)
{
    const RkDevice *device = memory->device;
    int type = find_type(&device->heaps, UINT32_MAX, LOCAL);
    uint32_t heap = type < 0 ? 0 : device->heaps.memoryTypes[type].heapIndex;
    const GFormatSizeFlags IEC = G_FORMAT_SIZE_IEC_UNITS;
    g_autofree char *want = g_format_size_full(asked, IEC);
    g_autofree char *total = g_format_size_full(device->heaps.memoryHeaps[heap].size, IEC);
    g_autofree char *left = g_format_size_full(heap_left(memory, heap), IEC);
    g_autofree char *used = g_format_size_full(memory->used, IEC);
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't allocate %s on %s: %s. The device has %s, of which %s are left; Rankine's "
                "buffers hold %s. Lower the batch size, the embedding dimension or the table "
                "sizes, or choose another --device.",
                want, device->info.name, cause, total, left, used);
    return FALSE;
}

// A block of at least `bytes`, or NULL with the reason in `cause` (static text).
static RkBlock *
block_new(RkMemory *memory, uint32_t type, VkDeviceSize bytes, const char **cause, VkResult *result)
{
    RkDevice *device = memory->device;
    uint32_t heap = device->heaps.memoryTypes[type].heapIndex;
    VkDeviceSize size = device->heaps.memoryHeaps[heap].size;
    *result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    *cause = "the device's heap is smaller than that and what is in use";
    // Some drivers hand out more than there is and let the system kill the process at first touch.
    if (bytes > size || memory->heap_used[heap] > size - bytes)
        return NULL;
    *cause = "the driver allows no more allocations (maxMemoryAllocationCount)";
    if (memory->blocks->len >= device->max_allocations)
        return NULL;
    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .allocationSize = bytes,
                                       .memoryTypeIndex = type};
    VkDeviceMemory handle;
    *result = vkAllocateMemory(device->handle, &info, NULL, &handle);
    *cause = "vkAllocateMemory found no room";
    if (*result != VK_SUCCESS)
        return NULL;
    RkBlock *block = g_new0(RkBlock, 1);
    *block = (RkBlock){.handle = handle, .type = type, .bytes = bytes};
    block->free = g_array_new(FALSE, FALSE, sizeof(Range));
    const Range all = {0, bytes};
    g_array_append_val(block->free, all);
    g_ptr_array_add(memory->blocks, block);
    memory->heap_used[heap] += bytes;
    return block;
}

// The start of an aligned place in a free range, or FALSE where it doesn't fit.
static gboolean
fits(const Range *range, const VkMemoryRequirements *needs, VkDeviceSize *start)
{
    VkDeviceSize skip = (needs->alignment - range->offset % needs->alignment) % needs->alignment;
    if (range->bytes < skip || range->bytes - skip < needs->size)
        return FALSE;
    *start = range->offset + skip;
    return TRUE;
}

// Takes [start, start + bytes) out of free range i.
static void
cut(RkBlock *block, guint i, VkDeviceSize start, VkDeviceSize bytes)
{
    const Range range = g_array_index(block->free, Range, i);
    const Range before = {range.offset, start - range.offset};
    const Range after = {start + bytes, range.offset + range.bytes - start - bytes};
    g_array_remove_index(block->free, i);
    if (after.bytes > 0)
        g_array_insert_val(block->free, i, after);
    if (before.bytes > 0)
        g_array_insert_val(block->free, i, before);
}

// The smallest free range of a type that holds the request, over all blocks.
static RkBlock *
take(RkMemory *memory, uint32_t type, const VkMemoryRequirements *needs, VkDeviceSize *offset)
{
    RkBlock *best = NULL;
    guint best_i = 0;
    VkDeviceSize best_bytes = G_MAXUINT64;
    for (guint b = 0; b < memory->blocks->len; b++) {
        RkBlock *block = g_ptr_array_index(memory->blocks, b);
        if (block->type != type)
            continue;
        for (guint i = 0; i < block->free->len; i++) {
            const Range *range = &g_array_index(block->free, Range, i);
            VkDeviceSize start;
            if (range->bytes >= best_bytes || !fits(range, needs, &start))
                continue;
            best = block;
            best_i = i;
            best_bytes = range->bytes;
            *offset = start;
        }
    }
    if (best != NULL)
        cut(best, best_i, *offset, needs->size);
    return best;
}

// Gives [offset, offset + bytes) back and joins it with free neighbours.
static void
give(RkBlock *block, VkDeviceSize offset, VkDeviceSize bytes)
{
    guint i = 0;
    while (i < block->free->len && g_array_index(block->free, Range, i).offset < offset)
        i++;
    const Range range = {offset, bytes};
    g_array_insert_val(block->free, i, range);
    Range *ranges = (Range *)(void *)block->free->data;
    if (i + 1 < block->free->len && offset + bytes == ranges[i + 1].offset) {
        ranges[i].bytes += ranges[i + 1].bytes;
        g_array_remove_index(block->free, i + 1);
    }
    if (i > 0 && ranges[i - 1].offset + ranges[i - 1].bytes == offset) {
        ranges[i - 1].bytes += ranges[i].bytes;
        g_array_remove_index(block->free, i);
    }
}

static gboolean
is_empty(const RkBlock *block)
{
    return block->free->len == 1 && g_array_index(block->free, Range, 0).bytes == block->bytes;
}

// From a block there is, a new block, or a block of just the size where a full one doesn't fit.
static RkBlock *
take_or_grow(RkMemory *memory, uint32_t type, const VkMemoryRequirements *needs,
             VkDeviceSize *offset, const char **cause, VkResult *result)
{
    RkBlock *block = take(memory, type, needs, offset);
    if (block != NULL)
        return block;
    uint32_t heap = memory->device->heaps.memoryTypes[type].heapIndex;
    VkDeviceSize block_bytes = MIN(BLOCK_BYTES, memory->device->heaps.memoryHeaps[heap].size / 8);
    gboolean grown = FALSE;
    if (needs->size <= block_bytes / 2)
        grown = block_new(memory, type, block_bytes, cause, result) != NULL;
    if (!grown && (needs->size > block_bytes / 2 || *result == VK_ERROR_OUT_OF_DEVICE_MEMORY))
        grown = block_new(memory, type, needs->size, cause, result) != NULL;
    return grown ? take(memory, type, needs, offset) : NULL;
}

// A software driver's memory is the process's own: asks the system for large pages, which spare
// lookups in large tables a page walk each. A hint; whether it is heard changes nothing else.
static void
want_large_pages(const RkBlock *block)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = 2u << 20;
    uintptr_t begin = (uintptr_t)block->map, end = begin + block->bytes;
    begin = (begin + page - 1) / page * page;
    if (begin + page <= end)
        madvise((void *)begin, (end - begin) / page * page, MADV_HUGEPAGE);
#endif
}

static gboolean
map_block(RkMemory *memory, RkBlock *block, GError **error)
{
    if (block->map != NULL)
        return TRUE;
    VkResult result =
        vkMapMemory(memory->device->handle, block->handle, 0, VK_WHOLE_SIZE, 0, &block->map);
    if (result != VK_SUCCESS)
        return rk_device_fail(memory->device, result, "vkMapMemory", error);
    if (memory->device->info.caps.is_cpu)
        want_large_pages(block);
    return TRUE;
}

gboolean
rk_memory_alloc(RkMemory *memory, RkBufferKind kind, const VkMemoryRequirements *needs,
                RkAllocation *allocation, GError **error)
{
    RkDevice *device = memory->device;
    gboolean mapped = kind != RK_BUFFER_DEVICE || memory->zero_copy;
    const VkMemoryPropertyFlags *wishes =
        kind == RK_BUFFER_DEVICE && memory->zero_copy ? ZERO_COPY_WISHES : WISHES[kind];
    const char *cause = "no memory type suits the buffer";
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    RkBlock *block = NULL;
    for (int i = 0; i < N_WISHES && wishes[i] != 0 && block == NULL; i++) {
        int type = find_type(&device->heaps, needs->memoryTypeBits, wishes[i]);
        if (type >= 0)
            block =
                take_or_grow(memory, (uint32_t)type, needs, &allocation->offset, &cause, &result);
    }
    if (block == NULL && result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return rk_memory_fail(memory, needs->size, cause, error);
    if (block == NULL)
        return rk_device_fail(device, result, "vkAllocateMemory", error);
    allocation->block = block;
    allocation->handle = block->handle;
    allocation->bytes = needs->size;
    memory->used += needs->size;
    memory->peak = MAX(memory->peak, memory->used);
    if (mapped && !map_block(memory, block, error)) {
        rk_memory_release(memory, allocation);
        return FALSE;
    }
    allocation->map = mapped ? (uint8_t *)block->map + allocation->offset : NULL;
    allocation->cached =
        (device->heaps.memoryTypes[block->type].propertyFlags & CACHED) != 0 && mapped;
    return TRUE;
}

void
rk_memory_release(RkMemory *memory, RkAllocation *allocation)
{
    RkBlock *block = allocation->block;
    if (block == NULL)
        return;
    memory->used -= allocation->bytes;
    give(block, allocation->offset, allocation->bytes);
    allocation->block = NULL;
    if (!is_empty(block))
        return;
    // One empty block of a type is kept, so that a plan rebuilt in place doesn't allocate.
    gboolean another = block->bytes > BLOCK_BYTES;
    for (guint i = 0; i < memory->blocks->len && !another; i++) {
        const RkBlock *other = g_ptr_array_index(memory->blocks, i);
        another = other != block && other->type == block->type && is_empty(other);
    }
    if (another)
        block_free(memory, block);
}

void
rk_device_memory_used(const RkDevice *device, size_t *bytes, size_t *peak_bytes)
{
    if (bytes != NULL)
        *bytes = device->memory->used;
    if (peak_bytes != NULL)
        *peak_bytes = device->memory->peak;
}
