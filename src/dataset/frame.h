// SPDX-License-Identifier: GPL-3.0-or-later
//
// The columns that training reads, once and compactly in memory: an event is one record of 32-bit
// words (codes, floats, seconds), so that a row at random costs one cache line. Side tables are
// joined by the user's or item's code. 100 million events of four columns take 1.6 GB. Loaders of
// all parts of a split share a frame. Immutable but for what is worked out once, on demand and
// under a lock; any thread reads.
#pragma once

#include "dataset/features.h"
#include "dataset/history.h"
#include "dataset/negatives.h"
#include "dataset/split.h"

typedef struct RkFrame RkFrame;

typedef struct {
    RkChunkSource *source; // must outlive the frame
    const RkSplit *split;  // NULL: every row trains. Must outlive the frame
    uint32_t (*vocabulary_size)(void *data, const char *name); // as rk_dataset_vocabulary_size()
    void *vocabulary_data;
    // What to load besides the event table's user, item and label: "FIELD" of the event table or
    // else of the only side table that has it, or "TABLE.FIELD". A side table is joined when it
    // has a user (items table: item) to join by; of several rows of a key the first counts.
    // The names of features come before those of fields.
    const char *const *fields;
    uint32_t n_fields;
    const RkFeatures *features; // may be NULL; else must outlive the frame
    gboolean history;           // histories or sequences will be asked for: loads the time
    // Events with a label below this are in no history, in no seen list and give no popularity;
    // they are samples all the same. -INFINITY: all events count.
    double positive_from;
    // Codes of the event table that no training row has read as UINT32_MAX.
    gboolean trained_codes_only;
    const gint *cancelled; // nonzero (atomic) stops the loading; may be NULL
    const RkPassProgress *progress;
} RkFrameOptions;

// Reads the source. Fails with RK_ERROR_USAGE (a field that isn't there, or is text), RK_ERROR_DATA
// (2^32 - 1 rows or more; whatever the source says), RK_ERROR_MEMORY or RK_ERROR_CANCELLED.
RkFrame *rk_frame_new(const RkFrameOptions *options, GError **error);
void rk_frame_free(RkFrame *frame);

uint32_t rk_frame_n_rows(const RkFrame *frame);
uint32_t rk_frame_n_users(const RkFrame *frame); // 0 without the field
uint32_t rk_frame_n_items(const RkFrame *frame);
RkPart rk_frame_part(const RkFrame *frame, uint32_t row);
size_t rk_frame_bytes(const RkFrame *frame); // of the records

// Codes of a field's vocabulary; 0 for numbers. The field must be one that was loaded.
uint32_t rk_frame_n_codes(const RkFrame *frame, const char *field);

// The mean and count of the labels of a part, missing ones left out; NaN without any.
double rk_frame_label_mean(const RkFrame *frame, RkPart part, uint64_t *n);

// Whether each label of a part lies within [low, high]; *outside (may be NULL) receives the first
// one that doesn't.
gboolean rk_frame_labels_within(const RkFrame *frame, RkPart part, double low, double high,
                                double *outside);

// The share of the labels of a part that are at least `threshold`; NaN without any.
double rk_frame_label_share(const RkFrame *frame, RkPart part, double threshold);

// Seconds since 1970 that a TIME of 0 stands for: the first event's.
int64_t rk_frame_first_time(const RkFrame *frame);

// Worked out when first asked for and owned by the frame. Items of each user, in the training part
// or in all; events of each user by time (only with options.history); events of each item in the
// training part, [n_items]; negatives of a file. Errors: as those functions have them, and
// RK_ERROR_USAGE when the event table lacks a user or an item field.
const RkSeenItems *rk_frame_seen(RkFrame *frame, gboolean all_parts, GError **error);
const RkHistory *rk_frame_history(RkFrame *frame, GError **error);
const uint64_t *rk_frame_item_counts(RkFrame *frame, GError **error);
const RkNegativeLists *rk_frame_negative_lists(RkFrame *frame, GError **error);

// ---- at serving ----------------------------------------------------------------------------

// What selects a field's value where there is no event of the pair to be scored.
typedef enum {
    RK_KEY_ROW,  // an event, whatever stands for it
    RK_KEY_USER, // the user: ids, a side table of users, the user's past
    RK_KEY_ITEM, // the item
} RkFrameKey;

typedef struct RkFrameField RkFrameField;

// A field that was loaded, by the name that it was asked for; NULL without one. Owned by the frame.
const RkFrameField *rk_frame_lookup(const RkFrame *frame, const char *field, RkFrameKey *key);

// Its code or the bits of its float for a row, user or item, what a missing one has for a key that
// isn't there. Features of a user's or item's past are what the whole training part says.
uint32_t rk_frame_value(const RkFrame *frame, const RkFrameField *field, uint32_t key);

// The codes of a field of several, n of them; 0 for a key that isn't there.
const uint32_t *rk_frame_codes(const RkFrameField *field, uint32_t key, uint32_t *n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkFrame, rk_frame_free)
