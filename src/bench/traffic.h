// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who can ask for what: the users and items of a dataset, how often each occurs, and the events
// that loads replay and accuracy is measured on. Immutable once built; any thread reads.
#pragma once

#include "dataset/seen_items.h"
#include "dataset/split.h"

typedef struct {
    uint32_t user, item; // codes; UINT32_MAX for none
    float label;         // as stored; 1 without a label field
    uint32_t part;       // RkPart
    int64_t time_s;      // seconds since 1970; the row's number without a time field
} RkTrafficEvent;

typedef struct {
    uint32_t n_users; // codes; 0 without a user field
    uint32_t n_items;
    uint64_t *user_count; // [n_users] events of each
    uint64_t *item_count; // [n_items]
    gboolean timed;       // events have a time
    gboolean labelled;
    double positive_from; // events with a label below aren't wanted
    uint64_t n_events;
    RkTrafficEvent *event; // [n_events] by time, then by row
    RkSeenItems *seen;     // what each user ever had
} RkTraffic;

// Reads the event table of a dataset. `split` says which events test; NULL: all of them. It need
// not outlive the traffic. Without an item field the rows are the items. RK_ERROR_USAGE without any
// event.
RkTraffic *rk_traffic_new(RkChunkSource *source, const RkSplit *split, uint32_t n_users,
                          uint32_t n_items, double positive_from, GError **error);

// Traffic without data: n users and items alike, in `n_events` events a second apart that all test.
RkTraffic *rk_traffic_new_uniform(uint32_t n_users, uint32_t n_items, uint64_t n_events,
                                  uint64_t seed);
void rk_traffic_free(RkTraffic *traffic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTraffic, rk_traffic_free)
