// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/pipeline.h"

#include "gpu/gpu-private.h"
#include "gpu/specialize.h"

#include <gio/gio.h>
#include <string.h>

#define STORAGE_TEXEL VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER
#define UNIFORM_TEXEL VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER
const RkBindInfo RK_BIND_INFO[RK_N_BIND_KINDS] = {
    [RK_BIND_STORAGE] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_FORMAT_UNDEFINED},
    [RK_BIND_TEXEL_F32X4] = {STORAGE_TEXEL, VK_FORMAT_R32G32B32A32_SFLOAT},
    [RK_BIND_TEXEL_U32X4] = {STORAGE_TEXEL, VK_FORMAT_R32G32B32A32_UINT},
    [RK_BIND_SAMPLED_F32X4] = {UNIFORM_TEXEL, VK_FORMAT_R32G32B32A32_SFLOAT},
    [RK_BIND_SAMPLED_U32X4] = {UNIFORM_TEXEL, VK_FORMAT_R32G32B32A32_UINT},
    [RK_BIND_SAMPLED_F32] = {UNIFORM_TEXEL, VK_FORMAT_R32_SFLOAT},
    [RK_BIND_SAMPLED_U32] = {UNIFORM_TEXEL, VK_FORMAT_R32_UINT},
};

// FNV-1a over the parts of a key that count; the unused tails of its arrays don't.
static guint
hash_words(guint hash, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 16777619u;
    return hash;
}

static guint
key_hash(gconstpointer data)
{
    const RkPipelineKey *key = data;
    guint hash = hash_words(2166136261u, key->shader, strlen(key->shader));
    hash = hash_words(hash, key->binding, key->n_bindings * sizeof key->binding[0]);
    hash = hash_words(hash, key->spec, key->n_spec * sizeof key->spec[0]);
    return hash_words(hash, &key->push_bytes, sizeof key->push_bytes);
}

static gboolean
key_equal(gconstpointer data_a, gconstpointer data_b)
{
    const RkPipelineKey *a = data_a;
    const RkPipelineKey *b = data_b;
    return strcmp(a->shader, b->shader) == 0 && a->n_bindings == b->n_bindings &&
           a->n_spec == b->n_spec && a->push_bytes == b->push_bytes &&
           memcmp(a->binding, b->binding, a->n_bindings * sizeof a->binding[0]) == 0 &&
           memcmp(a->spec, b->spec, a->n_spec * sizeof a->spec[0]) == 0;
}

static void
pipeline_free(RkDevice *device, RkPipeline *pipeline)
{
    vkDestroyPipeline(device->handle, pipeline->handle, NULL);
    vkDestroyPipelineLayout(device->handle, pipeline->layout, NULL);
    vkDestroyDescriptorSetLayout(device->handle, pipeline->set_layout, NULL);
    g_free(pipeline);
}

void
rk_pipelines_free(RkDevice *device)
{
    if (device->pipelines == NULL)
        return;
    GHashTableIter iter;
    gpointer pipeline;
    g_hash_table_iter_init(&iter, device->pipelines);
    while (g_hash_table_iter_next(&iter, NULL, &pipeline))
        pipeline_free(device, pipeline);
    g_clear_pointer(&device->pipelines, g_hash_table_unref);
}

static gboolean
create_layout(RkDevice *device, RkPipeline *pipeline, GError **error)
{
    const RkPipelineKey *key = &pipeline->key;
    VkDescriptorSetLayoutBinding bindings[RK_MAX_BINDINGS];
    for (uint32_t i = 0; i < key->n_bindings; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){.binding = i,
                                                     .descriptorType =
                                                         RK_BIND_INFO[key->binding[i]].descriptor,
                                                     .descriptorCount = 1,
                                                     .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    const VkDescriptorSetLayoutCreateInfo set_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = key->n_bindings,
        .pBindings = bindings};
    VkResult result =
        vkCreateDescriptorSetLayout(device->handle, &set_info, NULL, &pipeline->set_layout);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateDescriptorSetLayout", error);
    const VkPushConstantRange push = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                      .size = key->push_bytes};
    const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .setLayoutCount = 1,
                                             .pSetLayouts = &pipeline->set_layout,
                                             .pushConstantRangeCount = key->push_bytes > 0 ? 1 : 0,
                                             .pPushConstantRanges = &push};
    result = vkCreatePipelineLayout(device->handle, &info, NULL, &pipeline->layout);
    return result == VK_SUCCESS || rk_device_fail(device, result, "vkCreatePipelineLayout", error);
}

