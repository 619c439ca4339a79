// SPDX-License-Identifier: GPL-3.0-or-later
//
// The zoo: a model is a row (name, paper, hyper-parameters, what it needs of the data) and a
// function that builds its scores as a graph. It knows features by name and size, never a dataset,
// a device or a loss: `train` feeds the inputs, and adds the loss and the optimizer. To add one:
// models/x.c and a line in models.def. A build belongs to its owner's thread; rows to any.
#pragma once

#include "base/params.h"
#include "graph/graph.h"
#include "models/form.h"

typedef enum {
    RK_FEATURE_CODE,   // one row of a table; input NAME u32 [B], UINT32_MAX for none
    RK_FEATURE_BAG,    // some rows; input NAME u32 [B, width], or ragged: NAME u32 [B * capacity]
                       // and NAME.ends u32 [B] as rk_embedding_bag() has them
    RK_FEATURE_NUMBER, // input NAME f32 [B]
} RkModelFeatureKind;

typedef struct {
    const char *name;
    RkModelFeatureKind kind;
    uint32_t rows;     // CODE and BAG: of the table
    uint32_t width;    // BAG: lookups a bag; 0 when ragged
    uint32_t capacity; // BAG, ragged: lookups that a batch has room for, a sample
} RkModelFeature;

// All that a model may know of its data.
typedef struct {
    uint32_t n_features;
    const RkModelFeature *features;
    int user, item;          // which features they are; -1 without one
    uint32_t history;        // items of a user's past, input "history" u32 [B, history]: the oldest
                             // first, the rest UINT32_MAX; and "history.length" u32 [B]. 0: none
    double label_mean;       // of the training part: where biases start
    const RkModelForm *form; // how the model was compressed; NULL: as its settings say
} RkModelData;

typedef enum {
    RK_NEEDS_USER = 1 << 0,
    RK_NEEDS_ITEM = 1 << 1,
    RK_NEEDS_HISTORY = 1 << 2,
    RK_NEEDS_NUMBERS = 1 << 3, // at least one
    RK_NEEDS_CODES = 1 << 4,   // at least one CODE or BAG
} RkModelNeeds;

typedef enum {
    RK_INIT_ZERO,
    RK_INIT_CONSTANT, // all `scale`
    RK_INIT_NORMAL,   // standard deviation `scale`
    RK_INIT_UNIFORM,  // between -scale and scale
    RK_INIT_GLOROT,   // Glorot and Bengio, AISTATS 2010: uniform, of a [N, K] matrix
    RK_INIT_HE,       // He et al., https://arxiv.org/abs/1502.01852: normal, for relu
} RkInitKind;

typedef struct {
    RkInitKind kind;
    double scale;
} RkInit;

typedef struct {
    RkRef ref;
    const char *name;
    RkInit init;
    int feature;         // of an embedding table: whose codes its rows are; -1 for other parameters
    int codes;           // of a u32 table: whose codes its values are; -1 for other parameters
    gboolean dense;      // [N, K], weights of a dense layer
    const char *part_of; // the packed parameter (models/form.h) that this tensor is of, or NULL
} RkModelParam;

typedef struct RkModelBuild {
    RkGraph *graph;
    const RkModelData *data;
    const RkParams *set;
    RkRef rng;         // u32 [4] for dropout, fed by the trainer; RK_NONE outside training
    uint32_t n_random; // dropout streams so far
    GArray *params;    // of RkModelParam: every tensor of the state
    GArray *packed;    // of RkPackedParam (models/packed.h): what some of those stand for
    RkRef *inputs;     // [n_features], made when first asked for
    RkRef *ends;       // [n_features], of ragged bags
    RkRef history, history_length;
    const char *prefix; // of a build in another's graph: before the names of its tensors there
} RkModelBuild;

// A setting's default that differs from its table's; a list ends with a NULL name.
typedef struct {
    const char *name;
    const char *initial;
} RkParamDefault;

// What models that are counted see: the training part's items of each user, in no order.
typedef struct {
    uint32_t n_users, n_items;
    const uint64_t *offset; // [n_users + 1]
    const uint32_t *item;
} RkModelEvents;

