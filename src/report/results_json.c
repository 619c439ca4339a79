// SPDX-License-Identifier: GPL-3.0-or-later
//
// results.json from tables of members: one table a struct is both the writer and the reader.
#include "report/results.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

typedef enum {
    M_TEXT,      // char *; null
    M_REAL,      // double; null is NaN
    M_COUNT,     // uint64_t
    M_NUMBER,    // uint32_t
    M_TRUTH,     // gboolean
    M_ENUM,      // by `names`
    M_TEXTS,     // GStrv
    M_IDS,       // GPtrArray of char *
    M_JSON,      // char *, any object; null
    M_ESTIMATE,  // RkEstimate: its value; the interval goes to "intervals"
    M_LATENCIES, // RkEstimate [RK_N_LATENCIES], likewise
    M_REALS,     // double [RK_N_LATENCIES]
    M_NAMEDS,    // GArray of RkNamed, likewise
    M_SETTINGS,  // GArray of RkSetting
    M_CURVE,     // RkCurve
    M_OBJECT,    // a struct inside, by `record`
    M_VALUES,    // GArray of structs
    M_POINTERS,  // GPtrArray of structs
} MemberKind;

typedef struct Record Record;

typedef struct {
    const char *name;
    MemberKind kind;
    size_t offset;
    const Record *record;
    const char *(*enum_name)(unsigned value);
    unsigned n_enum;
} Member;

struct Record {
    const Member *members;
    size_t n;
    size_t size;
    gpointer (*new)(void);  // of M_POINTERS
    gboolean has_intervals; // of estimates, in the member "intervals"
};

static const char *
status_name(unsigned value)
{
    return rk_trial_status_name((RkTrialStatus)value);
}

static const char *
verdict_name(unsigned value)
{
    return rk_verdict_name((RkVerdict)value);
}

static gpointer
new_repeat(void)
{
    return rk_repeat_new();
}

static gpointer
new_trial(void)
{
    return rk_trial_result_new();
}

static gpointer
new_model(void)
{
    return rk_model_result_new();
}

static gpointer
new_curve(void)
{
    return rk_curve_new(NULL, 0);
}

#define AT(type, member) offsetof(type, member)
#define RECORD(members_, type)                                                                     \
    .members = members_, .n = G_N_ELEMENTS(members_), .size = sizeof(type)

static const Member CURVE_MEMBERS[] = {{"curve", M_CURVE, 0}};
static const Record CURVE = {RECORD(CURVE_MEMBERS, RkCurve), .new = new_curve};

static const Member WINDOW_MEMBERS[] = {
    {"t_s", M_REAL, AT(RkWindow, t_s)},       {"n", M_COUNT, AT(RkWindow, n)},
    {"qps", M_REAL, AT(RkWindow, qps)},       {"p50_ms", M_REAL, AT(RkWindow, p50_ms)},
    {"p90_ms", M_REAL, AT(RkWindow, p90_ms)}, {"p99_ms", M_REAL, AT(RkWindow, p99_ms)},
    {"max_ms", M_REAL, AT(RkWindow, max_ms)},
};
static const Record WINDOW = {RECORD(WINDOW_MEMBERS, RkWindow)};

static const Member REPEAT_MEMBERS[] = {
    {"repeat", M_NUMBER, AT(RkRepeat, repeat)},
    {"seed", M_COUNT, AT(RkRepeat, seed)},
    {"started", M_TEXT, AT(RkRepeat, started)},
    {"valid", M_TRUTH, AT(RkRepeat, valid)},
    {"why_invalid", M_TEXTS, AT(RkRepeat, why_invalid)},
    {"n", M_COUNT, AT(RkRepeat, n)},
    {"duration_s", M_REAL, AT(RkRepeat, duration_s)},
    {"throughput_qps", M_REAL, AT(RkRepeat, throughput_qps)},
    {"latency_ms", M_REALS, AT(RkRepeat, latency_ms)},
    {"schedule_hash", M_TEXT, AT(RkRepeat, schedule_hash)},
    {"windows", M_VALUES, AT(RkRepeat, windows), &WINDOW},
};
static const Record REPEAT = {RECORD(REPEAT_MEMBERS, RkRepeat), .new = new_repeat};

