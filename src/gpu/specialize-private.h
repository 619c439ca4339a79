// SPDX-License-Identifier: GPL-3.0-or-later
//
// What folding (specialize_fold.c) finds out and writing (specialize.c) uses. Any thread.
#pragma once

#include "gpu/spirv.h"

typedef struct {
    uint32_t label; // id
    uint32_t first; // instruction: OpLabel
    uint32_t last;  // its terminator
    uint32_t merge; // OpSelectionMerge or OpLoopMerge before that, or RK_SPIRV_NONE
    uint32_t taken; // label that a selection always goes to, 0 while it is open
    gboolean reachable;
} RkSpirvBlock;

typedef struct {
    RkSpirv module;
    gboolean *known;   // [bound] booleans and 32-bit integers whose value is certain
    uint32_t *value;   // [bound] of the known; booleans are 0 and 1
    GArray *blocks;    // of RkSpirvBlock, of all functions, in order
    uint32_t *block;   // [bound] of a label, or RK_SPIRV_NONE
    uint32_t int_type; // a 32-bit integer's, 0 when the module has none
} RkSpecializer;

static inline RkSpirvBlock *
rk_specializer_block(const RkSpecializer *s, uint32_t i)
{
    return &g_array_index(s->blocks, RkSpirvBlock, i);
}

// Gives specialization constants their values and drops their SpecId decorations.
void rk_specializer_set(RkSpecializer *s, const uint32_t *value, uint32_t n_values);

// Finds what is known, and which blocks can be reached.
void rk_specializer_fold(RkSpecializer *s);

// Whether control can go from a block to the block of a label.
gboolean rk_specializer_has_edge(const RkSpecializer *s, uint32_t from, uint32_t label);
