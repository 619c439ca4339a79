// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the inputs of a model are fed from when it serves: a record for a user (its code, its past,
// its fields, and the fields of its last event where the model reads events) and one for an item
// (its code and fields). Built once; any thread reads.
//
// A dataset without an item field ranks events: an "item" is then a row of the event table.
#pragma once

#include "train/features.h"

typedef enum {
    RK_FEED_CANDIDATES, // u32 [B, C]: item codes
    RK_FEED_WORDS,      // `words` of a record for each row of the input
    RK_FEED_BAG,        // ragged: the codes of all rows
    RK_FEED_BAG_ENDS,
} RkFeedKind;

// Which rows of a table a word names, for tables that are partly on the device.
typedef enum { RK_IDS_NONE, RK_IDS_USER, RK_IDS_ITEM, RK_N_IDS } RkIds;

typedef struct {
    RkRef input;
    RkFeedKind kind;
    gboolean of_item; // from an item's record, else from the user's
    uint32_t offset;  // in the record, words
    uint32_t words;   // a row; of a BAG room for the codes of a row, behind their count
    uint32_t padding; // for rows that stand for nothing
    uint32_t room;    // BAG: codes in all, a row
    RkIds ids;
} RkFeed;

typedef struct RkServeInputs RkServeInputs;

// `known`: bits 1 << RkPart of the events that may be known when serving. The features must outlive
// the inputs. `pairs`: each candidate is a row of its own with all its fields. RK_ERROR_USAGE where
// the data has no users, items or times that the model needs.
RkServeInputs *rk_serve_inputs_new(const RkTrainFeatures *features, gboolean pairs, unsigned known,
                                   GError **error);
void rk_serve_inputs_free(RkServeInputs *inputs);

uint32_t rk_serve_inputs_n_users(const RkServeInputs *inputs);
uint32_t rk_serve_inputs_n_items(const RkServeInputs *inputs); // or rows of events
uint32_t rk_serve_inputs_user_words(const RkServeInputs *inputs);
uint32_t rk_serve_inputs_item_words(const RkServeInputs *inputs);

// Fill a record, for a code that isn't there that of an unknown one. `data` are the inputs.
void rk_serve_user_record(gconstpointer data, uint32_t user, void *record);
void rk_serve_item_record(gconstpointer data, uint32_t item, void *record);

// How to feed the live inputs of a plan, GArray of RkFeed. RK_ERROR_USAGE names an input that
// nothing feeds.
GArray *rk_serve_inputs_feeds(const RkServeInputs *inputs, const RkGraph *graph, RkPlan *plan,
                              GError **error);

// The items of the training events that most often follow each item in users' histories, [n_items],
// UINT32_MAX for none; the caller's. NULL without histories.
uint32_t *rk_serve_inputs_next_items(const RkServeInputs *inputs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkServeInputs, rk_serve_inputs_free)
