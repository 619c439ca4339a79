// SPDX-License-Identifier: GPL-3.0-or-later
//
// Slices and intervals: a metric again and again over the same answers, with each sample counted
// as often as it is drawn.
#include "train/metric-private.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

static uint32_t
count(const RkAnswers *answers, const RkMetric *metric)
{
    if (metric->needs & RK_METRIC_RANKS)
        return answers->rankings->n;
    return metric->needs & RK_METRIC_LISTS ? answers->lists->n : answers->predictions->n;
}

// ---- slices --------------------------------------------------------------------------------

void
rk_slices_free(RkSlices *slices)
{
    if (slices == NULL)
        return;
    g_free(slices->value);
    g_free(slices->n);
    g_free(slices);
}

static void
find_gap(const RkMetric *metric, RkSlices *slices)
{
    uint32_t n_counted = 0;
    for (uint32_t s = 0; s < slices->n_slices; s++) {
        double value = slices->value[s];
        if (isnan(value))
            continue;
        // Where neither direction is better, the greater is called best.
        gboolean first = n_counted++ == 0;
        gboolean neither = metric->better == RK_BETTER_NEITHER;
        double best = first ? value : slices->value[slices->best];
        double worst = first ? value : slices->value[slices->worst];
        if (first || (neither ? value > best : rk_metric_is_better(metric, value, best)))
            slices->best = s;
        if (first || (neither ? value < worst : rk_metric_is_better(metric, worst, value)))
            slices->worst = s;
    }
    if (n_counted < 2)
        slices->best = slices->worst = UINT32_MAX;
    else
        slices->gap = fabs(slices->value[slices->best] - slices->value[slices->worst]);
}

RkSlices *
rk_metric_slices(const RkMetric *metric, uint32_t k, const RkAnswers *answers,
                 const uint32_t *slice, uint32_t n_slices, uint32_t min_n, GError **error)
{
    double whole = 0; // says what is missing
    if (!rk_metric_value(metric, k, answers, &whole, error))
        return NULL;
    uint32_t n = count(answers, metric);
    g_autoptr(RkSlices) slices = g_new0(RkSlices, 1);
    slices->n_slices = n_slices;
    slices->value = g_new(double, MAX(n_slices, 1));
    slices->n = g_new0(uint64_t, MAX(n_slices, 1));
    slices->best = slices->worst = UINT32_MAX;
    slices->gap = NAN;
    g_autofree uint32_t *times = g_new(uint32_t, MAX(n, 1));
    RkAnswers within = *answers;
    within.times = times;
    for (uint32_t s = 0; s < n_slices; s++) {
        for (uint32_t i = 0; i < n; i++) {
            times[i] = slice[i] == s ? (uint32_t)rk_times(answers, i) : 0;
            slices->n[s] += times[i];
        }
        slices->value[s] = slices->n[s] < MAX(min_n, 1) ? NAN : metric->value(&within, k);
    }
    find_gap(metric, slices);
    return g_steal_pointer(&slices);
}

// ---- the bootstrap -------------------------------------------------------------------------

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

// The q-quantile of n > 0 ascending values, between neighbours.
static double
quantile(const double *values, uint32_t n, double q)
{
    double at = q * (n - 1);
    uint32_t i = MIN((uint32_t)at, n - 1);
    uint32_t next = MIN(i + 1, n - 1);
    return values[i] + (at - i) * (values[next] - values[i]);
}

// As many units as there are, with replacement.
static void
draw(const RkBootstrapOptions *options, uint32_t resample, uint32_t n_units, uint32_t *units,
     uint32_t *times, uint32_t n)
{
    memset(units, 0, n_units * sizeof *units);
    for (uint32_t i = 0; i < n_units; i++)
        units[rk_rng_below(options->seed, resample, i, n_units)]++;
    for (uint32_t i = 0; i < n; i++)
        times[i] = units[options->unit != NULL ? options->unit[i] : i];
}

// Moves draws of a mean that lies off the observed difference back around it.
static void
remove_bias(double *differences, uint32_t n, double observed)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += differences[i] - observed;
    for (uint32_t i = 0; i < n; i++)
        differences[i] -= sum / n;
}

static void
summarize(double *differences, uint32_t n, double level, RkInterval *interval)
{
    uint32_t n_low = 0;
    uint32_t n_high = 0;
    for (uint32_t i = 0; i < n; i++) {
        n_low += differences[i] <= 0;
        n_high += differences[i] >= 0;
    }
    interval->low = interval->high = interval->p = NAN;
    if (n == 0)
        return;
    qsort(differences, n, sizeof *differences, compare_doubles);
    interval->low = quantile(differences, n, (1 - level) / 2);
    interval->high = quantile(differences, n, (1 + level) / 2);
    interval->p = MIN(1, 2.0 * MIN(n_low, n_high) / n);
}

gboolean
rk_interval_is_noise(const RkInterval *interval)
{
    return !(interval->low > 0 || interval->high < 0);
}

gboolean
rk_bootstrap(const RkMetric *metric, uint32_t k, const RkAnswers *a, const RkAnswers *b,
             const RkBootstrapOptions *options, RkInterval *interval, GError **error)
{
    g_assert(a->times == NULL && b->times == NULL);
    double value_a = 0;
    double value_b = 0;
    if (!rk_metric_value(metric, k, a, &value_a, error) ||
        !rk_metric_value(metric, k, b, &value_b, error))
        return FALSE;
    uint32_t n = count(a, metric);
    uint32_t n_units = options->unit != NULL ? options->n_units : n;
    if (n != count(b, metric) || n == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't compare two models on %u and %u samples. Evaluate both on the same part "
                    "of one dataset.",
                    n, count(b, metric));
        return FALSE;
    }
    g_autofree uint32_t *units = g_new(uint32_t, n_units);
    g_autofree uint32_t *times = g_new(uint32_t, n);
    g_autofree double *differences = g_new(double, MAX(options->n_resamples, 1));
    RkAnswers drawn_a = *a;
    RkAnswers drawn_b = *b;
    drawn_a.times = drawn_b.times = times;
    uint32_t n_defined = 0;
    for (uint32_t r = 0; r < options->n_resamples; r++) {
        draw(options, r, n_units, units, times, n);
        double difference = metric->value(&drawn_a, k) - metric->value(&drawn_b, k);
        if (!isnan(difference))
            differences[n_defined++] = difference;
    }
    *interval = (RkInterval){.difference = value_a - value_b,
                             .n_undefined = options->n_resamples - n_defined};
    if ((metric->needs & RK_METRIC_DISTINCT) && n_defined > 0)
        remove_bias(differences, n_defined, value_a - value_b);
    summarize(differences, n_defined, options->level, interval);
    return TRUE;
}
