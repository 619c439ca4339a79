// SPDX-License-Identifier: GPL-3.0-or-later
//
// A model under compression: (a model of the zoo, its settings, its form, its tensors), and the
// passes that change it. A pass is a row (name, settings) and a function; to add one: x.c and a
// line in passes.def. Passes work in host memory and know no dataset and no device: what they
// need of those (gradients, activations, training) they ask through RkPassContext. Whoever runs
// them (train/compress.h) measures and stores the result. Owner's thread.
#pragma once

#include "models/model.h"
#include "models/weights.h"

typedef struct {
    const RkModel *model;
    RkParams *set;      // its settings; a pass may change those of the model
    RkModelData data;   // data.form is `form`
    RkModelForm *form;  // owned
    RkWeights *tensors; // owned: every tensor of a build (RkModelBuild.params), by name
} RkCompressed;

// Copies set and form and takes `tensors`; the features of `data` must outlive it.
RkCompressed *rk_compressed_new(const RkModel *model, const RkModelData *data, const RkParams *set,
                                RkWeights *tensors);
RkCompressed *rk_compressed_copy(const RkCompressed *model);
void rk_compressed_free(RkCompressed *model);

// Something that a pass may compress: a dense layer's weights, a table, or another parameter.
// Of a low-rank pair both halves, not their product.
typedef struct {
    const char *name;
    RkTensor type; // of its values, f32; a table's rows are those of the data
    int feature;   // of a table, else -1
    gboolean dense;
    RkFormat format;
} RkCompressedParam;

// The parameters of the model as it is now: GArray of RkCompressedParam, whose names live as long
// as the array's (free with g_array_unref()). RK_ERROR_SHAPE when it can't be built.
GArray *rk_compressed_params(const RkCompressed *model, GError **error);

// A parameter's values decoded, f32 [numel], rows that were left out as zeros; free them.
float *rk_compressed_values(const RkCompressed *model, const RkCompressedParam *param);

// FALSE with RK_ERROR_USAGE when a parameter is stored in integers, whose rounding another pass
// would keep while it lost their size: `first` ("Prune") must come before quantizing.
gboolean rk_compressed_is_real(const RkCompressedParam *param, const char *first, GError **error);

// Stores values in a format: F32, F16, MASKED (zeros are pruned), 2:4 (the two largest of four are
// kept). `type` are the extents of the values, which become the parameter's own. Formats with
// scales of a pass's choice put their tensors themselves (rk_weights_put()) and edit the form.
void rk_compressed_store(RkCompressed *model, const char *name, const RkTensor *type,
                         RkFormat format, const float *values);

// Forgets the tensors and the form of a parameter, before others are put.
void rk_compressed_drop(RkCompressed *model, const char *name);

// Builds the model as it is and checks that every tensor is there in its type.
// RK_ERROR_SHAPE names one that is not.
gboolean rk_compressed_check(const RkCompressed *model, GError **error);

typedef struct {
    size_t bytes;  // of all tensors, in memory
    size_t stored; // in the store, which has of masked weights only what is kept
    double flops;  // of one sample's score
} RkCompressedSize;
gboolean rk_compressed_size(const RkCompressed *model, RkCompressedSize *size, GError **error);

// ---- passes --------------------------------------------------------------------------------

// How a student learns from the model at hand.
typedef struct {
    const RkModel *student;
    const char *dim, *layers; // its settings of those names; "": the teacher's or the defaults
    const char *set;          // other settings of it and its training, "name=value;name=value"
    gboolean kl;              // KL divergence of the scores, else squared error
    double temperature;       // of KL
    double labels;            // share of the labels' loss, 0 to 1
    double lr;                // 0: the teacher's
    uint32_t epochs;          // 0: the teacher's
} RkDistill;

// What a pass may ask of the data and the device; members are NULL when there is no data.
typedef struct RkPassContext {
    uint64_t seed;
    void *data;
    // Sums over samples of the training data of |d loss / d value * value| (Taylor scores), f32 in
    // the values' extents, for each parameter that is F32 or masked.
    RkWeights *(*taylor)(struct RkPassContext *context, const RkCompressed *model, GError **error);
    // Visits the values of the input of each dense layer, batch after batch of the training data:
    // f32 [rows, K]. Names are those of the layer's weights.
    gboolean (*activations)(struct RkPassContext *context, const RkCompressed *model,
                            void (*visit)(void *to, const char *name, const float *x, uint64_t rows,
                                          uint32_t cols),
                            void *to, GError **error);
    // How often each code of a feature is in the training data; u64 [rows], free them.
    uint64_t *(*counts)(struct RkPassContext *context, int feature, GError **error);
    // Trains on for so many epochs, in the model's form.
    gboolean (*train)(struct RkPassContext *context, RkCompressed *model, double epochs,
                      GError **error);
    // Trains a student of the model and puts it in the model's place.
    gboolean (*distill)(struct RkPassContext *context, RkCompressed *model,
                        const RkDistill *distill, GError **error);
} RkPassContext;

typedef struct {
    const char *name;  // "prune"
    const char *title; // a line for help
    const RkParam *params;
    size_t n_params;
    gboolean (*needs_data)(const RkParams *set); // NULL: never
    gboolean counted; // applies to models that are counted, not trained, too
    const char *rest; // a TEXT row that takes settings of other names, ";" between; NULL: none do
    // Changes the model. RK_ERROR_USAGE when the pass does not apply to it, or its settings don't
    // go together. What it left half done after an error is thrown away.
    gboolean (*apply)(const RkParams *set, RkPassContext *context, RkCompressed *model,
                      GError **error);
} RkPass;

const RkPass *rk_pass_at(size_t i); // in passes.def's order; NULL past the last
const RkPass *rk_pass_find(const char *name, GError **error);

// A pass with its settings, from "prune:ratio=0.5,what=neurons"; free the settings.
typedef struct {
    const RkPass *pass;
    RkParams *set;
} RkPassCall;
gboolean rk_pass_parse(const char *text, RkPassCall *call, GError **error);
void rk_pass_call_clear(RkPassCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkCompressed, rk_compressed_free)
