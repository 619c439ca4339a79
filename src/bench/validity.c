// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/validity.h"

#include "bench/early.h"
#include "bench/watch.h"

#include <math.h>
#include <string.h>

#define HALF       8u   // windows of each half
#define LEAST      20u  // queries of a window
#define CRITICAL_U 7u   // of 8 against 8, two-sided 0.01 (Mann and Whitney, 1947)
#define LATE_US    1000 // lateness that is never too much
#define FULL_SHARE 0.9  // of the offered rate: below, it isn't reached
#define BUSY       0.25 // others' share of the processors that is worth a note

static void G_GNUC_PRINTF(2, 3) say(GPtrArray *list, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(list, g_strdup_vprintf(format, args));
    va_end(args);
}

uint64_t *
rk_run_latencies(const RkLoadRun *run, uint32_t group, uint64_t *n)
{
    const RkLoadRecords *r = run->records;
    uint64_t *latency = g_new(uint64_t, r->n_issued / group + 2);
    *n = 0;
    for (uint64_t first = 0; first < r->n_issued; first += group) {
        uint64_t slowest = 0;
        gboolean whole = TRUE;
        for (uint64_t i = first; i < MIN(first + group, r->n_issued); i++) {
            const RkLoadRecord *record = &r->record[i];
            whole &= record->done_ns > 0 && !(record->flags & RK_ANSWER_FAILED);
            uint64_t scheduled = r->scheduled_ns[i];
            slowest = MAX(slowest, record->done_ns > scheduled ? record->done_ns - scheduled : 0);
        }
        if (whole)
            latency[(*n)++] = slowest;
    }
    return latency;
}

// ---- enough queries ------------------------------------------------------------------------

static void
judge_count(const RkJudged *j, RkBenchResult *to)
{
    double percent = rk_params_real(j->load, "percentile"), p = percent / 100;
    double limit_ms = rk_params_real(j->load, "slo_p99_ms");
    uint64_t n = 0, n_over = 0;
    g_autofree uint64_t *latency = rk_run_latencies(j->run, rk_load_group(j->load), &n);
    rk_sort_u64(latency, n);
    int64_t allowed = rk_early_allowed(p, n);
    to->bound_ms = allowed >= 0 ? (double)latency[n - 1 - (uint64_t)allowed] * 1e-6 : NAN;
    uint64_t needed = rk_early_needed(p, 0);
    if (n < needed) {
        to->n_more = needed - n;
        say(to->why_invalid,
            "p%g needs %" G_GUINT64_FORMAT " queries at confidence 0.99 and %" G_GUINT64_FORMAT
            " were measured: %" G_GUINT64_FORMAT " more queries are needed. Raise duration_s or "
            "qps.",
            percent, needed, n, to->n_more);
        return;
    }
    if (limit_ms <= 0)
        return;
    while (n_over < n && (double)latency[n - 1 - n_over] > limit_ms * 1e6)
        n_over++;
    uint64_t full = rk_early_needed(p, n_over);
    if (full <= n)
        say(to->notes, "p%g is within %g ms at confidence 0.99.", percent, limit_ms);
    else if ((double)n_over <= (double)n * (1 - p)) {
        to->n_more = full - n;
        say(to->notes,
            "p%g looks to be within %g ms; %" G_GUINT64_FORMAT
            " more queries without a breach would show it at confidence 0.99.",
            percent, limit_ms, to->n_more);
    } else
        say(to->notes, "p%g is over %g ms.", percent, limit_ms);
}

// ---- on time, and all answered -------------------------------------------------------------

static gboolean
is_open(const RkJudged *j)
{
    const char *scenario = rk_params_text(j->load, "scenario");
    return strcmp(scenario, "server") == 0 || strcmp(scenario, "replay") == 0;
}

