// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the kinds of generated data share: drawing, users and their events, the table row.
#pragma once

#include "base/json.h"
#include "base/rng.h"
#include "dataset/alias.h"
#include "dataset/streams.h"
#include "dataset/synth.h"

#define RK_SYNTH_START_S  1700000000 // 2023-11-14 22:13:20 UTC, when generated time begins
#define RK_SYNTH_MAX_ROWS 1e12       // a row and a time within it stay exact in a double

typedef struct {
    const char *name;
    const char *summary;
    const char *split;
    const RkParam *params;
    size_t n_params;
    // Fills in the schema, vocabularies and numbers of rows; returns the model.
    void *(*build)(RkSynth *synth, const RkParams *params, GError **error);
    void (*free)(void *model);
    // Fills the selected columns (n_rows > 0) of a chunk.
    void (*fill)(const RkSynth *synth, RkChunk *chunk);
    void (*ceiling)(const RkSynth *synth, JsonBuilder *builder);
} RkSynthKind;

extern const RkSynthKind rk_synth_ratings, rk_synth_ctr, rk_synth_sequence, rk_synth_ranking;

struct RkSynth {
    RkChunkSource source; // first, so that a source is a synth
    const RkSynthKind *kind;
    RkSchema *schema;
    uint64_t seed;
    uint64_t n_rows[4]; // by table
    void *model;
    GPtrArray *names; // of vocabularies
    GPtrArray *vocabularies;
};

void rk_synth_add_vocabulary(RkSynth *synth, const char *name, const char *prefix, uint32_t n);

// Random words for one thing (a row, a user), one after the other.
typedef struct {
    uint32_t key[2], counter[4]; // counter: thing (64 bits), stream, block
    RkRng4 block;
    uint32_t n_left;
} RkDraw;

static inline RkDraw
rk_draw(uint64_t seed, uint32_t stream, uint64_t thing)
{
    // Blocks count from 1: block 0 is what rk_rng_u32() draws from.
    return (RkDraw){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                    .counter = {(uint32_t)thing, (uint32_t)(thing >> 32), stream, 1}};
}

static inline uint32_t
rk_draw_u32(RkDraw *draw)
{
    if (draw->n_left == 0) {
        draw->block = rk_rng_philox(draw->counter, draw->key);
        draw->counter[3]++;
        draw->n_left = 4;
    }
    return draw->block.v[4 - draw->n_left--];
}

static inline uint64_t
rk_draw_u64(RkDraw *draw)
{
    uint64_t low = rk_draw_u32(draw);
    return (uint64_t)rk_draw_u32(draw) << 32 | low;
}

static inline double
rk_draw_uniform(RkDraw *draw) // in (0, 1), 52 bits
{
    return ((double)(rk_draw_u64(draw) >> 12) + 0.5) * 0x1p-52;
}

double rk_draw_normal(RkDraw *draw);

// A table of n standard normal values for (seed, stream), in any order the same.
float *rk_synth_normals(uint64_t seed, uint32_t stream, uint64_t n, double sd);

// Popularity by Zipf's law, weight (rank + 1)^-skew, the ranks dealt to codes by chance, that
// moves: at time t of [0, 1] it is (1 - drift t) of one order and drift t of another.
typedef struct {
    uint32_t n;
    double drift;
    double *weight[2]; // [n], sum 1; the second is NULL without drift
    RkAlias *alias[2];
} RkPopularity;

void rk_popularity_init(RkPopularity *popularity, uint32_t n, double skew, double drift,
                        uint64_t seed, uint32_t stream);
void rk_popularity_clear(RkPopularity *popularity);
double rk_popularity_weight(const RkPopularity *popularity, uint32_t code, double t);

static inline uint32_t
rk_popularity_draw(const RkPopularity *popularity, double t, RkDraw *draw)
{
    int which = popularity->drift > 0 && rk_draw_uniform(draw) < popularity->drift * t;
    return rk_alias_draw(popularity->alias[which], rk_draw_u64(draw));
}

// Users in the order of their rows, with the events of each; their times ascend from the user's
// arrival to the end.
typedef struct {
    uint32_t n_users, n_items;
    uint64_t n_rows;
    uint64_t *first; // [n_users + 1] row
    double days;
    uint64_t seed;
} RkActivity;

// Shares n_rows out by a lognormal law, at least two events a user where there are enough. Fails
// when a user would need more than half of the items.
gboolean rk_activity_init(RkActivity *activity, uint64_t n_rows, uint32_t n_users, uint32_t n_items,
                          double spread, double days, uint64_t seed, GError **error);
void rk_activity_clear(RkActivity *activity);
uint32_t rk_activity_user(const RkActivity *activity, uint64_t row);

// Time of a user's k-th event, in [0, 1] of the whole span.
double rk_activity_time(const RkActivity *activity, uint32_t user, uint64_t k);
int64_t rk_activity_seconds(const RkActivity *activity, double t);

// The items that a user has had; each comes once.
typedef struct {
    uint32_t *slot; // code + 1, 0 empty
    uint32_t mask, n;
} RkSeen;

void rk_seen_init(RkSeen *seen, uint64_t n);
void rk_seen_clear(RkSeen *seen);
gboolean rk_seen_has(const RkSeen *seen, uint32_t code);
void rk_seen_add(RkSeen *seen, uint32_t code);
// `code` itself or the next one (cyclically, of n) that the user hasn't had.
uint32_t rk_seen_next(const RkSeen *seen, uint32_t code, uint32_t n);

// "users" or "items" of the settings, 0 meaning `automatic`.
uint32_t rk_synth_size(const RkParams *params, const char *name, double automatic);

// A row whose planted probability is known.
typedef struct {
    double score; // what rows are ranked by
    double p;
    gboolean click;
} RkSynthJudged;

// The chance that a click stands above a non-click, ties half: in expectation (clicks and
// non-clicks drawn by p and 1 - p) and for the labels that came. Sorts the rows.
void rk_synth_auc(RkSynthJudged *rows, uint32_t n, double *expected, double *observed);

// auc, logloss and rate with their observed twins, as members of an open object. Sorts the rows.
void rk_synth_add_click_metrics(JsonBuilder *builder, RkSynthJudged *rows, uint32_t n);
