// SPDX-License-Identifier: GPL-3.0-or-later
//
// results.json written from its tables of members. Numbers that aren't known become null, intervals
// stand apart in "intervals".
#include "report/results-private.h"

#include "base/json.h"

#include <math.h>

static void write_record(JsonBuilder *json, const RkRecord *record, const void *data);

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
write_intervals_of(JsonBuilder *json, const RkMember *member, const void *at)
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
write_figures(JsonBuilder *json, const RkMember *member, const void *at)
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
write_list(JsonBuilder *json, const RkMember *member, const void *at)
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
write_scalar(JsonBuilder *json, const RkMember *member, const void *at)
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
write_member(JsonBuilder *json, const RkMember *member, const void *at)
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
write_record(JsonBuilder *json, const RkRecord *record, const void *data)
{
    if (record == &rk_curve_record) {
        write_curve(json, data);
        return;
    }
    json_builder_begin_object(json);
    for (size_t i = 0; i < record->n; i++) {
        const RkMember *member = &record->members[i];
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
            if (rk_member_has_interval(&record->members[i]))
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
    for (size_t i = 0; i < rk_results_record.n; i++) {
        const RkMember *member = &rk_results_record.members[i];
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
