// SPDX-License-Identifier: GPL-3.0-or-later
//
// Descriptor sets and texel-buffer views of a record. Pools double as recording goes on.
#include "gpu/record-private.h"

enum { FIRST_POOL_SETS = 16, MAX_POOL_SETS = 256, TEXEL_BYTES = 16 };

typedef struct {
    VkBuffer buffer;
    VkDeviceSize offset, bytes;
    VkFormat format;
    VkBufferView handle;
} RkView;

static guint
view_hash(gconstpointer data)
{
    const RkView *view = data;
    uint64_t mixed = (uint64_t)(uintptr_t)view->buffer ^ view->offset * 0x9e3779b97f4a7c15u ^
                     view->bytes << 17 ^ (uint64_t)view->format;
    return (guint)(mixed ^ mixed >> 32);
}

static gboolean
view_equal(gconstpointer data_a, gconstpointer data_b)
{
    const RkView *a = data_a;
    const RkView *b = data_b;
    return a->buffer == b->buffer && a->offset == b->offset && a->bytes == b->bytes &&
           a->format == b->format;
}

void
rk_descriptors_init(RkDescriptors *descriptors)
{
    descriptors->pools = g_array_new(FALSE, FALSE, sizeof(VkDescriptorPool));
    descriptors->views = g_hash_table_new_full(view_hash, view_equal, g_free, NULL);
}

void
rk_descriptors_clear(RkRecord *record)
{
    RkDescriptors *descriptors = &record->descriptors;
    VkDevice handle = record->device->handle;
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, descriptors->views);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        vkDestroyBufferView(handle, ((RkView *)key)->handle, NULL);
    for (guint i = 0; i < descriptors->pools->len; i++)
        vkDestroyDescriptorPool(handle, g_array_index(descriptors->pools, VkDescriptorPool, i),
                                NULL);
    g_hash_table_unref(descriptors->views);
    g_array_unref(descriptors->pools);
}

VkDeviceSize
rk_binding_range(const RkBinding *binding)
{
    return ((VkDeviceSize)binding->bytes + TEXEL_BYTES - 1) / TEXEL_BYTES * TEXEL_BYTES;
}

static gboolean
add_pool(RkRecord *record, GError **error)
{
    RkDescriptors *descriptors = &record->descriptors;
    uint32_t n = CLAMP(descriptors->pool_sets * 2, FIRST_POOL_SETS, MAX_POOL_SETS);
    const VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, n * RK_MAX_BINDINGS},
        {VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, n * RK_MAX_BINDINGS},
        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, n * RK_MAX_BINDINGS},
    };
    const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = n,
                                             .poolSizeCount = G_N_ELEMENTS(sizes),
                                             .pPoolSizes = sizes};
    VkDescriptorPool pool;
    VkResult result = vkCreateDescriptorPool(record->device->handle, &info, NULL, &pool);
    if (result != VK_SUCCESS)
        return rk_device_fail(record->device, result, "vkCreateDescriptorPool", error);
    g_array_append_val(descriptors->pools, pool);
    descriptors->pool_sets = descriptors->sets_left = n;
    return TRUE;
}

// The view of a range, shared by the dispatches that bind the same.
static gboolean
get_view(RkRecord *record, const RkBinding *binding, VkFormat format, VkBufferView *handle,
         GError **error)
{
    RkView wanted = {.buffer = rk_buffer_handle(binding->buffer),
                     .offset = binding->offset,
                     .bytes = rk_binding_range(binding),
                     .format = format};
    const RkView *found = g_hash_table_lookup(record->descriptors.views, &wanted);
    if (found != NULL) {
        *handle = found->handle;
        return TRUE;
    }
    const VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                         .buffer = wanted.buffer,
                                         .format = format,
                                         .offset = wanted.offset,
                                         .range = wanted.bytes};
    VkResult result = vkCreateBufferView(record->device->handle, &info, NULL, &wanted.handle);
    if (result != VK_SUCCESS)
        return rk_device_fail(record->device, result, "vkCreateBufferView", error);
    g_hash_table_add(record->descriptors.views, g_memdup2(&wanted, sizeof wanted));
    *handle = wanted.handle;
    return TRUE;
}

gboolean
rk_descriptors_set(RkRecord *record, const RkPipeline *pipeline, const RkBinding *bindings,
                   VkDescriptorSet *set, GError **error)
{
    RkDescriptors *descriptors = &record->descriptors;
    if (descriptors->sets_left == 0 && !add_pool(record, error))
        return FALSE;
    const VkDescriptorSetAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool =
            g_array_index(descriptors->pools, VkDescriptorPool, descriptors->pools->len - 1),
        .descriptorSetCount = 1,
        .pSetLayouts = &pipeline->set_layout};
    VkResult result = vkAllocateDescriptorSets(record->device->handle, &allocate, set);
    if (result != VK_SUCCESS)
        return rk_device_fail(record->device, result, "vkAllocateDescriptorSets", error);
    descriptors->sets_left--;

    VkWriteDescriptorSet writes[RK_MAX_BINDINGS];
    VkDescriptorBufferInfo buffers[RK_MAX_BINDINGS];
    VkBufferView views[RK_MAX_BINDINGS];
    for (uint32_t i = 0; i < pipeline->key.n_bindings; i++) {
        const RkBindInfo *kind = &RK_BIND_INFO[pipeline->key.binding[i]];
        buffers[i] = (VkDescriptorBufferInfo){.buffer = rk_buffer_handle(bindings[i].buffer),
                                              .offset = bindings[i].offset,
                                              .range = rk_binding_range(&bindings[i])};
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = *set,
                                           .dstBinding = i,
                                           .descriptorCount = 1,
                                           .descriptorType = kind->descriptor,
                                           .pBufferInfo = &buffers[i],
                                           .pTexelBufferView = &views[i]};
        if (kind->format != VK_FORMAT_UNDEFINED &&
            !get_view(record, &bindings[i], kind->format, &views[i], error))
            return FALSE;
    }
    vkUpdateDescriptorSets(record->device->handle, pipeline->key.n_bindings, writes, 0, NULL);
    return TRUE;
}
