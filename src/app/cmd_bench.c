// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine bench NAME --data NAME`: a load on a served model, its latency, throughput and accuracy.
#include "app/cli_model.h"
#include "app/cli_store.h"

#include "base/json.h"
#include "bench/bench.h"
#include "bench/loadgen.h"
#include "bench/rate.h"
#include "bench/settings.h"
#include "bench/trial.h"
#include "serve/session.h"
#include "store/trial.h"
#include "train/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXIT_NOT_VALID 5

typedef struct {
    RkCli *cli;
    // Options.
    char *data, *scenario, *records;
    char **assignments;
    gboolean find_rate;
    int64_t repeats;
    // What they name.
    const char *model;
    RkParam *table; // of the load and of the session
    size_t n_rows;
    RkParams *set;
    RkStore *store;
    RkDevice *device;
    RkDataset *dataset;
    RkTraffic *traffic;
    RkSession *session;
    RkRateSearch search;
    int64_t started_s;
} Command;

static void
clear_command(Command *c)
{
    g_free(c->data);
    g_free(c->scenario);
    g_free(c->records);
    g_strfreev(c->assignments);
    rk_rate_search_clear(&c->search);
    rk_session_free(c->session);
    rk_traffic_free(c->traffic);
    g_clear_pointer(&c->dataset, rk_dataset_unref);
    g_clear_pointer(&c->store, rk_store_unref);
    if (c->device != NULL)
        rk_device_close(c->device);
    rk_params_free(c->set);
    g_free(c->table);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, clear_command)

// ---- reading -------------------------------------------------------------------------------

// The rows of the load, then those of the session that it hasn't.
static void
join_tables(Command *c)
{
    c->table = g_new(RkParam, rk_n_load_params + rk_n_session_params);
    for (size_t i = 0; i < rk_n_load_params; i++)
        c->table[c->n_rows++] = rk_load_params[i];
    for (size_t i = 0; i < rk_n_session_params; i++) {
        size_t at = 0;
        while (at < c->n_rows && strcmp(c->table[at].name, rk_session_params[i].name) != 0)
            at++;
        if (at == c->n_rows)
            c->table[c->n_rows++] = rk_session_params[i];
    }
    c->set = rk_params_new(c->table, c->n_rows);
}

static gboolean
read_settings(Command *c, GError **error)
{
    if (c->scenario != NULL && !rk_params_set(c->set, "scenario", c->scenario, error))
        return FALSE;
    for (char **one = c->assignments; one != NULL && *one != NULL; one++)
        if (!rk_params_assign(c->set, *one, error))
            return FALSE;
    if (c->repeats >= 1 && c->repeats <= 100)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't search the rate: --repeats is from 1 to 100, not %" G_GINT64_FORMAT ".",
                c->repeats);
    return FALSE;
}

static gboolean
read_command_line(Command *c, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_STRING, &c->data,
         "The dataset (default: what the model was trained on)", "NAME"},
        {"scenario", 0, 0, G_OPTION_ARG_STRING, &c->scenario,
         "single, multi, server (default), offline or replay", "SCENARIO"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &c->assignments, "A setting, see below",
         "key=value"},
        {"records", 0, 0, G_OPTION_ARG_FILENAME, &c->records,
         "Write the raw record of each query to FILE.csv or FILE.csv.gz", "FILE"},
        {"find-rate", 0, 0, G_OPTION_ARG_NONE, &c->find_rate,
         "Search the highest rate that holds slo_p99_ms, and measure there", NULL},
        {"repeats", 0, 0, G_OPTION_ARG_INT64, &c->repeats,
         "How often --find-rate measures the last two rates, in turns (default 3)", "N"},
        G_OPTION_ENTRY_NULL};
    c->repeats = 3;
    join_tables(c);
    g_autofree char *table = rk_params_help(c->table, c->n_rows);
    g_autofree char *help = g_strconcat("Settings:\n", table, NULL);
    if (!rk_cli_parse(c->cli, &argc, &argv, entries, "NAME - a load on a served model", help,
                      error))
        return FALSE;
    c->model = rk_cli_one_argument(c->cli, argc, argv, "model", error);
    if (c->model == NULL || read_settings(c, error))
        return c->model != NULL;
    g_prefix_error(error, "Can't bench %s: ", c->model);
    return FALSE;
}

