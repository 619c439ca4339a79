// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/features-private.h"

#include "base/exact.h"

#include <math.h>
#include <string.h>

// ---- numbers -----------------------------------------------------------------------------------

static RkFeatureValue
real_value(double value)
{
    return (RkFeatureValue){.real = (float)value};
}

static double
logarithm(double value)
{
    double size = rk_exact_log(1 + fabs(value));
    return value < 0 ? -size : size;
}

static RkFeatureValue
apply_scaled(const RkFeature *f, RkCellValue cell)
{
    if (isnan(cell.real))
        return (RkFeatureValue){.real = f->missing};
    double value = f->kind->before != NULL ? f->kind->before(cell.real) : cell.real;
    return real_value((value - f->center) * f->scale);
}

static RkFeatureValue
apply_minmax(const RkFeature *f, RkCellValue cell)
{
    if (isnan(cell.real))
        return (RkFeatureValue){.real = f->missing};
    return real_value(CLAMP((cell.real - f->center) * f->scale, 0, 1));
}

static void
fit_standard(RkFeature *f, RkFeatureFit *fit, uint32_t n_buckets)
{
    double sd = fit->n > 0 ? sqrt(fit->squares / (double)fit->n) : 0;
    f->center = fit->mean;
    f->scale = sd > 0 ? 1 / sd : 0; // a constant says nothing
    f->missing = 0;                 // the mean
}

static void
fit_minmax(RkFeature *f, RkFeatureFit *fit, uint32_t n_buckets)
{
    f->center = fit->n > 0 ? fit->min : 0;
    f->scale = fit->n > 0 && fit->max > fit->min ? 1 / (fit->max - fit->min) : 0;
    f->missing = (float)((fit->mean - f->center) * f->scale);
}

// ---- quantiles ---------------------------------------------------------------------------------

#define N_QUANTILES 100u

