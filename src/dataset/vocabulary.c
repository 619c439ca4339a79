// SPDX-License-Identifier: GPL-3.0-or-later
//
// A hash table of slots with linear probing. A text of up to 8 bytes is its own key and is never
// looked up elsewhere; a longer one is found by its 64-bit hash and then compared. Texts live in
// blocks of RK_VOCABULARY_BLOCK codes, which is also how the store keeps them.
#include "dataset/vocabulary.h"

#include <stdio.h>
#include <string.h>

#define MIN_SLOTS   64u
#define PREFIX_MAX  11 // and 20 digits and a NUL fill RK_VOCABULARY_SCRATCH
#define CODE_LIMIT  UINT32_MAX
#define LOOK_AHEAD  16u // cells hashed before they are looked up, so that their slots are fetched
#define BLOCK_SHIFT 16
_Static_assert(1u << BLOCK_SHIFT == RK_VOCABULARY_BLOCK, "code >> BLOCK_SHIFT is its block");

typedef struct {
    uint64_t key;
    uint32_t code; // RK_CODE_MISSING in an empty slot
    uint32_t length;
} Slot;

typedef struct {
    uint32_t n;
    uint32_t capacity;
    uint32_t *offset; // [capacity + 1]
    char *text;
    size_t text_capacity;
} Block;

struct RkVocabulary {
    gint refs;
    uint32_t n;
    // interned
    Slot *slots;
    uint64_t n_slots; // a power of two
    unsigned shift;   // 64 - log2(n_slots)
    Block *blocks;
    uint32_t n_blocks;
    // range
    gboolean is_range;
    char prefix[PREFIX_MAX + 1];
    uint64_t first;
};