static const Member TRIAL_MEMBERS[] = {
    {"id", M_TEXT, AT(RkTrialResult, id)},
    {"status", M_ENUM, AT(RkTrialResult, status), NULL, status_name, RK_N_TRIAL_STATUSES},
    {"why", M_TEXT, AT(RkTrialResult, why)},
    {"config", M_SETTINGS, AT(RkTrialResult, config)},
    {"n_axes", M_NUMBER, AT(RkTrialResult, n_axes)},
    {"model", M_TEXT, AT(RkTrialResult, model)},
    {"scenario", M_TEXT, AT(RkTrialResult, scenario)},
    {"source", M_TEXT, AT(RkTrialResult, source)},
    {"valid", M_TRUTH, AT(RkTrialResult, valid)},
    {"saturated", M_TRUTH, AT(RkTrialResult, saturated)},
    {"why_invalid", M_TEXTS, AT(RkTrialResult, why_invalid)},
    {"n", M_COUNT, AT(RkTrialResult, n)},
    {"throughput_qps", M_ESTIMATE, AT(RkTrialResult, throughput_qps)},
    {"latency_ms", M_LATENCIES, AT(RkTrialResult, latency_ms)},
    {"stages_us", M_NAMEDS, AT(RkTrialResult, stages_us)},
    {"cache", M_NAMEDS, AT(RkTrialResult, cache)},
    {"lateness_us", M_NAMEDS, AT(RkTrialResult, lateness_us)},
    {"metrics", M_NAMEDS, AT(RkTrialResult, metrics)},
    {"model_bytes", M_REAL, AT(RkTrialResult, model_bytes)},
    {"flops", M_REAL, AT(RkTrialResult, flops)},
    {"schedule_hash", M_TEXT, AT(RkTrialResult, schedule_hash)},
    {"repeats", M_POINTERS, AT(RkTrialResult, repeats), &REPEAT},
    {"quantiles", M_CURVE, AT(RkTrialResult, quantiles)},
    {"histogram", M_CURVE, AT(RkTrialResult, histogram)},
    {"windows", M_VALUES, AT(RkTrialResult, windows), &WINDOW},
};
static const Record TRIAL = {RECORD(TRIAL_MEMBERS, RkTrialResult), .new = new_trial,
                             .has_intervals = TRUE};

static const Member MODEL_MEMBERS[] = {
    {"name", M_TEXT, AT(RkModelResult, name)},
    {"model", M_TEXT, AT(RkModelResult, kind)},
    {"parent", M_TEXT, AT(RkModelResult, parent)},
    {"how", M_TEXT, AT(RkModelResult, how)},
    {"bytes", M_REAL, AT(RkModelResult, bytes)},
    {"flops", M_REAL, AT(RkModelResult, flops)},
    {"metrics", M_NAMEDS, AT(RkModelResult, metrics)},
    {"curves", M_POINTERS, AT(RkModelResult, curves), &CURVE},
};
static const Record MODEL = {RECORD(MODEL_MEMBERS, RkModelResult), .new = new_model,
                             .has_intervals = TRUE};

static const Member RECOMMENDATION_MEMBERS[] = {
    {"id", M_TEXT, AT(RkRecommendation, id)},
    {"why", M_TEXT, AT(RkRecommendation, why)},
    {"versus", M_TEXT, AT(RkRecommendation, versus)},
    {"gains", M_NAMEDS, AT(RkRecommendation, gains)},
};
static const Record RECOMMENDATION = {RECORD(RECOMMENDATION_MEMBERS, RkRecommendation),
                                      .has_intervals = TRUE};

static const Member GATE_MEMBERS[] = {
    {"name", M_TEXT, AT(RkGate, name)},   {"limit", M_REAL, AT(RkGate, limit)},
    {"value", M_REAL, AT(RkGate, value)}, {"pass", M_TRUTH, AT(RkGate, pass)},
    {"trial", M_TEXT, AT(RkGate, trial)}, {"why", M_TEXT, AT(RkGate, why)},
};
static const Record GATE = {RECORD(GATE_MEMBERS, RkGate)};

