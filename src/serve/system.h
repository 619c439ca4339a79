// SPDX-License-Identifier: GPL-3.0-or-later
//
// A system under test, as the load generator sees it: queries go in without waiting, answers come
// back by a callback. The served model is one (session.h), a null system and one of known service
// times are others. Struct of functions, to be embedded as the first member of a system.
#pragma once

#include "base/error.h"

#include <json-glib/json-glib.h>
#include <stdint.h>

// Where a request's time goes, in order. What a system doesn't have stays 0.
typedef enum {
    RK_STAGE_PARSE,    // the request is read and checked
    RK_STAGE_LOOKUP,   // features of user and items, through the feature cache
    RK_STAGE_WAIT,     // for its batch to fill, and for a free slot
    RK_STAGE_UPLOAD,   // inputs written, embedding rows fetched
    RK_STAGE_GPU,      // from submit to the fence
    RK_STAGE_READBACK, // scores to host memory
    RK_STAGE_SELECT,   // the top k
    RK_N_STAGES,
} RkStage;

const char *rk_stage_name(RkStage stage); // "lookup"

typedef enum {
    RK_QUERY_FRESH = 1 << 0, // past the answer and feature caches: what the model says now
} RkQueryFlags;

typedef struct {
    uint64_t id;                // the caller's, given back with the answer
    uint32_t user;              // a code of the dataset; UINT32_MAX for an unknown one
    uint32_t n_candidates;      // at least 1
    const uint32_t *candidates; // item codes [n_candidates], the caller's until the answer
    unsigned flags;             // RkQueryFlags
} RkQuery;

typedef enum {
    RK_ANSWER_FAILED = 1 << 0, // it has no items; flush() tells why
    RK_ANSWER_CACHED = 1 << 1, // it came from the answer cache
} RkAnswerFlags;

// Valid during the callback only.
typedef struct {
    uint64_t id;
    uint64_t done_ns; // rk_clock_ns() when it was ready
    uint32_t stage_ns[RK_N_STAGES];
    uint32_t batch;       // queries that were computed together with it; 0 from a cache
    unsigned flags;       // RkAnswerFlags
    uint32_t n;           // of the top k
    const uint32_t *item; // [n] the best first
    const float *score;   // [n]
} RkAnswer;

// On a thread of the system's; it must not wait and must not issue.
typedef void (*RkAnswered)(gpointer data, const RkAnswer *answer);

typedef struct RkSystem RkSystem;

typedef struct {
    const char *name; // "session"

    // Takes queries, in order, from one thread at a time, and never waits: returns how many it
    // took, fewer than n when its queue is full.
    uint32_t (*issue)(RkSystem *system, const RkQuery *queries, uint32_t n);

    // Computes what is held back and waits until all that was issued is answered. FALSE with what
    // went wrong since the last flush.
    gboolean (*flush)(RkSystem *system, GError **error);

    // Counters since the last call ("cache": {..}, "bytes_moved": ..), as members of an open
    // object, between runs. May be NULL.
    void (*counters)(RkSystem *system, JsonBuilder *json);

    void (*free)(RkSystem *system); // flushed
} RkSystemClass;

struct RkSystem {
    const RkSystemClass *class;
    RkAnswered answered; // set by whoever issues, before the first query
    gpointer answered_data;
};

void rk_system_free(RkSystem *system);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSystem, rk_system_free)
