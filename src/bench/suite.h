// SPDX-License-Identifier: GPL-3.0-or-later
//
// A suite file: which data, which models, what is swept, under which load, which gates. Strict:
// whatever it has that nobody knows is an error that names the JSON path and the nearest right
// name. The format is in data/suite.schema.json. Immutable once read; any thread reads.
#pragma once

#include "report/results.h"
#include "train/settings.h"

#include <json-glib/json-glib.h>

// Whose setting an axis is.
typedef enum {
    RK_PLACE_MODEL,    // which of the suite's models
    RK_PLACE_TRAIN,    // hyper-parameters and training of the model: each value is a model
    RK_PLACE_COMPRESS, // each value is a model made of the trained one
    RK_PLACE_SERVE,    // batcher, caches, submissions in flight
    RK_PLACE_LOAD,     // scenario, rate, candidates
    RK_PLACE_RUN,      // device and seed
    RK_N_PLACES,
} RkPlace;

const char *rk_place_name(RkPlace place); // "the server's settings"

// A value of any setting of compression, also written null: that pass is left out of the trial.
#define RK_NO_PASS "none"

// A parameter table whose rows can be axes.
typedef struct {
    RkPlace place;
    const RkParam *rows;
    size_t n;
} RkAxisTable;

typedef struct {
    char *name;
    RkPlace place;
    GArray *values; // of RkSetting, at least one
} RkAxis;

typedef struct {
    char *name;
    char *stored;              // one of the database, served as it is; NULL for one to train
    const RkModel *model;      // of the zoo; NULL when stored
    RkTrainSettings *settings; // with the suite's "set"; NULL when stored
    GArray *set;               // of RkSetting: what the suite says
} RkSuiteModel;

typedef struct {
    GStrv import;  // paths, absolute; or NULL
    char *synth;   // kind; or NULL
    uint64_t rows; // to generate
    char *dataset; // one that is there; or NULL
    char *split;   // of an import; NULL for random
    uint64_t seed; // 1
    GArray *set;   // of RkSetting: of the generator; cleaning, splitting, schema of an import
} RkSuiteData;

typedef struct {
    char *name;
    double limit;
} RkSuiteGate;

typedef struct {
    char *name;
    char *text; // the file as it was
    RkSuiteData data;
    GPtrArray *models; // of RkSuiteModel
    GPtrArray *axes;   // of RkAxis, those of one value included; the model first unless swept later
    uint32_t repeats;
    char *search;      // "grid" or "random"
    uint32_t n_trials; // of random; 0: all
    uint64_t seed;
    GArray *gates;           // of RkSuiteGate
    double tolerance;        // a share: smaller changes from the baseline are no regression
    double metric_tolerance; // the same of accuracy, absolute
    char *metric;            // accuracy to choose by: "ndcg@10"; NULL: the first one measured
    char *plan;              // JSON object; NULL without
    GStrv report;            // kinds: "html", ..
} RkSuite;

// Parses a suite; `path` names it in errors and relative paths are relative to its folder.
// Fails with RK_ERROR_USAGE.
RkSuite *rk_suite_parse(const char *text, const char *path, const RkAxisTable *tables,
                        size_t n_tables, GError **error);
RkSuite *rk_suite_read(const char *path, const RkAxisTable *tables, size_t n_tables,
                       GError **error);
void rk_suite_free(RkSuite *suite);

const RkAxis *rk_suite_axis(const RkSuite *suite, const char *name);        // or NULL
const RkSuiteModel *rk_suite_model(const RkSuite *suite, const char *name); // or NULL

// A hash of the name, the data and the models: what a run goes on by. Free it.
char *rk_suite_recipe(const RkSuite *suite);

// A hash of the data's recipe, and of one model's on it with settings (GArray of RkSetting) beside
// its own: eight hexadecimal digits, to name them by. Free them.
char *rk_suite_data_hash(const RkSuite *suite);
char *rk_suite_model_hash(const RkSuite *suite, const RkSuiteModel *model, const GArray *more);

// Axes of the run itself: device, seed.
extern const RkParam rk_suite_run_params[];
extern const size_t rk_suite_n_run_params;

extern const char *const rk_suite_reports[]; // "html", .., NULL

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkSuite, rk_suite_free)
