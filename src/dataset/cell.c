// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/cell.h"

#include <math.h>
#include <string.h>

#define NOT_A_NUMBER "isn't a number"
#define NOT_A_TIME   "is neither a number nor a date like 2016-10-16 09:30:15"
#define OUT_OF_TIME  "lies outside the years 1 to 9999; check its unit (s, ms, us, ns)"

// The first second of the year 1 and the last one of 9999.
static const int64_t FIRST_SECOND = -62135596800;
static const int64_t LAST_SECOND = 253402300799;

static gboolean
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Whatever the fast path leaves: exponents, long mantissas, nan.
static const char *
slow_real(const RkCell *cell, double *value)
{
    char text[400]; // the longest decimal expansion worth reading has some 330 characters
    if (cell->length >= sizeof text || g_ascii_isspace(cell->text[0]))
        return NOT_A_NUMBER;
    memcpy(text, cell->text, cell->length);
    text[cell->length] = '\0';
    if (g_ascii_strcasecmp(text, "nan") == 0) {
        *value = NAN;
        return NULL;
    }
    if (strspn(text, "+-.0123456789eE") != cell->length) // no hexadecimal, no inf
        return NOT_A_NUMBER;
    char *end = NULL;
    *value = g_ascii_strtod(text, &end);
    if (end != text + cell->length)
        return NOT_A_NUMBER;
    return isfinite(*value) ? NULL : "is too large for a number";
}

const char *
rk_cell_real(const RkCell *cell, double *value)
{
    // Powers of ten that a double holds exactly; mantissas below 2^53 too, so one division rounds
    // correctly (Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990).
    static const double POWER[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (cell->length == 0) {
        *value = NAN;
        return NULL;
    }
    const char *p = cell->text;
    const char *end = p + cell->length;
    gboolean negative = *p == '-';
    p += negative;
    if (end - p > 16) // 15 digits and a point stay below 2^53
        return slow_real(cell, value);
    uint64_t mantissa = 0;
    const char *digits = p;
    while (p < end && is_digit(*p))
        mantissa = mantissa * 10 + (uint64_t)(*p++ - '0');
    size_t n_digits = (size_t)(p - digits);
    size_t n_decimals = 0;
    if (p < end && *p == '.') {
        const char *point = ++p;
        while (p < end && is_digit(*p))
            mantissa = mantissa * 10 + (uint64_t)(*p++ - '0');
        n_decimals = (size_t)(p - point);
    }
    if (p != end || n_digits + n_decimals == 0 || n_digits + n_decimals > 15)
        return slow_real(cell, value);
    double magnitude = (double)mantissa / POWER[n_decimals];
    *value = negative ? -magnitude : magnitude;
    return NULL;
}

static gboolean
take_digits(const char **p, const char *end, int n, int *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (*p == end || !is_digit(**p))
            return FALSE;
        *value = *value * 10 + (**p - '0');
    }
    return TRUE;
}

static gboolean
take_char(const char **p, const char *end, char c)
{
    if (*p == end || **p != c)
        return FALSE;
    (*p)++;
    return TRUE;
}

// Days from 1970-01-01 to a date of the proleptic Gregorian calendar: years start in March, so
// the leap day comes last and months follow a linear rule.
static int64_t
days_from_date(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

// "Z", "+02:00", "+0200", "+02" or nothing.
static gboolean
take_zone(const char **p, const char *end, int64_t *offset_s)
{
    *offset_s = 0;
    if (*p == end || (take_char(p, end, 'Z') && *p == end))
        return TRUE;
    int sign = **p == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if (!(take_char(p, end, '+') || take_char(p, end, '-')) || !take_digits(p, end, 2, &hours))
        return FALSE;
    if (*p != end) {
        take_char(p, end, ':');
        if (!take_digits(p, end, 2, &minutes))
            return FALSE;
    }
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return *p == end && hours < 24 && minutes < 60;
}

static gboolean
read_date(const RkCell *cell, int64_t *seconds)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *p = cell->text;
    const char *end = p + cell->length;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (!take_digits(&p, end, 4, &year) || !take_char(&p, end, '-') ||
        !take_digits(&p, end, 2, &month) || !take_char(&p, end, '-') ||
        !take_digits(&p, end, 2, &day))
        return FALSE;
    gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > DAYS[month - 1] + (month == 2 && leap))
        return FALSE;
    if (take_char(&p, end, 'T') || take_char(&p, end, ' ')) {
        if (!take_digits(&p, end, 2, &hour) || !take_char(&p, end, ':') ||
            !take_digits(&p, end, 2, &minute))
            return FALSE;
        if (take_char(&p, end, ':') && !take_digits(&p, end, 2, &second))
            return FALSE;
        if (take_char(&p, end, '.'))
            while (p < end && is_digit(*p))
                p++;
    }
    int64_t offset_s = 0;
    if (hour > 23 || minute > 59 || second > 60 || !take_zone(&p, end, &offset_s))
        return FALSE;
    *seconds =
        days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    return TRUE;
}

// INT64_MIN when the text is anything but an integer that fits.
static int64_t
read_integer(const RkCell *cell)
{
    const char *p = cell->text;
    const char *end = p + cell->length;
    gboolean negative = *p == '-';
    p += negative;
    if (p == end)
        return INT64_MIN;
    int64_t value = 0;
    for (; p < end; p++)
        if (!is_digit(*p) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *p - '0', &value))
            return INT64_MIN;
    return negative ? -value : value;
}

static int64_t
floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

const char *
rk_cell_time(const RkCell *cell, uint32_t per_second, int64_t *seconds)
{
    *seconds = INT64_MIN;
    if (cell->length == 0)
        return NULL;
    const int64_t unit = per_second > 0 ? per_second : 1;
    int64_t value = read_integer(cell);
    double real = 0;
    if (value != INT64_MIN) {
        value = unit == 1 ? value : floor_divide(value, unit);
    } else if (rk_cell_real(cell, &real) == NULL) {
        if (isnan(real))
            return NULL;
        real = floor(real / (double)unit);
        if (real < (double)FIRST_SECOND || real > (double)LAST_SECOND)
            return OUT_OF_TIME;
        value = (int64_t)real;
    } else if (!read_date(cell, &value)) {
        return NOT_A_TIME;
    }
    if (value < FIRST_SECOND || value > LAST_SECOND)
        return OUT_OF_TIME;
    *seconds = value;
    return NULL;
}
