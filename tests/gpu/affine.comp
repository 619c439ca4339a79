#version 450
// SPDX-License-Identifier: GPL-3.0-or-later
// y[i] = scale * x[i] + bias; scale a specialization constant, bias pushed. One float a lane,
// grid ceil(n / local). X_TEXEL reads x as texels (all components of texel i / 4).
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const float SCALE = 1.0;
#if defined(X_IMAGE)
layout(binding = 0, rgba32f) uniform readonly imageBuffer x;
#define LOAD(i) imageLoad(x, int(i) / 4)[i % 4]
#elif defined(X_SAMPLED4)
layout(binding = 0) uniform samplerBuffer x;
#define LOAD(i) texelFetch(x, int(i) / 4)[i % 4]
#elif defined(X_SAMPLED1)
layout(binding = 0) uniform samplerBuffer x;
#define LOAD(i) texelFetch(x, int(i)).x
#elif defined(X_IMAGE_U)
layout(binding = 0, rgba32ui) uniform readonly uimageBuffer x;
#define LOAD(i) uintBitsToFloat(imageLoad(x, int(i) / 4)[i % 4])
#elif defined(X_SAMPLED4_U)
layout(binding = 0) uniform usamplerBuffer x;
#define LOAD(i) uintBitsToFloat(texelFetch(x, int(i) / 4)[i % 4])
#elif defined(X_SAMPLED1_U)
layout(binding = 0) uniform usamplerBuffer x;
#define LOAD(i) uintBitsToFloat(texelFetch(x, int(i)).x)
#else
layout(binding = 0) readonly buffer X { float x[]; };
#define LOAD(i) x[i]
#endif
layout(binding = 1) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint n; float bias; };

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i < n)
        y[i] = SCALE * LOAD(i) + bias;
}