static void
judge_rate(const RkJudged *j, RkBenchResult *to)
{
    const RkLoadRecords *r = j->run->records;
    if (!is_open(j) || r->n_issued == 0)
        return;
    double last = (double)r->scheduled_ns[r->n_issued - 1];
    double drained = (double)j->run->end_ns - last;
    to->saturated = j->run->saturated || (to->throughput_qps < FULL_SHARE * to->offered_qps &&
                                          drained > 0.1 * MAX(last, 1));
    if (to->saturated) {
        say(to->why_invalid,
            "The rate can't be reached: %.4g queries/s were asked and %.4g answered, where the "
            "system is saturated. Ask for less than that with qps.",
            to->offered_qps, to->throughput_qps);
        return;
    }
    double limit = MAX(rk_params_real(j->load, "late.share") * to->latency_ms.p99 * 1000, LATE_US);
    if (to->lateness_us.p99 > limit)
        say(to->why_invalid,
            "The generator was late: p99 lateness is %.0f us, over %.0f. Other programs may have "
            "had the processor, or the system's queue was full %" G_GUINT64_FORMAT " times.",
            to->lateness_us.p99, limit, j->run->n_refused);
}

static void
judge_answers(const RkJudged *j, RkBenchResult *to)
{
    if (to->n_failed > 0)
        say(to->why_invalid, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " queries failed%s%s",
            to->n_failed, j->run->records->n_issued, j->run->failure != NULL ? ": " : ".",
            j->run->failure != NULL ? j->run->failure : "");
    else if (j->run->failure != NULL)
        say(to->why_invalid, "%s", j->run->failure);
    if (j->run->cancelled)
        say(to->why_invalid, "It was interrupted: %" G_GUINT64_FORMAT " queries weren't issued.",
            to->n_unissued);
}

// ---- stable --------------------------------------------------------------------------------

// Of the windows of a run, in order: p50 and p90 of latency.
typedef struct {
    double value[2 * HALF];
} Windows;

static gboolean
window_figures(const uint64_t *latency, uint64_t n, Windows *p50, Windows *p90)
{
    uint64_t each = n / (2 * HALF);
    if (each < LEAST)
        return FALSE;
    g_autofree uint64_t *window = g_new(uint64_t, each);
    for (uint32_t w = 0; w < 2 * HALF; w++) {
        memcpy(window, latency + w * each, each * sizeof *window);
        rk_sort_u64(window, each);
        p50->value[w] = (double)rk_percentile(window, each, 0.5);
        p90->value[w] = (double)rk_percentile(window, each, 0.9);
    }
    return TRUE;
}

static double
mean_of(const double *value, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += value[i] / n;
    return sum;
}

// Whether the halves differ: by Mann and Whitney's test, and by more than `within`.
static gboolean
differ(const Windows *w, double within)
{
    double u = 0;
    for (uint32_t a = 0; a < HALF; a++)
        for (uint32_t b = HALF; b < 2 * HALF; b++)
            u += w->value[a] < w->value[b] ? 1 : w->value[a] == w->value[b] ? 0.5 : 0;
    double first = mean_of(w->value, HALF), second = mean_of(w->value + HALF, HALF);
    double smaller = MIN(first, second), larger = MAX(first, second);
    return MIN(u, HALF * HALF - u) <= CRITICAL_U && larger > smaller * (1 + within);
}

// The first, the middle and the last look.
static void
three_looks(const GArray *looks, const RkMachineLook *at[3])
{
    for (int i = 0; i < 3; i++)
        at[i] = &g_array_index(looks, RkMachineLook, (guint)i * (looks->len - 1) / 2);
}

static guint
explain_machine(const GArray *looks, GPtrArray *notes)
{
    const guint before = notes->len;
    const RkMachineLook *at[3];
    if (looks == NULL || looks->len < 3)
        return 0;
    three_looks(looks, at);
    double first = rk_machine_others(at[0], at[1]), second = rk_machine_others(at[1], at[2]);
    if (fabs(second - first) > 0.1)
        say(notes,
            "Moved: other programs took %.0f %% of the processors in the first half, %.0f %% in "
            "the second.",
            first * 100, second * 100);
    else if (first + second > 2 * BUSY)
        say(notes, "Other programs took %.0f %% of the processors throughout, unevenly perhaps.",
            (first + second) / 2 * 100);
    double clock[2] = {0};
    for (guint i = 0; i < looks->len; i++)
        clock[2 * i >= looks->len] += g_array_index(looks, RkMachineLook, i).clock_mhz;
    clock[0] /= (looks->len + 1) / 2;
    clock[1] /= looks->len / 2;
    if (fabs(clock[1] - clock[0]) > 0.05 * clock[0])
        say(notes, "Moved: the processors' clock, from %.0f to %.0f MHz.", clock[0], clock[1]);
    return notes->len - before;
}

