// SPDX-License-Identifier: GPL-3.0-or-later
//
// Marks what the reachable part needs, and writes it out. A decided selection keeps its header, as
// a switch with one way, since breaks may lead to its merge block from within other constructs; a
// merge block or continue target that can't be reached stays as a stub.
#include "gpu/specialize.h"

#include "gpu/specialize-private.h"

#include <string.h>

typedef struct {
    RkSpecializer s;
    gboolean *live;   // [n] instructions that are needed
    uint32_t *header; // [n_blocks] of a loop, for a continue target that is a stub; else NONE
    gboolean *stub;   // [n_blocks] kept though it can't be reached
    uint32_t first_function; // instruction
    GArray *undefined;       // of uint32_t pairs: type, id
    uint32_t selector;       // a constant 0, made when it is needed
    uint32_t bound;          // with the ids made here
    GArray *out;             // words
} Writer;

// The block of a label, or RK_SPIRV_NONE.
static uint32_t
block_of(const Writer *w, uint32_t label)
{
    return label < w->s.module.bound ? w->s.block[label] : RK_SPIRV_NONE;
}

static gboolean
has_edge(const Writer *w, uint32_t from, uint32_t label)
{
    const uint32_t block = block_of(w, from);
    return block != RK_SPIRV_NONE && rk_specializer_has_edge(&w->s, block, label);
}

static gboolean
is_hoisted(const Writer *w, uint32_t i)
{
    const RkSpirvInstruction *in = &w->s.module.list[i];
    return i > w->first_function && in->id != 0 && w->s.known[in->id];
}

// Whether a decided block still has its merge instruction, and so its end: see above.
static gboolean
stays_switch(const Writer *w, const RkSpirvBlock *block)
{
    const RkSpirvInstruction *list = w->s.module.list;
    return list[block->last].opcode == SpvOpSwitch && block->taken != list[block->merge].word[1];
}

// ---- what is needed --------------------------------------------------------------------------

static void
need(Writer *w, uint32_t id, GArray *todo)
{
    const uint32_t i = id < w->s.module.bound ? w->s.module.def[id] : RK_SPIRV_NONE;
    if (i == RK_SPIRV_NONE || w->live[i])
        return;
    w->live[i] = TRUE;
    g_array_append_val(todo, i);
}

// Any operand may be an id; a literal that happens to look like one keeps something needlessly.
static void
need_operands(Writer *w, uint32_t i, uint32_t label, GArray *todo)
{
    const RkSpirvInstruction *in = &w->s.module.list[i];
    need(w, in->type, todo);
    if (in->id != 0 && w->s.known[in->id])
        return; // becomes a constant
    if (in->opcode == SpvOpConstant)
        return;
    for (uint32_t k = 1; k < in->n; k++) {
        if (in->opcode == SpvOpPhi && k >= 3) { // pairs of a value and where it comes from
            if (k + 1 < in->n && has_edge(w, in->word[k + 1], label))
                need(w, in->word[k], todo);
            k++;
            continue;
        }
        need(w, in->word[k], todo);
    }
}

static gboolean
is_root(const RkSpirvInstruction *in)
{
    switch (in->opcode) {
    case SpvOpName:
    case SpvOpMemberName:
    case SpvOpDecorateId:
    case SpvOpMemberDecorate:
    case SpvOpTypeForwardPointer:
        return FALSE;
    case SpvOpDecorate:
        return in->n > 2 && in->word[2] == SpvDecorationBuiltIn;
    default:
        return !rk_spirv_is_pure(in);
    }
}

static void
mark(Writer *w)
{
    const RkSpirv *module = &w->s.module;
    g_autofree uint32_t *label_of = g_new0(uint32_t, module->n);
    g_autoptr(GArray) todo = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint32_t label = 0;
    gboolean reachable = TRUE;
    for (uint32_t i = 0; i < module->n; i++) {
        const RkSpirvInstruction *in = &module->list[i];
        if (in->opcode == SpvOpLabel && w->s.block[in->id] != RK_SPIRV_NONE) {
            label = in->id;
            reachable = rk_specializer_block(&w->s, w->s.block[label])->reachable;
        } else if (in->opcode == SpvOpFunctionEnd) {
            reachable = TRUE;
        }
        label_of[i] = label;
        if (!reachable || !is_root(in))
            continue;
        w->live[i] = TRUE;
        const gboolean decided = rk_spirv_is_end((SpvOp)in->opcode) &&
                                 rk_specializer_block(&w->s, w->s.block[label])->taken != 0;
        if (!decided)
            g_array_append_val(todo, i);
    }
    while (todo->len > 0) {
        const uint32_t i = g_array_index(todo, uint32_t, todo->len - 1);
        g_array_set_size(todo, todo->len - 1);
        need_operands(w, i, label_of[i], todo);
    }
    need(w, w->s.int_type, todo);
}

