// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stored model that answers queries: the served path, from a user and candidates to the top k. A
// thread of the session's takes queries from a bounded queue, asks the answer cache, looks features
// up, gathers queries of like size into batches (up to batch.max of them, or what came within
// batch.delay_us of the first), keeps `inflight` batches on the device and selects the best on the
// host. Nothing on that path allocates; the plans of all batch sizes are made when it opens.
//
// While a session is open its thread alone uses the device. Functions here: one thread, which is
// also the one that issues.
#pragma once

#include "gpu/device.h"
#include "serve/system.h"
#include "store/dataset.h"

#include "base/params.h"

typedef struct RkSession RkSession;

extern const RkParam rk_session_params[];
extern const size_t rk_n_session_params;

typedef struct {
    RkStore *store;
    RkDevice *device;
    RkDataset *dataset; // whose users and items are served; NULL: what the model was trained on
    const char *model;
    uint32_t version;    // 0: the newest
    const RkParams *set; // of a table that has rk_session_params; NULL: the defaults
    // What tells the age of answers, in ns; NULL: rk_clock_ns(). Called on the session's thread.
    uint64_t (*clock_ns)(gpointer data);
    gpointer clock_data;
    const gint *cancelled; // stops the opening; may be NULL
} RkSessionOptions;

// Opens the model and compiles its plans. Fails with RK_ERROR_NOT_FOUND (no such model or dataset),
// RK_ERROR_USAGE (the data lacks what the model needs, settings that don't go together),
// RK_ERROR_MEMORY (a cache or a table larger than the memory) or as plans do.
RkSession *rk_session_new(const RkSessionOptions *options, GError **error);

// The session as a system, which is owned by it; rk_system_free() ends both.
RkSystem *rk_session_system(RkSession *session);
void rk_session_free(RkSession *session);

uint32_t rk_session_n_users(const RkSession *session);
uint32_t rk_session_n_items(const RkSession *session); // or events, where data has no items
const char *rk_session_model(const RkSession *session);

// Between runs (flushed). Takes the weights of another version of the model; cached answers stay,
// and are stale from then on. RK_ERROR_NOT_FOUND, RK_ERROR_SHAPE.
gboolean rk_session_reload(RkSession *session, uint32_t version, GError **error);

// Between runs. What the model itself says of a query now: the answer cache is neither asked nor
// changed. item and score have room for k; returns how many there are, 0 with an error. Beside it a
// cached answer shows what its age costs (rk_lists_agree() of select.h).
uint32_t rk_session_fresh(RkSession *session, const RkQuery *query, uint32_t *item, float *score,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSession, rk_session_free)
