// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_DIGITS   15 // any decimal of 15 digits survives a double and back (DBL_DIG)
#define MAX_DECIMALS 40 // of a style; more is odd

static const double POWER[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static gboolean
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// ---- which style ---------------------------------------------------------------------------

// Whether the cell is what rk_real_print() gives for some number of decimals: decided by printing.
static uint8_t
long_form_of_real(const RkCell *cell, double value)
{
    char text[RK_FORM_TEXT];
    uint32_t length = rk_real_print(value, 0, text);
    if (length != cell->length || memcmp(text, cell->text, length) != 0)
        return RK_STYLE_ODD;
    const char *point = memchr(text, '.', length);
    size_t n_decimals = point != NULL ? (size_t)(text + length - point - 1) : 0;
    return n_decimals <= MAX_DECIMALS ? (uint8_t)n_decimals : RK_STYLE_ODD;
}

uint8_t
rk_form_of_real(const RkCell *cell, double value)
{
    if (cell->length == 0)
        return RK_STYLE_MISSING;
    if (isnan(value) || (value == 0 && cell->text[0] == '-'))
        return RK_STYLE_ODD;
    const char *p = cell->text;
    const char *end = p + cell->length;
    p += *p == '-';
    if (p == end || !is_digit(*p) || (*p == '0' && end - p > 1 && p[1] != '.'))
        return RK_STYLE_ODD;
    const char *digits = p;
    while (p < end && is_digit(*p))
        p++;
    if (p == end)
        return p - digits <= MAX_DIGITS ? 0 : long_form_of_real(cell, value);
    const char *point = p++;
    if (*point != '.' || p == end)
        return RK_STYLE_ODD;
    while (p < end && is_digit(*p))
        p++;
    if (p != end)
        return RK_STYLE_ODD;
    if (p - digits - 1 > MAX_DIGITS)
        return long_form_of_real(cell, value);
    uint8_t n_decimals = (uint8_t)(p - point - 1);
    return p[-1] == '0' ? n_decimals | RK_STYLE_TRAILING : n_decimals;
}

// Digits without a leading zero, few enough for 64 bits.
static gboolean
is_plain_integer(const char *text, uint32_t n)
{
    if (n > 18 || (text[0] == '0' && n > 1))
        return FALSE;
    for (uint32_t i = 0; i < n; i++)
        if (!is_digit(text[i]))
            return FALSE;
    return TRUE;
}

uint8_t
rk_form_of_time(const RkCell *cell, uint32_t per_second, int64_t value)
{
    if (cell->length == 0)
        return RK_STYLE_MISSING;
    const char *text = cell->text;
    uint32_t n = cell->length;
    if (per_second <= 1 && is_plain_integer(text, n))
        return RK_TIME_INTEGER;
    // A guess by its shape, then the proof by printing it.
    RkTimeStyle style = RK_TIME_INTEGER;
    if (n > 2 && text[n - 2] == '.')
        style = RK_TIME_POINT_0;
    else if (n >= 10 && text[4] == '-')
        style = n == 10 ? RK_TIME_DATE : n == 20 ? RK_TIME_T_Z : RK_TIME_SPACE;
    if (style == RK_TIME_SPACE && n > 10 && text[10] == 'T')
        style = RK_TIME_T;
    char printed[RK_FORM_TEXT];
    uint32_t length = rk_time_print(value, style, per_second, printed);
    return length == n && memcmp(printed, text, n) == 0 ? (uint8_t)style : RK_STYLE_ODD;
}

// ---- which style for a chunk ---------------------------------------------------------------

gboolean
rk_form_covers_real(uint8_t best, uint8_t style)
{
    if (style == RK_STYLE_MISSING)
        return TRUE;
    if (style == RK_STYLE_ODD)
        return FALSE;
    uint8_t n_decimals = style & (uint8_t)~RK_STYLE_TRAILING;
    return n_decimals == best || (n_decimals > best && !(style & RK_STYLE_TRAILING));
}

uint8_t
rk_form_best_real(const uint32_t count[256])
{
    uint8_t best = 0;
    uint64_t most = 0;
    for (uint8_t candidate = 0; candidate <= MAX_DIGITS; candidate++) {
        uint64_t n = 0;
        for (uint8_t d = 0; d <= MAX_DECIMALS; d++)
            for (int trailing = 0; trailing < 2; trailing++) {
                uint8_t style = trailing ? d | RK_STYLE_TRAILING : d;
                if (rk_form_covers_real(candidate, style))
                    n += count[style];
            }
        if (n > most) {
            most = n;
            best = candidate;
        }
    }
    return best;
}

uint8_t
rk_form_best_time(const uint32_t count[256])
{
    uint8_t best = RK_TIME_INTEGER;
    for (uint8_t style = 0; style < RK_N_TIME_STYLES; style++)
        if (count[style] > count[best])
            best = style;
    return best;
}

// ---- printing ------------------------------------------------------------------------------

static uint32_t
print_integer(uint64_t value, char *text)
{
    char reversed[20];
    uint32_t n = 0;
    do
        reversed[n++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (uint32_t i = 0; i < n; i++)
        text[i] = reversed[n - 1 - i];
    return n;
}

static uint32_t
print_decimal(uint64_t mantissa, uint8_t n_decimals, gboolean negative, char *text)
{
    uint32_t n = 0;
    if (negative)
        text[n++] = '-';
    uint64_t unit = (uint64_t)POWER[n_decimals];
    n += print_integer(mantissa / unit, text + n);
    if (n_decimals > 0) {
        text[n++] = '.';
        uint64_t fraction = mantissa % unit;
        for (uint32_t i = n_decimals; i-- > 0; fraction /= 10)
            text[n + i] = (char)('0' + fraction % 10);
        n += n_decimals;
    }
    text[n] = '\0';
    return n;
}

// Numbers of more than 15 digits: the fewest significant digits that read back, written without
// an exponent. A double has at most 309 digits before the point and 324 + 17 behind it.
static uint32_t
print_long(double value, uint8_t min_decimals, char *text)
{
    char scientific[40];
    for (int precision = 14; precision < 17; precision++) {
        g_ascii_formatd(scientific, sizeof scientific,
                        precision == 14   ? "%.14e"
                        : precision == 15 ? "%.15e"
                                          : "%.16e",
                        value);
        if (g_ascii_strtod(scientific, NULL) == value)
            break;
    }
    char digits[20];
    int n_digits = 0;
    const char *p = scientific;
    for (; *p != 'e'; p++)
        if (is_digit(*p))
            digits[n_digits++] = *p;
    int exponent = (int)g_ascii_strtoll(p + 1, NULL, 10);
    while (n_digits > 1 && digits[n_digits - 1] == '0')
        n_digits--;
    uint32_t n = 0;
    if (value < 0)
        text[n++] = '-';
    for (int i = MIN(0, exponent + 1); i <= exponent; i++) // digit i stands for 10^(exponent - i)
        text[n++] = i < n_digits ? digits[i] : '0';
    if (exponent < 0)
        text[n++] = '0';
    int n_decimals = MAX(n_digits - exponent - 1, min_decimals);
    if (n_decimals > 0)
        text[n++] = '.';
    for (int i = exponent + 1; i <= exponent + n_decimals; i++)
        text[n++] = i >= 0 && i < n_digits ? digits[i] : '0';
    text[n] = '\0';
    return n;
}

uint32_t
rk_real_print(double value, uint8_t min_decimals, char text[RK_FORM_TEXT])
{
    text[0] = '\0';
    if (!isfinite(value))
        return 0;
    double magnitude = fabs(value);
    for (uint8_t d = MIN(min_decimals, MAX_DIGITS); d <= MAX_DIGITS; d++) {
        double scaled = magnitude * POWER[d];
        if (scaled >= 1e15)
            break;
        double mantissa = nearbyint(scaled);
        if (mantissa / POWER[d] == magnitude) // both exact, so the quotient is what a parser reads
            return print_decimal((uint64_t)mantissa, d, value < 0, text);
    }
    return print_long(value, min_decimals, text);
}

typedef struct {
    int year, month, day, hour, minute, second;
} Date;

// The proleptic Gregorian date of a time, by counting days from a 1 March: 400 years are 146,097
// days, and months follow a linear rule from March on.
static Date
date_of(int64_t value)
{
    int64_t days = value / 86400 - (value % 86400 < 0);
    int rest = (int)(value - days * 86400);
    int64_t z = days + 719468; // from 0000-03-01
    int64_t era = z / 146097 - (z % 146097 < 0);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = (int)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
    int m = (5 * day_of_year + 2) / 153; // months since March
    int month = m < 10 ? m + 3 : m - 9;
    return (Date){.year = (int)(year_of_era + era * 400) + (month <= 2),
                  .month = month,
                  .day = day_of_year - (153 * m + 2) / 5 + 1,
                  .hour = rest / 3600,
                  .minute = rest / 60 % 60,
                  .second = rest % 60};
}

uint32_t
rk_time_print(int64_t value, RkTimeStyle style, uint32_t per_second, char text[RK_FORM_TEXT])
{
    text[0] = '\0';
    if (value == INT64_MIN)
        return 0;
    int64_t n_units = 0;
    if (style == RK_TIME_INTEGER || style == RK_TIME_POINT_0) {
        if (__builtin_mul_overflow(value, (int64_t)MAX(per_second, 1), &n_units))
            return 0;
        uint32_t n = n_units < 0;
        text[0] = '-';
        n += print_integer(n_units < 0 ? 0 - (uint64_t)n_units : (uint64_t)n_units, text + n);
        if (style == RK_TIME_POINT_0) {
            text[n++] = '.';
            text[n++] = '0';
        }
        text[n] = '\0';
        return n;
    }
    static const struct {
        char between; // date and time of day; 0 for no time of day
        const char *zone;
    } LAYOUT[] = {[RK_TIME_DATE] = {0, ""},
                  [RK_TIME_SPACE] = {' ', ""},
                  [RK_TIME_T] = {'T', ""},
                  [RK_TIME_T_Z] = {'T', "Z"}};
    g_assert((unsigned)style < G_N_ELEMENTS(LAYOUT));
    Date d = date_of(value);
    int n = snprintf(text, RK_FORM_TEXT, "%04d-%02d-%02d", d.year, d.month, d.day);
    if (LAYOUT[style].between)
        n += snprintf(text + n, RK_FORM_TEXT - (size_t)n, "%c%02d:%02d:%02d%s",
                      LAYOUT[style].between, d.hour, d.minute, d.second, LAYOUT[style].zone);
    return (uint32_t)n;
}

// ---- whole cells ---------------------------------------------------------------------------

static void
append_code(const RkVocabulary *vocabulary, uint32_t code, GString *out)
{
    char scratch[RK_VOCABULARY_SCRATCH];
    uint32_t length = 0;
    if (code == RK_CODE_MISSING)
        return;
    const char *text = rk_vocabulary_text(vocabulary, code, scratch, &length);
    g_string_append_len(out, text, length);
}

void
rk_form_append_cell(const RkField *field, const RkColumn *column, const RkVocabulary *vocabulary,
                    uint32_t row, uint32_t *odd, GString *out)
{
    char text[RK_FORM_TEXT];
    const RkForms *forms = column->forms;
    if (forms != NULL && *odd < forms->n_odd && forms->odd_row[*odd] == row) {
        uint32_t start = forms->odd_offset[*odd];
        g_string_append_len(out, forms->odd_text + start, forms->odd_offset[++*odd] - start);
        return;
    }
    uint8_t style = forms != NULL ? forms->style : 0;
    switch (column->type) {
    case RK_COLUMN_CODE:
        append_code(vocabulary, column->code[row], out);
        break;
    case RK_COLUMN_CODES:
        for (uint32_t i = column->offset[row]; i < column->offset[row + 1]; i++) {
            if (i > column->offset[row])
                g_string_append_c(out, field->separator);
            append_code(vocabulary, column->codes[i], out);
        }
        break;
    case RK_COLUMN_REAL:
        g_string_append_len(out, text, rk_real_print(column->real[row], style, text));
        break;
    case RK_COLUMN_TIME:
        g_string_append_len(
            out, text,
            rk_time_print(column->time[row], (RkTimeStyle)style, field->per_second, text));
        break;
    case RK_COLUMN_TEXT:
        g_string_append_len(out, column->text + column->offset[row],
                            column->offset[row + 1] - column->offset[row]);
        break;
    }
}

// ---- collecting ----------------------------------------------------------------------------

void
rk_forms_builder_add(RkFormsBuilder *builder, uint32_t row, const char *text, uint32_t length)
{
    if (builder->rows == NULL) {
        builder->rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        builder->offsets = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        builder->text = g_byte_array_new();
    }
    uint32_t start = builder->text->len;
    g_array_append_val(builder->rows, row);
    g_array_append_val(builder->offsets, start);
    g_byte_array_append(builder->text, (const guint8 *)text, length);
}

RkForms *
rk_forms_builder_end(RkFormsBuilder *builder)
{
    uint8_t style = builder->style;
    if (style == 0 && builder->rows == NULL)
        return NULL;
    RkForms *forms = g_new0(RkForms, 1);
    forms->style = style;
    if (builder->rows != NULL) {
        uint32_t end = builder->text->len;
        g_array_append_val(builder->offsets, end);
        forms->n_odd = builder->rows->len;
        forms->odd_row = (uint32_t *)g_array_free(g_steal_pointer(&builder->rows), FALSE);
        forms->odd_offset = (uint32_t *)g_array_free(g_steal_pointer(&builder->offsets), FALSE);
        forms->odd_text = (char *)g_byte_array_free(g_steal_pointer(&builder->text), FALSE);
    }
    builder->style = 0;
    return forms;
}

void
rk_forms_builder_clear(RkFormsBuilder *builder)
{
    g_clear_pointer(&builder->rows, g_array_unref);
    g_clear_pointer(&builder->offsets, g_array_unref);
    g_clear_pointer(&builder->text, g_byte_array_unref);
    builder->style = 0;
}