static uint64_t
load(const char *p, size_t n)
{
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

static uint64_t
fold_multiply(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Texts up to 8 bytes: the bytes themselves. Longer ones: a multiply-fold hash over 16 bytes a
// step, the last step overlapping. The constants are digits of pi.
static uint64_t
make_key(const char *text, uint32_t length)
{
    if (length <= 8) {
        if (length == 8)
            return load(text, 8);
        if (length >= 4)
            return load(text, 4) | load(text + length - 4, 4) << (8 * (length - 4));
        if (length == 0)
            return 0;
        return (uint64_t)(uint8_t)text[0] |
               (uint64_t)(uint8_t)text[length / 2] << 8 * (length / 2) |
               (uint64_t)(uint8_t)text[length - 1] << 8 * (length - 1);
    }
    uint64_t hash = 0x243f6a8885a308d3u ^ length;
    const char *end = text + length;
    for (const char *p = text; end - p > 16; p += 16)
        hash = fold_multiply(load(p, 8) ^ 0x13198a2e03707345u, load(p + 8, 8) ^ hash);
    const char *tail = length >= 16 ? end - 16 : text;
    return fold_multiply(load(tail, 8) ^ 0xa4093822299f31d1u, load(end - 8, 8) ^ hash);
}

static uint64_t
slot_of(const RkVocabulary *v, uint64_t key, uint32_t length)
{
    return fold_multiply(key ^ length, 0x9e3779b97f4a7c15u) >> v->shift;
}

RkVocabulary *
rk_vocabulary_new(void)
{
    RkVocabulary *v = g_new0(RkVocabulary, 1);
    v->refs = 1;
    return v;
}

RkVocabulary *
rk_vocabulary_new_range(const char *prefix, uint64_t first, uint32_t n)
{
    size_t length = strlen(prefix);
    g_assert(length <= PREFIX_MAX && (length == 0 || !g_ascii_isdigit(prefix[length - 1])));
    g_assert(first <= UINT64_MAX - n);
    RkVocabulary *v = rk_vocabulary_new();
    v->is_range = TRUE;
    memcpy(v->prefix, prefix, length + 1);
    v->first = first;
    v->n = n;
    return v;
}

RkVocabulary *
rk_vocabulary_ref(RkVocabulary *vocabulary)
{
    g_atomic_int_inc(&vocabulary->refs);
    return vocabulary;
}

void
rk_vocabulary_unref(RkVocabulary *vocabulary)
{
    if (vocabulary == NULL || !g_atomic_int_dec_and_test(&vocabulary->refs))
        return;
    for (uint32_t b = 0; b < vocabulary->n_blocks; b++) {
        g_free(vocabulary->blocks[b].offset);
        g_free(vocabulary->blocks[b].text);
    }
    g_free(vocabulary->blocks);
    g_free(vocabulary->slots);
    g_free(vocabulary);
}

static const char *
interned_text(const RkVocabulary *v, uint32_t code, uint32_t *length)
{
    const Block *block = &v->blocks[code >> BLOCK_SHIFT];
    const uint32_t *offset = block->offset + (code & (RK_VOCABULARY_BLOCK - 1));
    *length = offset[1] - offset[0] - 1; // without its NUL
    return block->text + offset[0];
}

// The slot that holds the text, or the empty one where it would go.
static Slot *
probe(const RkVocabulary *v, uint64_t key, const char *text, uint32_t length)
{
    for (uint64_t i = slot_of(v, key, length);; i = (i + 1) & (v->n_slots - 1)) {
        Slot *slot = &v->slots[i];
        if (slot->code == RK_CODE_MISSING)
            return slot;
        if (slot->key != key || slot->length != length)
            continue;
        uint32_t other_length;
        if (length <= 8 || memcmp(interned_text(v, slot->code, &other_length), text, length) == 0)
            return slot;
    }
}

static void
grow(RkVocabulary *v)
{
    Slot *old = v->slots;
    uint64_t n_old = v->n_slots;
    v->n_slots = MAX(MIN_SLOTS, n_old * 2);
    v->shift = 64 - (unsigned)__builtin_ctzll(v->n_slots);
    v->slots = g_new(Slot, v->n_slots);
    for (uint64_t i = 0; i < v->n_slots; i++)
        v->slots[i].code = RK_CODE_MISSING;
    for (uint64_t i = 0; i < n_old; i++) {
        if (old[i].code == RK_CODE_MISSING)
            continue;
        uint64_t j = slot_of(v, old[i].key, old[i].length);
        while (v->slots[j].code != RK_CODE_MISSING)
            j = (j + 1) & (v->n_slots - 1);
        v->slots[j] = old[i];
    }
    g_free(old);
}

// Appends a text to the last block; FALSE when it doesn't fit.
static gboolean
append_text(RkVocabulary *v, const char *text, uint32_t length)
{
    if (v->n >> BLOCK_SHIFT == v->n_blocks) {
        v->blocks = g_renew(Block, v->blocks, v->n_blocks + 1);
        v->blocks[v->n_blocks++] = (Block){0};
    }
    Block *block = &v->blocks[v->n_blocks - 1];
    size_t used = block->n > 0 ? block->offset[block->n] : 0;
    size_t end = used + length + 1;
    if (end > UINT32_MAX)
        return FALSE;
    if (block->n == block->capacity) {
        block->capacity = MIN(MAX(32u, block->capacity * 2), RK_VOCABULARY_BLOCK);
        block->offset = g_renew(uint32_t, block->offset, (size_t)block->capacity + 1);
        block->offset[0] = 0;
    }
    if (end > block->text_capacity) {
        block->text_capacity = MAX(end, block->text_capacity * 3 / 2);
        block->text = g_realloc(block->text, block->text_capacity);
    }
    memcpy(block->text + used, text, length);
    block->text[end - 1] = '\0';
    block->offset[++block->n] = (uint32_t)end;
    return TRUE;
}

static uint32_t
intern_key(RkVocabulary *v, uint64_t key, const char *text, uint32_t length)
{
    if ((uint64_t)v->n * 10 >= v->n_slots * 7) // probes stay short up to a load of 0.7
        grow(v);
    Slot *slot = probe(v, key, text, length);
    if (slot->code != RK_CODE_MISSING)
        return slot->code;
    if (v->n == CODE_LIMIT || !append_text(v, text, length))
        return RK_CODE_MISSING;
    *slot = (Slot){.key = key, .code = v->n, .length = length};
    return v->n++;
}

static uint32_t
find_in_range(const RkVocabulary *v, const char *text, uint32_t length)
{
    uint32_t n_prefix = (uint32_t)strlen(v->prefix);
    if (length <= n_prefix || memcmp(text, v->prefix, n_prefix) != 0)
        return RK_CODE_MISSING;
    const char *p = text + n_prefix;
    const char *end = text + length;
    if (*p == '0' && end - p > 1) // printed numbers have no leading zero
        return RK_CODE_MISSING;
    uint64_t number = 0;
    for (; p < end; p++)
        if (!g_ascii_isdigit(*p) || __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
            return RK_CODE_MISSING;
    if (number < v->first || number - v->first >= v->n)
        return RK_CODE_MISSING;
    return (uint32_t)(number - v->first);
}

uint32_t
rk_vocabulary_intern(RkVocabulary *vocabulary, const char *text, uint32_t length)
{
    if (vocabulary->is_range)
        return find_in_range(vocabulary, text, length);
    return intern_key(vocabulary, make_key(text, length), text, length);
}

gboolean
rk_vocabulary_intern_cells(RkVocabulary *v, const RkCell *cells, size_t stride, uint32_t n,
                           uint32_t *codes)
{
    if (!v->is_range && v->n_slots == 0)
        grow(v);
    uint64_t last_key = 0;
    uint32_t last_length = 0; // files are often sorted by an id: the same cell again is common
    uint32_t last_code = RK_CODE_MISSING;
    for (uint32_t start = 0; start < n; start += LOOK_AHEAD) {
        uint64_t keys[LOOK_AHEAD];
        uint32_t n_here = MIN(LOOK_AHEAD, n - start);
        const RkCell *cell = cells + start * stride;
        for (uint32_t i = 0; i < n_here && !v->is_range; i++, cell += stride) {
            keys[i] = make_key(cell->text, cell->length);
            __builtin_prefetch(&v->slots[slot_of(v, keys[i], cell->length)]);
        }
        cell = cells + start * stride;
        for (uint32_t i = 0; i < n_here; i++, cell += stride) {
            uint32_t code = RK_CODE_MISSING;
            if (cell->length > 0 && v->is_range) {
                code = find_in_range(v, cell->text, cell->length);
            } else if (cell->length > 0 && cell->length <= 8 && cell->length == last_length &&
                       keys[i] == last_key) {
                code = last_code;
            } else if (cell->length > 0) {
                code = intern_key(v, keys[i], cell->text, cell->length);
                last_key = keys[i];
                last_length = cell->length;
                last_code = code;
            }
            if (code == RK_CODE_MISSING && cell->length > 0)
                return FALSE;
            codes[start + i] = code;
        }
    }
    return TRUE;
}

uint32_t
rk_vocabulary_find(const RkVocabulary *vocabulary, const char *text, uint32_t length)
{
    if (vocabulary->is_range)
        return find_in_range(vocabulary, text, length);
    if (vocabulary->n_slots == 0)
        return RK_CODE_MISSING;
    return probe(vocabulary, make_key(text, length), text, length)->code;
}

const char *
rk_vocabulary_text(const RkVocabulary *vocabulary, uint32_t code,
                   char scratch[RK_VOCABULARY_SCRATCH], uint32_t *length)
{
    g_assert(code < vocabulary->n);
    uint32_t n = 0;
    const char *text = scratch;
    if (vocabulary->is_range)
        n = (uint32_t)snprintf(scratch, RK_VOCABULARY_SCRATCH, "%s%" G_GUINT64_FORMAT,
                               vocabulary->prefix, vocabulary->first + code);
    else
        text = interned_text(vocabulary, code, &n);
    if (length != NULL)
        *length = n;
    return text;
}

uint32_t
rk_vocabulary_size(const RkVocabulary *vocabulary)
{
    return vocabulary->n;
}

gboolean
rk_vocabulary_is_range(const RkVocabulary *vocabulary, const char **prefix, uint64_t *first)
{
    if (!vocabulary->is_range)
        return FALSE;
    if (prefix != NULL)
        *prefix = vocabulary->prefix;
    if (first != NULL)
        *first = vocabulary->first;
    return TRUE;
}

size_t
rk_vocabulary_bytes(const RkVocabulary *vocabulary)
{
    size_t bytes = sizeof *vocabulary + vocabulary->n_slots * sizeof(Slot);
    for (uint32_t b = 0; b < vocabulary->n_blocks; b++)
        bytes += sizeof(Block) + vocabulary->blocks[b].text_capacity +
                 (size_t)vocabulary->blocks[b].capacity * sizeof(uint32_t);
    return bytes;
}

RkVocabularyBlock
rk_vocabulary_block(const RkVocabulary *vocabulary, uint32_t block)
{
    g_assert(block < vocabulary->n_blocks);
    const Block *b = &vocabulary->blocks[block];
    return (RkVocabularyBlock){.n = b->n, .offset = b->offset, .text = b->text};
}

// ---- the vocabularies of a dataset ---------------------------------------------------------

struct RkVocabularies {
    GPtrArray *names;    // of char, owned
    GHashTable *by_name; // name -> RkVocabulary, a reference each
};

RkVocabularies *
rk_vocabularies_new(void)
{
    RkVocabularies *set = g_new0(RkVocabularies, 1);
    set->names = g_ptr_array_new_with_free_func(g_free);
    set->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)rk_vocabulary_unref);
    return set;
}

void
rk_vocabularies_free(RkVocabularies *set)
{
    if (set == NULL)
        return;
    g_hash_table_unref(set->by_name);
    g_ptr_array_unref(set->names);
    g_free(set);
}

void
rk_vocabularies_take(RkVocabularies *set, const char *name, RkVocabulary *vocabulary)
{
    gpointer key = NULL;
    if (!g_hash_table_lookup_extended(set->by_name, name, &key, NULL)) {
        key = g_strdup(name);
        g_ptr_array_add(set->names, key);
    }
    g_hash_table_replace(set->by_name, key, vocabulary);
}

RkVocabulary *
rk_vocabularies_get(RkVocabularies *set, const char *name)
{
    RkVocabulary *vocabulary = g_hash_table_lookup(set->by_name, name);
    if (vocabulary == NULL) {
        vocabulary = rk_vocabulary_new();
        rk_vocabularies_take(set, name, vocabulary);
    }
    return vocabulary;
}

uint32_t
rk_vocabularies_n(const RkVocabularies *set)
{
    return set->names->len;
}

const char *
rk_vocabularies_name(const RkVocabularies *set, uint32_t i)
{
    return g_ptr_array_index(set->names, i);
}
