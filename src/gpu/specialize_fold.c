// SPDX-License-Identifier: GPL-3.0-or-later
//
// Values of constants, and of what is computed from constants alone, and the blocks that they leave
// reachable. Folding takes turns with reachability, since a phi with one way in is known when that
// way's value is. Only selections are decided: a loop keeps its shape.
#include "gpu/specialize-private.h"

static gboolean
is_foldable(const RkSpecializer *s, uint32_t type)
{
    const RkSpirvInstruction *in = rk_spirv_def(&s->module, type);
    return in != NULL &&
           (in->opcode == SpvOpTypeBool || (in->opcode == SpvOpTypeInt && in->word[2] == 32));
}

static void
learn(RkSpecializer *s, uint32_t id, uint32_t value)
{
    s->known[id] = TRUE;
    s->value[id] = value;
}

static void
set_constant(RkSpecializer *s, RkSpirvInstruction *in, const uint32_t *override)
{
    if (in->opcode == SpvOpSpecConstantTrue || in->opcode == SpvOpSpecConstantFalse) {
        const gboolean truth =
            override != NULL ? *override != 0 : in->opcode == SpvOpSpecConstantTrue;
        in->opcode = truth ? SpvOpConstantTrue : SpvOpConstantFalse;
    } else if (in->opcode == SpvOpSpecConstant && in->n == 4) {
        in->opcode = SpvOpConstant;
        in->word[3] = override != NULL ? *override : in->word[3];
    } else if (in->opcode == SpvOpSpecConstantComposite) {
        in->opcode = SpvOpConstantComposite;
    }
    if (in->opcode == SpvOpConstantTrue || in->opcode == SpvOpConstantFalse)
        learn(s, in->id, in->opcode == SpvOpConstantTrue);
    else if (in->opcode == SpvOpConstant && in->n == 4 && is_foldable(s, in->type))
        learn(s, in->id, in->word[3]);
}

void
rk_specializer_set(RkSpecializer *s, const uint32_t *value, uint32_t n_values)
{
    g_autofree const uint32_t **override = g_new0(const uint32_t *, s->module.bound);
    for (uint32_t i = 0; i < s->module.n; i++) {
        RkSpirvInstruction *in = &s->module.list[i];
        if (in->opcode == SpvOpDecorate && in->n == 4 && in->word[2] == SpvDecorationSpecId) {
            if (in->word[1] < s->module.bound && in->word[3] < n_values)
                override[in->word[1]] = &value[in->word[3]];
            in->opcode = SpvOpNop;
        } else if (in->opcode == SpvOpTypeInt && in->word[2] == 32 && s->int_type == 0) {
            s->int_type = in->id;
        }
        if (in->id != 0)
            set_constant(s, in, override[in->id]);
    }
}

// FALSE for an opcode that isn't folded.
static gboolean
evaluate_two(SpvOp opcode, uint32_t a, uint32_t b, uint32_t *out)
{
    const int32_t x = (int32_t)a, y = (int32_t)b;
    switch (opcode) {
    case SpvOpIAdd:
        *out = a + b;
        return TRUE;
    case SpvOpISub:
        *out = a - b;
        return TRUE;
    case SpvOpIMul:
        *out = a * b;
        return TRUE;
    case SpvOpUDiv:
        *out = b != 0 ? a / b : 0;
        return b != 0;
    case SpvOpUMod:
        *out = b != 0 ? a % b : 0;
        return b != 0;
    case SpvOpShiftLeftLogical:
        *out = a << (b & 31);
        return b < 32;
    case SpvOpShiftRightLogical:
        *out = a >> (b & 31);
        return b < 32;
    case SpvOpBitwiseAnd:
        *out = a & b;
        return TRUE;
    case SpvOpBitwiseOr:
        *out = a | b;
        return TRUE;
    case SpvOpBitwiseXor:
        *out = a ^ b;
        return TRUE;
    case SpvOpIEqual:
    case SpvOpLogicalEqual:
        *out = a == b;
        return TRUE;
    case SpvOpINotEqual:
    case SpvOpLogicalNotEqual:
        *out = a != b;
        return TRUE;
    case SpvOpLogicalAnd:
        *out = a && b;
        return TRUE;
    case SpvOpLogicalOr:
        *out = a || b;
        return TRUE;
    case SpvOpULessThan:
        *out = a < b;
        return TRUE;
    case SpvOpULessThanEqual:
        *out = a <= b;
        return TRUE;
    case SpvOpUGreaterThan:
        *out = a > b;
        return TRUE;
    case SpvOpUGreaterThanEqual:
        *out = a >= b;
        return TRUE;
    case SpvOpSLessThan:
        *out = x < y;
        return TRUE;
    case SpvOpSLessThanEqual:
        *out = x <= y;
        return TRUE;
    case SpvOpSGreaterThan:
        *out = x > y;
        return TRUE;
    case SpvOpSGreaterThanEqual:
        *out = x >= y;
        return TRUE;
    default:
        return FALSE;
    }
}

