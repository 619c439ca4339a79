// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stored model brought back to life: what it is, what it was trained on and its weights, matched
// by id to whatever dataset it meets. A row of a table belongs to an id (a user's, an item's), not
// to a code of one dataset, so every model carries its vocabularies. Owner's thread.
#pragma once

#include "plan/state.h"
#include "store/model.h"
#include "train/features.h"
#include "train/settings.h"
#include "train/weights.h"

struct RkTrained {
    RkStoredModel *stored;     // owned, as all that follows
    const RkModel *model;      // of the zoo
    RkTrainSettings *settings; // that it was trained with
    RkModelData data;          // that it was trained on
    GPtrArray *names;          // of data's features
    GPtrArray *vocabulary_of;  // [n_features] names of vocabularies; NULL entries have none
    GHashTable *vocabularies;  // name -> RkVocabulary
    RkModelForm *form;         // how it was compressed; NULL when it never was. data.form
    JsonNode *facts;           // as stored: "metrics", "device", "seed", ..
};

// `version` 0 is the newest. RK_ERROR_NOT_FOUND, or RK_ERROR_DATA when what is stored is damaged
// or of a model that this Rankine doesn't have.
RkTrained *rk_trained_open(RkStore *store, const char *name, uint32_t version, GError **error);
void rk_trained_free(RkTrained *trained);

// Ids of a dataset that the model has never seen, a feature.
typedef struct {
    const char *feature; // owned by the dataset's features
    uint32_t n_unknown;  // of n codes
    uint32_t n;
} RkUnseen;

// Fills `state` with the weights of the parameters of `build`, which was built for `features` (of
// any dataset; NULL: as it was trained). Table rows go to the codes of the same ids; rows of ids
// that the model doesn't know stay as they are. `unseen` (may be NULL) receives a GArray of
// RkUnseen with the features that have such ids. Fails with RK_ERROR_SHAPE, naming the tensor.
gboolean rk_trained_load(const RkTrained *trained, const RkModelBuild *build,
                         const RkTrainFeatures *features, RkState *state, GArray **unseen,
                         GError **error);

// The same of one parameter to host memory, packed, for tables that no device holds whole. `type`
// is the table's with as many rows as the feature has codes; rows of unknown ids stay as they are.
gboolean rk_trained_read(const RkTrained *trained, const RkModelParam *param, const RkTensor *type,
                         const RkTrainFeatures *features, void *packed, GError **error);

// The features of numbers and times that the model was trained with, over another dataset's fields.
// RK_ERROR_USAGE when that has no such field.
RkFeatures *rk_trained_fitted(const RkTrained *trained, RkDataset *dataset, GError **error);

// How its run split the data, for the same parts again.
gboolean rk_trained_has_own_split(const RkTrained *trained);
uint64_t rk_trained_seed(const RkTrained *trained);

// What was done to compress the model and its ancestors: an array of objects, NULL for one that
// never was. The model's own.
JsonArray *rk_trained_steps(const RkTrained *trained);

// Adds the member "compress": those steps, then one more on the model, its passes [n] in words.
void rk_trained_add_step(const RkTrained *trained, const char *dataset, uint64_t seed,
                         const char *const *passes, uint32_t n, JsonBuilder *json);

// All tensors, for files and for compression; vocabularies left out.
RkWeights *rk_trained_weights(const RkTrained *trained, GError **error);
size_t rk_trained_bytes(const RkTrained *trained); // of those in memory

// What a model to be saved comes from.
typedef struct {
    const char *name;
    const RkModel *model;
    const RkTrainSettings *settings;
    const RkTrainFeatures *features; // its dataset and the ids of its tables
    const GArray *params;            // RkModelParam: what is saved of the state
    RkState *state;
    const char *parent; // NULL without
    uint32_t parent_version;
    const char *facts; // JSON object to be kept beside the data's shape
    gboolean update;   // the next version of that name
} RkTrainedSave;

// Saves in one transaction, weights streamed from the device.
gboolean rk_trained_save(RkStore *store, const RkTrainedSave *save, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTrained, rk_trained_free)
