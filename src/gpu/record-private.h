// SPDX-License-Identifier: GPL-3.0-or-later
//
// A record's insides, shared by recording (record.c), its descriptors (descriptor.c) and its
// submission (submit.c). Owner's thread only.
#pragma once

#include "gpu/gpu-private.h"
#include "gpu/record.h"

typedef enum {
    RK_RECORD_OPEN,  // takes commands
    RK_RECORD_READY, // ended, idle
    RK_RECORD_IN_FLIGHT,
} RkRecordState;

// Descriptor pools, added as recording goes, and the texel views; freed with the record.
typedef struct {
    GArray *pools;      // VkDescriptorPool; sets come from the last
    uint32_t sets_left; // of the last pool, which has RK_MAX_BINDINGS of each type for each set
    uint32_t pool_sets; // how many the last pool began with
    GHashTable *views;  // RkView -> itself
} RkDescriptors;

struct RkRecord {
    RkDevice *device;
    RkRecordState state;
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    RkDescriptors descriptors;
    gboolean begun;       // the ordering after earlier records is recorded
    gboolean independent; // of other records: no such ordering
    VkQueryPool queries;
    uint32_t max_timestamps, n_timestamps;
    gboolean done_once; // the timestamps have values
};

// A set with the bindings written; owned by the record. Bindings were checked.
gboolean rk_descriptors_set(RkRecord *record, const RkPipeline *pipeline, const RkBinding *bindings,
                            VkDescriptorSet *set, GError **error);
void rk_descriptors_init(RkDescriptors *descriptors);
void rk_descriptors_clear(RkRecord *record);

// Bytes of a binding as bound: whole texels, which buffers are rounded up to.
VkDeviceSize rk_binding_range(const RkBinding *binding);