// The model's own split says which events test.
static gboolean
open_traffic(Command *c, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(RkTrained) trained = rk_trained_open(c->store, c->model, 0, error);
    if (trained == NULL)
        return FALSE;
    if (c->data == NULL)
        c->data = g_strdup(trained->stored->dataset);
    if (c->data == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't bench %s: it doesn't say what it was trained on. Name a dataset with "
                    "--data.",
                    c->model);
        return FALSE;
    }
    c->dataset = rk_dataset_open(c->store, c->data, error);
    if (c->dataset == NULL)
        return FALSE;
    const RkParams *set = trained->settings->values;
    g_autoptr(RkSplit) split = rk_fit_split(c->dataset, set, rk_trained_has_own_split(trained),
                                            rk_trained_seed(trained), &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    c->traffic = rk_traffic_new(rk_dataset_source(c->dataset), split,
                                rk_dataset_vocabulary_size(c->dataset, "user"),
                                rk_dataset_vocabulary_size(c->dataset, "item"),
                                rk_params_real(set, "positive.from"), error);
    return c->traffic != NULL;
}

static gboolean
open_session(Command *c, GError **error)
{
    c->device = rk_device_open(c->cli->device, error);
    if (c->device == NULL)
        return FALSE;
    const RkSessionOptions options = {.store = c->store,
                                      .device = c->device,
                                      .dataset = c->dataset,
                                      .model = c->model,
                                      .set = c->set,
                                      .cancelled = rk_cli_catch_interrupts()};
    c->session = rk_session_new(&options, error);
    return c->session != NULL;
}

// ---- measuring -----------------------------------------------------------------------------

static void
show_progress(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "queries");
}

static gboolean
measure(Command *c, RkBenchResult *result, GError **error)
{
    const RkBenchOptions options = {.system = rk_session_system(c->session),
                                    .traffic = c->traffic,
                                    .load = c->set,
                                    .seed = (uint64_t)c->cli->seed,
                                    .cancelled = rk_cli_catch_interrupts(),
                                    .progress = show_progress,
                                    .progress_data = c->cli};
    if (c->find_rate) {
        if (!rk_rate_search(&options, (uint32_t)c->repeats, &c->search, error))
            return FALSE;
        double qps = c->search.best_qps > 0 ? c->search.best_qps
                                            : g_array_index(c->search.probes, RkRateProbe, 0).qps;
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        if (!rk_params_set(c->set, "qps", g_ascii_dtostr(text, sizeof text, qps), error) ||
            !rk_params_set(c->set, "scenario", "server", error))
            return FALSE;
    }
    return rk_bench_run(&options, result, error);
}

static int64_t *
widen(const uint64_t *from, uint64_t n)
{
    int64_t *to = g_new(int64_t, n + 1);
    for (uint64_t i = 0; i < n; i++)
        to[i] = (int64_t)from[i];
    return to;
}

// Keeps the result and its raw records in the database.
static gboolean
keep(const Command *c, const RkBenchResult *result, GError **error)
{
    const RkLoadRecords *r = result->records;
    const uint64_t n = r->n_issued;
    g_autofree int64_t *scheduled = widen(r->scheduled_ns, n), *issued = widen(r->issued_ns, n);
    g_autofree int64_t *done = g_new(int64_t, n + 1), *flags = g_new(int64_t, n + 1);
    for (uint64_t i = 0; i < n; i++) {
        done[i] = (int64_t)r->record[i].done_ns;
        flags[i] = r->record[i].flags;
    }
    const RkTrialField fields[] = {
        {"scheduled_ns", scheduled}, {"issued_ns", issued}, {"done_ns", done}, {"flags", flags}};
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "command", "bench");
    rk_json_add_text(json, "model", c->model);
    rk_json_add_text(json, "data", c->data);
    rk_json_add_text(json, "device", rk_device_info(c->device)->name);
    rk_json_add_text(json, "driver", rk_device_info(c->device)->driver);
    rk_json_add_int(json, "seed", c->cli->seed);
    json_builder_set_member_name(json, "set");
    rk_params_to_json(c->set, json);
    json_builder_end_object(json);
    g_autofree char *config = rk_json_text(json, FALSE);
    g_autofree char *recipe = g_compute_checksum_for_string(G_CHECKSUM_SHA256, config, -1);
    g_autofree char *name = g_strconcat("bench ", c->model, NULL);
    const RkServed served = {.model = c->model, .source = "measured", .bytes = NAN, .flops = NAN};
    g_autofree char *text = rk_trial_to_json(result, &served, (uint64_t)c->cli->seed, c->started_s);
    const RkTrialRecord record = {.trial = recipe,
                                  .config = config,
                                  .result = text,
                                  .n = n,
                                  .fields = fields,
                                  .n_fields = G_N_ELEMENTS(fields)};
    int64_t id = 0;
    return rk_trials_begin(c->store, recipe, name, config, FALSE, &id, NULL, error) &&
           rk_trials_keep(c->store, id, &record, error);
}

