// SPDX-License-Identifier: GPL-3.0-or-later
//
// The planted truth of generated sequences: synth_sequence.c draws from it, synth_oracle.c says
// how well it can be guessed.
#pragma once

#include "dataset/synth-private.h"

#define RK_SEQUENCE_SUCCESSORS 20u

// The items of a cluster, twice: by weight of each of the two popularities.
typedef struct {
    uint32_t n;
    uint32_t *member[2];
    RkAlias *alias[2]; // over member[k]
    double total[2];   // of the members' popularity weights
} RkSequenceCluster;

typedef struct {
    RkActivity activity;
    RkPopularity popularity;
    uint32_t n_clusters;
    uint32_t *cluster_of; // [n_items]
    RkSequenceCluster *clusters;
    uint32_t *ranked[2]; // all items by weight
    double follow, interest;
} RkSequence;

// What the next item depends on.
typedef struct {
    uint32_t user, interest[2];
    uint32_t last; // RK_CODE_MISSING at the first event
    double t;
} RkSequenceState;

// Shares of a user's first and second interest.
extern const double rk_sequence_interest[2];

uint32_t rk_sequence_successor(const RkSynth *synth, const RkSequence *m, uint32_t item,
                               uint32_t k);
double rk_sequence_harmonic(void); // sum of the successors' weights 1 / (k + 1)

// Before a user's first event.
RkSequenceState rk_sequence_state(const RkSynth *synth, const RkSequence *m, uint32_t user);

// Goes through a user's events before row `end` and hands each to `visit` (NULL for none); leaves
// the state and the items had as they are before event `end`.
void rk_sequence_walk(const RkSynth *synth, RkSequenceState *s, RkSeen *seen, uint64_t end,
                      void (*visit)(void *data, const RkSequenceState *s, uint64_t row,
                                    uint32_t item),
                      void *data);

// synth_oracle.c: chance of an item as the next one, before items that were had are left out.
double rk_sequence_chance(const RkSynth *synth, const RkSequence *m, const RkSequenceState *s,
                          uint32_t item);

#define RK_SEQUENCE_TOP 10u

// The likeliest items that aren't in `seen`, in order; how many there are.
uint32_t rk_sequence_best(const RkSynth *synth, const RkSequenceState *s, const RkSeen *seen,
                          uint32_t item[RK_SEQUENCE_TOP], double chance[RK_SEQUENCE_TOP]);

void rk_sequence_ceiling(const RkSynth *synth, JsonBuilder *builder);
