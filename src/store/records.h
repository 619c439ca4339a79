// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rows of a dataset in the database: what writer.c writes and dataset.c reads, by id, whether
// it has a name yet or not. Private to src/store.
#pragma once

#include "store/codec.h"
#include "store/dataset.h"
#include "store/sql.h"

// Inserts an unnamed dataset with its tables and fields. field_ids: a GArray of int64_t a table,
// owned by the caller.
gboolean rk_records_insert(RkStore *store, const RkSchema *schema, int64_t *id, int64_t *table_ids,
                           GArray **field_ids, GError **error);

// The dataset of an id, named or not. `name` is "" without one.
RkDataset *rk_dataset_open_id(RkStore *store, int64_t id, const char *name, GError **error);

// Notes how many bytes the blobs of a dataset take.
gboolean rk_records_measure(RkStore *store, int64_t id, GError **error);

// Deletes a dataset piece by piece, so that neither the WAL nor the lock is held long, and gives
// the space back. Anyone who looks at it meanwhile sees it unnamed, which is to say not at all.
gboolean rk_records_delete(RkStore *store, int64_t id, GError **error);

// Gives pages that nothing uses back to the file system.
gboolean rk_records_give_space_back(RkStore *store, GError **error);

// Deletes every unnamed dataset; only for who holds the right to write. *n_swept counts them.
gboolean rk_records_sweep(RkStore *store, uint32_t *n_swept, GError **error);

gboolean rk_records_set_meta(RkStore *store, int64_t id, const char *key, const char *json,
                             GError **error);
gboolean rk_records_set_blob(RkStore *store, int64_t id, const char *key, uint32_t part,
                             GBytes *bytes, GError **error);

// Writes every vocabulary of the set.
gboolean rk_records_insert_vocabularies(RkStore *store, int64_t id, RkVocabularies *set,
                                        GError **error);
