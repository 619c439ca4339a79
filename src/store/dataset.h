// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored datasets. A dataset is written once and whole, through a writer, and is immutable from
// its commit on, metadata excepted. Until then nobody else sees it: whatever kills the writer,
// the database holds the whole dataset or none of it (`rankine doctor` and the next writer sweep
// what was left).
//
// Reading: any thread, several at once. A writer: its owner's thread; encoding, compression and
// database writes happen on a thread of its own while the owner parses.
#pragma once

#include "dataset/column.h"
#include "dataset/encode.h"
#include "dataset/rows.h"
#include "dataset/vocabulary.h"
#include "store/store.h"

// ---- writing -------------------------------------------------------------------------------

typedef struct RkDatasetWriter RkDatasetWriter;

// Starts a dataset. `schema` is copied (IGNORE fields are dropped from what is stored, not from
// row batches). `params_json` says what made it (import settings, generator and seed), a JSON
// object kept as metadata "params"; may be NULL. `name` may be NULL for a scratch dataset that is
// only read through the writer and never committed. Fails when the name is taken or when another
// process is writing a dataset. Several writers may be open on one store.
RkDatasetWriter *rk_dataset_writer_new(RkStore *store, const char *name, const RkSchema *schema,
                                       const char *params_json, GError **error);

// Rows of cells go here (importers) ...
RkRowSink *rk_dataset_writer_rows(RkDatasetWriter *writer);
// ... or typed chunks here (generators, cleaning); a table takes one or the other. Codes refer to
// the writer's vocabularies. The chunk stays the caller's; pieces of any size become full chunks.
RkChunkSink *rk_dataset_writer_chunks(RkDatasetWriter *writer);

// A vocabulary of the dataset to intern into, made on demand and owned by the writer, or one to be
// kept as it is (a reference is taken): a range, another dataset's. Until commit.
RkVocabulary *rk_dataset_writer_vocabulary(RkDatasetWriter *writer, const char *name);
void rk_dataset_writer_set_vocabulary(RkDatasetWriter *writer, const char *name,
                                      RkVocabulary *vocabulary);

uint64_t rk_dataset_writer_n_rows(const RkDatasetWriter *writer, uint32_t table);

// Metadata and blobs, as rk_dataset_set_meta() and rk_dataset_set_blob(), committed with the
// dataset.
gboolean rk_dataset_writer_set_meta(RkDatasetWriter *writer, const char *key, const char *json,
                                    GError **error);
gboolean rk_dataset_writer_set_blob(RkDatasetWriter *writer, const char *key, uint32_t part,
                                    GBytes *bytes, GError **error);

// Ends writing, waits for the writer's thread and publishes the dataset in one transaction. Fails
// when the name was taken meanwhile or a code lies outside its vocabulary; then nothing is left.
gboolean rk_dataset_writer_commit(RkDatasetWriter *writer, GError **error);

// Frees; unless committed, removes everything that was written.
void rk_dataset_writer_free(RkDatasetWriter *writer);

// ---- reading -------------------------------------------------------------------------------

typedef struct RkDataset RkDataset;

RkDataset *rk_dataset_open(RkStore *store, const char *name, GError **error);

// Ends writing like a commit but publishes nothing: the rows so far, for passes that need the
// whole (k-core, duplicates) before another writer gets the result. It goes with the writer, which
// can still be committed.
RkDataset *rk_dataset_writer_read(RkDatasetWriter *writer, GError **error);

RkDataset *rk_dataset_ref(RkDataset *dataset);
void rk_dataset_unref(RkDataset *dataset);

const char *rk_dataset_name(const RkDataset *dataset); // "" for a scratch dataset
const RkSchema *rk_dataset_schema(const RkDataset *dataset);
uint64_t rk_dataset_n_rows(const RkDataset *dataset, uint32_t table);

// Chunks of the dataset, checked against their checksums as they are read. Owned by the dataset.
RkChunkSource *rk_dataset_source(RkDataset *dataset);

// A vocabulary, loaded at first use and kept; owned by the dataset.
const RkVocabulary *rk_dataset_vocabulary(RkDataset *dataset, const char *name, GError **error);

// The number of codes of a vocabulary, without loading it.
uint32_t rk_dataset_vocabulary_size(const RkDataset *dataset, const char *name);
// The same as a callback of frames and profiles, whose `data` is the dataset.
uint32_t rk_dataset_vocabulary_size_of(void *dataset, const char *name);

// Metadata: one JSON value a key, what is not rows. Keys in use: "params" (what made it), "import"
// (what was guessed, skipped), "clean" (cleaning in numbers), "features" (fitted transforms),
// "split" and "split/NAME" (how rows are split; per-row parts in a blob), "ceiling" (best reachable
// metrics of planted data), "profile". NULL without an error when there is none.
char *rk_dataset_meta(RkDataset *dataset, const char *key, GError **error);
gboolean rk_dataset_set_meta(RkDataset *dataset, const char *key, const char *json,
                             GError **error); // json NULL removes

// Named binary parts (a split's part of each row, drawn negatives), compressed and checksummed.
// `part` numbers the pieces of a large one, so that it can be written and read in pieces. NULL
// without an error when there is none. set: bytes NULL removes.
GBytes *rk_dataset_blob(RkDataset *dataset, const char *key, uint32_t part, GError **error);
gboolean rk_dataset_set_blob(RkDataset *dataset, const char *key, uint32_t part, GBytes *bytes,
                             GError **error);

// ---- all of them ---------------------------------------------------------------------------

typedef struct {
    char *name;
    int64_t created_s; // seconds since 1970 UTC
    uint32_t n_tables;
    uint64_t n_rows;  // of the event table
    uint32_t n_users; // sizes of the vocabularies "user" and "item"; 0 without one
    uint32_t n_items;
    uint64_t stored_bytes; // of its blobs
} RkDatasetInfo;

void rk_dataset_info_free(RkDatasetInfo *info);

// RkDatasetInfo in order of names; g_ptr_array_unref() frees them.
GPtrArray *rk_dataset_list(RkStore *store, GError **error);
gboolean rk_dataset_exists(RkStore *store, const char *name);

// Removes a dataset and gives its space back to the file system. RK_ERROR_NOT_FOUND without one.
gboolean rk_dataset_remove(RkStore *store, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDataset, rk_dataset_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDatasetWriter, rk_dataset_writer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkDatasetInfo, rk_dataset_info_free)