static gboolean
create_pipeline(RkDevice *device, RkPipeline *pipeline, VkShaderModule module, GError **error)
{
    const RkPipelineKey *key = &pipeline->key;
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = pipeline->layout};
    VkResult result = vkCreateComputePipelines(device->handle, device->pipeline_cache, 1, &info,
                                               NULL, &pipeline->handle);
    if (result == VK_SUCCESS)
        return TRUE;
    rk_device_fail(device, result, "vkCreateComputePipelines", error);
    g_prefix_error(error, "Shader %s: ", key->shader);
    return FALSE;
}

// The embedded SPIR-V, copied so that its words are aligned.
static uint32_t *
load_shader(const char *name, size_t *bytes, GError **error)
{
    const uint32_t SPIRV_MAGIC = 0x07230203;
    g_autofree char *path = g_strdup_printf("/org/rankine/shaders/%s.spv", name);
    g_autoptr(GBytes) data = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    uint32_t *words = data ? g_memdup2(g_bytes_get_data(data, NULL), g_bytes_get_size(data)) : NULL;
    *bytes = data ? g_bytes_get_size(data) : 0;
    if (words != NULL && *bytes >= 20 && *bytes % 4 == 0 && words[0] == SPIRV_MAGIC)
        return words;
    g_free(words);
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                "Can't load shader %s: this build embeds no SPIR-V of that name. Add it to its "
                "family's list in shaders/ and build again.",
                name);
    return NULL;
}

static gboolean
create(RkDevice *device, RkPipeline *pipeline, GError **error)
{
    size_t bytes, n_words;
    g_autofree uint32_t *words = load_shader(pipeline->key.shader, &bytes, error);
    if (words == NULL || !create_layout(device, pipeline, error))
        return FALSE;
    const RkPipelineKey *key = &pipeline->key;
    g_autofree uint32_t *special =
        rk_spirv_specialize(words, bytes / 4, key->spec, key->n_spec, device->info.caps.unrolls,
                            key->shader, &n_words, error);
    if (special == NULL)
        return FALSE;
    const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                           .codeSize = 4 * n_words,
                                           .pCode = special};
    VkShaderModule module;
    VkResult result = vkCreateShaderModule(device->handle, &info, NULL, &module);
    if (result != VK_SUCCESS)
        return rk_device_fail(device, result, "vkCreateShaderModule", error);
    gboolean ok = create_pipeline(device, pipeline, module, error);
    vkDestroyShaderModule(device->handle, module, NULL);
    return ok;
}

static gboolean
check_key(const RkDevice *device, const RkPipelineKey *key, GError **error)
{
    g_return_val_if_fail(key->n_bindings <= RK_MAX_BINDINGS && key->n_spec <= RK_MAX_SPEC, FALSE);
    g_return_val_if_fail(key->push_bytes % 4 == 0, FALSE);
    if (key->push_bytes <= device->info.caps.max_push_bytes)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED,
                "Can't use shader %s on %s: it takes %u bytes of push constants, the device has "
                "%u. Choose another kernel or --device.",
                key->shader, device->info.name, key->push_bytes, device->info.caps.max_push_bytes);
    return FALSE;
}

RkPipeline *
rk_pipeline_get(RkDevice *device, const RkPipelineKey *key, GError **error)
{
    if (device->pipelines == NULL)
        device->pipelines = g_hash_table_new(key_hash, key_equal);
    RkPipeline *found = g_hash_table_lookup(device->pipelines, key);
    if (found != NULL)
        return found;
    if (!check_key(device, key, error))
        return NULL;
    RkPipeline *pipeline = g_new0(RkPipeline, 1);
    pipeline->key = *key;
    pipeline->key.shader = g_intern_string(key->shader);
    if (!create(device, pipeline, error)) {
        pipeline_free(device, pipeline);
        return NULL;
    }
    g_hash_table_insert(device->pipelines, &pipeline->key, pipeline);
    device->pipeline_cache_grew = TRUE;
    return pipeline;
}
