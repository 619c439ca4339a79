// SPDX-License-Identifier: GPL-3.0-or-later
#define SPV_ENABLE_UTILITY_CODE
#include "gpu/spirv.h"

// The header defines it inline only; this is where its out-of-line copy lives.
extern inline void SpvHasResultAndType(SpvOp opcode, bool *hasResult, bool *hasResultType);

static gboolean
read_instruction(RkSpirvInstruction *in, uint32_t *word, size_t n_left, uint32_t bound)
{
    in->word = word;
    in->opcode = word[0] & SpvOpCodeMask;
    in->n = word[0] >> SpvWordCountShift;
    if (in->n == 0 || in->n > n_left)
        return FALSE;
    bool has_result = false, has_type = false;
    SpvHasResultAndType((SpvOp)in->opcode, &has_result, &has_type);
    if (in->n < 1u + has_result + has_type)
        return FALSE;
    in->type = has_type ? word[1] : 0;
    in->id = has_result ? word[1 + has_type] : 0;
    return in->id < bound && in->type < bound;
}

gboolean
rk_spirv_init(RkSpirv *module, uint32_t *words, size_t n_words, const char *what, GError **error)
{
    *module = (RkSpirv){.word = words, .n_words = n_words};
    const uint32_t MAX_BOUND = 0x3fffff; // the specification's universal limit
    gboolean ok = n_words > RK_SPIRV_HEADER && words[0] == SpvMagicNumber && words[3] > 0 &&
                  words[3] <= MAX_BOUND;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(RkSpirvInstruction));
    for (size_t at = RK_SPIRV_HEADER; ok && at < n_words;) {
        RkSpirvInstruction in;
        ok = read_instruction(&in, words + at, n_words - at, words[3]);
        at += in.n;
        if (ok)
            g_array_append_val(list, in);
    }
    if (!ok) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't use shader %s: it isn't whole SPIR-V. Build Rankine again.", what);
        return FALSE;
    }
    module->bound = words[3];
    module->n = list->len;
    module->list = (RkSpirvInstruction *)g_array_free(g_steal_pointer(&list), FALSE);
    module->def = g_new(uint32_t, module->bound);
    for (uint32_t id = 0; id < module->bound; id++)
        module->def[id] = RK_SPIRV_NONE;
    for (uint32_t i = 0; i < module->n; i++)
        if (module->list[i].id != 0)
            module->def[module->list[i].id] = i;
    return TRUE;
}

void
rk_spirv_clear(RkSpirv *module)
{
    g_clear_pointer(&module->list, g_free);
    g_clear_pointer(&module->def, g_free);
}

gboolean
rk_spirv_is_pure(const RkSpirvInstruction *in)
{
    enum { MODF = 35, FREXP = 51 }; // of GLSL.std.450: they write through a pointer
    // Ranges of opcodes without a side effect.
    static const uint16_t PURE[][2] = {
        {SpvOpUndef, SpvOpUndef},
        {SpvOpTypeVoid, SpvOpTypeForwardPointer},
        {SpvOpConstantTrue, SpvOpSpecConstantOp},
        {SpvOpVariable, SpvOpLoad},
        {SpvOpAccessChain, SpvOpArrayLength},
        {SpvOpVectorExtractDynamic, SpvOpTranspose},
        {SpvOpSampledImage, SpvOpImageRead},
        {SpvOpImage, SpvOpImageQuerySamples},
        {SpvOpConvertFToU, SpvOpBitcast},
        {SpvOpSNegate, SpvOpFwidthCoarse},
        {SpvOpPhi, SpvOpPhi},
    };
    if (in->opcode == SpvOpExtInst)
        return in->n > 4 && in->word[4] != MODF && in->word[4] != FREXP;
    if (in->opcode == SpvOpLoad && in->n > 4 && (in->word[4] & SpvMemoryAccessVolatileMask) != 0)
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(PURE); i++)
        if (in->opcode >= PURE[i][0] && in->opcode <= PURE[i][1])
            return TRUE;
    return FALSE;
}

gboolean
rk_spirv_is_end(SpvOp opcode)
{
    return (opcode >= SpvOpBranch && opcode <= SpvOpUnreachable) ||
           opcode == SpvOpTerminateInvocation;
}