static const Member COMPARISON_MEMBERS[] = {
    {"trial", M_TEXT, AT(RkComparison, trial)},
    {"figure", M_TEXT, AT(RkComparison, figure)},
    {"before", M_REAL, AT(RkComparison, before)},
    {"after", M_REAL, AT(RkComparison, after)},
    {"change", M_ESTIMATE, AT(RkComparison, change)},
    {"p", M_REAL, AT(RkComparison, p)},
    {"effect", M_REAL, AT(RkComparison, effect)},
    {"verdict", M_ENUM, AT(RkComparison, verdict), NULL, verdict_name, RK_N_VERDICTS},
    {"why", M_TEXT, AT(RkComparison, why)},
};
static const Record COMPARISON = {RECORD(COMPARISON_MEMBERS, RkComparison), .has_intervals = TRUE};

static const Member AUDIT_MEMBERS[] = {
    {"name", M_TEXT, AT(RkAudit, name)},
    {"pass", M_TRUTH, AT(RkAudit, pass)},
    {"detail", M_TEXT, AT(RkAudit, detail)},
};
static const Record AUDIT = {RECORD(AUDIT_MEMBERS, RkAudit)};

static const Member RESULTS_MEMBERS[] = {
    {"rankine", M_TEXT, AT(RkResults, rankine)},
    {"suite", M_TEXT, AT(RkResults, suite)},
    {"complete", M_TRUTH, AT(RkResults, complete)},
    {"environment", M_SETTINGS, AT(RkResults, environment)},
    {"trials", M_POINTERS, AT(RkResults, trials), &TRIAL},
    {"models", M_POINTERS, AT(RkResults, models), &MODEL},
    {"pareto", M_IDS, AT(RkResults, pareto)},
    {"pareto_metric", M_TEXT, AT(RkResults, pareto_metric)},
    {"recommended", M_OBJECT, AT(RkResults, recommended), &RECOMMENDATION},
    {"gates", M_VALUES, AT(RkResults, gates), &GATE},
    {"baseline", M_TEXT, AT(RkResults, baseline)},
    {"comparisons", M_VALUES, AT(RkResults, comparisons), &COMPARISON},
    {"baseline_notes", M_TEXTS, AT(RkResults, baseline_notes)},
    {"audit", M_VALUES, AT(RkResults, audit), &AUDIT},
    {"plan", M_JSON, AT(RkResults, plan)},
};
static const Record RESULTS = {RECORD(RESULTS_MEMBERS, RkResults)};

// ---- writing -------------------------------------------------------------------------------

static void write_record(JsonBuilder *json, const Record *record, const void *data);

// Whole numbers without a point, as they were typed.
static void
add_number(JsonBuilder *json, double value)
{
    if (!isfinite(value))
        json_builder_add_null_value(json);
    else if (value == floor(value) && fabs(value) < 9007199254740992.0) // 2^53
        json_builder_add_int_value(json, (gint64)value);
    else
        json_builder_add_double_value(json, value);
}

static void
add_pair(JsonBuilder *json, const char *name, const RkEstimate *estimate)
{
    if (!isfinite(estimate->low) || !isfinite(estimate->high))
        return;
    const double ends[] = {estimate->low, estimate->high};
    rk_json_add_reals(json, name, ends, 2);
}

// The intervals of one member, under its name.
static void
write_intervals_of(JsonBuilder *json, const Member *member, const void *at)
{
    if (member->kind == M_ESTIMATE) {
        add_pair(json, member->name, at);
        return;
    }
    json_builder_set_member_name(json, member->name);
    json_builder_begin_object(json);
    if (member->kind == M_LATENCIES) {
        for (int i = 0; i < RK_N_LATENCIES; i++)
            add_pair(json, rk_latency_stat_name(i), (const RkEstimate *)at + i);
    } else {
        const GArray *nameds = *(GArray *const *)at;
        for (guint i = 0; i < nameds->len; i++)
            add_pair(json, g_array_index(nameds, RkNamed, i).name,
                     &g_array_index(nameds, RkNamed, i).estimate);
    }
    json_builder_end_object(json);
}

static gboolean
has_interval(const Member *member)
{
    return member->kind == M_ESTIMATE || member->kind == M_LATENCIES || member->kind == M_NAMEDS;
}

static void
write_texts(JsonBuilder *json, const char *const *texts, guint n)
{
    json_builder_begin_array(json);
    for (guint i = 0; i < n; i++)
        json_builder_add_string_value(json, texts[i]);
    json_builder_end_array(json);
}