static void
keep_stub(Writer *w, uint32_t label, uint32_t header)
{
    const uint32_t i = block_of(w, label);
    if (i == RK_SPIRV_NONE || rk_specializer_block(&w->s, i)->reachable)
        return;
    w->stub[i] = TRUE;
    if (header != 0)
        w->header[i] = header;
}

static void
find_stubs(Writer *w)
{
    for (uint32_t i = 0; i < w->s.blocks->len; i++) {
        const RkSpirvBlock *block = rk_specializer_block(&w->s, i);
        if (!block->reachable || block->merge == RK_SPIRV_NONE ||
            (block->taken != 0 && !stays_switch(w, block)))
            continue;
        const RkSpirvInstruction *merge = &w->s.module.list[block->merge];
        keep_stub(w, merge->word[1], 0);
        if (merge->opcode == SpvOpLoopMerge)
            keep_stub(w, merge->word[2], block->label);
    }
}

// ---- writing -----------------------------------------------------------------------------------

static void
put(Writer *w, SpvOp opcode, const uint32_t *operands, uint32_t n)
{
    const uint32_t head = (n + 1) << SpvWordCountShift | (uint32_t)opcode;
    g_array_append_val(w->out, head);
    g_array_append_vals(w->out, operands, n);
}

static void
put_constant(Writer *w, uint32_t type, uint32_t id, uint32_t value)
{
    const uint32_t operands[] = {type, id, value};
    if (rk_spirv_def(&w->s.module, type)->opcode == SpvOpTypeBool)
        put(w, value ? SpvOpConstantTrue : SpvOpConstantFalse, operands, 2);
    else
        put(w, SpvOpConstant, operands, 3);
}

static void
put_whole(Writer *w, const RkSpirvInstruction *in)
{
    put(w, (SpvOp)in->opcode, in->word + 1, in->n - 1u);
}

static gboolean
target_is_live(const Writer *w, const RkSpirvInstruction *in)
{
    const uint32_t i =
        in->n > 1 && in->word[1] < w->s.module.bound ? w->s.module.def[in->word[1]] : RK_SPIRV_NONE;
    return i != RK_SPIRV_NONE && w->live[i];
}

static void
put_global(Writer *w, uint32_t i)
{
    const RkSpirvInstruction *in = &w->s.module.list[i];
    switch (in->opcode) {
    case SpvOpNop:
        return;
    case SpvOpName:
    case SpvOpMemberName:
    case SpvOpDecorate:
    case SpvOpDecorateId:
    case SpvOpMemberDecorate:
    case SpvOpTypeForwardPointer:
        if (target_is_live(w, in))
            put_whole(w, in);
        return;
    default:
        if (!w->live[i])
            return;
        if (in->opcode == SpvOpSpecConstantOp && w->s.known[in->id])
            put_constant(w, in->type, in->id, w->s.value[in->id]);
        else
            put_whole(w, in);
    }
}

// Constants that stood in functions, and what stubs refer to.
static void
put_hoisted(Writer *w)
{
    for (uint32_t i = w->first_function; i < w->s.module.n; i++) {
        const RkSpirvInstruction *in = &w->s.module.list[i];
        if (w->live[i] && is_hoisted(w, i))
            put_constant(w, in->type, in->id, w->s.value[in->id]);
    }
    for (guint i = 0; i < w->undefined->len; i += 2)
        put(w, SpvOpUndef, &g_array_index(w->undefined, uint32_t, i), 2);
    if (w->s.int_type != 0)
        put_constant(w, w->s.int_type, w->selector, 0);
}

// One undefined value a type for loops whose continue target is a stub.
static uint32_t
undefined_of(Writer *w, uint32_t type)
{
    for (guint i = 0; i < w->undefined->len; i += 2)
        if (g_array_index(w->undefined, uint32_t, i) == type)
            return g_array_index(w->undefined, uint32_t, i + 1);
    const uint32_t pair[] = {type, w->bound++};
    g_array_append_vals(w->undefined, pair, 2);
    return pair[1];
}

// The continue target of a loop where that is a stub, else 0.
static uint32_t
stub_of_loop(const Writer *w, const RkSpirvBlock *block)
{
    const RkSpirvInstruction *merge =
        block->merge != RK_SPIRV_NONE ? &w->s.module.list[block->merge] : NULL;
    if (merge == NULL || merge->opcode != SpvOpLoopMerge)
        return 0;
    const uint32_t i = block_of(w, merge->word[2]);
    return i != RK_SPIRV_NONE && w->stub[i] ? merge->word[2] : 0;
}

