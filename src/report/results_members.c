// SPDX-License-Identifier: GPL-3.0-or-later
//
// The members of results.json: a line for each figure. data/results.schema.json says what they
// mean.
#include "report/results-private.h"

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

static const RkMember CURVE_MEMBERS[] = {{"curve", M_CURVE, 0}};
const RkRecord rk_curve_record = {RECORD(CURVE_MEMBERS, RkCurve), .new = new_curve};

static const RkMember WINDOW_MEMBERS[] = {
    {"t_s", M_REAL, AT(RkTimeWindow, t_s)},       {"n", M_COUNT, AT(RkTimeWindow, n)},
    {"qps", M_REAL, AT(RkTimeWindow, qps)},       {"p50_ms", M_REAL, AT(RkTimeWindow, p50_ms)},
    {"p90_ms", M_REAL, AT(RkTimeWindow, p90_ms)}, {"p99_ms", M_REAL, AT(RkTimeWindow, p99_ms)},
    {"max_ms", M_REAL, AT(RkTimeWindow, max_ms)},
};
static const RkRecord WINDOW = {RECORD(WINDOW_MEMBERS, RkTimeWindow)};

static const RkMember REPEAT_MEMBERS[] = {
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
static const RkRecord REPEAT = {RECORD(REPEAT_MEMBERS, RkRepeat), .new = new_repeat};

static const RkMember TRIAL_MEMBERS[] = {
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
static const RkRecord TRIAL = {RECORD(TRIAL_MEMBERS, RkTrialResult), .new = new_trial,
                               .has_intervals = TRUE};

static const RkMember MODEL_MEMBERS[] = {
    {"name", M_TEXT, AT(RkModelResult, name)},
    {"model", M_TEXT, AT(RkModelResult, kind)},
    {"parent", M_TEXT, AT(RkModelResult, parent)},
    {"how", M_TEXT, AT(RkModelResult, how)},
    {"bytes", M_REAL, AT(RkModelResult, bytes)},
    {"flops", M_REAL, AT(RkModelResult, flops)},
    {"metrics", M_NAMEDS, AT(RkModelResult, metrics)},
    {"curves", M_POINTERS, AT(RkModelResult, curves), &rk_curve_record},
};
static const RkRecord MODEL = {RECORD(MODEL_MEMBERS, RkModelResult), .new = new_model,
                               .has_intervals = TRUE};

static const RkMember RECOMMENDATION_MEMBERS[] = {
    {"id", M_TEXT, AT(RkRecommendation, id)},
    {"why", M_TEXT, AT(RkRecommendation, why)},
    {"versus", M_TEXT, AT(RkRecommendation, versus)},
    {"gains", M_NAMEDS, AT(RkRecommendation, gains)},
};
static const RkRecord RECOMMENDATION = {RECORD(RECOMMENDATION_MEMBERS, RkRecommendation),
                                        .has_intervals = TRUE};

static const RkMember GATE_MEMBERS[] = {
    {"name", M_TEXT, AT(RkGate, name)},   {"limit", M_REAL, AT(RkGate, limit)},
    {"value", M_REAL, AT(RkGate, value)}, {"pass", M_TRUTH, AT(RkGate, pass)},
    {"trial", M_TEXT, AT(RkGate, trial)}, {"why", M_TEXT, AT(RkGate, why)},
};
static const RkRecord GATE = {RECORD(GATE_MEMBERS, RkGate)};

static const RkMember COMPARISON_MEMBERS[] = {
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
static const RkRecord COMPARISON = {RECORD(COMPARISON_MEMBERS, RkComparison),
                                    .has_intervals = TRUE};

static const RkMember AUDIT_MEMBERS[] = {
    {"name", M_TEXT, AT(RkAudit, name)},
    {"pass", M_TRUTH, AT(RkAudit, pass)},
    {"detail", M_TEXT, AT(RkAudit, detail)},
};
static const RkRecord AUDIT = {RECORD(AUDIT_MEMBERS, RkAudit)};

static const RkMember RESULTS_MEMBERS[] = {
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
const RkRecord rk_results_record = {RECORD(RESULTS_MEMBERS, RkResults)};
