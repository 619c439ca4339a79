// SPDX-License-Identifier: GPL-3.0-or-later
//
// Generated datasets: rows that follow a planted truth, so that the best reachable accuracy is
// known. Any chunk can be computed at any time, on its own, from (settings, seed, number of rows),
// by several threads at once; memory depends on the numbers of users, items and categories, never
// on the number of rows. Every value comes from the counter-based generator and from functions that
// return the same bits on every machine (base/exact.h), so the same seed gives the same bytes.
#pragma once

#include "base/params.h"
#include "dataset/scan.h"
#include "dataset/vocabulary.h"

typedef struct RkSynth RkSynth;

// "ratings", "ctr", "sequence", "ranking", NULL.
extern const char *const rk_synth_kinds[];

// The settings of a kind, what it is in a sentence, and the split that suits it; RK_ERROR_USAGE
// with the nearest name when there is no such kind. The outputs may be NULL.
gboolean rk_synth_kind(const char *kind, const RkParam **params, size_t *n_params,
                       const char **summary, const char **split, GError **error);

// Draws the planted truth. `params` are the kind's. Fails with RK_ERROR_USAGE when they can't hold
// together (more rows than users and items can give).
RkSynth *rk_synth_new(const char *kind, const RkParams *params, uint64_t seed, uint64_t n_rows,
                      GError **error);
void rk_synth_free(RkSynth *synth);

// How to make the dataset again, kept with it as "params": kind, rows, seed, settings and splitting
// (both as RkParams) in a JSON object.
char *rk_synth_params_json(const char *kind, const RkParams *params, const RkParams *split,
                           uint64_t seed, uint64_t n_rows);

// The rows as a chunk source, owned by the synth; `read` may be called from any thread.
RkChunkSource *rk_synth_source(RkSynth *synth);

// Its vocabularies, all of them ranges; a new reference. NULL past the last.
RkVocabulary *rk_synth_vocabulary(const RkSynth *synth, uint32_t i, const char **name);

// Codes of a vocabulary by name; 0 when there is none.
uint32_t rk_synth_vocabulary_size(const RkSynth *synth, const char *name);

// Hands every table to a sink in order while `n_threads` threads compute ahead.
gboolean rk_synth_write(RkSynth *synth, RkChunkSink *sink, uint32_t n_threads,
                        const RkPassProgress *progress, GError **error);

// The best reachable metrics as JSON, {"kind", "basis", "rows", "metrics": {...}, ...}: what a
// model that knew the planted truth would expect, and what it gets on the rows looked at
// ("observed"). Computed from the truth, not fitted.
char *rk_synth_ceiling(RkSynth *synth, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSynth, rk_synth_free)
