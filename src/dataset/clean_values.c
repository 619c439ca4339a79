// SPDX-License-Identifier: GPL-3.0-or-later
//
// What replaces which cells: outliers, missing cells. Everything fitted, the counts of rare
// categories included, comes from the training rows that stay (side tables have no parts: all
// their rows).
#include "dataset/clean-private.h"

#include <math.h>
#include <string.h>

// ---- fitting -----------------------------------------------------------------------------------

static gboolean
is_fitted(const RkRule *rule)
{
    return rule->outliers != RK_OUTLIERS_KEEP || rule->rare || rule->missing == RK_MISSING_MEAN ||
           rule->missing == RK_MISSING_MEDIAN || rule->missing == RK_MISSING_MOST_FREQUENT;
}

gboolean
rk_clean_fits(const RkClean *clean)
{
    for (guint r = 0; r < clean->rules->len; r++)
        if (is_fitted(&g_array_index(clean->rules, RkRule, r)))
            return TRUE;
    return FALSE;
}

typedef struct {
    RkReservoir sample;
    double mean;
    uint64_t n;
    uint32_t *count; // of codes
} Fit;

typedef struct {
    RkClean *clean;
    const RkSplit *split; // of the raw rows
    Fit *fit;             // [rules]
    gboolean bounds;      // first pass: outlier bounds; second: what fills, what is rare
    uint8_t *part;        // [RK_CHUNK_ROWS]
    uint64_t n_removed;
} FitPass;

static double
tame(const RkRule *rule, double value)
{
    if (!rk_clean_is_outlier(rule, value))
        return value;
    if (rule->outliers == RK_OUTLIERS_CLIP)
        return value < rule->low ? rule->low : rule->high;
    return NAN;
}

static void
fit_value(const FitPass *p, const RkRule *rule, Fit *fit, const RkColumn *column, uint32_t row)
{
    if (column->type == RK_COLUMN_REAL) {
        double value = p->bounds ? column->real[row] : tame(rule, column->real[row]);
        if (isnan(value))
            return;
        if (p->bounds || rule->missing == RK_MISSING_MEDIAN ||
            rule->missing == RK_MISSING_MOST_FREQUENT)
            rk_reservoir_add(&fit->sample, value);
        fit->n++;
        fit->mean += (value - fit->mean) / (double)fit->n;
    } else if (column->type == RK_COLUMN_CODE && fit->count != NULL) {
        if (column->code[row] != RK_CODE_MISSING)
            fit->count[column->code[row]]++;
    }
}

static void
count_rare(RkWords *words, const RkColumn *column, uint32_t row)
{
    if (column->type == RK_COLUMN_CODE) {
        if (column->code[row] != RK_CODE_MISSING)
            words->count[column->code[row]]++;
        return;
    }
    for (uint32_t i = column->offset[row]; i < column->offset[row + 1]; i++)
        words->count[column->codes[i]]++;
}

static gboolean
fit_chunk(const RkChunk *chunk, void *data, GError **error)
{
    FitPass *p = data;
    RkClean *clean = p->clean;
    const uint8_t *keep = clean->keep[chunk->table];
    memset(p->part, RK_PART_TRAIN, chunk->n_rows);
    if (chunk->table == 0)
        rk_split_parts(p->split, chunk->first_row, chunk->n_rows, p->part);
    for (uint32_t i = 0; i < chunk->n_rows; i++) // what doesn't stay trains nothing
        if (!rk_kept(keep, chunk->first_row + i))
            p->part[i] = RK_PART_NONE;
    for (guint r = 0; r < clean->rules->len; r++) {
        const RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (rule->table != chunk->table || !is_fitted(rule) ||
            (p->bounds && rule->outliers == RK_OUTLIERS_KEEP))
            continue;
        const RkColumn *column = &chunk->columns[rule->column];
        RkWords *words = !p->bounds && rule->rare
                             ? &g_array_index(clean->words, RkWords, rule->vocabulary)
                             : NULL;
        for (uint32_t i = 0; i < chunk->n_rows; i++) {
            if (p->part[i] != RK_PART_TRAIN)
                continue;
            fit_value(p, rule, &p->fit[r], column, i);
            if (words != NULL)
                count_rare(words, column, i);
        }
    }
    return TRUE;
}

static gboolean
fit_pass(FitPass *p, GError **error)
{
    RkClean *clean = p->clean;
    g_autofree int *columns = g_new(int, clean->rules->len + 1);
    for (uint32_t t = 0; t < clean->schema->tables->len; t++) {
        uint32_t n = 0;
        for (guint r = 0; r < clean->rules->len; r++) {
            const RkRule *rule = &g_array_index(clean->rules, RkRule, r);
            if (rule->table == t && is_fitted(rule))
                columns[n++] = (int)rule->column;
        }
        if (n > 0 && !rk_scan_told(clean->input.source, t, columns, n, fit_chunk, p, "Fitting",
                                   clean->input.progress, error))
            return FALSE;
    }
    return TRUE;
}

static void
reset_fits(FitPass *p)
{
    for (guint r = 0; r < p->clean->rules->len; r++) {
        const RkRule *rule = &g_array_index(p->clean->rules, RkRule, r);
        Fit *fit = &p->fit[r];
        rk_reservoir_clear(&fit->sample);
        rk_reservoir_init(&fit->sample, RK_RESERVOIR_CAPACITY, p->clean->input.seed + r);
        fit->n = 0;
        fit->mean = 0;
        if (rule->missing == RK_MISSING_MOST_FREQUENT && rule->vocabulary >= 0 &&
            fit->count == NULL)
            fit->count =
                g_new0(uint32_t, g_array_index(p->clean->words, RkWords, rule->vocabulary).n + 1);
    }
}

