// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which rows of the event table train, validate and test. A random split or folds are computed
// from (seed, row) and stored as one line; the others keep two bits a row. Immutable once built;
// any thread reads.
#pragma once

#include "base/params.h"
#include "dataset/scan.h"

typedef enum {
    RK_PART_TRAIN,
    RK_PART_VALID,
    RK_PART_TEST,
    RK_PART_NONE, // in no part: a row without the time that a temporal split asks for
    RK_N_PARTS,
} RkPart;

// "train", "valid", "test", "none".
const char *rk_part_name(RkPart part);

// The settings `split`, `split.valid`, `split.test`, `split.folds`, `split.fold`:
//   random          every row by chance, in the shares split.valid and split.test
//   leave-last      each user's last event tests
//   leave-last-two  each user's last event tests, the one before validates
//   temporal        the latest split.test of all events test, the split.valid before them validate;
//                   events of the same second are never parted
//   k-fold          fold split.fold of split.folds tests
//   all             every row trains
// Events are ordered by time, then by row; by row alone where there is no timestamp. A user with
// too few events for a part (fewer than 2 or 3) trains only.
extern const RkParam rk_split_params[];
extern const size_t rk_n_split_params;

typedef struct RkSplit RkSplit;

// Splits the event table of a source. `n_users` is the size of the vocabulary "user". `progress`
// may be NULL. Fails with RK_ERROR_USAGE when the table lacks what the split needs.
RkSplit *rk_split_build(RkChunkSource *source, const RkParams *params, uint64_t seed,
                        uint32_t n_users, const RkPassProgress *progress, GError **error);

// Given files: rows [end[i - 1], end[i]) are of part[i]; end[] ascends, the last one is the number
// of rows.
RkSplit *rk_split_new_ranges(const uint64_t *end, const RkPart *part, uint32_t n_ranges);

// One part a row, kept as two bits; part [n_rows] of RkPart. `kind` is the name to remember.
RkSplit *rk_split_new_parts(const char *kind, const uint8_t *part, uint64_t n_rows);
void rk_split_free(RkSplit *split);

const char *rk_split_kind(const RkSplit *split);
uint64_t rk_split_n_rows(const RkSplit *split);
uint64_t rk_split_n(const RkSplit *split, RkPart part); // rows in a part
RkPart rk_split_part(const RkSplit *split, uint64_t row);

// The parts of rows first..first+n.
void rk_split_parts(const RkSplit *split, uint64_t first, uint32_t n, uint8_t *part);

// The same folds with another one as the test part; NULL unless the split is k-fold and has it.
RkSplit *rk_split_fold(const RkSplit *split, uint32_t fold);

// The split of the rows that stay when those with a 0 bit in `keep` (bit row & 7 of byte row / 8)
// are removed; it keeps two bits a row.
RkSplit *rk_split_filter(const RkSplit *split, const uint8_t *keep);

// The same settings and seed over another number of rows; NULL unless the split is computed.
RkSplit *rk_split_resize(const RkSplit *split, uint64_t n_rows);

// Stored as JSON, {"split", "rows", "train", "valid", "test", "none", ...settings}, and, unless it
// is computed, bytes.
char *rk_split_to_json(const RkSplit *split);

// In a line for people, without its end: "Split temporal: 80 rows train, 20 rows test".
char *rk_split_to_text(const RkSplit *split);
GBytes *rk_split_to_bytes(const RkSplit *split); // NULL when computed
RkSplit *rk_split_from_json(const char *json, GBytes *bytes, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSplit, rk_split_free)
