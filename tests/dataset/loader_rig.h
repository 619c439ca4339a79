// SPDX-License-Identifier: GPL-3.0-or-later
//
// A random dataset in memory that has everything a loader reads: events with repeats, ties in time
// and missing cells, side tables of items and users, and a split of all three parts.
#pragma once

#include "memory.h"

#include "dataset/loader.h"

#define RIG_USERS  40u
#define RIG_ITEMS  90u
#define RIG_GENRES 7u
#define RIG_AGES   5u

// Tables: events (user, item, rating, time, mood, tags), items (item, genres, price), users (user,
// age), negatives (user, item, negatives).
Memory *rig_data(uint32_t n_rows, uint32_t seed);
uint32_t rig_vocabulary_size(void *data, const char *name);

// Parts by chance, 60/20/20.
RkSplit *rig_split(uint32_t n_rows, uint32_t seed);

// A value set from "name=value name=value".
RkParams *rig_set(const RkParam *table, size_t n, const char *settings);

// All fields, histories included.
RkFrame *rig_frame(Memory *memory, const RkSplit *split);
RkFrameOptions rig_frame_options(Memory *memory, const RkSplit *split);

// Cells of row i.
uint32_t rig_code(const Memory *memory, const char *field, uint32_t row);
double rig_real(const Memory *memory, const char *field, uint32_t row);
int64_t rig_time(const Memory *memory, uint32_t row);

// Loaders with their settings: every pointer may be NULL. Kept alive by the rig.
typedef struct {
    RkParams *batch, *negatives, *imbalance;
    RkLoader *loader;
} Rig;

typedef struct {
    RkFrame *frame;
    unsigned parts; // 0: training
    RkSamples samples;
    const RkBatchColumn *columns;
    uint32_t n_columns;
    const char *batch, *negatives, *imbalance; // settings
    uint32_t epoch;
    uint64_t at_batch;
    uint32_t n_epochs;
    void *const *memory;
} RigOptions;

// The loader, or with `error` not NULL perhaps the error.
Rig *rig_new(const RigOptions *options, GError **error);
void rig_free(Rig *rig);

// The next batch, which must come; FALSE at the end.
gboolean rig_next(Rig *rig, RkBatch *batch);
void *rig_column(const Rig *rig, const RkBatch *batch, uint32_t column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)
