// SPDX-License-Identifier: GPL-3.0-or-later
//
// Compute pipelines from embedded SPIR-V. A device keeps every pipeline it made, keyed by shader,
// binding kinds and specialization, and keeps the driver's pipeline cache in a file of the user's
// cache folder (RANKINE_CACHE_DIR overrides it). Owner's thread only.
#pragma once

#include "base/bind.h"
#include "gpu/device.h"

typedef struct RkPipeline RkPipeline; // owned by the device

typedef struct {
    const char *shader; // embedded name without ".spv"
    uint32_t n_bindings;
    RkBindKind binding[RK_MAX_BINDINGS]; // binding i of set 0
    uint32_t n_spec;
    uint32_t spec[RK_MAX_SPEC]; // specialization constant i, 32 bits each
    uint32_t push_bytes;        // of push constants, a multiple of 4
} RkPipelineKey;

// The pipeline for a key, made at its first use. Fails with RK_ERROR_NOT_FOUND for a shader that
// isn't embedded, RK_ERROR_DEVICE when the driver refuses it.
RkPipeline *rk_pipeline_get(RkDevice *device, const RkPipelineKey *key, GError **error);
