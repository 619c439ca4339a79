// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_run.h"

#include "base/clock.h"
#include "base/json.h"
#include "bench/settings.h"
#include "job/suite_output.h"
#include "job/suite_results.h"
#include "store/trial.h"

#include <math.h>
#include <string.h>

#define OVERHEAD_S 2.0 // of a repeat: opening the model, checks, accuracy

typedef struct {
    const RkSuiteOptions *options;
    int64_t id;         // of the run in the store
    GPtrArray *specs;   // of RkTrialSpec
    GHashTable *kept;   // "id/repeat"
    GHashTable *failed; // ids
    RkSearch *search;
    uint32_t n_done;
    double measured_s; // of this process
    uint32_t n_measured;
    int64_t started_s;
} Run;

static void
run_clear(Run *run)
{
    g_clear_pointer(&run->specs, g_ptr_array_unref);
    g_clear_pointer(&run->kept, g_hash_table_unref);
    g_clear_pointer(&run->failed, g_hash_table_unref);
    g_clear_pointer(&run->search, rk_search_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static GPtrArray *
specs_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)rk_trial_spec_free);
}

GPtrArray *
rk_suite_trials(const RkSuite *suite)
{
    GPtrArray *specs = specs_new();
    g_autoptr(RkSearch) search = rk_search_new(suite);
    uint64_t point = 0;
    while (rk_search_next(search, NULL, &point))
        g_ptr_array_add(specs, rk_sweep_trial(suite, point));
    return specs;
}

double
rk_suite_trial_seconds(const RkTrialSpec *spec)
{
    g_autoptr(RkParams) load = rk_params_new(rk_load_params, rk_n_load_params);
    static const char *const PARTS[] = {"duration_s", "warmup_s"};
    double seconds = OVERHEAD_S;
    for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++) {
        const RkSetting *own = rk_settings_find(spec->config, PARTS[i]);
        seconds += own != NULL ? own->number : rk_params_real(load, PARTS[i]);
    }
    return seconds;
}

// ---- the store -----------------------------------------------------------------------------

static char *
key_of(const char *trial, uint32_t repeat)
{
    return g_strdup_printf("%s/%u", trial, repeat);
}

static gboolean
is_failure(const char *result)
{
    g_autoptr(JsonNode) root = rk_json_parse(result, "a stored trial", NULL);
    const char *status = NULL;
    return root != NULL && rk_json_string(json_node_get_object(root), "status", &status, NULL) &&
           strcmp(status, "failed") == 0;
}

// What was kept before. A trial that failed isn't tried again: it would fail as before.
static gboolean
load_kept(Run *run, GError **error)
{
    g_autoptr(GPtrArray) stored = rk_trials_list(run->options->store, run->id, error);
    for (guint i = 0; stored != NULL && i < stored->len; i++) {
        const RkStoredTrial *one = g_ptr_array_index(stored, i);
        g_hash_table_add(run->kept, key_of(one->trial, one->repeat));
        if (is_failure(one->result))
            g_hash_table_add(run->failed, g_strdup(one->trial));
    }
    return stored != NULL;
}

static char *
config_json(const RkTrialSpec *spec)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    for (guint i = 0; i < spec->config->len; i++) {
        const RkSetting *one = &g_array_index(spec->config, RkSetting, i);
        rk_json_add_text(json, one->name, one->text);
    }
    json_builder_end_object(json);
    return rk_json_text(json, FALSE);
}

#define N_FIELDS (5 + RK_N_STAGES)

static gboolean
keep(Run *run, const RkTrialSpec *spec, uint32_t repeat, const char *result,
     const RkLoadRecords *records, GError **error)
{
    static const char *const NAMES[N_FIELDS] = {
        "scheduled_ns", "issued_ns", "done_ns",   "batch",  "flags",       "parse_ns",
        "lookup_ns",    "wait_ns",   "upload_ns", "gpu_ns", "readback_ns", "select_ns"};
    const uint64_t n = records != NULL ? records->n_issued : 0;
    g_autofree char *config = config_json(spec);
    g_autofree int64_t *values = g_try_new(int64_t, MAX(n, 1) * N_FIELDS);
    RkTrialField fields[N_FIELDS];
    if (values == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                    "Can't keep a trial: no memory for %" G_GUINT64_FORMAT " records. Lower "
                    "duration_s or qps.",
                    n);
        return FALSE;
    }
    for (int f = 0; f < N_FIELDS; f++)
        fields[f] = (RkTrialField){NAMES[f], values + n * (uint64_t)f};
    for (uint64_t i = 0; i < n; i++) {
        const RkLoadRecord *record = &records->record[i];
        values[i] = (int64_t)records->scheduled_ns[i];
        values[n + i] = (int64_t)records->issued_ns[i];
        values[2 * n + i] = (int64_t)record->done_ns;
        values[3 * n + i] = record->batch;
        values[4 * n + i] = record->flags;
        for (int s = 0; s < RK_N_STAGES; s++)
            values[(5 + (uint64_t)s) * n + i] = record->stage_ns[s];
    }
    const RkTrialRecord record = {spec->id, config, repeat, result, n, fields, N_FIELDS};
    if (!rk_trials_keep(run->options->store, run->id, &record, error)) {
        g_prefix_error(error, "What was measured before is kept; mend this and go on with "
                              "--resume. ");
        return FALSE;
    }
    g_hash_table_add(run->kept, key_of(spec->id, repeat));
    run->n_done++;
    return TRUE;
}

