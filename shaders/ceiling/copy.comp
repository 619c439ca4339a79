#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
// rk-compile: ceiling-copy -DSTORAGE
// rk-compile: ceiling-copy-texel -DTEXEL
//
// The bandwidth ceiling of a kernel: to[i] = from[i], 16 bytes a lane and step.
// Bindings: 0 from, 1 to, `vectors` of 16 bytes each. Grid: any; lanes stride over the whole.
// Barriers: none. Numerics: bits are copied.
layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { uint vectors; };
#ifdef TEXEL
layout(binding = 0, rgba32ui) uniform readonly uimageBuffer from;
layout(binding = 1, rgba32ui) uniform writeonly uimageBuffer to;
#else
layout(binding = 0) readonly buffer From { uvec4 from[]; };
layout(binding = 1) writeonly buffer To { uvec4 to[]; };
#endif

void main()
{
    const uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < vectors; i += stride) {
#ifdef TEXEL
        imageStore(to, int(i), imageLoad(from, int(i)));
#else
        to[i] = from[i];
#endif
    }
}