static gboolean
drop_outliers(const RkChunk *chunk, void *data, GError **error)
{
    FitPass *p = data;
    uint8_t *keep = p->clean->keep[0];
    for (guint r = 0; r < p->clean->rules->len; r++) {
        RkRule *rule = &g_array_index(p->clean->rules, RkRule, r);
        if (rule->table != 0 || rule->outliers != RK_OUTLIERS_DROP)
            continue;
        const double *value = chunk->columns[rule->column].real;
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            if (rk_kept(keep, chunk->first_row + i) && rk_clean_is_outlier(rule, value[i])) {
                rk_remove(keep, chunk->first_row + i);
                rule->n_outliers++;
            }
    }
    return TRUE;
}

static gboolean
fit_outliers(FitPass *p, GError **error)
{
    RkClean *clean = p->clean;
    g_autofree int *columns = g_new(int, clean->rules->len + 1);
    uint32_t n = 0, n_drop = 0;
    for (guint r = 0; r < clean->rules->len; r++) {
        const RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        n += rule->outliers != RK_OUTLIERS_KEEP;
        if (rule->outliers == RK_OUTLIERS_DROP)
            columns[n_drop++] = (int)rule->column;
    }
    if (n == 0)
        return TRUE;
    p->bounds = TRUE;
    if (!fit_pass(p, error))
        return FALSE;
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (rule->outliers == RK_OUTLIERS_KEEP)
            continue;
        RkReservoir *sample = &p->fit[r].sample;
        rule->low =
            rk_reservoir_quantile(sample, rk_params_real(clean->input.clean, "clean.outliers.low"));
        rule->high = rk_reservoir_quantile(
            sample, rk_params_real(clean->input.clean, "clean.outliers.high"));
    }
    p->bounds = FALSE;
    return n_drop == 0 || rk_scan(clean->input.source, 0, columns, n_drop, drop_outliers, p, error);
}

static void
take_fill(RkRule *rule, Fit *fit, uint32_t n_codes)
{
    if (rule->missing == RK_MISSING_MEAN)
        rule->fill = fit->n > 0 ? fit->mean : NAN;
    else if (rule->missing == RK_MISSING_MEDIAN)
        rule->fill = rk_reservoir_quantile(&fit->sample, 0.5);
    else if (rule->missing == RK_MISSING_MOST_FREQUENT && fit->count == NULL)
        rule->fill = rk_reservoir_mode(&fit->sample);
    else if (rule->missing == RK_MISSING_MOST_FREQUENT) {
        rule->fill_code = RK_CODE_MISSING;
        for (uint32_t code = 0, most = 0; code < n_codes; code++)
            if (fit->count[code] > most) {
                most = fit->count[code];
                rule->fill_code = code;
            }
    }
}

gboolean
rk_clean_fit(RkClean *clean, const RkSplit *raw, GError **error)
{
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    FitPass p = {.clean = clean, .split = raw, .fit = g_new0(Fit, clean->rules->len), .part = part};
    reset_fits(&p);
    gboolean done = fit_outliers(&p, error);
    if (done) {
        reset_fits(&p);
        done = fit_pass(&p, error);
    }
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        uint32_t n_codes =
            rule->vocabulary >= 0 ? g_array_index(clean->words, RkWords, rule->vocabulary).n : 0;
        if (done)
            take_fill(rule, &p.fit[r], n_codes);
        rk_reservoir_clear(&p.fit[r].sample);
        g_free(p.fit[r].count);
    }
    g_free(p.fit);
    return done;
}

// ---- applying ----------------------------------------------------------------------------------

gboolean
rk_clean_is_outlier(const RkRule *rule, double value)
{
    return rule->outliers != RK_OUTLIERS_KEEP && (value < rule->low || value > rule->high);
}

static uint64_t
apply_real(RkRule *rule, RkColumn *column)
{
    uint64_t changed = 0;
    for (uint32_t i = 0; i < column->n_rows; i++) {
        double value = column->real[i];
        if (rk_clean_is_outlier(rule, value)) {
            value = tame(rule, value);
            rule->n_outliers++;
            changed++;
        }
        if (isnan(value) && rule->missing > RK_MISSING_DROP && !isnan(rule->fill)) {
            value = rule->fill;
            rule->n_filled++;
            changed++;
        }
        column->real[i] = value;
    }
    return changed;
}

static uint64_t
apply_time(RkRule *rule, RkColumn *column)
{
    uint64_t changed = 0;
    for (uint32_t i = 0; i < column->n_rows; i++)
        if (column->time[i] == INT64_MIN && rule->missing == RK_MISSING_CONSTANT) {
            column->time[i] = rule->fill_time;
            changed++;
        }
    rule->n_filled += changed;
    return changed;
}

void
rk_clean_apply(RkClean *clean, RkChunk *chunk)
{
    for (guint r = 0; r < clean->rules->len; r++) {
        RkRule *rule = &g_array_index(clean->rules, RkRule, r);
        if (rule->table != chunk->table)
            continue;
        RkColumn *column = &chunk->columns[rule->column];
        uint64_t changed = 0;
        if (column->type == RK_COLUMN_REAL)
            changed = apply_real(rule, column);
        else if (column->type == RK_COLUMN_TIME)
            changed = apply_time(rule, column);
        if (clean->binary && chunk->table == 0 && (int)rule->column == clean->label) {
            for (uint32_t i = 0; i < column->n_rows; i++)
                if (!isnan(column->real[i]))
                    column->real[i] = column->real[i] >= clean->threshold;
            changed++;
        }
        if (changed > 0) // they no longer say how the cells were written
            g_clear_pointer(&column->forms, rk_forms_free);
    }
}
