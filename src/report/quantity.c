// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/quantity.h"

#include <math.h>
#include <string.h>

#define MAX_STEPS  7
#define MAX_DIGITS 12 // decimals that are ever shown

// Steps from small to large; a factor of 0 ends them.
static const RkUnitStep UNITS[RK_N_UNITS][MAX_STEPS + 1] = {
    [RK_UNIT_NONE] = {{1, ""}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}},
    [RK_UNIT_COUNT] = {{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}},
    [RK_UNIT_SECONDS] =
        {{1e-9, "ns"}, {1e-6, "µs"}, {1e-3, "ms"}, {1, "s"}, {60, "min"}, {3600, "h"}},
    [RK_UNIT_PER_SECOND] = {{1, "/s"}, {1e3, "k/s"}, {1e6, "M/s"}, {1e9, "G/s"}},
    [RK_UNIT_BYTES] = {{1, "B"},
                       {1024., "KiB"},
                       {1048576., "MiB"},
                       {1073741824., "GiB"},
                       {1099511627776., "TiB"}},
    [RK_UNIT_SHARE] = {{0.01, "%"}},
    [RK_UNIT_METRIC] = {{1, ""}},
    [RK_UNIT_FLOPS] =
        {{1, "FLOP/s"}, {1e3, "kFLOP/s"}, {1e6, "MFLOP/s"}, {1e9, "GFLOP/s"}, {1e12, "TFLOP/s"}},
    [RK_UNIT_BYTES_PER_SECOND] =
        {{1, "B/s"}, {1e3, "kB/s"}, {1e6, "MB/s"}, {1e9, "GB/s"}, {1e12, "TB/s"}},
    [RK_UNIT_FLOP_PER_BYTE] = {{1, "FLOP/B"}},
};

// Zero has no size of its own: it is shown in the plain unit.
static const RkUnitStep *
plain_step(RkUnit unit)
{
    const RkUnitStep *steps = UNITS[unit];
    for (const RkUnitStep *s = steps; s->factor > 0; s++)
        if (s->factor == 1)
            return s;
    return steps;
}

const RkUnitStep *
rk_unit_step(RkUnit unit, double magnitude)
{
    g_return_val_if_fail(unit < RK_N_UNITS, UNITS[RK_UNIT_NONE]);
    magnitude = fabs(magnitude);
    if (!(magnitude > 0) || isinf(magnitude))
        return plain_step(unit);
    const RkUnitStep *best = UNITS[unit];
    for (const RkUnitStep *s = best; s->factor > 0; s++)
        if (magnitude >= s->factor * (1 - 1e-12)) // 0.001 / 1e-3 may fall short of 1
            best = s;
    return best;
}

static char *
number(double value, int decimals)
{
    char format[16];
    char digits[512]; // 309 digits before the point, MAX_DIGITS after it
    g_snprintf(format, sizeof format, "%%.%df", CLAMP(decimals, 0, MAX_DIGITS));
    g_ascii_formatd(digits, sizeof digits, format, value);
    gboolean negative = digits[0] == '-';
    const char *shown = digits + negative;
    if (strspn(shown, "0.") == strlen(shown))
        negative = FALSE; // no "−0.0"
    return g_strconcat(negative ? "−" : "", shown, NULL);
}

char *
rk_quantity_in(double value, const RkUnitStep *step, int decimals)
{
    if (isnan(value))
        return g_strdup("–");
    if (isinf(value))
        return g_strdup(value > 0 ? "∞" : "−∞");
    return number(value / step->factor, decimals);
}

static char *
strip_zeros(char *digits)
{
    if (strchr(digits, '.') == NULL)
        return digits;
    char *end = digits + strlen(digits);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
    return digits;
}

// To `digits` significant ones, so that 999.6 µs is seen to be 1 ms.
static double
round_to(double value, int digits)
{
    char format[8];
    char text[40];
    g_snprintf(format, sizeof format, "%%.%de", digits - 1);
    return g_ascii_strtod(g_ascii_formatd(text, sizeof text, format, value), NULL);
}