static void
write_settings(JsonBuilder *json, const GArray *settings)
{
    json_builder_begin_object(json);
    for (guint i = 0; i < settings->len; i++) {
        const RkSetting *setting = &g_array_index(settings, RkSetting, i);
        json_builder_set_member_name(json, setting->name);
        if (setting->kind == RK_SETTING_NUMBER)
            add_number(json, setting->number);
        else if (setting->kind == RK_SETTING_BOOL)
            json_builder_add_boolean_value(json, setting->number != 0);
        else
            json_builder_add_string_value(json, setting->text != NULL ? setting->text : "");
    }
    json_builder_end_object(json);
}

static void
write_figures(JsonBuilder *json, const Member *member, const void *at)
{
    json_builder_begin_object(json);
    for (int i = 0; i < RK_N_LATENCIES && member->kind != M_NAMEDS; i++)
        rk_json_add_real(json, rk_latency_stat_name(i),
                         member->kind == M_REALS ? ((const double *)at)[i]
                                                 : ((const RkEstimate *)at)[i].value);
    const GArray *nameds = member->kind == M_NAMEDS ? *(GArray *const *)at : NULL;
    for (guint i = 0; nameds != NULL && i < nameds->len; i++)
        rk_json_add_real(json, g_array_index(nameds, RkNamed, i).name,
                         g_array_index(nameds, RkNamed, i).estimate.value);
    json_builder_end_object(json);
}

static void
write_curve(JsonBuilder *json, const RkCurve *curve)
{
    json_builder_begin_object(json);
    rk_json_add_text(json, "name", curve->name);
    rk_json_add_reals(json, "x", curve->x, curve->n);
    rk_json_add_reals(json, "y", curve->y, curve->n);
    json_builder_end_object(json);
}

static void
write_list(JsonBuilder *json, const Member *member, const void *at)
{
    json_builder_begin_array(json);
    if (member->kind == M_VALUES) {
        const GArray *array = *(GArray *const *)at;
        for (guint i = 0; i < array->len; i++)
            write_record(json, member->record, array->data + (size_t)i * member->record->size);
    } else {
        const GPtrArray *array = *(GPtrArray *const *)at;
        for (guint i = 0; i < array->len; i++)
            write_record(json, member->record, g_ptr_array_index(array, i));
    }
    json_builder_end_array(json);
}

static void
write_scalar(JsonBuilder *json, const Member *member, const void *at)
{
    const char *text = NULL;
    switch (member->kind) {
    case M_REAL:
        add_number(json, *(const double *)at);
        return;
    case M_ESTIMATE:
        add_number(json, ((const RkEstimate *)at)->value);
        return;
    case M_COUNT:
        json_builder_add_int_value(json, (gint64) * (const uint64_t *)at);
        return;
    case M_NUMBER:
        json_builder_add_int_value(json, *(const uint32_t *)at);
        return;
    case M_TRUTH:
        json_builder_add_boolean_value(json, *(const gboolean *)at);
        return;
    case M_ENUM:
        text = member->enum_name(*(const unsigned *)at);
        break;
    default:
        text = *(const char *const *)at;
        break;
    }
    if (text != NULL)
        json_builder_add_string_value(json, text);
    else
        json_builder_add_null_value(json);
}

static void
write_member(JsonBuilder *json, const Member *member, const void *at)
{
    switch (member->kind) {
    case M_TEXTS: {
        const char *const *texts = *(const char *const *const *)at;
        write_texts(json, texts, texts != NULL ? g_strv_length((GStrv)texts) : 0);
        break;
    }
    case M_IDS: {
        const GPtrArray *ids = *(GPtrArray *const *)at;
        write_texts(json, (const char *const *)ids->pdata, ids->len);
        break;
    }
    case M_LATENCIES:
    case M_REALS:
    case M_NAMEDS:
        write_figures(json, member, at);
        break;
    case M_SETTINGS:
        write_settings(json, *(GArray *const *)at);
        break;
    case M_CURVE:
        write_curve(json, at);
        break;
    case M_OBJECT:
        write_record(json, member->record, at);
        break;
    case M_VALUES:
    case M_POINTERS:
        write_list(json, member, at);
        break;
    default:
        write_scalar(json, member, at);
        break;
    }
}

