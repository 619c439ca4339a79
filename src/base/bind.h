// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a shader sees a tensor: shared by `ops`, which chooses, and `gpu`, which binds.
#pragma once

typedef enum {
    RK_BIND_STORAGE,       // storage buffer
    RK_BIND_TEXEL_F32X4,   // rgba32f imageBuffer
    RK_BIND_TEXEL_U32X4,   // rgba32ui uimageBuffer
    RK_BIND_SAMPLED_F32X4, // rgba32f samplerBuffer (texelFetch)
    RK_BIND_SAMPLED_U32X4, // rgba32ui usamplerBuffer
    RK_BIND_SAMPLED_F32,   // r32f samplerBuffer
    RK_BIND_SAMPLED_U32,   // r32ui usamplerBuffer
    RK_N_BIND_KINDS,
} RkBindKind;

#define RK_MAX_BINDINGS 12u // of one dispatch; plain Vulkan 1.1 promises at least 4 of a kind
#define RK_MAX_SPEC     64u // specialization constants of one pipeline
#define RK_MAX_PUSH     32u // words of push constants: 128 bytes, the promised minimum