// Decimals that show `value` with so many significant digits.
static int
decimals_of(double value, int digits)
{
    if (value == 0)
        return 0;
    return MAX(0, digits - 1 - (int)floor(log10(fabs(value)) + 1e-9));
}

static char *
with_symbol(const char *digits, const char *symbol)
{
    const char *space = symbol[0] == '\0' || symbol[0] == '/' ? "" : " ";
    return g_strconcat(digits, space, symbol, NULL);
}

static char *
scientific(double value, const RkUnitStep *step)
{
    char text[40];
    g_ascii_formatd(text, sizeof text, "%.3g", value / step->factor);
    return with_symbol(text, step->symbol);
}

// 99.96 % must not read 100 %.
static int
share_decimals(double share, int decimals)
{
    double left = fabs(1 - share);
    if (left == 0 || left > 0.01)
        return decimals;
    return MIN(6, MAX(decimals, (int)ceil(-log10(left)) - 1));
}

static char *
metric_text(double value)
{
    double size = fabs(value);
    if (size != 0 && (size >= 1e6 || size < 5e-5))
        return scientific(value, &UNITS[RK_UNIT_METRIC][0]);
    return number(value, size < 10 ? 4 : decimals_of(value, 4));
}

char *
rk_quantity(double value, RkUnit unit)
{
    g_return_val_if_fail(unit < RK_N_UNITS, NULL);
    if (!isfinite(value))
        return rk_quantity_in(value, UNITS[unit], 0);
    if (unit == RK_UNIT_METRIC)
        return metric_text(value);
    gboolean whole = (unit == RK_UNIT_COUNT || unit == RK_UNIT_NONE) && floor(value) == value;
    if (whole && fabs(value) < 10000)
        return number(value, 0);
    double rounded = round_to(value, 3);
    const RkUnitStep *step = rk_unit_step(unit, rounded);
    double shown = fabs(rounded / step->factor);
    if (shown != 0 && (shown >= 1e6 || shown < 1e-4))
        return scientific(value, step);
    int decimals = decimals_of(shown, 3);
    if (unit == RK_UNIT_SHARE)
        decimals = share_decimals(value, decimals);
    g_autofree char *digits = strip_zeros(number(value / step->factor, decimals));
    return with_symbol(digits, step->symbol);
}

char *
rk_quantity_range(double low, double high, RkUnit unit)
{
    g_autofree char *top = rk_quantity(high, unit);
    if (!isfinite(low) || !isfinite(high) || unit == RK_UNIT_METRIC) {
        g_autofree char *bottom = rk_quantity(low, unit);
        return g_strdup_printf("%s to %s", bottom, top);
    }
    const RkUnitStep *step = rk_unit_step(unit, round_to(MAX(fabs(low), fabs(high)), 3));
    double larger = MAX(fabs(low), fabs(high)) / step->factor;
    if (larger >= 1e6 || (larger != 0 && larger < 1e-4))
        return g_strdup_printf("up to %s", top);
    int decimals = decimals_of(larger, 3);
    g_autofree char *a = strip_zeros(number(low / step->factor, decimals));
    g_autofree char *b = strip_zeros(number(high / step->factor, decimals));
    g_autofree char *both = g_strdup_printf("%s to %s", a, b);
    return with_symbol(both, step->symbol);
}

char *
rk_quantity_difference(double value, RkUnit unit)
{
    g_autofree char *text = rk_quantity(value, unit);
    return g_strconcat(value > 0 ? "+" : "", text, NULL);
}

char *
rk_quantity_change(double from, double to, const char *more, const char *less)
{
    double ratio = to / from;
    if (!isfinite(ratio) || ratio <= 0)
        return g_strdup("not comparable");
    if (fabs(ratio - 1) < 0.0005)
        return g_strdup("the same");
    g_autofree char *share = NULL;
    if (ratio >= 2 || ratio <= 0.5) {
        share = rk_quantity(round_to(MAX(ratio, 1 / ratio), 2), RK_UNIT_NONE);
        return g_strdup_printf("%s times %s", share, ratio > 1 ? more : less);
    }
    share = rk_quantity(round_to(fabs(ratio - 1), 2), RK_UNIT_SHARE);
    return g_strdup_printf("%s %s", share, ratio > 1 ? more : less);
}