typedef struct {
    const char *name;  // "deepfm", as the command line has it
    const char *title; // "DeepFM"
    const char *paper; // authors, year, URL
    const RkParam *params;
    size_t n_params;
    const RkParamDefault *defaults; // of training settings, where the paper's differ; or NULL
    unsigned needs;                 // RkModelNeeds
    // Whether `items` can be given. Without, a sample's score needs its whole row.
    gboolean candidates;
    // Logits (ratings, for a squared loss). items RK_NONE: each sample's own item, -> f32 [B, 1].
    // u32 [B, C]: C candidates for each sample; [1, C]: the same for all; -> f32 [B, C]. Models
    // with a history also take u32 [B, T, C], candidates after each of its T items, -> [B, T, C].
    RkRef (*score)(RkModelBuild *build, RkRef items);
    // Scores of every item for each sample, f32 [B, items], where that is cheaper than score() of
    // all of them; else NULL.
    RkRef (*rank)(RkModelBuild *build);
    // For models that are counted instead of trained: fills values[i] (packed, zeroed) of
    // build->params[i], the order that score() makes them in. FALSE when `cancelled` (may be NULL)
    // became nonzero.
    gboolean (*fit)(const RkModelBuild *build, const RkModelEvents *events, void *const *values,
                    const gint *cancelled);
} RkModel;

const RkModel *rk_model_at(size_t i); // in models.def's order; NULL past the last
const RkModel *rk_model_find(const char *name, GError **error); // RK_ERROR_USAGE names the nearest

// Starts a build in an empty graph. `data` and `set` (of model->params) must outlive it. Fails
// with RK_ERROR_USAGE, naming what to add, when the data lacks what the model needs.
RkModelBuild *rk_model_build_new(const RkModel *model, const RkModelData *data, const RkParams *set,
                                 gboolean training, GError **error);
void rk_model_build_free(RkModelBuild *build); // and its graph, unless that is another's

// Starts a build in the graph of another, as a teacher beside its student: inputs of one name are
// one, tensors are named `prefix` and their own name in the graph (build->params has the own one).
// `data`, `set` and `prefix` must outlive it, and it must go before `of` does.
RkModelBuild *rk_model_build_beside(RkModelBuild *of, const RkModel *model, const RkModelData *data,
                                    const RkParams *set, const char *prefix, GError **error);

// Scores of every item for each sample, by rank() or else score().
RkRef rk_model_rank(const RkModel *model, RkModelBuild *build);

// For score functions: the inputs and parameters, made when first asked for.
RkRef rk_model_user(RkModelBuild *build);                    // u32 [B]
RkRef rk_model_item(RkModelBuild *build);                    // u32 [B]
RkRef rk_model_input(RkModelBuild *build, uint32_t feature); // CODE, BAG or NUMBER
RkRef rk_model_ends(RkModelBuild *build, uint32_t feature);  // RK_NONE unless a ragged BAG
RkRef rk_model_history(RkModelBuild *build);                 // u32 [B, T]
RkRef rk_model_history_length(RkModelBuild *build);          // u32 [B]
uint32_t rk_model_n_users(const RkModelBuild *build);
uint32_t rk_model_n_items(const RkModelBuild *build);
RkRef rk_model_param(RkModelBuild *build, const char *name, RkType type, RkInit init);
// [N, K] for rk_layer_dense() alone, so that it may be stored in any format.
RkRef rk_model_weight(RkModelBuild *build, const char *name, RkType type, RkInit init);

// A table with a row for each code of a feature, f32 [rows, dim], that starts N(0, deviation^2).
RkRef rk_model_table(RkModelBuild *build, const char *name, int feature, uint32_t dim,
                     double deviation);

// Rows of `width` codes of the feature `codes` for each code of `feature`, u32 [rows, width].
RkRef rk_model_codes(RkModelBuild *build, const char *name, int feature, uint32_t width, int codes);

// The first values of a parameter, numel floats: a function of (seed, its name, position) alone.
void rk_model_init(const RkModelParam *param, const RkTensor *tensor, uint64_t seed, float *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkModelBuild, rk_model_build_free)
