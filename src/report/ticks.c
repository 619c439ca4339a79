// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where an axis has its ticks: multiples of 1, 2 or 5 (of minutes and hours on a time axis), powers
// of ten on a log scale, the usual percentiles on the scale of nines.
#include "report/axis.h"

#include <math.h>

#define MAX_TICKS 400 // of one axis: past it the caller asked for nonsense

static void
tick_clear(gpointer tick)
{
    g_free(((RkTick *)tick)->label);
}

static void
add(GArray *ticks, double value, char *label)
{
    RkTick tick = {value, label};
    g_array_append_val(ticks, tick);
}

// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
static double
round_step(double step)
{
    double power = pow(10, floor(log10(step)));
    double first = step / power;
    double factor = first <= 1.0000001 ? 1 : first <= 2.0000001 ? 2 : first <= 5.0000001 ? 5 : 10;
    return factor * power;
}

static double
time_step(double step)
{
    static const double STEPS[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                   600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    if (step <= 1)
        return round_step(step);
    for (size_t i = 0; i < G_N_ELEMENTS(STEPS); i++)
        if (step <= STEPS[i])
            return STEPS[i];
    return round_step(step / 86400) * 86400;
}

static double
largest(const RkChartAxis *axis)
{
    return MAX(fabs(axis->lo), fabs(axis->hi));
}

// Times in seconds below two minutes, then in minutes:seconds, then hours:minutes.
static gboolean
is_clock(const RkChartAxis *axis)
{
    return axis->scale == RK_SCALE_TIME && largest(axis) > 120 && largest(axis) < 1e9;
}

static char *
clock_label(double seconds, gboolean hours)
{
    gint64 whole = (gint64)llround(hours ? seconds / 60 : seconds);
    gint64 size = ABS(whole);
    return g_strdup_printf("%s%" G_GINT64_FORMAT ":%02d", whole < 0 ? "−" : "", size / 60,
                           (int)(size % 60));
}

static const RkUnitStep *
label_step(const RkChartAxis *axis)
{
    static const RkUnitStep SECONDS = {1, "s"};
    gboolean in_seconds = axis->scale == RK_SCALE_TIME && largest(axis) >= 1;
    return in_seconds ? &SECONDS : rk_unit_step(axis->unit, largest(axis));
}

// Labels on a log scale carry their unit.
static char *
with_unit(const RkChartAxis *axis, char *digits, const RkUnitStep *unit)
{
    if (axis->scale != RK_SCALE_LOG || unit->symbol[0] == '\0')
        return digits;
    const char *space = unit->symbol[0] == '/' ? "" : " ";
    char *label = g_strconcat(digits, space, unit->symbol, NULL);
    g_free(digits);
    return label;
}

static char *
linear_label(const RkChartAxis *axis, double value, double step)
{
    if (is_clock(axis) && step >= 1)
        return clock_label(value, largest(axis) > 7200);
    const RkUnitStep *unit = label_step(axis);
    double shown = step / unit->factor;
    if (largest(axis) / unit->factor >= 1e6 || largest(axis) / unit->factor < 1e-4) {
        char text[40];
        g_ascii_formatd(text, sizeof text, "%.15g", value / unit->factor);
        return with_unit(axis, g_strdup(text), unit);
    }
    int decimals = MAX(0, (int)ceil(-log10(shown) - 1e-9));
    return with_unit(axis, rk_quantity_in(value, unit, decimals), unit);
}

static void
linear_ticks(const RkChartAxis *axis, double n, GArray *ticks)
{
    double span = axis->hi - axis->lo;
    double wanted = span / MAX(n, 1);
    if (!(wanted > 0) || !isfinite(wanted) || wanted < 1e-307)
        return;
    double step = axis->scale == RK_SCALE_TIME ? time_step(wanted) : round_step(wanted);
    if (axis->unit == RK_UNIT_COUNT && axis->scale == RK_SCALE_LINEAR) // there are no half epochs
        step = MAX(step, 1);
    double first = ceil(axis->lo / step - 1e-9), last = floor(axis->hi / step + 1e-9);
    if (fabs(first) > 1e15 || last - first > MAX_TICKS)
        return; // neighbours are the same double
    for (double k = first; k <= last; k++)
        add(ticks, k * step, linear_label(axis, k * step, step));
}

// Powers of two, as KiB and MiB go.
static void
byte_ticks(const RkChartAxis *axis, double n, GArray *ticks)
{
    int from = (int)ceil(log2(axis->lo) - 1e-9), to = (int)floor(log2(axis->hi) + 1e-9);
    int every = MAX(1, (int)ceil((to - from) / MAX(n, 1)));
    for (int e = from; e <= to; e++)
        if (((e % every) + every) % every == 0)
            add(ticks, ldexp(1, e), rk_quantity(ldexp(1, e), axis->unit));
}

static void
log_ticks(const RkChartAxis *axis, double n, GArray *ticks)
{
    double decades = log10(axis->hi) - log10(axis->lo);
    if (axis->unit == RK_UNIT_BYTES && decades > 0.5) {
        byte_ticks(axis, n, ticks);
        return;
    }
    if (decades < 0.7 && n >= 2) { // within a decade round steps say more than powers
        linear_ticks(axis, MIN(n, 5), ticks);
        return;
    }
    int every = MAX(1, (int)ceil(decades / MAX(n, 1)));
    gboolean inner = every == 1 && decades * 3 <= n; // room for labels at 2 and 5
    int from = (int)floor(log10(axis->lo)), to = (int)ceil(log10(axis->hi));
    for (int e = from; e <= to && ticks->len < MAX_TICKS; e++)
        for (int m = 1; m < 10; m++) {
            double value = m * pow(10, e);
            if (value < axis->lo * (1 - 1e-9) || value > axis->hi * (1 + 1e-9))
                continue;
            gboolean labelled = m == 1 ? e % every == 0 : inner && (m == 2 || m == 5);
            if (labelled || every == 1)
                add(ticks, value, labelled ? rk_quantity(value, axis->unit) : NULL);
        }
}

static void
nines_ticks(const RkChartAxis *axis, GArray *ticks)
{
    static const double SHARES[] = {0,     0.5,    0.75,    0.9,      0.95,     0.99,
                                    0.999, 0.9999, 0.99999, 0.999999, 0.9999999};
    for (size_t i = 0; i < G_N_ELEMENTS(SHARES); i++)
        if (SHARES[i] >= axis->lo && SHARES[i] <= axis->hi + 1e-12) {
            gboolean labelled = SHARES[i] != 0.75 && SHARES[i] != 0.95;
            char text[24];
            g_ascii_formatd(text, sizeof text, "%.9g", SHARES[i] * 100);
            add(ticks, SHARES[i], labelled ? g_strconcat("p", text, NULL) : NULL);
        }
}

static void
category_ticks(const RkChartAxis *axis, double n, GArray *ticks)
{
    guint every = MAX(1, (guint)ceil((axis->hi - axis->lo) / MAX(n, 1) - 1e-9));
    for (guint i = 0; i < axis->categories->len; i += every)
        if (i >= axis->lo && i <= axis->hi)
            add(ticks, i, g_strdup(g_ptr_array_index(axis->categories, i)));
}

GArray *
rk_axis_ticks(const RkChartAxis *axis, double n)
{
    GArray *ticks = g_array_new(FALSE, FALSE, sizeof(RkTick));
    g_array_set_clear_func(ticks, tick_clear);
    if (axis->scale == RK_SCALE_LOG)
        log_ticks(axis, n, ticks);
    else if (axis->scale == RK_SCALE_NINES)
        nines_ticks(axis, ticks);
    else if (axis->scale == RK_SCALE_CATEGORY)
        category_ticks(axis, n, ticks);
    else
        linear_ticks(axis, n, ticks);
    return ticks;
}

char *
rk_axis_full_title(const RkChartAxis *axis)
{
    if (axis->scale == RK_SCALE_LOG)
        return g_strdup_printf("%s (log scale)", axis->title);
    if (axis->scale == RK_SCALE_CATEGORY || axis->scale == RK_SCALE_NINES)
        return g_strdup(axis->title);
    if (is_clock(axis))
        return g_strdup_printf("%s (%s)", axis->title, largest(axis) > 7200 ? "h:min" : "min:s");
    const char *symbol = label_step(axis)->symbol;
    if (symbol[0] == '\0')
        return g_strdup(axis->title);
    if (axis->unit == RK_UNIT_PER_SECOND && symbol[0] == '/')
        return g_strdup_printf("%s (per second)", axis->title);
    return g_strdup_printf("%s (%s)", axis->title, symbol);
}
