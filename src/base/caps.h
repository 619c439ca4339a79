// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a device can do, as plain numbers: `gpu` fills it in once, kernels are chosen by it, and
// nothing here is a Vulkan type. Sizes in bytes. Immutable after the probe; any thread.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    gboolean is_cpu; // a software driver: wants large register tiles and texel loads

    uint32_t subgroup_size;
    uint32_t max_invocations; // of one workgroup
    uint32_t max_local[3];    // workgroup size per axis
    uint32_t max_grid[3];     // workgroups per axis
    uint32_t max_shared_bytes;
    uint32_t max_push_bytes;

    uint64_t max_storage_range;  // bytes one storage-buffer binding may cover
    uint64_t max_texel_elements; // texels one texel-buffer view may cover
    uint64_t max_buffer_bytes;   // bytes one buffer or allocation may have
    uint64_t device_bytes;       // the heap that tensors live in
    uint32_t storage_alignment;  // offset alignment that suits every kind of binding

    gboolean storage_texel_f32x4; // rgba32f  imageBuffer loads and stores
    gboolean storage_texel_u32x4; // rgba32ui imageBuffer loads and stores
    gboolean uniform_texel_f32x4; // rgba32f  samplerBuffer loads
    gboolean uniform_texel_u32x4; // rgba32ui usamplerBuffer loads

    gboolean subgroup_arithmetic; // reductions across a subgroup in compute shaders
    gboolean subgroup_ballot;     // broadcast included
    gboolean subgroup_shuffle;
    gboolean f16_storage;    // 16-bit types in storage buffers
    gboolean f16_arithmetic; // float16_t arithmetic
    gboolean i8_storage;
    gboolean i8_arithmetic;
    gboolean int_dot; // packed 4x8-bit dot product (SPV_KHR_integer_dot_product)
    gboolean int_dot_accelerated;
    gboolean coop_matrix; // VK_NV_cooperative_matrix, the one that glslc 2023.2 compiles for

    // Whether its compiler copes with long loops that ask to be unrolled.
    gboolean unrolls;
} RkCaps;