// `operand` [n] are ids.
static gboolean
evaluate(const RkSpecializer *s, SpvOp opcode, const uint32_t *operand, uint32_t n, uint32_t *out)
{
    if (opcode == SpvOpSelect && n == 3 && s->known[operand[0]]) {
        const uint32_t chosen = operand[s->value[operand[0]] ? 1 : 2];
        *out = s->value[chosen];
        return s->known[chosen];
    }
    for (uint32_t i = 0; i < n; i++)
        if (!s->known[operand[i]])
            return FALSE;
    if (n == 1) {
        const uint32_t a = s->value[operand[0]];
        *out = opcode == SpvOpLogicalNot ? !a
               : opcode == SpvOpNot      ? ~a
               : opcode == SpvOpSNegate  ? 0 - a
                                         : a;
        return opcode == SpvOpLogicalNot || opcode == SpvOpNot || opcode == SpvOpSNegate ||
               opcode == SpvOpBitcast || opcode == SpvOpCopyObject;
    }
    return n == 2 && evaluate_two(opcode, s->value[operand[0]], s->value[operand[1]], out);
}

static gboolean
is_id(const RkSpecializer *s, uint32_t id)
{
    return rk_spirv_def(&s->module, id) != NULL;
}

// A phi whose open ways in all bring the same known value.
static gboolean
evaluate_phi(const RkSpecializer *s, const RkSpirvInstruction *in, uint32_t label, uint32_t *out)
{
    gboolean any = FALSE;
    *out = 0;
    for (uint32_t i = 3; i + 1 < in->n; i += 2) {
        const uint32_t id = in->word[i], from = in->word[i + 1];
        if (!is_id(s, id) || !is_id(s, from) || s->block[from] == RK_SPIRV_NONE)
            return FALSE;
        if (!rk_specializer_has_edge(s, s->block[from], label))
            continue;
        if (!s->known[id] || (any && s->value[id] != *out))
            return FALSE;
        *out = s->value[id];
        any = TRUE;
    }
    return any;
}

// Whether it became known. `label` is that of its block, 0 outside of any.
static gboolean
try_fold(RkSpecializer *s, RkSpirvInstruction *in, uint32_t label)
{
    if (in->id == 0 || in->type == 0 || s->known[in->id] || !is_foldable(s, in->type))
        return FALSE;
    uint32_t out;
    if (in->opcode == SpvOpPhi) {
        if (!evaluate_phi(s, in, label, &out))
            return FALSE;
        learn(s, in->id, out);
        return TRUE;
    }
    const gboolean constant = in->opcode == SpvOpSpecConstantOp;
    const uint32_t from = constant ? 4 : 3;
    if (in->n <= from || in->n > from + 3)
        return FALSE;
    for (uint32_t i = from; i < in->n; i++)
        if (!is_id(s, in->word[i]))
            return FALSE;
    if (!evaluate(s, constant ? (SpvOp)in->word[3] : (SpvOp)in->opcode, in->word + from,
                  in->n - from, &out))
        return FALSE;
    learn(s, in->id, out);
    return TRUE;
}

