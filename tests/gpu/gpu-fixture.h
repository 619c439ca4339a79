// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the device tests share: the affine kernel (affine.comp), embedded in each test program.
#pragma once

#include "gpu/record.h"

#include <string.h>

enum { AFFINE_LOCAL = 64 };

typedef struct {
    uint32_t n;
    float bias;
} AffinePush;

// y = scale * x + bias over n floats, x bound as `kind`.
static inline RkPipeline *
affine_pipeline(RkDevice *device, RkBindKind kind, float scale, GError **error)
{
    static const char *const SHADERS[RK_N_BIND_KINDS] = {
        [RK_BIND_STORAGE] = "test-affine",
        [RK_BIND_TEXEL_F32X4] = "test-affine-image",
        [RK_BIND_TEXEL_U32X4] = "test-affine-image-u",
        [RK_BIND_SAMPLED_F32X4] = "test-affine-sampled4",
        [RK_BIND_SAMPLED_U32X4] = "test-affine-sampled4-u",
        [RK_BIND_SAMPLED_F32] = "test-affine-sampled1",
        [RK_BIND_SAMPLED_U32] = "test-affine-sampled1-u",
    };
    union {
        float f;
        uint32_t u;
    } bits = {.f = scale};
    const RkPipelineKey key = {.shader = SHADERS[kind],
                               .n_bindings = 2,
                               .binding = {kind, RK_BIND_STORAGE},
                               .n_spec = 2,
                               .spec = {AFFINE_LOCAL, bits.u},
                               .push_bytes = sizeof(AffinePush)};
    return rk_pipeline_get(device, &key, error);
}

// Dispatches it once. `bytes` of x and y from the buffers' start.
static inline gboolean
affine_dispatch(RkRecord *record, RkPipeline *pipeline, RkBuffer *x, RkBuffer *y, uint32_t n,
                float bias, GError **error)
{
    const RkBinding bindings[] = {{x, 0, n * sizeof(float)}, {y, 0, n * sizeof(float)}};
    const AffinePush push = {n, bias};
    const uint32_t grid[3] = {(n + AFFINE_LOCAL - 1) / AFFINE_LOCAL, 1, 1};
    return rk_record_dispatch(record, pipeline, bindings, &push, grid, error);
}

static inline RkDevice *
open_device(void)
{
    g_autoptr(GError) error = NULL;
    RkDevice *device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    return device;
}

static inline RkBuffer *
new_buffer(RkDevice *device, RkBufferKind kind, size_t bytes)
{
    g_autoptr(GError) error = NULL;
    RkBuffer *buffer = rk_buffer_new(device, kind, bytes, &error);
    g_assert_no_error(error);
    return buffer;
}

static inline void
run(RkRecord *record)
{
    g_autoptr(GError) error = NULL;
    rk_record_submit(record, &error);
    g_assert_no_error(error);
    rk_record_wait(record, &error);
    g_assert_no_error(error);
}
