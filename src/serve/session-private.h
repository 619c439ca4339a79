// SPDX-License-Identifier: GPL-3.0-or-later
//
// Shared by session.c (opening and closing), session_plans.c (plans and their inputs) and batcher.c
// (the serving thread). All but the queue and the counters belongs to that thread while it runs.
#pragma once

#include "serve/answers.h"
#include "serve/inputs.h"
#include "serve/lookup.h"
#include "serve/queue.h"
#include "serve/rows.h"
#include "serve/session.h"
#include "train/trained.h"

// A query on its way.
typedef struct {
    RkQuery query;
    uint64_t issued_ns, ready_ns; // pushed; looked up
    uint32_t parse_ns, lookup_ns;
    uint64_t key;    // of the answer cache
    uint32_t *user;  // record
    uint32_t *items; // records of its candidates, for models of pairs
} RkPending;

// One compiled size.
typedef struct {
    RkPlan *plan;
    GArray *feeds; // of RkFeed, of its size's graph; not owned
    void **memory; // [feeds] mapped inputs
    uint32_t rows; // queries
} RkServePlan;

// Candidates up to `cols`: queries of such sizes are gathered in one list and computed together.
typedef struct {
    uint32_t cols;
    uint32_t most;        // queries of a batch
    RkModelBuild *build;  // not owned
    GArray *feeds;        // of RkFeed
    RkPending **waiting;  // [most]
    uint32_t n_waiting;   // gathered so far
    uint64_t deadline_ns; // when the first has waited for long enough
} RkServeSize;

// A batch on the device.
typedef struct {
    GArray *plans; // of RkServePlan: sizes in order, each from few rows to many
    const RkServePlan *active;
    const RkServeSize *size;
    RkPending **pending; // [batch.max]
    uint32_t n;
    uint64_t fed_ns, submitted_ns;
} RkServeSlot;

struct RkSession {
    RkSystem system;
    // What is served.
    RkStore *store;
    RkDevice *device;
    char *name;
    RkTrained *trained;
    RkDataset *dataset;
    RkSplit *split;
    RkTrainFeatures *features;
    RkServeInputs *inputs;
    RkModelData served; // the features, with as many rows as the device has
    GPtrArray *builds;  // of RkModelBuild
    RkState *state;
    gboolean pairs; // each candidate is a row of its own
    // Settings.
    RkParams *set;
    uint32_t k, batch_max, n_slots, n_sizes, most_candidates, most_pairs;
    uint64_t delay_ns, spin_ns;
    uint64_t (*clock_ns)(gpointer data);
    gpointer clock_data;
    // What is looked up and kept.
    RkLookup *users, *items;
    RkAnswerCache *answers; // NULL without
    gboolean use_answers;
    RkRowCache *rows[RK_N_IDS]; // NULL where the device has whole tables
    uint32_t *words;            // of one input, before its codes become rows
    // The path.
    RkServeSize *size; // [n_sizes] in order of cols
    RkServeSlot *slot; // [n_slots]
    uint32_t oldest, n_busy;
    RkPending *pending; // all there are
    RkPending **free;   // [n_free]
    uint32_t n_free, n_pending;
    float *scores; // [most_candidates] of one query
    uint32_t *place, *top;
    float *best; // [k]
    // Between the threads.
    RkQueryQueue queue;
    GThread *thread;
    _Atomic gboolean stopping, flushing;
    uint64_t n_issued; // the issuer's
    _Atomic uint64_t n_answered;
    GMutex mutex; // guards what follows
    GCond answered;
    GError *failure; // the first since the last flush
    // Counted by the serving thread, read when it rests.
    uint64_t n_batches, n_queries, n_rows_computed, n_rows_wanted, n_failed;
};

// session.c: a cache's own policy and room by their settings, or those that all share.
const char *rk_session_policy(const RkSession *session, const char *name);
uint32_t rk_session_entries(const RkSession *session, const char *name);

// session_plans.c
gboolean rk_session_compile(RkSession *session, GError **error);
void rk_session_clear_plans(RkSession *session);
const RkServePlan *rk_session_pick(const RkSession *session, const RkServeSlot *slot,
                                   const RkServeSize *size, uint32_t n);
gboolean rk_session_feed(RkSession *session, RkServeSlot *slot, GError **error);

// session_rows.c
gboolean rk_session_make_rows(RkSession *session, GError **error);
gboolean rk_session_load(RkSession *session, const RkTrained *trained, GError **error);
void rk_session_rows_to_json(RkSession *session, JsonBuilder *json);

// batcher.c
gpointer rk_session_serve(gpointer session);