// ---- showing -------------------------------------------------------------------------------

static void
print_json(const Command *c, const RkBenchResult *result)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "model", c->model);
    rk_json_add_text(json, "data", c->data);
    rk_json_add_text(json, "device", rk_device_info(c->device)->name);
    rk_json_add_text(json, "driver", rk_device_info(c->device)->driver);
    rk_json_add_int(json, "seed", c->cli->seed);
    rk_json_add_text(json, "rankine", RK_VERSION);
    rk_bench_result_to_json(result, json);
    if (c->search.probes != NULL) {
        json_builder_set_member_name(json, "rate_search");
        json_builder_begin_object(json);
        rk_rate_search_to_json(&c->search, json);
        json_builder_end_object(json);
    }
    json_builder_set_member_name(json, "config");
    rk_params_to_json(c->set, json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

static void
print_spread(const char *name, const RkSpread *s, const char *unit)
{
    printf("  %-11s mean %-9.4g p50 %-9.4g p90 %-9.4g p95 %-9.4g p99 %-9.4g p99.9 %-9.4g max %.4g "
           "%s\n",
           name, s->mean, s->p50, s->p90, s->p95, s->p99, s->p999, s->max, unit);
}

static void
print_search(const RkRateSearch *s)
{
    if (s->probes == NULL)
        return;
    if (s->best_qps > 0)
        printf("Highest rate within %g ms: %.5g queries/s%s\n", s->limit_ms, s->best_qps,
               s->confirmed ? ", at confidence 0.99" : "; more queries are needed to confirm it");
    else
        printf("No rate that was tried holds %g ms; the lowest was %.4g queries/s\n", s->limit_ms,
               g_array_index(s->probes, RkRateProbe, 0).qps);
    printf("Saturated at %.5g queries/s\n", s->saturation_qps);
}

static void
print_audit(const RkAuditResult *a)
{
    if (!a->done)
        return;
    printf("Audit: the generator sustains %.4g queries/s, p99 lateness %.3g us; a stall of %g ms "
           "shows as p99 %.3g ms (its schedule: %.3g)\n",
           a->null_qps, a->null_lateness.p99, a->stall_ms, a->stall_p99_ms, a->stall_expects_ms);
    printf("  one query again and again %.3g ms, distinct ones %.3g", a->repeated_ms,
           a->distinct_ms);
    if (a->n_sampled > 0)
        printf("; %.4g %% of the items in %u sampled answers are what the model says at rest",
               a->agreement * 100, a->n_sampled);
    putchar('\n');
    for (guint i = 0; i < a->findings->len; i++)
        printf("  Found: %s\n", (char *)g_ptr_array_index(a->findings, i));
}

static double
figure(JsonObject *object, const char *name)
{
    double value = NAN;
    return object != NULL && json_object_has_member(object, name) &&
                   rk_json_real(object, name, &value, NULL)
               ? value
               : NAN;
}

static void
print_figure(const char *what, double value, double scale, const char *unit)
{
    if (isfinite(value))
        printf(", %s%.4g%s", what, value * scale, unit);
}

// One line a cache that was asked; `cold` is the same one in the warm-up, NULL without.
static void
print_cache(const char *name, JsonObject *cache, JsonObject *cold)
{
    const char *policy = NULL;
    const double requests = figure(cache, "requests"), bytes = figure(cache, "bytes_moved");
    if (!(requests > 0))
        return;
    printf("  cache %-9s ", name);
    if (json_object_has_member(cache, "policy") && rk_json_string(cache, "policy", &policy, NULL))
        printf("%s, ", policy);
    printf("%.2f %% of %.0f requests hit", figure(cache, "hit_rate") * 100, requests);
    if (figure(cold, "requests") > 0)
        print_figure("when cold ", figure(cold, "hit_rate"), 100, " %");
    print_figure("best possible ", figure(cache, "bound_hit_rate"), 100, " %");
    print_figure("of unique keys ", figure(cache, "unique_hit_rate"), 100, " %");
    print_figure("hit ", figure(cache, "hit_us"), 1, " us");
    print_figure("miss ", figure(cache, "miss_us"), 1, " us");
    print_figure("policy ", figure(cache, "policy_ns"), 1, " ns");
    print_figure("moved ", bytes > 0 ? bytes : NAN, 1e-6, " MB");
    putchar('\n');
}

static JsonObject *
member(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static void
print_caches(const RkBenchResult *r)
{
    g_autoptr(JsonNode) now =
        r->counters != NULL ? rk_json_parse(r->counters, "the counters", NULL) : NULL;
    g_autoptr(JsonNode) then =
        r->cold != NULL ? rk_json_parse(r->cold, "the counters", NULL) : NULL;
    JsonObject *caches = now != NULL ? member(json_node_get_object(now), "cache") : NULL;
    JsonObject *cold = then != NULL ? member(json_node_get_object(then), "cache") : NULL;
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    if (caches == NULL)
        return;
    json_object_iter_init_ordered(&iter, caches);
    while (json_object_iter_next_ordered(&iter, &name, &node))
        if (JSON_NODE_HOLDS_OBJECT(node))
            print_cache(name, json_node_get_object(node), member(cold, name));
    if (r->n_cached > 0)
        printf("  p99 of answers from the cache %.4g ms, of computed ones %.4g ms\n",
               r->cached_ms.p99, r->computed_ms.p99);
}

static void
print_text(const Command *c, const RkBenchResult *r)
{
    print_search(&c->search);
    printf("%s on %s, scenario %s, on %s: %s\n", c->model, c->data, r->scenario,
           rk_device_info(c->device)->name, r->valid ? "valid" : "NOT VALID");
    for (guint i = 0; i < r->why_invalid->len; i++)
        printf("  Not valid: %s\n", (char *)g_ptr_array_index(r->why_invalid, i));
    for (guint i = 0; i < r->notes->len; i++)
        printf("  Note: %s\n", (char *)g_ptr_array_index(r->notes, i));
    const uint32_t group = rk_load_group(c->set);
    printf("  %" G_GUINT64_FORMAT, r->n);
    if (group > 1)
        printf(" groups of %u", group);
    printf(" queries in %.3g s: %.5g answered a second", r->duration_s, r->throughput_qps);
    if (isfinite(r->offered_qps))
        printf(" of %.5g asked", r->offered_qps);
    if (isfinite(r->mean_batch))
        printf(", %.3g a batch", r->mean_batch);
    if (r->n_cached > 0)
        printf(", %" G_GUINT64_FORMAT " from the answer cache", r->n_cached);
    putchar('\n');
    print_spread("latency", &r->latency_ms, "ms");
    if (isfinite(r->bound_ms))
        printf("  p%g is under %.4g ms at confidence 0.99\n", rk_params_real(c->set, "percentile"),
               r->bound_ms);
    for (int s = 0; s < RK_N_STAGES; s++)
        print_spread(rk_stage_name((RkStage)s), &r->stages_us[s], "us");
    print_spread("lateness", &r->lateness_us, "us");
    print_caches(r);
    for (guint i = 0; i < r->quality->len; i++) {
        const RkQualityFigure *f = &g_array_index(r->quality, RkQualityFigure, i);
        printf("  %-14s %10.5f  as served\n", f->name, f->value);
    }
    if (r->protocol != NULL)
        printf("  protocol %s, %" G_GUINT64_FORMAT " events\n", r->protocol, r->n_quality);
    print_audit(&r->audit);
    printf("Schedule %s\n", r->schedule_hash);
}

// What was measured is shown whatever happens to its copies.
static gboolean
report(const Command *c, const RkBenchResult *result, GError **error)
{
    if (c->cli->json)
        print_json(c, result);
    else
        print_text(c, result);
    fflush(stdout);
    gboolean kept = keep(c, result, error);
    if (c->records == NULL)
        return kept;
    return rk_load_records_write(result->records, c->records, kept ? error : NULL) && kept;
}

gboolean
rk_command_bench(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) c = {.cli = cli, .started_s = g_get_real_time() / G_USEC_PER_SEC};
    g_auto(RkBenchResult) result = {0};
    if (!read_command_line(&c, argc, argv, error) ||
        (c.store = rk_cli_store(cli, RK_STORE_EXISTING, error)) == NULL ||
        !open_traffic(&c, error) || !open_session(&c, error))
        return FALSE;
    gboolean done = measure(&c, &result, error);
    rk_cli_progress_end(cli);
    if (result.records == NULL || result.n == 0)
        return done && report(&c, &result, error);
    // Interrupted, or failed after the measurement: what there is stays.
    if (!done) {
        g_prefix_error(error, "What was measured until then is kept; run it again for the rest. ");
        return report(&c, &result, NULL) && FALSE;
    }
    cli->exit_status = result.valid ? 0 : EXIT_NOT_VALID;
    return report(&c, &result, error);
}