static void
find_blocks(RkSpecializer *s)
{
    RkSpirvBlock block = {0};
    gboolean entry = FALSE; // a function's first block is reached by its call
    for (uint32_t i = 0; i < s->module.n; i++) {
        const RkSpirvInstruction *in = &s->module.list[i];
        if (in->opcode == SpvOpFunction) {
            entry = TRUE;
        } else if (in->opcode == SpvOpLabel) {
            block = (RkSpirvBlock){
                .label = in->id, .first = i, .merge = RK_SPIRV_NONE, .reachable = entry};
            entry = FALSE;
        } else if (in->opcode == SpvOpSelectionMerge || in->opcode == SpvOpLoopMerge) {
            block.merge = i;
        } else if (rk_spirv_is_end((SpvOp)in->opcode) && block.label != 0) {
            block.last = i;
            s->block[block.label] = s->blocks->len;
            g_array_append_val(s->blocks, block);
            block.label = 0;
        }
    }
}

// Where a selection goes when its selector is known, else 0.
static uint32_t
decide(const RkSpecializer *s, const RkSpirvBlock *block)
{
    const RkSpirvInstruction *end = &s->module.list[block->last];
    if (block->merge == RK_SPIRV_NONE || s->int_type == 0 ||
        s->module.list[block->merge].opcode != SpvOpSelectionMerge || end->n < 3 ||
        !is_id(s, end->word[1]) || !s->known[end->word[1]])
        return 0;
    const uint32_t value = s->value[end->word[1]];
    if (end->opcode == SpvOpBranchConditional && end->n >= 4)
        return end->word[value ? 2 : 3];
    if (end->opcode != SpvOpSwitch)
        return 0;
    for (uint32_t i = 3; i + 1 < end->n; i += 2)
        if (end->word[i] == value)
            return end->word[i + 1];
    return end->word[2];
}

gboolean
rk_specializer_has_edge(const RkSpecializer *s, uint32_t from, uint32_t label)
{
    const RkSpirvBlock *block = rk_specializer_block(s, from);
    if (!block->reachable)
        return FALSE;
    if (block->taken != 0)
        return block->taken == label;
    const RkSpirvInstruction *end = &s->module.list[block->last];
    switch (end->opcode) {
    case SpvOpBranch:
        return end->word[1] == label;
    case SpvOpBranchConditional:
        return end->word[2] == label || end->word[3] == label;
    case SpvOpSwitch:
        for (uint32_t i = 2; i < end->n; i += 2) // the default, then a literal before each label
            if (end->word[i] == label)
                return TRUE;
        return FALSE;
    default:
        return FALSE;
    }
}

// Spreads reachability; blocks stand after those that dominate them, but loops go back.
static void
reach(RkSpecializer *s)
{
    for (gboolean more = TRUE; more;) {
        more = FALSE;
        for (uint32_t from = 0; from < s->blocks->len; from++)
            for (uint32_t to = 0; rk_specializer_block(s, from)->reachable && to < s->blocks->len;
                 to++) {
                RkSpirvBlock *block = rk_specializer_block(s, to);
                if (block->reachable || !rk_specializer_has_edge(s, from, block->label))
                    continue;
                block->reachable = TRUE;
                more = more || to < from;
            }
    }
}

void
rk_specializer_fold(RkSpecializer *s)
{
    find_blocks(s);
    // Reachability only shrinks as more becomes known, so it is found anew each time.
    g_autofree gboolean *entry = g_new(gboolean, s->blocks->len);
    for (uint32_t i = 0; i < s->blocks->len; i++)
        entry[i] = rk_specializer_block(s, i)->reachable;
    for (gboolean more = TRUE; more;) {
        for (uint32_t i = 0; i < s->blocks->len; i++) {
            RkSpirvBlock *block = rk_specializer_block(s, i);
            block->reachable = entry[i];
            block->taken = decide(s, block);
        }
        reach(s);
        more = FALSE;
        uint32_t label = 0;
        for (uint32_t i = 0; i < s->module.n; i++) {
            RkSpirvInstruction *in = &s->module.list[i];
            label = in->opcode == SpvOpLabel ? in->id : label;
            more = try_fold(s, in, label) || more;
        }
    }
}