static void
write_record(JsonBuilder *json, const Record *record, const void *data)
{
    if (record == &CURVE) {
        write_curve(json, data);
        return;
    }
    json_builder_begin_object(json);
    for (size_t i = 0; i < record->n; i++) {
        const Member *member = &record->members[i];
        const void *at = (const char *)data + member->offset;
        if (member->kind == M_JSON) {
            rk_json_add_json(json, member->name, *(const char *const *)at);
            continue;
        }
        json_builder_set_member_name(json, member->name);
        write_member(json, member, at);
    }
    if (record->has_intervals) {
        json_builder_set_member_name(json, "intervals");
        json_builder_begin_object(json);
        for (size_t i = 0; i < record->n; i++)
            if (has_interval(&record->members[i]))
                write_intervals_of(json, &record->members[i],
                                   (const char *)data + record->members[i].offset);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

char *
rk_results_to_json(const RkResults *results)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_int(json, "schema", RK_RESULTS_SCHEMA);
    for (size_t i = 0; i < RESULTS.n; i++) {
        const Member *member = &RESULTS.members[i];
        const void *at = (const char *)results + member->offset;
        if (member->kind == M_JSON) {
            rk_json_add_json(json, member->name, *(const char *const *)at);
            continue;
        }
        json_builder_set_member_name(json, member->name);
        write_member(json, member, at);
    }
    json_builder_end_object(json);
    return rk_json_text(json, TRUE);
}

// ---- reading -------------------------------------------------------------------------------

typedef struct {
    GString *path; // "trials[3].latency_ms"
    GError **error;
} Reader;

static gboolean
fail(Reader *reader, const char *expected)
{
    g_set_error(reader->error, RK_ERROR, RK_ERROR_DATA, "%s is not %s",
                reader->path->len > 0 ? reader->path->str : "the document", expected);
    return FALSE;
}

static gboolean read_record(Reader *reader, const Record *record, JsonNode *node, void *data);

static gsize
enter(Reader *reader, const char *name)
{
    gsize before = reader->path->len;
    g_string_append_printf(reader->path, "%s%s", before > 0 ? "." : "", name);
    return before;
}

static gboolean
to_real(JsonNode *node, double *value)
{
    if (JSON_NODE_HOLDS_NULL(node)) {
        *value = NAN;
        return TRUE;
    }
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
        return FALSE;
    *value = json_node_get_double(node);
    return TRUE;
}

static gboolean
to_count(Reader *reader, JsonNode *node, uint64_t max, uint64_t *value)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < 0 || (uint64_t)json_node_get_int(node) > max)
        return fail(reader, "a whole number in its range");
    *value = (uint64_t)json_node_get_int(node);
    return TRUE;
}

static gboolean
to_text(Reader *reader, JsonNode *node, gboolean may_lack, char **text)
{
    if (JSON_NODE_HOLDS_NULL(node) && may_lack)
        return TRUE;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return fail(reader, "a text");
    g_free(*text);
    *text = json_node_dup_string(node);
    return TRUE;
}

static gboolean
read_texts(Reader *reader, JsonNode *node, GPtrArray *texts)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return fail(reader, "a list of texts");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        char *text = NULL;
        if (!to_text(reader, json_array_get_element(array, i), FALSE, &text))
            return FALSE;
        g_ptr_array_add(texts, text);
    }
    return TRUE;
}

static gboolean
read_enum(Reader *reader, const Member *member, JsonNode *node, unsigned *value)
{
    g_autofree char *text = NULL;
    if (!to_text(reader, node, FALSE, &text))
        return FALSE;
    for (*value = 0; *value < member->n_enum; ++*value)
        if (strcmp(member->enum_name(*value), text) == 0)
            return TRUE;
    return fail(reader, "a word that this Rankine knows");
}

static gboolean
read_settings(Reader *reader, JsonNode *node, GArray *settings)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        double number = NAN;
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
            rk_settings_add_text(settings, name, json_node_get_string(value));
        else if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_BOOLEAN)
            rk_settings_add(settings, name, json_node_get_boolean(value) ? "true" : "false");
        else if (to_real(value, &number))
            rk_settings_add_number(settings, name, number);
        else
            return fail(reader, "an object of texts, numbers and truths");
    }
    return TRUE;
}