// Mean of a stage, and the share of cached answers, in records [from, to).
static double
stage_mean(const RkLoadRecords *r, uint64_t from, uint64_t to, int stage)
{
    double sum = 0;
    for (uint64_t i = from; i < to; i++)
        sum += r->record[i].stage_ns[stage];
    return sum / (double)MAX(to - from, 1);
}

static double
cached_share(const RkLoadRecords *r, uint64_t from, uint64_t to)
{
    uint64_t n = 0;
    for (uint64_t i = from; i < to; i++)
        n += (r->record[i].flags & RK_ANSWER_CACHED) != 0;
    return (double)n / (double)MAX(to - from, 1);
}

static void
explain(const RkJudged *j, GPtrArray *to)
{
    const RkLoadRecords *r = j->run->records;
    uint64_t n = r->n_issued, half = n / 2;
    guint moved = explain_machine(j->looks, to);
    double first = cached_share(r, 0, half), second = cached_share(r, half, n);
    if (fabs(second - first) > 0.05) {
        say(to,
            "Moved: %.0f %% of answers came from the cache in the first half, %.0f %% in the "
            "second. Lengthen warmup_s until it is warm.",
            first * 100, second * 100);
        moved++;
    }
    int most = -1;
    double change = 0;
    for (int s = 0; s < RK_N_STAGES; s++) {
        double c = stage_mean(r, half, n, s) - stage_mean(r, 0, half, s);
        if (fabs(c) > fabs(change)) {
            change = c;
            most = s;
        }
    }
    if (most >= 0)
        say(to, "Moved most: the stage %s, from %.3g to %.3g ms in the mean.%s",
            rk_stage_name((RkStage)most), stage_mean(r, 0, half, most) * 1e-6,
            stage_mean(r, half, n, most) * 1e-6,
            moved > 0 ? "" : " Nothing else that was watched did.");
}

static void
judge_stability(const RkJudged *j, RkBenchResult *to)
{
    gboolean grows = strcmp(rk_params_text(j->load, "arrivals"), "ramp") == 0 && is_open(j);
    const char *scenario = rk_params_text(j->load, "scenario");
    if (grows || to->saturated || strcmp(scenario, "offline") == 0 ||
        strcmp(scenario, "replay") == 0)
        return;
    uint64_t n = 0;
    g_autofree uint64_t *latency = rk_run_latencies(j->run, rk_load_group(j->load), &n);
    double within = rk_params_real(j->load, "stable.within");
    Windows figure[2];
    if (!window_figures(latency, n, &figure[0], &figure[1]))
        return;
    static const char *const names[] = {"p50", "p90"};
    for (int f = 0; f < 2; f++)
        if (differ(&figure[f], within)) {
            g_autoptr(GPtrArray) moved = g_ptr_array_new_with_free_func(g_free);
            explain(j, moved);
            g_ptr_array_add(moved, NULL);
            g_autofree char *reasons = g_strjoinv(" ", (char **)moved->pdata);
            say(to->why_invalid,
                "It isn't stable: the %s of latency was %.3g ms in the first half and %.3g in the "
                "second. %s",
                names[f], mean_of(figure[f].value, HALF) * 1e-6,
                mean_of(figure[f].value + HALF, HALF) * 1e-6, reasons);
            return;
        }
}

static void
note_machine(const RkJudged *j, RkBenchResult *to)
{
    const RkMachineLook *at[3];
    if (j->looks == NULL || j->looks->len < 2)
        return;
    three_looks(j->looks, at);
    double others = rk_machine_others(at[0], at[2]);
    if (others > BUSY)
        say(to->notes, "Other programs took %.0f %% of the processors meanwhile.", others * 100);
}

void
rk_validity_judge(const RkJudged *judged, RkBenchResult *to)
{
    judge_answers(judged, to);
    judge_rate(judged, to);
    if (strcmp(rk_params_text(judged->load, "scenario"), "offline") != 0)
        judge_count(judged, to);
    else if (to->n == 0)
        say(to->why_invalid, "No query was answered. Raise duration_s or queries.");
    judge_stability(judged, to);
    note_machine(judged, to);
    to->valid = to->why_invalid->len == 0;
}
