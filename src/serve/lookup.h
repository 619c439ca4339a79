// SPDX-License-Identifier: GPL-3.0-or-later
//
// Records of one size by code (a user's features, an item's, a row of embeddings), computed from
// what is in memory or read from a database on disk, through a cache. One thread.
#pragma once

#include "serve/tracked.h"

typedef struct RkLookup RkLookup;

typedef struct {
    const char *what; // "features of users"
    uint32_t n;       // codes
    uint32_t words;   // of a record
    // Fills a record; for a code that isn't below n, that of an unknown one.
    void (*fill)(gconstpointer data, uint32_t code, void *record);
    gconstpointer data;   // must outlive the lookup
    gboolean in_database; // written there now and read from there later
    const char *policy;
    uint32_t entries;
    const RkParams *set; // as RkTrackedOptions has it
} RkLookupOptions;

RkLookup *rk_lookup_new(const RkLookupOptions *options, GError **error);
void rk_lookup_free(RkLookup *lookup);

// Copies the records of n codes, one after the other. Allocates nothing. FALSE when the database
// can't be read.
gboolean rk_lookup_get(RkLookup *lookup, const uint32_t *codes, uint32_t n, uint32_t *records,
                       GError **error);

uint32_t rk_lookup_words(const RkLookup *lookup);
void rk_lookup_to_json(RkLookup *lookup, JsonBuilder *json); // as rk_tracked_to_json()
const RkTracked *rk_lookup_tracked(const RkLookup *lookup);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkLookup, rk_lookup_free)
