// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers that were given, to be given again while they are young enough. One thread.
#pragma once

#include "serve/system.h"
#include "serve/tracked.h"

typedef struct RkAnswerCache RkAnswerCache;

typedef struct {
    const char *policy;
    uint32_t entries;
    uint32_t k;          // the longest list
    uint64_t live_ns;    // how long an answer may be given; 0: for ever
    gboolean by_user;    // an answer does for every query of its user, whatever the candidates
    const RkParams *set; // as RkTrackedOptions has it
} RkAnswerCacheOptions;

RkAnswerCache *rk_answer_cache_new(const RkAnswerCacheOptions *options, GError **error);
void rk_answer_cache_free(RkAnswerCache *cache);

// The key of a query: its user and, unless by_user, every candidate.
uint64_t rk_answer_cache_key(const RkAnswerCache *cache, const RkQuery *query);

// Looks a key up at a time of the caller's clock. TRUE sets answer->n, item and score, valid until
// the next call.
gboolean rk_answer_cache_get(RkAnswerCache *cache, uint64_t key, uint64_t now_ns, RkAnswer *answer);

// Keeps an answer for a key that was asked for, if the policy gave it room.
void rk_answer_cache_put(RkAnswerCache *cache, uint64_t key, uint64_t now_ns,
                         const RkAnswer *answer);

void rk_answer_cache_to_json(RkAnswerCache *cache, JsonBuilder *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkAnswerCache, rk_answer_cache_free)
