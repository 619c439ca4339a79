// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the store's tests share: a folder that goes away, a dataset written from generated rows, and
// the same rows as text to compare with.
#pragma once

#include "store/dataset.h"

// A fresh folder for a database; fixture_clear() removes it and what lies in it.
typedef struct {
    char *folder;
    char *db;
} Fixture;

Fixture fixture_new(void);
void fixture_clear(Fixture *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

RkStore *fixture_open(const Fixture *fixture);

// Two tables, every kind of field: "events" (user, item, rating, when, secret ignored, tags, note)
// and "items" (item, title, price).
RkSchema *fixture_schema(void);

// The line of a row without the ignored field, tab-separated: what an export must give back.
void fixture_row(uint64_t seed, uint32_t table, uint64_t row, GString *out);

// Writes rows [first, first + n) of a table to a sink in batches.
gboolean fixture_write(RkRowSink *sink, uint64_t seed, uint32_t table, uint64_t first, uint64_t n,
                       GError **error);

// Writes a dataset of n event rows and n / 10 item rows and commits it.
gboolean fixture_import(RkStore *store, const char *name, uint64_t seed, uint64_t n,
                        GError **error);

// Fails the test unless the dataset is what fixture_import() wrote.
void fixture_check(RkStore *store, const char *name, uint64_t seed, uint64_t n);

// The same on an open one.
void fixture_check_dataset(RkDataset *dataset, uint64_t seed, uint64_t n);