// ---- measuring -----------------------------------------------------------------------------

static gboolean
is_cancelled(const Run *run)
{
    const gint *cancelled = run->options->watch.cancelled;
    const gint *stopping = run->options->stopping;
    return (cancelled != NULL && g_atomic_int_get(cancelled)) ||
           (stopping != NULL && g_atomic_int_get(stopping));
}

static double
left_s(const Run *run)
{
    const uint32_t n_all = run->specs->len * run->options->suite->repeats;
    double expected = 0;
    if (run->n_measured > 0)
        return run->measured_s / run->n_measured * (n_all - MIN(n_all, run->n_done));
    for (guint i = 0; i < run->specs->len; i++)
        expected += rk_suite_trial_seconds(g_ptr_array_index(run->specs, i));
    return expected * run->options->suite->repeats;
}

// A failure here shows when all is collected.
static void
tell_measured(Run *run, const RkTrialSpec *spec)
{
    const RkSuiteOptions *o = run->options;
    g_autoptr(GPtrArray) stored =
        o->measured != NULL ? rk_trials_repeats(o->store, run->id, spec->id, NULL) : NULL;
    g_autoptr(RkTrialResult) so_far =
        stored != NULL ? rk_suite_summarize(o, spec, stored, NULL, NULL) : NULL;
    if (so_far != NULL)
        o->measured(o->watch.data, so_far);
}