static gboolean
read_figures(Reader *reader, const Member *member, JsonNode *node, void *at)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObject *object = json_node_get_object(node);
    for (int i = 0; i < RK_N_LATENCIES && member->kind != M_NAMEDS; i++) {
        JsonNode *value = json_object_get_member(object, rk_latency_stat_name(i));
        double *to = member->kind == M_REALS ? (double *)at + i : &((RkEstimate *)at + i)->value;
        if (value == NULL || !to_real(value, to))
            return fail(reader, "an object with the mean, p50 to p99.9 and max as numbers");
    }
    if (member->kind != M_NAMEDS)
        return TRUE;
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        RkEstimate estimate = rk_estimate(NAN);
        if (!to_real(value, &estimate.value))
            return fail(reader, "an object of numbers");
        rk_nameds_add(*(GArray **)at, name, estimate);
    }
    return TRUE;
}

static gboolean
read_points(Reader *reader, JsonObject *object, const char *name, double **values, uint32_t *n)
{
    g_free(*values);
    *values = NULL;
    return rk_json_reals(object, name, values, n, NULL) ||
           fail(reader, "a curve with the lists x and y");
}

static gboolean
read_curve(Reader *reader, JsonNode *node, RkCurve *curve)
{
    uint32_t n_y = 0;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "a curve");
    JsonObject *object = json_node_get_object(node);
    JsonNode *name = json_object_get_member(object, "name");
    if ((name != NULL && !to_text(reader, name, TRUE, &curve->name)) ||
        !read_points(reader, object, "x", &curve->x, &curve->n) ||
        !read_points(reader, object, "y", &curve->y, &n_y))
        return FALSE;
    return n_y == curve->n || fail(reader, "a curve with as many x as y");
}

static gboolean
read_list(Reader *reader, const Member *member, JsonNode *node, void *at)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return fail(reader, "a list");
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        gsize before = reader->path->len;
        g_string_append_printf(reader->path, "[%u]", i);
        void *one = NULL;
        if (member->kind == M_POINTERS) {
            one = member->record->new ();
            g_ptr_array_add(*(GPtrArray **)at, one);
        } else {
            GArray *values = *(GArray **)at;
            g_array_set_size(values, values->len + 1);
            one = values->data + (size_t)(values->len - 1) * member->record->size;
        }
        if (!read_record(reader, member->record, json_array_get_element(array, i), one))
            return FALSE;
        g_string_truncate(reader->path, before);
    }
    return TRUE;
}

static gboolean
read_scalar(Reader *reader, const Member *member, JsonNode *node, void *at)
{
    uint64_t count = 0;
    switch (member->kind) {
    case M_REAL:
        return to_real(node, at) || fail(reader, "a number");
    case M_ESTIMATE:
        *(RkEstimate *)at = rk_estimate(NAN);
        return to_real(node, &((RkEstimate *)at)->value) || fail(reader, "a number");
    case M_COUNT:
        return to_count(reader, node, INT64_MAX, at);
    case M_NUMBER:
        if (!to_count(reader, node, UINT32_MAX, &count))
            return FALSE;
        *(uint32_t *)at = (uint32_t)count;
        return TRUE;
    case M_TRUTH:
        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
            return fail(reader, "true or false");
        *(gboolean *)at = json_node_get_boolean(node);
        return TRUE;
    case M_ENUM:
        return read_enum(reader, member, node, at);
    default:
        return to_text(reader, node, TRUE, at);
    }
}

static gboolean
read_strv(Reader *reader, JsonNode *node, GStrv *strv)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    if (!read_texts(reader, node, texts))
        return FALSE;
    g_strfreev(*strv);
    g_ptr_array_add(texts, NULL);
    *strv = (GStrv)g_ptr_array_steal(texts, NULL);
    return TRUE;
}

static gboolean
read_member(Reader *reader, const Member *member, JsonNode *node, void *at)
{
    switch (member->kind) {
    case M_TEXTS:
        return read_strv(reader, node, at);
    case M_IDS:
        return read_texts(reader, node, *(GPtrArray **)at);
    case M_JSON:
        if (!JSON_NODE_HOLDS_NULL(node) && !JSON_NODE_HOLDS_OBJECT(node))
            return fail(reader, "an object");
        g_free(*(char **)at);
        *(char **)at = JSON_NODE_HOLDS_NULL(node) ? NULL : rk_json_node_text(node, FALSE);
        return TRUE;
    case M_LATENCIES:
    case M_REALS:
    case M_NAMEDS:
        return read_figures(reader, member, node, at);
    case M_SETTINGS:
        return read_settings(reader, node, *(GArray **)at);
    case M_CURVE:
        return read_curve(reader, node, at);
    case M_OBJECT:
        return read_record(reader, member->record, node, at);
    case M_VALUES:
    case M_POINTERS:
        return read_list(reader, member, node, at);
    default:
        return read_scalar(reader, member, node, at);
    }
}

