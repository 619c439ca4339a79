// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the files of compression share: a model that is opened on its dataset, what passes may ask
// of both, and its measuring. Owner's thread.
#pragma once

#include "train/compress.h"

typedef struct {
    RkPassContext context; // first: passes hand it back
    const RkCompressOptions *options;
    RkOpened *opened;
    RkCompressed *model; // as it is now
    RkCompressMeasured before;
} RkCompressing;

gboolean rk_compressing_init(RkCompressing *c, const RkCompressOptions *options, GError **error);
void rk_compressing_clear(RkCompressing *c);

// What passes may ask for: fills the context's functions.
void rk_compressing_offer_data(RkCompressing *c);
void rk_compressing_offer_activations(RkCompressing *c);

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
