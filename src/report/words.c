// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/words.h"

#include <math.h>

// What the figures of gates, gains and comparisons are called and counted in.
static const struct {
    const char *name, *words;
    double factor; // to base units
    RkUnit unit;
} FIGURES[] = {
    {"mean_ms", "mean latency", 1e-3, RK_UNIT_SECONDS},
    {"p50_ms", "median latency", 1e-3, RK_UNIT_SECONDS},
    {"p90_ms", "p90 latency", 1e-3, RK_UNIT_SECONDS},
    {"p95_ms", "p95 latency", 1e-3, RK_UNIT_SECONDS},
    {"p99_ms", "p99 latency", 1e-3, RK_UNIT_SECONDS},
    {"p99.9_ms", "p99.9 latency", 1e-3, RK_UNIT_SECONDS},
    {"max_ms", "longest latency", 1e-3, RK_UNIT_SECONDS},
    {"throughput_qps", "throughput", 1, RK_UNIT_PER_SECOND},
    {"qps", "throughput", 1, RK_UNIT_PER_SECOND},
    {"model_bytes", "model size", 1, RK_UNIT_BYTES},
    {"memory_mib", "memory", 1048576, RK_UNIT_BYTES},
    {"flops", "work a request", 1, RK_UNIT_COUNT},
};

static int
figure_row(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FIGURES); i++)
        if (g_strcmp0(FIGURES[i].name, name) == 0)
            return (int)i;
    return -1;
}

gboolean
rk_figure_is_known(const char *name)
{
    return figure_row(name) >= 0;
}

const char *
rk_figure_words(const char *name)
{
    int row = figure_row(name);
    return row >= 0 ? FIGURES[row].words : name;
}

char *
rk_figure_text(const char *name, double value)
{
    int row = figure_row(name);
    if (row >= 0)
        return rk_quantity(value * FIGURES[row].factor, FIGURES[row].unit);
    return rk_quantity(value, RK_UNIT_METRIC);
}

gboolean
rk_estimate_has_interval(RkEstimate e)
{
    return isfinite(e.low) && isfinite(e.high) && e.low != e.high;
}

gboolean
rk_estimate_is_noise(RkEstimate difference)
{
    return rk_estimate_has_interval(difference) && difference.low <= 0 && difference.high >= 0;
}

char *
rk_relative_text(RkEstimate e)
{
    if (!isfinite(e.value))
        return g_strdup("not known");
    const gboolean times = e.value >= 1; // its interval is then in times as well
    g_autoptr(GString) out = g_string_new(NULL);
    if (fabs(e.value) < 0.0005) {
        g_string_append(out, "unchanged");
    } else if (times) {
        g_autofree char *text = rk_quantity(e.value + 1, RK_UNIT_NONE);
        g_string_append_printf(out, "%s times as high", text);
    } else {
        g_autofree char *share = rk_quantity(fabs(e.value), RK_UNIT_SHARE);
        g_string_append_printf(out, "%s %s", share, e.value > 0 ? "higher" : "lower");
    }
    if (rk_estimate_has_interval(e)) {
        g_autofree char *low = times ? rk_quantity(e.low + 1, RK_UNIT_NONE)
                                     : rk_quantity_difference(e.low, RK_UNIT_SHARE);
        g_autofree char *high = times ? rk_quantity(e.high + 1, RK_UNIT_NONE)
                                      : rk_quantity_difference(e.high, RK_UNIT_SHARE);
        g_string_append_printf(out, " (95 %% interval %s to %s%s)", low, high,
                               times ? " times" : "");
    }
    return g_strdup(out->str);
}

char *
rk_metric_difference_text(RkEstimate e)
{
    g_autofree char *text = rk_quantity_difference(e.value, RK_UNIT_METRIC);
    if (!rk_estimate_has_interval(e))
        return g_strdup(text);
    g_autofree char *low = rk_quantity_difference(e.low, RK_UNIT_METRIC);
    g_autofree char *high = rk_quantity_difference(e.high, RK_UNIT_METRIC);
    return g_strdup_printf("%s (95 %% interval %s to %s)", text, low, high);
}

char *
rk_estimate_text(RkEstimate e, double factor, RkUnit unit)
{
    g_autofree char *text = rk_quantity(e.value * factor, unit);
    if (!rk_estimate_has_interval(e))
        return g_strdup(text);
    g_autofree char *range = rk_quantity_range(e.low * factor, e.high * factor, unit);
    return g_strdup_printf("%s (%s)", text, range);
}