// ---- intervals -----------------------------------------------------------------------------

static void
read_pair(JsonObject *intervals, const char *name, RkEstimate *estimate)
{
    g_autofree double *ends = NULL;
    uint32_t n = 0;
    if (json_object_has_member(intervals, name) &&
        rk_json_reals(intervals, name, &ends, &n, NULL) && n == 2) {
        estimate->low = ends[0];
        estimate->high = ends[1];
    }
}

static void
read_intervals_of(JsonObject *intervals, const Member *member, void *at)
{
    JsonObject *object = NULL;
    if (member->kind == M_ESTIMATE) {
        read_pair(intervals, member->name, at);
        return;
    }
    if (!rk_json_object(intervals, member->name, &object, NULL))
        return;
    for (int i = 0; i < RK_N_LATENCIES && member->kind == M_LATENCIES; i++)
        read_pair(object, rk_latency_stat_name(i), (RkEstimate *)at + i);
    GArray *nameds = member->kind == M_NAMEDS ? *(GArray **)at : NULL;
    for (guint i = 0; nameds != NULL && i < nameds->len; i++)
        read_pair(object, g_array_index(nameds, RkNamed, i).name,
                  &g_array_index(nameds, RkNamed, i).estimate);
}

static gboolean
read_members(Reader *reader, const Record *record, JsonObject *object, void *data)
{
    for (size_t i = 0; i < record->n; i++) {
        const Member *member = &record->members[i];
        JsonNode *value = json_object_get_member(object, member->name);
        gsize before = enter(reader, member->name);
        if (value == NULL)
            return fail(reader, "there");
        if (!read_member(reader, member, value, (char *)data + member->offset))
            return FALSE;
        g_string_truncate(reader->path, before);
    }
    return TRUE;
}

static gboolean
read_record(Reader *reader, const Record *record, JsonNode *node, void *data)
{
    if (record == &CURVE)
        return read_curve(reader, node, data);
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail(reader, "an object");
    JsonObject *object = json_node_get_object(node), *intervals = NULL;
    if (!read_members(reader, record, object, data))
        return FALSE;
    if (!record->has_intervals || !rk_json_object(object, "intervals", &intervals, NULL))
        return TRUE;
    for (size_t i = 0; i < record->n; i++)
        if (has_interval(&record->members[i]))
            read_intervals_of(intervals, &record->members[i],
                              (char *)data + record->members[i].offset);
    return TRUE;
}

static gboolean
check_schema(JsonObject *object, const char *what, GError **error)
{
    int64_t schema = 0;
    if (!rk_json_int(object, "schema", &schema, NULL) || schema < 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't read %s: it has no \"schema\" number, so it is not a results.json. Name "
                    "one that rankine --batch wrote.",
                    what);
        return FALSE;
    }
    if (schema <= RK_RESULTS_SCHEMA)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read %s: its schema is %d and this Rankine knows up to %d. Update Rankine.",
                what, (int)schema, RK_RESULTS_SCHEMA);
    return FALSE;
}

RkResults *
rk_results_from_json(const char *text, const char *what, GError **error)
{
    g_autoptr(JsonNode) root = rk_json_parse(text, what, error);
    if (root == NULL || !check_schema(json_node_get_object(root), what, error))
        return NULL;
    g_autoptr(RkResults) results = rk_results_new();
    g_autoptr(GString) path = g_string_new(NULL);
    g_autoptr(GError) cause = NULL;
    Reader reader = {path, &cause};
    if (read_members(&reader, &RESULTS, json_node_get_object(root), results))
        return g_steal_pointer(&results);
    g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                "Can't read %s: %s. Name a results.json as rankine --batch wrote it.", what,
                cause->message);
    return NULL;
}

RkResults *
rk_results_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    gsize n = 0;
    if (g_file_get_contents(path, &text, &n, &cause))
        return rk_results_from_json(text, path, error);
    g_set_error(error, RK_ERROR,
                g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? RK_ERROR_NOT_FOUND
                                                                         : RK_ERROR_FAILED,
                "Can't read the results %s: %s.", path, cause->message);
    return NULL;
}
