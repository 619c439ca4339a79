// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/result.h"

#include "base/json.h"

static void
add_texts(JsonBuilder *json, const char *name, const GPtrArray *texts)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (guint i = 0; texts != NULL && i < texts->len; i++)
        json_builder_add_string_value(json, g_ptr_array_index(texts, i));
    json_builder_end_array(json);
}

static void
add_flag(JsonBuilder *json, const char *name, gboolean value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static void
add_stages(const RkBenchResult *r, JsonBuilder *json)
{
    json_builder_set_member_name(json, "stages_us");
    json_builder_begin_object(json);
    for (int s = 0; s < RK_N_STAGES; s++)
        rk_spread_to_json(&r->stages_us[s], rk_stage_name((RkStage)s), json);
    json_builder_end_object(json);
}

static void
add_quality(const RkBenchResult *r, JsonBuilder *json)
{
    json_builder_set_member_name(json, "metrics");
    json_builder_begin_object(json);
    for (guint i = 0; r->quality != NULL && i < r->quality->len; i++) {
        const RkQualityFigure *figure = &g_array_index(r->quality, RkQualityFigure, i);
        rk_json_add_real(json, figure->name, figure->value);
    }
    json_builder_end_object(json);
    if (r->protocol != NULL) {
        rk_json_add_text(json, "protocol", r->protocol);
        rk_json_add_int(json, "n_metrics", (int64_t)r->n_quality);
    }
}

static void
add_audit(const RkAuditResult *a, JsonBuilder *json)
{
    if (!a->done)
        return;
    json_builder_set_member_name(json, "audit");
    json_builder_begin_object(json);
    rk_json_add_real(json, "null_qps", a->null_qps);
    rk_spread_to_json(&a->null_lateness, "null_lateness_us", json);
    rk_json_add_real(json, "stall_ms", a->stall_ms);
    rk_json_add_real(json, "stall_p99_ms", a->stall_p99_ms);
    rk_json_add_real(json, "stall_expects_ms", a->stall_expects_ms);
    rk_json_add_real(json, "repeated_ms", a->repeated_ms);
    rk_json_add_real(json, "distinct_ms", a->distinct_ms);
    rk_json_add_real(json, "agreement", a->agreement);
    rk_json_add_int(json, "n_sampled", a->n_sampled);
    add_texts(json, "findings", a->findings);
    json_builder_end_object(json);
}

// What the system counted stands beside the rest: "cache" is there even when it said nothing.
static void
add_counters(const RkBenchResult *r, JsonBuilder *json)
{
    g_autoptr(JsonNode) root =
        r->counters != NULL ? rk_json_parse(r->counters, "the counters", NULL) : NULL;
    gboolean has_cache = FALSE;
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    if (root != NULL) {
        json_object_iter_init(&iter, json_node_get_object(root));
        while (json_object_iter_next(&iter, &name, &node)) {
            json_builder_set_member_name(json, name);
            json_builder_add_value(json, json_node_copy(node));
            has_cache |= g_str_equal(name, "cache");
        }
    }
    if (!has_cache)
        rk_json_add_json(json, "cache", "{}");
}

// Of the warm-up: its caches, which began empty.
static void
add_cold(const RkBenchResult *r, JsonBuilder *json)
{
    g_autoptr(JsonNode) root =
        r->cold != NULL ? rk_json_parse(r->cold, "the counters", NULL) : NULL;
    JsonNode *cache =
        root != NULL ? json_object_get_member(json_node_get_object(root), "cache") : NULL;
    if (cache == NULL)
        return;
    json_builder_set_member_name(json, "cache_cold");
    json_builder_add_value(json, json_node_copy(cache));
}

static void
add_latencies(const RkBenchResult *r, JsonBuilder *json)
{
    rk_spread_to_json(&r->latency_ms, "latency_ms", json);
    if (r->n_cached == 0)
        return;
    rk_spread_to_json(&r->cached_ms, "latency_cached_ms", json);
    rk_spread_to_json(&r->computed_ms, "latency_computed_ms", json);
}

void
rk_bench_result_to_json(const RkBenchResult *r, JsonBuilder *json)
{
    rk_json_add_text(json, "scenario", r->scenario);
    add_flag(json, "valid", r->valid);
    add_texts(json, "why_invalid", r->why_invalid);
    add_texts(json, "notes", r->notes);
    add_flag(json, "interrupted", r->interrupted);
    add_flag(json, "saturated", r->saturated);
    rk_json_add_int(json, "n", (int64_t)r->n);
    rk_json_add_int(json, "n_failed", (int64_t)r->n_failed);
    rk_json_add_int(json, "n_cached", (int64_t)r->n_cached);
    rk_json_add_int(json, "n_refused", (int64_t)r->n_refused);
    rk_json_add_int(json, "n_unissued", (int64_t)r->n_unissued);
    rk_json_add_int(json, "n_more", (int64_t)r->n_more);
    rk_json_add_real(json, "duration_s", r->duration_s);
    rk_json_add_real(json, "offered_qps", r->offered_qps);
    rk_json_add_real(json, "throughput_qps", r->throughput_qps);
    rk_json_add_real(json, "mean_batch", r->mean_batch);
    add_latencies(r, json);
    rk_json_add_real(json, "bound_ms", r->bound_ms);
    add_stages(r, json);
    add_counters(r, json);
    add_cold(r, json);
    rk_spread_to_json(&r->lateness_us, "lateness_us", json);
    add_quality(r, json);
    rk_json_add_text(json, "schedule_hash", r->schedule_hash);
    if (r->machine != NULL)
        rk_json_add_json(json, "machine", r->machine);
    add_audit(&r->audit, json);
}

void
rk_bench_result_clear(RkBenchResult *r)
{
    for (guint i = 0; r->quality != NULL && i < r->quality->len; i++)
        g_free(g_array_index(r->quality, RkQualityFigure, i).name);
    g_clear_pointer(&r->quality, g_array_unref);
    g_clear_pointer(&r->why_invalid, g_ptr_array_unref);
    g_clear_pointer(&r->notes, g_ptr_array_unref);
    g_clear_pointer(&r->audit.findings, g_ptr_array_unref);
    g_clear_pointer(&r->scenario, g_free);
    g_clear_pointer(&r->counters, g_free);
    g_clear_pointer(&r->cold, g_free);
    g_clear_pointer(&r->protocol, g_free);
    g_clear_pointer(&r->schedule_hash, g_free);
    g_clear_pointer(&r->machine, g_free);
    g_clear_pointer(&r->records, rk_load_records_free);
}
