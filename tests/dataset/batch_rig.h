// SPDX-License-Identifier: GPL-3.0-or-later
//
// A generated dataset in memory and batches of it, for tests of the loader.
#pragma once

#include "memory.h"

#include "dataset/loader.h"
#include "dataset/synth.h"

typedef struct {
    RkSynth *synth;
    Memory *memory;
    RkSplit *split;
    uint32_t n_users, n_items;
} Rig;

// Rows of a kind (see rk_synth_kind()), "name=value" settings of it and of the split.
Rig *rig_new(const char *kind, const char *settings, const char *split, uint64_t n_rows);
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

RkParams *rig_params(const RkParam *table, size_t n, const char *settings);

// Options over the rig: a shuffled training part, batches of 64.
RkBatchOptions rig_options(const Rig *rig);
RkBatcher *rig_batcher(const Rig *rig, const RkBatchPart *parts, uint32_t n_parts,
                       const RkBatchOptions *options);

// Memory for n_slots batches: void *[n_slots * n_parts].
void **rig_memory(const RkBatcher *batcher, uint32_t n_slots);
void rig_memory_free(void **memory, const RkBatcher *batcher, uint32_t n_slots);
