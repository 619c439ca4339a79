// SPDX-License-Identifier: GPL-3.0-or-later
//
// What json-glib leaves to every caller: a builder's text, and members read with errors that name
// the path. Any thread; a builder belongs to one.
#pragma once

#include "base/error.h"

#include <json-glib/json-glib.h>
#include <stdint.h>

// The document built so far as text; indented by two when `pretty`. The builder stays the caller's.
char *rk_json_text(JsonBuilder *builder, gboolean pretty);

// A node as text.
char *rk_json_node_text(JsonNode *node, gboolean pretty);

// A member of an open object. NaN and infinities, which JSON lacks, become null.
void rk_json_add_real(JsonBuilder *builder, const char *name, double value);
void rk_json_add_int(JsonBuilder *builder, const char *name, int64_t value);
void rk_json_add_text(JsonBuilder *builder, const char *name, const char *value);
void rk_json_add_texts(JsonBuilder *builder, const char *name, const char *const *values,
                       uint32_t n);
void rk_json_add_reals(JsonBuilder *builder, const char *name, const double *values, uint32_t n);

// Adds a JSON document (an object or any value) as it is under a name; malformed text is null.
void rk_json_add_json(JsonBuilder *builder, const char *name, const char *json);

// A number, text or truth as a user would type it; NULL for null, lists and objects. Free it.
char *rk_json_scalar_text(JsonNode *node);

// Parses a document that must be an object; `what` names it in errors ("the split"). The root node
// owns it.
JsonNode *rk_json_parse(const char *text, const char *what, GError **error);

// Members that must be there with that type; null reads as NaN. Errors are RK_ERROR_DATA.
gboolean rk_json_real(JsonObject *object, const char *name, double *value, GError **error);
gboolean rk_json_int(JsonObject *object, const char *name, int64_t *value, GError **error);
gboolean rk_json_string(JsonObject *object, const char *name, const char **value, GError **error);
gboolean rk_json_object(JsonObject *object, const char *name, JsonObject **value, GError **error);
gboolean rk_json_array(JsonObject *object, const char *name, JsonArray **value, GError **error);

// An array of numbers; free with g_free().
gboolean rk_json_reals(JsonObject *object, const char *name, double **values, uint32_t *n,
                       GError **error);
