// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading a JSON document strictly, with the path in every error. Private to suite*.c.
#pragma once

#include "bench/suite.h"

// Where the reader is: "sweep.batch.max[1]".
typedef struct {
    const char *file;
    GString *path;
    const RkAxisTable *tables;
    size_t n_tables;
} RkSuiteReader;

gsize rk_suite_enter(RkSuiteReader *reader, const char *name); // returns what to leave to
void rk_suite_leave(RkSuiteReader *reader, gsize to);

// RK_ERROR_USAGE: "Can't run FILE: PATH ...". Returns FALSE.
gboolean rk_suite_fail(RkSuiteReader *reader, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

// An object whose members are all among `names` (ended by NULL).
JsonObject *rk_suite_object(RkSuiteReader *reader, JsonNode *node, const char *const *names,
                            GError **error);
gboolean rk_suite_text(RkSuiteReader *reader, JsonNode *node, char **text, GError **error);
gboolean rk_suite_count(RkSuiteReader *reader, JsonNode *node, uint64_t min, uint64_t max,
                        uint64_t *value, GError **error);
gboolean rk_suite_real(RkSuiteReader *reader, JsonNode *node, double *value, GError **error);

// A number, text or truth, added to `settings` under a name.
gboolean rk_suite_scalar(RkSuiteReader *reader, JsonNode *node, const char *name, GArray *settings,
                         GError **error);

// An object of such.
gboolean rk_suite_settings(RkSuiteReader *reader, JsonNode *node, GArray *settings, GError **error);

// The parts.
gboolean rk_suite_read_data(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, GError **error);
gboolean rk_suite_read_models(RkSuiteReader *reader, RkSuite *suite, JsonNode *node,
                              GError **error);

// The axes of an object: of any table (`only` RK_N_PLACES) or of one.
gboolean rk_suite_read_axes(RkSuiteReader *reader, RkSuite *suite, JsonNode *node, RkPlace only,
                            GError **error);

// The axis of models first, where nothing names it.
gboolean rk_suite_complete_axes(RkSuiteReader *reader, RkSuite *suite, GError **error);
void rk_suite_model_free(gpointer model);
void rk_suite_axis_free(gpointer axis);
