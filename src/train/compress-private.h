// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the files of compression share: a model that is opened on its dataset, what passes may ask
// of both, and its measuring. Owner's thread.
#pragma once

#include "train/compress.h"
#include "train/trainer.h"

typedef struct {
    RkPassContext context; // first: passes hand it back
    const RkCompressOptions *options;
    RkOpened *opened;
    RkCompressed *model; // as it is now
    // Of that model: the opened one's, or those of a student that took its place (owned).
    const RkTrainSettings *settings;
    const RkTrainFeatures *features;
    RkTrainSettings *own_settings;
    RkTrainFeatures *own_features;
    RkCompressMeasured before;
    char *protocol; // that the first measuring took: a student answers what its teacher did
} RkCompressing;

gboolean rk_compressing_init(RkCompressing *c, const RkCompressOptions *options, GError **error);
void rk_compressing_clear(RkCompressing *c);

// What passes may ask for: fills the context's functions.
void rk_compressing_offer_data(RkCompressing *c);
void rk_compressing_offer_activations(RkCompressing *c);
void rk_compressing_offer_distilling(RkCompressing *c);

// What a trainer has learned, into host memory.
gboolean rk_compressing_read_back(RkTrainer *trainer, RkWeights *tensors, GError **error);

// Parses and applies one pass to `model`.
gboolean rk_compressing_apply(RkCompressing *c, const char *pass, RkCompressed *model,
                              GError **error);

// The weights on the device, for the form that the model has; `build` is of its own score.
RkState *rk_compressing_state(RkCompressing *c, const RkCompressed *model, RkModelBuild **build,
                              RkRef *score, GError **error);

// Size, time and figures (`only` one of them; NULL: all).
gboolean rk_compressing_measure(RkCompressing *c, const RkCompressed *model, const char *only,
                                RkCompressMeasured *measured, GError **error);
void rk_compress_measured_clear(RkCompressMeasured *measured);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RkCompressing, rk_compressing_clear)
