// SPDX-License-Identifier: GPL-3.0-or-later
//
// Parameter tables. A table (name, type, range, default, unit, help) is written once, const, next
// to the code that it configures; the form in the app, `--set key=value`, the sweep axis and the
// JSON schema are all read from it. A value set belongs to one thread.
#pragma once

#include "base/error.h"

#include <json-glib/json-glib.h>
#include <stdint.h>

typedef enum {
    RK_PARAM_INT,
    RK_PARAM_REAL,
    RK_PARAM_BOOL,
    RK_PARAM_CHOICE, // one of `choices`
    RK_PARAM_TEXT,
} RkParamType;

typedef struct {
    const char *name; // "batch.max": lower case, dots between levels, dashes inside a word
    RkParamType type;
    double min, max;     // inclusive; both 0 for BOOL, CHOICE and TEXT
    const char *initial; // the default, as a user would type it
    const char *unit;    // "ms", "rows", or NULL
    const char *choices; // "a|b|c" for CHOICE, else NULL
    const char *help;    // one sentence without full stop
} RkParam;

typedef struct RkParams RkParams; // one value for each row of a table

// Every value at its default. `table` must outlive the set.
RkParams *rk_params_new(const RkParam *table, size_t n_rows);
RkParams *rk_params_copy(const RkParams *params);
void rk_params_free(RkParams *params);

// Sets one value from text. Fails with RK_ERROR_USAGE when no row has that name (the message
// names the nearest) or the value is not in its range.
gboolean rk_params_set(RkParams *params, const char *name, const char *value, GError **error);

// The same from "name=value", as `--set` has it.
gboolean rk_params_assign(RkParams *params, const char *assignment, GError **error);

// Reads; asking for a name that the table lacks or as another type is a programmer's error.
int64_t rk_params_int(const RkParams *params, const char *name);
double rk_params_real(const RkParams *params, const char *name);
gboolean rk_params_bool(const RkParams *params, const char *name);
const char *rk_params_text(const RkParams *params, const char *name); // CHOICE and TEXT

// Any value as rk_params_set() takes it; free it.
char *rk_params_value_text(const RkParams *params, const char *name);

// Whether the value was set by rk_params_set() rather than left at its default.
gboolean rk_params_is_set(const RkParams *params, const char *name);

// Every value as one JSON object, in table order, appended to an open builder.
void rk_params_to_json(const RkParams *params, JsonBuilder *builder);

// The table as text for --help: name, range or choices, default with unit, help; a line each.
char *rk_params_help(const RkParam *table, size_t n_rows);

// The candidate nearest to `word` by edit distance, or NULL when none is near enough to suggest.
const char *rk_nearest_word(const char *word, const char *const *candidates, size_t n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkParams, rk_params_free)
