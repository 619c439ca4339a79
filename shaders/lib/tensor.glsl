// SPDX-License-Identifier: GPL-3.0-or-later
//
// One load path for every shader: f32 tensors seen as vec4s, u32 and packed tensors as uvec4s,
// through storage buffers or, compiled with -DRK_TEXEL, through storage texel buffers (2.5 to
// 3.6 times as fast on lavapipe). Loads past a tensor's end stay within its padding of 256 bytes.
//   RK_IN(slot, name)      RK_LOAD4(name, i)  RK_LOAD1(name, i)     vec4 / float number i
//   RK_OUT(slot, name)     RK_STORE4(name, i, value)                vec4 number i
//   RK_INOUT(slot, name)   both
//   RK_IN_U(slot, name)    RK_LOAD4(name, i)  RK_LOAD1(name, i)     uvec4 / uint number i
//   RK_OUT_U(slot, name)   RK_STORE4(name, i, value)                uvec4 number i
// RK_STORAGE_OUT(slot, name) is a float array in a storage buffer on either path: name.v[i];
// RK_STORAGE_OUT_U(slot, name) the same of uint, RK_STORAGE_OUT4 and RK_STORAGE_OUT_U4 of vec4s
// and uvec4s (on lavapipe storage buffers take stores twice as fast as texel buffers do).
#ifdef RK_TEXEL
#define RK_IN(slot, name)    layout(set = 0, binding = slot, rgba32f) uniform readonly imageBuffer name
#define RK_OUT(slot, name)   layout(set = 0, binding = slot, rgba32f) uniform writeonly imageBuffer name
#define RK_INOUT(slot, name) layout(set = 0, binding = slot, rgba32f) uniform imageBuffer name
#define RK_IN_U(slot, name)  layout(set = 0, binding = slot, rgba32ui) uniform readonly uimageBuffer name
#define RK_OUT_U(slot, name) layout(set = 0, binding = slot, rgba32ui) uniform writeonly uimageBuffer name
#define RK_LOAD4(name, i)    imageLoad(name, int(i))
#define RK_LOAD1(name, i)    imageLoad(name, int((i) >> 2))[(i) & 3]
#define RK_STORE4(name, i, value) imageStore(name, int(i), value)
#else
#define RK_IN(slot, name) \
    layout(set = 0, binding = slot, std430) readonly buffer name##_buffer { vec4 v[]; } name
#define RK_OUT(slot, name) \
    layout(set = 0, binding = slot, std430) writeonly buffer name##_buffer { vec4 v[]; } name
#define RK_INOUT(slot, name) layout(set = 0, binding = slot, std430) buffer name##_buffer { vec4 v[]; } name
#define RK_IN_U(slot, name) \
    layout(set = 0, binding = slot, std430) readonly buffer name##_buffer { uvec4 v[]; } name
#define RK_OUT_U(slot, name) \
    layout(set = 0, binding = slot, std430) writeonly buffer name##_buffer { uvec4 v[]; } name
#define RK_LOAD4(name, i) name.v[i]
#define RK_LOAD1(name, i) name.v[(i) >> 2][(i) & 3]
#define RK_STORE4(name, i, value) name.v[i] = value
#endif
#define RK_STORAGE_OUT(slot, name) \
    layout(set = 0, binding = slot, std430) buffer name##_buffer { float v[]; } name
#define RK_STORAGE_OUT_U(slot, name) \
    layout(set = 0, binding = slot, std430) buffer name##_buffer { uint v[]; } name
#define RK_STORAGE_OUT4(slot, name) \
    layout(set = 0, binding = slot, std430) buffer name##_buffer { vec4 v[]; } name
#define RK_STORAGE_OUT_U4(slot, name) \
    layout(set = 0, binding = slot, std430) buffer name##_buffer { uvec4 v[]; } name