static void
put_phi(Writer *w, const RkSpirvInstruction *in, const RkSpirvBlock *block)
{
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_vals(words, in->word + 1, 2);
    for (uint32_t k = 3; k + 1 < in->n; k += 2)
        if (has_edge(w, in->word[k + 1], block->label))
            g_array_append_vals(words, in->word + k, 2);
    const uint32_t stub = stub_of_loop(w, block);
    const uint32_t back[] = {stub != 0 ? undefined_of(w, in->type) : 0, stub};
    if (stub != 0)
        g_array_append_vals(words, back, 2);
    put(w, SpvOpPhi, (const uint32_t *)words->data, words->len);
}

static void
put_block(Writer *w, uint32_t at)
{
    const RkSpirvBlock *block = rk_specializer_block(&w->s, at);
    if (!block->reachable && !w->stub[at])
        return;
    put(w, SpvOpLabel, &block->label, 1);
    if (!block->reachable) {
        const uint32_t header = w->header[at];
        put(w, header != RK_SPIRV_NONE ? SpvOpBranch : SpvOpUnreachable, &header,
            header != RK_SPIRV_NONE ? 1 : 0);
        return;
    }
    const gboolean straight = block->taken != 0 && !stays_switch(w, block);
    for (uint32_t i = block->first + 1; i < block->last; i++) {
        const RkSpirvInstruction *in = &w->s.module.list[i];
        if (!w->live[i] || is_hoisted(w, i) || (straight && i == block->merge))
            continue;
        if (in->opcode == SpvOpPhi)
            put_phi(w, in, block);
        else
            put_whole(w, in);
    }
    const uint32_t one_way[] = {w->selector, block->taken};
    if (straight)
        put(w, SpvOpBranch, &block->taken, 1);
    else if (block->taken != 0)
        put(w, SpvOpSwitch, one_way, 2);
    else
        put_whole(w, &w->s.module.list[block->last]);
}

// What stands in functions; only here more ids may be made.
static void
put_functions(Writer *w)
{
    for (uint32_t i = w->first_function; i < w->s.module.n; i++) {
        const RkSpirvInstruction *in = &w->s.module.list[i];
        const uint32_t block = in->opcode == SpvOpLabel ? w->s.block[in->id] : RK_SPIRV_NONE;
        if (block == RK_SPIRV_NONE) {
            if (w->live[i])
                put_whole(w, in);
            continue;
        }
        put_block(w, block);
        i = rk_specializer_block(&w->s, block)->last;
    }
}

static uint32_t *
write_module(Writer *w, size_t *n_out)
{
    const RkSpirv *module = &w->s.module;
    g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    w->out = functions;
    put_functions(w);
    w->out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_vals(w->out, module->word, RK_SPIRV_HEADER);
    g_array_index(w->out, uint32_t, 3) = w->bound;
    for (uint32_t i = 0; i < w->first_function; i++)
        put_global(w, i);
    put_hoisted(w);
    g_array_append_vals(w->out, functions->data, functions->len);
    *n_out = w->out->len;
    return (uint32_t *)g_array_free(w->out, FALSE);
}

uint32_t *
rk_spirv_specialize(uint32_t *words, size_t n_words, const uint32_t *value, uint32_t n_values,
                    gboolean unroll, const char *what, size_t *n_out, GError **error)
{
    Writer w = {0};
    RkSpecializer *s = &w.s;
    if (!rk_spirv_init(&s->module, words, n_words, what, error))
        return NULL;
    const uint32_t bound = s->module.bound;
    s->known = g_new0(gboolean, bound);
    s->value = g_new0(uint32_t, bound);
    s->block = g_new(uint32_t, bound);
    memset(s->block, 0xff, bound * sizeof *s->block);
    s->blocks = g_array_new(FALSE, FALSE, sizeof(RkSpirvBlock));
    rk_specializer_set(s, value, n_values);
    rk_specializer_fold(s);
    w.live = g_new0(gboolean, s->module.n);
    w.stub = g_new0(gboolean, s->blocks->len);
    w.header = g_new(uint32_t, s->blocks->len);
    memset(w.header, 0xff, s->blocks->len * sizeof *w.header);
    w.undefined = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    w.selector = bound;
    w.bound = bound + 1;
    while (w.first_function < s->module.n &&
           s->module.list[w.first_function].opcode != SpvOpFunction)
        w.first_function++;
    find_stubs(&w);
    mark(&w);
    for (uint32_t i = 0; i < s->module.n && !unroll; i++)
        if (s->module.list[i].opcode == SpvOpLoopMerge)
            s->module.list[i].word[3] &= ~(uint32_t)SpvLoopControlUnrollMask;
    uint32_t *out = write_module(&w, n_out);
    g_array_unref(w.undefined);
    g_free(w.header);
    g_free(w.stub);
    g_free(w.live);
    g_array_unref(s->blocks);
    g_free(s->block);
    g_free(s->value);
    g_free(s->known);
    rk_spirv_clear(&s->module);
    return out;
}