// Number of knots at most (or, strictly, below) a value.
static uint32_t
knots_up_to(const RkFeature *f, double value, gboolean strictly)
{
    uint32_t low = 0, high = f->n_knots;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strictly ? f->knots[middle] < value : f->knots[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static RkFeatureValue
apply_quantile(const RkFeature *f, RkCellValue cell)
{
    if (isnan(cell.real) || f->n_knots < 2)
        return (RkFeatureValue){.real = 0.5f};
    uint32_t below = knots_up_to(f, cell.real, TRUE), up_to = knots_up_to(f, cell.real, FALSE);
    double steps = f->n_knots - 1.0;
    if (up_to > below) // knots that are equal to it: the middle of their range
        return real_value((below + up_to - 1) / 2.0 / steps);
    if (below == 0 || below == f->n_knots)
        return real_value(below == 0 ? 0 : 1);
    double low = f->knots[below - 1], high = f->knots[below];
    return real_value((below - 1 + (cell.real - low) / (high - low)) / steps);
}

static void
fit_quantile(RkFeature *f, RkFeatureFit *fit, uint32_t n_buckets)
{
    f->n_knots = fit->n > 0 ? N_QUANTILES + 1 : 0;
    f->knots = g_new0(double, N_QUANTILES + 1);
    for (uint32_t i = 0; i < f->n_knots; i++)
        f->knots[i] = rk_reservoir_quantile(&fit->sample, i / (double)N_QUANTILES);
    f->missing = 0.5f;
}

static RkFeatureValue
apply_bucket(const RkFeature *f, RkCellValue cell)
{
    uint32_t code = isnan(cell.real) ? f->n_knots + 1 : knots_up_to(f, cell.real, FALSE);
    return (RkFeatureValue){.code = code};
}

// Edges are values that occur, so that no bucket is empty.
static void
fit_bucket(RkFeature *f, RkFeatureFit *fit, uint32_t n_buckets)
{
    const double *sorted = rk_reservoir_sorted(&fit->sample);
    f->knots = g_new0(double, MAX(n_buckets, 1));
    for (uint64_t i = 1; i < n_buckets && fit->n > 0; i++) {
        double edge = sorted[i * fit->sample.n / n_buckets];
        if (edge > sorted[0] && (f->n_knots == 0 || edge > f->knots[f->n_knots - 1]))
            f->knots[f->n_knots++] = edge;
    }
}

// ---- times -------------------------------------------------------------------------------------

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static RkFeatureValue
apply_hour(const RkFeature *f, RkCellValue cell)
{
    int64_t hour = floor_div(cell.time, 3600);
    uint32_t code = (uint32_t)(hour - floor_div(hour, 24) * 24);
    return (RkFeatureValue){.code = cell.time == INT64_MIN ? 24 : code};
}

static RkFeatureValue
apply_weekday(const RkFeature *f, RkCellValue cell)
{
    int64_t day = floor_div(cell.time, 86400) + 3; // 1970-01-01 was a Thursday
    uint32_t code = (uint32_t)(day - floor_div(day, 7) * 7);
    return (RkFeatureValue){.code = cell.time == INT64_MIN ? 7 : code};
}

// ---- the past ----------------------------------------------------------------------------------

float
rk_feature_count(const RkFeature *f, RkFeatureTotal total)
{
    return (float)rk_exact_log(1 + total.n);
}

float
rk_feature_rate(const RkFeature *f, RkFeatureTotal total)
{
    double weight = total.n + f->smoothing;
    return (float)(weight > 0 ? (total.labels + f->smoothing * f->prior) / weight : f->prior);
}

static RkFeatureTotal
total_of(const RkFeature *f, RkCellValue cell)
{
    return cell.code < f->n_totals ? f->totals[cell.code] : (RkFeatureTotal){0};
}

static RkFeatureValue
apply_count(const RkFeature *f, RkCellValue cell)
{
    return (RkFeatureValue){.real = rk_feature_count(f, total_of(f, cell))};
}

static RkFeatureValue
apply_rate(const RkFeature *f, RkCellValue cell)
{
    return (RkFeatureValue){.real = rk_feature_rate(f, total_of(f, cell))};
}

// ---- the table ---------------------------------------------------------------------------------

static const RkFeatureKind KINDS[] = {
    {"standard", "scale", NULL, FALSE, FALSE, FALSE, apply_scaled, NULL, fit_standard},
    {"minmax", "scale", NULL, FALSE, FALSE, FALSE, apply_minmax, NULL, fit_minmax},
    {"log", "scale", NULL, FALSE, FALSE, FALSE, apply_scaled, logarithm, fit_standard},
    {"quantile", "scale", NULL, FALSE, FALSE, FALSE, apply_quantile, NULL, fit_quantile},
    {"bucket", "scale", NULL, TRUE, FALSE, FALSE, apply_bucket, NULL, fit_bucket},
    {"hour", "time", "hour", TRUE, FALSE, FALSE, apply_hour, NULL, NULL},
    {"weekday", "time", "weekday", TRUE, FALSE, FALSE, apply_weekday, NULL, NULL},
    {"count", "past", "count", FALSE, TRUE, FALSE, apply_count, NULL, NULL},
    {"rate", "past", "rate", FALSE, TRUE, TRUE, apply_rate, NULL, NULL},
};

const RkFeatureKind *
rk_feature_kind(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}

float
rk_feature_past_value(const RkFeature *f, RkFeatureTotal total)
{
    return f->kind->needs_label ? rk_feature_rate(f, total) : rk_feature_count(f, total);
}

// ---- all of them -------------------------------------------------------------------------------

static void
feature_free(gpointer data)
{
    RkFeature *f = data;
    g_free(f->name);
    g_free(f->knots);
    g_free(f->totals);
    g_free(f);
}

RkFeatures *
rk_features_new(void)
{
    RkFeatures *features = g_new0(RkFeatures, 1);
    features->features = g_ptr_array_new_with_free_func(feature_free);
    return features;
}

RkFeature *
rk_features_add(RkFeatures *features, const RkSchema *schema, uint32_t table, uint32_t field,
                const RkFeatureKind *kind)
{
    RkFeature *f = g_new0(RkFeature, 1);
    const char *name = rk_table_field(rk_schema_table(schema, table), field)->name;
    f->table = table;
    f->field = field;
    f->kind = kind;
    f->name = kind->suffix != NULL ? g_strdup_printf("%s.%s", name, kind->suffix) : g_strdup(name);
    g_ptr_array_add(features->features, f);
    return f;
}

void
rk_features_free(RkFeatures *features)
{
    if (features == NULL)
        return;
    g_ptr_array_unref(features->features);
    g_free(features);
}

uint32_t
rk_features_n(const RkFeatures *features)
{
    return features->features->len;
}

static uint32_t
n_codes(const RkFeature *f)
{
    if (!f->kind->is_code)
        return 0;
    if (f->kind->fit != NULL)
        return f->n_knots + 2; // ranges between and beyond the knots, and missing
    return f->kind->apply == apply_hour ? 25 : 8;
}

RkFeatureInfo
rk_feature_info(const RkFeature *f)
{
    return (RkFeatureInfo){f->table,         f->field,   f->name,         f->kind->name,
                           f->kind->is_code, n_codes(f), f->kind->is_past};
}

RkFeatureInfo
rk_features_info(const RkFeatures *features, uint32_t i)
{
    return rk_feature_info(g_ptr_array_index(features->features, i));
}

const RkFeature *
rk_features_find(const RkFeatures *features, uint32_t table, const char *name)
{
    for (guint i = 0; i < features->features->len; i++) {
        const RkFeature *f = g_ptr_array_index(features->features, i);
        if (f->table == table && strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

RkFeatureValue
rk_feature_apply(const RkFeature *f, RkCellValue cell)
{
    return f->kind->apply(f, cell);
}

void
rk_features_apply_row(const RkFeatures *features, uint32_t table, const RkCellValue *cells,
                      RkFeatureValue *values)
{
    for (guint i = 0; i < features->features->len; i++) {
        const RkFeature *f = g_ptr_array_index(features->features, i);
        if (f->table == table)
            values[i] = f->kind->apply(f, cells[f->field]);
    }
}

RkCellValue
rk_column_cell(const RkColumn *column, uint32_t row)
{
    if (column->type == RK_COLUMN_REAL)
        return (RkCellValue){.real = column->real[row]};
    if (column->type == RK_COLUMN_TIME)
        return (RkCellValue){.time = column->time[row]};
    return (RkCellValue){.code =
                             column->type == RK_COLUMN_CODE ? column->code[row] : RK_CODE_MISSING};
}