// One repeat of one trial. Common seeds: every trial of a round meets the same arrivals.
static gboolean
measure(Run *run, const RkTrialSpec *spec, uint32_t repeat, GError **error)
{
    const RkSuiteOptions *o = run->options;
    const uint64_t start_ns = rk_clock_ns();
    const int64_t started_s = g_get_real_time() / G_USEC_PER_SEC;
    const RkSetting *own = rk_settings_find(spec->config, "seed");
    const uint64_t seed = (own != NULL ? (uint64_t)own->number : o->suite->seed) + repeat;
    g_auto(RkBenchResult) result = {0};
    g_autoptr(GError) cause = NULL;
    RkServed served = {.source = "measured", .bytes = NAN, .flops = NAN};
    if (o->trial != NULL)
        o->trial(o->watch.data, spec, repeat, run->n_done, run->specs->len * o->suite->repeats,
                 left_s(run));
    gboolean done = o->system->measure(o->system, spec, seed, &o->watch, &result, &served, &cause);
    if (!done && g_error_matches(cause, RK_ERROR, RK_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    g_autofree char *json = done ? rk_trial_to_json(&result, &served, seed, started_s)
                                 : rk_trial_failure_to_json(cause, started_s);
    if (!done)
        g_hash_table_add(run->failed, g_strdup(spec->id));
    if (!keep(run, spec, repeat, json, done ? result.records : NULL, error))
        return FALSE;
    run->measured_s += (double)(rk_clock_ns() - start_ns) * 1e-9;
    run->n_measured++;
    tell_measured(run, spec);
    return TRUE;
}

// In turns, every second turn backwards: what drifts in the machine meets every trial alike.
static gboolean
measure_rounds(Run *run, guint first, GError **error)
{
    const guint n = run->specs->len - first;
    for (uint32_t repeat = 0; repeat < run->options->suite->repeats; repeat++)
        for (guint i = 0; i < n; i++) {
            const guint at = first + (repeat % 2 == 0 ? i : n - 1 - i);
            const RkTrialSpec *spec = g_ptr_array_index(run->specs, at);
            g_autofree char *key = key_of(spec->id, repeat);
            if (g_hash_table_contains(run->kept, key) ||
                g_hash_table_contains(run->failed, spec->id))
                continue;
            if (is_cancelled(run)) {
                g_set_error_literal(error, RK_ERROR, RK_ERROR_CANCELLED, "");
                return FALSE;
            }
            if (!measure(run, spec, repeat, error))
                return FALSE;
        }
    return TRUE;
}

// ---- results -------------------------------------------------------------------------------

static RkResults *
collect(const Run *run, GError **error)
{
    return rk_suite_collect(run->options, run->id, run->specs, run->started_s, error);
}

static gboolean
keep_results(const Run *run, const RkResults *results, GError **error)
{
    g_autofree char *json = rk_results_to_json(results);
    return rk_trials_keep_results(run->options->store, run->id, json, results->complete, error);
}

static gboolean
write_out(const Run *run, const RkResults *results, GError **error)
{
    const RkSuiteOptions *o = run->options;
    if (o->out == NULL)
        return TRUE;
    g_autoptr(GPtrArray) stored = rk_trials_list(o->store, run->id, error);
    if (stored != NULL && rk_suite_output_reports(o->out, o->suite, results, error) &&
        rk_suite_output_trials(o->out, o->store, results, stored, error))
        return TRUE;
    g_prefix_error(error, "All that was measured is in the database; --resume writes it without "
                          "measuring again. ");
    return FALSE;
}

// ---- the whole -----------------------------------------------------------------------------

static gboolean
begin(Run *run, GError **error)
{
    const RkSuiteOptions *o = run->options;
    g_autofree char *recipe = rk_suite_recipe(o->suite);
    run->specs = specs_new();
    run->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    run->search = rk_search_new(o->suite);
    run->started_s = g_get_real_time() / G_USEC_PER_SEC;
    return (o->out == NULL || rk_suite_output_check(o->out, error)) &&
           rk_trials_begin(o->store, recipe, o->suite->name, o->suite->text, o->resume, &run->id,
                           NULL, error) &&
           load_kept(run, error);
}

// The next trials that the search gives; whether there are any.
static guint
ask_search(Run *run, const GPtrArray *results)
{
    const guint before = run->specs->len;
    uint64_t point = 0;
    while (rk_search_next(run->search, results, &point))
        g_ptr_array_add(run->specs, rk_sweep_trial(run->options->suite, point));
    return run->specs->len - before;
}

static void
count_done(Run *run)
{
    run->n_done = 0;
    for (guint i = 0; i < run->specs->len; i++)
        for (uint32_t r = 0; r < run->options->suite->repeats; r++) {
            g_autofree char *key = key_of(((RkTrialSpec *)run->specs->pdata[i])->id, r);
            run->n_done += g_hash_table_contains(run->kept, key);
        }
}

static gboolean
measure_all(Run *run, RkResults **results, GError **error)
{
    const RkSuiteOptions *o = run->options;
    guint n_new = ask_search(run, NULL);
    while (n_new > 0) {
        count_done(run);
        if ((o->system->prepare != NULL && run->n_done < run->specs->len * o->suite->repeats &&
             !o->system->prepare(o->system, o->suite, run->specs, &o->watch, error)) ||
            !measure_rounds(run, run->specs->len - n_new, error))
            return FALSE;
        g_clear_pointer(results, rk_results_free);
        *results = collect(run, error);
        if (*results == NULL)
            return FALSE;
        n_new = ask_search(run, (*results)->trials);
    }
    return TRUE;
}

// After an interruption or a full disk: what there is is shown and written all the same.
static void
save_what_is_there(Run *run, RkResults **results)
{
    g_autoptr(GError) ignored = NULL; // the first failure is the one to tell
    g_clear_pointer(results, rk_results_free);
    *results = collect(run, &ignored);
    if (*results == NULL)
        return;
    rk_suite_judge(run->options, run->specs, *results);
    keep_results(run, *results, NULL);
    g_clear_error(&ignored);
    write_out(run, *results, &ignored);
}

gboolean
rk_suite_run(const RkSuiteOptions *options, RkResults **results, RkSuiteVerdict *verdict,
             GError **error)
{
    g_auto(Run) run = {.options = options};
    g_autoptr(GError) cause = NULL;
    *results = NULL;
    if (!begin(&run, error))
        return FALSE;
    if (!measure_all(&run, results, &cause)) {
        if (run.n_done > 0)
            save_what_is_there(&run, results);
        if (!g_error_matches(cause, RK_ERROR, RK_ERROR_CANCELLED)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED,
                    "The suite was interrupted: %u of %u measurements are kept. Go on with "
                    "--resume.",
                    run.n_done, run.specs->len * options->suite->repeats);
        return FALSE;
    }
    const gboolean regressed = rk_suite_judge(options, run.specs, *results);
    *verdict = rk_suite_verdict(*results, regressed);
    return keep_results(&run, *results, error) && write_out(&run, *results, error);
}
