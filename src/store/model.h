// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stored models: what they are and their weights. A model is saved in one transaction, so that it
// is there whole or not at all, and is immutable; an update under the same name is a new version.
// Any thread but the UI's.
#pragma once

#include "store/tensors.h"

typedef struct {
    char *name;
    uint32_t version; // from 1; given by saving
    char *kind;       // of the zoo: "deepfm"
    char *dataset;    // what it was trained on, which may be gone; or NULL
    char *parent;     // name of what it was tuned, updated or compressed from; or NULL
    uint32_t parent_version;
    char *settings;        // JSON object: hyper-parameters
    char *facts;           // JSON object: shape of the data, metrics, what else is known
    int64_t created_s;     // seconds since 1970 UTC; given by saving
    uint64_t n_bytes;      // of its tensors; given by saving
    RkTensorList *tensors; // of an opened one, else NULL
} RkStoredModel;

void rk_stored_model_free(RkStoredModel *model);

// Saves a model. With `update` a model of that name must be there: the new one becomes its next
// version, and its child unless `parent` says otherwise. Without, the name must be free.
// Fails with RK_ERROR_USAGE or RK_ERROR_NOT_FOUND about names, or as the source does; then nothing
// is left. Other writers wait meanwhile.
gboolean rk_model_save(RkStore *store, const RkStoredModel *model, const RkTensorSource *source,
                       gboolean update, GError **error);

// A model with its tensors' list; `version` 0 is the newest. RK_ERROR_NOT_FOUND without one.
RkStoredModel *rk_model_open(RkStore *store, const char *name, uint32_t version, GError **error);

// The newest version of each (RkStoredModel without tensors), in order of names.
GPtrArray *rk_model_list(RkStore *store, GError **error);
gboolean rk_model_exists(RkStore *store, const char *name);

// Removes a model with all its versions. RK_ERROR_NOT_FOUND without one.
gboolean rk_model_remove(RkStore *store, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkStoredModel, rk_stored_model_free)
