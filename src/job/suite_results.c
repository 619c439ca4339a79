// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_results.h"

#include "bench/gate.h"
#include "bench/settings.h"
#include "store/trial.h"

#include <string.h>
#include <sys/utsname.h>

RkTrialResult *
rk_suite_summarize(const RkSuiteOptions *o, const RkTrialSpec *spec, const GPtrArray *stored,
                   RkResults *audit, GError **error)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, TRUE, sizeof(RkTrialRun));
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    static const char *const FIELDS[] = {"scheduled_ns", "done_ns", "flags"};
    for (guint i = 0; i < stored->len; i++) {
        const RkStoredTrial *one = g_ptr_array_index(stored, i);
        if (strcmp(one->trial, spec->id) != 0 || one->repeat >= o->suite->repeats)
            continue;
        const int64_t *field[3] = {NULL};
        for (int f = 0; f < 3 && one->n > 0; f++) {
            int64_t *read = rk_trials_values(o->store, one, FIELDS[f], error);
            if (read == NULL)
                return NULL;
            g_ptr_array_add(values, read);
            field[f] = read;
        }
        const RkTrialRun r = {one->repeat, one->result, one->n, field[0], field[1], field[2]};
        g_array_append_val(runs, r);
    }
    return rk_trial_summarize(spec, (const RkTrialRun *)(const void *)runs->data, runs->len,
                              o->suite->repeats, audit, error);
}

static char *
cpu_name(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
        return NULL;
    const char *line = strstr(text, "model name");
    const char *colon = line != NULL ? strchr(line, ':') : NULL;
    return colon != NULL ? g_strstrip(g_strndup(colon + 1, strcspn(colon + 1, "\n"))) : NULL;
}

static void
add_time(GArray *environment, const char *name, int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
    rk_settings_add_text(environment, name, text);
}

static void
describe(const RkSuiteOptions *o, int64_t started_s, RkResults *results)
{
    g_autofree char *cpu = cpu_name();
    g_autofree char *os = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    struct utsname kernel;
    if (o->system->describe != NULL)
        o->system->describe(o->system, results);
    if (cpu != NULL)
        rk_settings_add_text(results->environment, "cpu", cpu);
    rk_settings_add_number(results->environment, "cores", g_get_num_processors());
    if (os != NULL)
        rk_settings_add_text(results->environment, "os", os);
    if (uname(&kernel) == 0)
        rk_settings_add_text(results->environment, "kernel", kernel.release);
    rk_settings_add_number(results->environment, "seed", (double)o->suite->seed);
    rk_settings_add_number(results->environment, "repeats", o->suite->repeats);
    add_time(results->environment, "started", started_s);
    add_time(results->environment, "ended", g_get_real_time() / G_USEC_PER_SEC);
}

RkResults *
rk_suite_collect(const RkSuiteOptions *o, int64_t id, const GPtrArray *specs, int64_t started_s,
                 GError **error)
{
    g_autoptr(RkResults) results = rk_results_new();
    g_autoptr(GPtrArray) stored = rk_trials_list(o->store, id, error);
    results->rankine = g_strdup(RK_VERSION);
    results->suite = g_strdup(o->suite->name);
    results->complete = TRUE;
    for (guint i = 0; i < specs->len && stored != NULL; i++) {
        RkTrialResult *trial =
            rk_suite_summarize(o, g_ptr_array_index(specs, i), stored, results, error);
        if (trial == NULL)
            return NULL;
        g_ptr_array_add(results->trials, trial);
        results->complete &= trial->status != RK_TRIAL_PENDING;
    }
    if (stored == NULL)
        return NULL;
    describe(o, started_s, results);
    return g_steal_pointer(&results);
}

// The default: every axis at its first value, if it is among the trials.
static const char *
default_of(const GPtrArray *specs)
{
    for (guint i = 0; i < specs->len; i++) {
        const RkTrialSpec *spec = g_ptr_array_index(specs, i);
        if (spec->point == 0)
            return spec->id;
    }
    return NULL;
}

gboolean
rk_suite_judge(const RkSuiteOptions *o, const GPtrArray *specs, RkResults *results)
{
    const GArray *gates = o->suite->gates;
    g_autofree const char **names = g_new0(const char *, MAX(gates->len, 1));
    g_autofree double *limits = g_new0(double, MAX(gates->len, 1));
    for (guint g = 0; g < gates->len; g++) {
        names[g] = g_array_index(gates, RkSuiteGate, g).name;
        limits[g] = g_array_index(gates, RkSuiteGate, g).limit;
    }
    const RkJudgeOptions options = {.gates = names,
                                    .limits = limits,
                                    .n_gates = gates->len,
                                    .metric = o->suite->metric,
                                    .metric_tolerance = o->suite->metric_tolerance,
                                    .versus = default_of(specs)};
    rk_judge(results, &options);
    return o->baseline != NULL &&
           rk_compare_baseline(results, o->baseline, o->baseline_name, o->suite->tolerance,
                               o->suite->metric_tolerance);
}

RkSuiteVerdict
rk_suite_verdict(const RkResults *results, gboolean regressed)
{
    gboolean failed = FALSE, invalid = FALSE, any_ok = FALSE, breached = FALSE;
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        failed |= trial->status == RK_TRIAL_FAILED;
        invalid |= trial->status == RK_TRIAL_INVALID && !trial->saturated;
        any_ok |= trial->status == RK_TRIAL_OK;
    }
    for (guint g = 0; g < results->gates->len; g++)
        breached |= !g_array_index(results->gates, RkGate, g).pass;
    if (failed)
        return RK_SUITE_FAILED;
    if (invalid || !any_ok)
        return RK_SUITE_INVALID;
    if (breached)
        return RK_SUITE_BREACHED;
    return regressed ? RK_SUITE_REGRESSED : RK_SUITE_PASSED;
}
