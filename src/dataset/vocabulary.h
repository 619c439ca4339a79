// SPDX-License-Identifier: GPL-3.0-or-later
//
// A vocabulary maps texts to codes 0, 1, 2, ... in the order they were first seen, and back.
// Texts are bytes of any length, NUL excepted. Two forms behind one interface: an interned one
// (open addressing, texts in blocks) and an implicit range, text = prefix + decimal number, which
// takes no memory however many codes it has. One thread interns; once nothing is interned any
// more, any thread reads.
#pragma once

#include "dataset/rows.h"

#include <stddef.h>

#define RK_VOCABULARY_SCRATCH 32     // bytes that a range's text can need, NUL included
#define RK_VOCABULARY_BLOCK   65536u // codes of one block, in memory and in the store

typedef struct RkVocabulary RkVocabulary;

RkVocabulary *rk_vocabulary_new(void);

// Code i reads as `prefix` followed by the decimal number first + i. `prefix` has at most 11
// bytes and doesn't end in a digit.
RkVocabulary *rk_vocabulary_new_range(const char *prefix, uint64_t first, uint32_t n);
RkVocabulary *rk_vocabulary_ref(RkVocabulary *vocabulary);
void rk_vocabulary_unref(RkVocabulary *vocabulary);

// The code of a text, added when it is new. RK_CODE_MISSING when the vocabulary is full (2^32 - 1
// codes) or when a range doesn't have it. Owner's thread.
uint32_t rk_vocabulary_intern(RkVocabulary *vocabulary, const char *text, uint32_t length);

// The codes of cells[0], cells[stride], ... (n of them), added when new; RK_CODE_MISSING for an
// empty cell. FALSE when the vocabulary is full. Owner's thread.
gboolean rk_vocabulary_intern_cells(RkVocabulary *vocabulary, const RkCell *cells, size_t stride,
                                    uint32_t n, uint32_t *codes);

// The code of a text, or RK_CODE_MISSING.
uint32_t rk_vocabulary_find(const RkVocabulary *vocabulary, const char *text, uint32_t length);

// The text of a code and its length in bytes (length may be NULL). NUL-terminated; it lives in
// the vocabulary or in `scratch`. code < size.
const char *rk_vocabulary_text(const RkVocabulary *vocabulary, uint32_t code,
                               char scratch[RK_VOCABULARY_SCRATCH], uint32_t *length);

uint32_t rk_vocabulary_size(const RkVocabulary *vocabulary);
gboolean rk_vocabulary_is_range(const RkVocabulary *vocabulary, const char **prefix,
                                uint64_t *first);

// Bytes of memory in use.
size_t rk_vocabulary_bytes(const RkVocabulary *vocabulary);

// One block of an interned vocabulary as it is stored: `offset` [n + 1] into `text`, each text
// followed by a NUL. Block b holds codes b * RK_VOCABULARY_BLOCK and on. Owned by the vocabulary.
typedef struct {
    uint32_t n;
    const uint32_t *offset;
    const char *text;
} RkVocabularyBlock;

RkVocabularyBlock rk_vocabulary_block(const RkVocabulary *vocabulary, uint32_t block);

// The vocabularies of a dataset by name, made on demand. Same thread rules.
typedef struct RkVocabularies RkVocabularies;

RkVocabularies *rk_vocabularies_new(void);
void rk_vocabularies_free(RkVocabularies *set);
RkVocabulary *rk_vocabularies_get(RkVocabularies *set, const char *name); // owned by the set
void rk_vocabularies_take(RkVocabularies *set, const char *name, RkVocabulary *vocabulary);
uint32_t rk_vocabularies_n(const RkVocabularies *set);
const char *rk_vocabularies_name(const RkVocabularies *set, uint32_t i); // in order of creation

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkVocabulary, rk_vocabulary_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkVocabularies, rk_vocabularies_free)
