// SPDX-License-Identifier: GPL-3.0-or-later
//
// How latencies are distributed: the cumulative share on a scale of nines, so that p99 and p99.9
// have as much room as the median, over the histogram. Latency is on a log scale.
#include "report/charts.h"

#include <math.h>

#define LAST_SHARE 0.999 // beyond p99.9 few runs have samples enough

static void
add_cumulative(RkChart *chart, const RkDistribution *d)
{
    RkSeries *line = rk_chart_series(chart, 0, d->name, RK_SERIES_LINE);
    for (gsize i = 0; i < d->n_quantiles && d->share[i] <= LAST_SHARE; i++)
        rk_series_add(line, d->latency_ms[i] * 1e-3, d->share[i]);
}

static void
add_histogram(RkChart *chart, const RkDistribution *d)
{
    RkSeries *line = rk_chart_series(chart, 1, d->name, RK_SERIES_LINE);
    double total = 0;
    for (gsize i = 0; i < d->n_bins; i++)
        total += d->count[i];
    double factor = d->n_bins > 1 ? d->bin_ms[1] / d->bin_ms[0] : 2;
    line->stepped = line->quiet = TRUE;
    for (gsize i = 0; i < d->n_bins && total > 0; i++) {
        if (i == 0)
            rk_series_add(line, d->bin_ms[0] / factor * 1e-3, d->count[0] / total);
        rk_series_add(line, d->bin_ms[i] * 1e-3, i + 1 < d->n_bins ? d->count[i + 1] / total : 0);
    }
}

// With one distribution the bars can be filled; several would hide each other.
static void
add_bars(RkChart *chart, const RkDistribution *d)
{
    RkSeries *bars = rk_chart_series(chart, 1, d->name, RK_SERIES_BINS);
    double total = 0;
    for (gsize i = 0; i < d->n_bins; i++)
        total += d->count[i];
    double factor = d->n_bins > 1 ? d->bin_ms[1] / d->bin_ms[0] : 2;
    bars->quiet = TRUE;
    for (gsize i = 0; i < d->n_bins && total > 0; i++)
        rk_series_add_low(bars, d->bin_ms[i] * 1e-3,
                          (i > 0 ? d->bin_ms[i - 1] : d->bin_ms[0] / factor) * 1e-3,
                          d->count[i] / total);
}

static double
latency_at(const RkDistribution *d, double share)
{
    for (gsize i = 0; i < d->n_quantiles; i++)
        if (d->share[i] >= share - 1e-9)
            return d->latency_ms[i] * 1e-3;
    return NAN;
}

static void
summarize(RkChart *chart, const RkDistribution *d, gsize n)
{
    gsize best = 0;
    for (gsize i = 1; i < n; i++)
        if (latency_at(&d[i], 0.99) < latency_at(&d[best], 0.99))
            best = i;
    if (n == 0 || isnan(latency_at(&d[best], 0.99)))
        return;
    g_autofree char *p50 = rk_quantity(latency_at(&d[best], 0.5), RK_UNIT_SECONDS);
    g_autofree char *p99 = rk_quantity(latency_at(&d[best], 0.99), RK_UNIT_SECONDS);
    if (n == 1)
        rk_chart_set_summary(chart, "Half of the requests took up to %s, 99 of 100 up to %s.", p50,
                             p99);
    else
        rk_chart_set_summary(chart,
                             "%s has the shortest tail: half of its requests took up to "
                             "%s, 99 of 100 up to %s.",
                             d[best].name, p50, p99);
}

RkChart *
rk_chart_distribution(const RkDistribution *distributions, gsize n, double limit_ms)
{
    RkChart *chart = rk_chart_new("Latency distribution");
    rk_axis_set(&chart->x, "Latency", RK_SCALE_LOG, RK_UNIT_SECONDS);
    chart->x.pad = 0.02;
    RkPanel *upper = rk_chart_panel(chart, 0);
    rk_axis_set(&upper->y, "Share of requests answered within", RK_SCALE_NINES, RK_UNIT_SHARE);
    rk_axis_set_range(&upper->y, 0, LAST_SHARE);
    RkPanel *lower = rk_chart_add_panel(chart, 0.5);
    rk_axis_set(&lower->y, "Share of requests in each bin", RK_SCALE_LINEAR, RK_UNIT_SHARE);
    lower->y.from_zero = TRUE;
    if (n > 1)
        chart->legend = RK_LEGEND_TOP; // lines end at the same place
    for (gsize i = 0; i < n; i++) {
        add_cumulative(chart, &distributions[i]);
        (n > 1 ? add_histogram : add_bars)(chart, &distributions[i]);
    }
    if (isfinite(limit_ms)) {
        g_autofree char *limit = rk_quantity(limit_ms * 1e-3, RK_UNIT_SECONDS);
        g_autofree char *label = g_strdup_printf("limit %s", limit);
        rk_chart_mark(chart, 0, TRUE, limit_ms * 1e-3, RK_INK_LIMIT, label);
        rk_chart_mark(chart, 1, TRUE, limit_ms * 1e-3, RK_INK_LIMIT, "");
    }
    summarize(chart, distributions, n);
    return chart;
}
