// SPDX-License-Identifier: GPL-3.0-or-later
//
// A SPIR-V module as a list of instructions with their results, for specialize.c. The words stay
// the caller's. Any thread. https://registry.khronos.org/SPIR-V/specs/unified1/SPIRV.html
#pragma once

#include "base/error.h"

#include <spirv/unified1/spirv.h>
#include <stdint.h>

enum { RK_SPIRV_HEADER = 5 }; // words before the first instruction

typedef struct {
    uint32_t *word;  // [n], the first holds n and the opcode; points into the module
    uint16_t opcode; // SpvOp
    uint16_t n;
    uint32_t id;   // result, 0 for none
    uint32_t type; // of the result, 0 for none
} RkSpirvInstruction;

typedef struct {
    uint32_t *word; // [n_words]
    size_t n_words;
    uint32_t bound;           // ids are below it
    RkSpirvInstruction *list; // [n]
    uint32_t n;
    uint32_t *def; // [bound] the instruction that makes an id, or RK_SPIRV_NONE
} RkSpirv;

#define RK_SPIRV_NONE G_MAXUINT32

// Reads `words`, which it may later change in place. Fails with RK_ERROR_DATA where they aren't a
// module; `what` names it in the error.
gboolean rk_spirv_init(RkSpirv *module, uint32_t *words, size_t n_words, const char *what,
                       GError **error);
void rk_spirv_clear(RkSpirv *module);

// The instruction that makes an id, or NULL.
static inline const RkSpirvInstruction *
rk_spirv_def(const RkSpirv *module, uint32_t id)
{
    const uint32_t at = id < module->bound ? module->def[id] : RK_SPIRV_NONE;
    return at != RK_SPIRV_NONE ? &module->list[at] : NULL;
}

// Whether an instruction may go when nothing reads its result.
gboolean rk_spirv_is_pure(const RkSpirvInstruction *instruction);

// Whether an instruction ends a block.
gboolean rk_spirv_is_end(SpvOp opcode);
