// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/profile.h"

#include "dataset/drift.h"
#include "dataset/reservoir.h"

#include <math.h>
#include <string.h>

const double rk_profile_quantiles[RK_PROFILE_N_QUANTILES] = {0,    0.01, 0.1,  0.25, 0.5,
                                                             0.75, 0.9,  0.99, 1};

#define SAMPLE   (1u << 17) // numbers a part and field: 1 MiB
#define N_LABELS G_N_ELEMENTS(((RkProfile *)NULL)->label_value)

// What is gathered of one column while its table is read. Side tables have one part, the first.
typedef struct {
    RkFieldProfile *out;
    uint32_t n_codes;
    uint32_t *count[RK_N_PARTS];    // codes: [n_codes]
    RkReservoir sample[RK_N_PARTS]; // numbers
    uint64_t n_missing[RK_N_PARTS], n_cells[RK_N_PARTS];
    uint64_t n;
    double m2;
} Gather;

typedef struct {
    RkProfile *profile;
    const RkSplit *split;
    Gather *gather; // [columns]
    uint32_t n_columns;
    int label, time;
    uint8_t *part; // [RK_CHUNK_ROWS]
} Pass;

static gboolean
is_counted(RkColumnType type)
{
    return type == RK_COLUMN_CODE || type == RK_COLUMN_CODES;
}

static void
gather_number(Gather *g, double value, uint8_t part)
{
    if (isnan(value)) {
        g->n_missing[part]++;
        return;
    }
    g->n++;
    double delta = value - g->out->mean; // Welford
    g->out->mean += delta / (double)g->n;
    g->m2 += delta * (value - g->out->mean);
    rk_reservoir_add(&g->sample[part], value);
}

static void
gather_cell(Gather *g, const RkColumn *column, uint32_t i, uint8_t part)
{
    g->n_cells[part]++;
    switch (column->type) {
    case RK_COLUMN_CODE:
        if (column->code[i] < g->n_codes)
            g->count[part][column->code[i]]++;
        else
            g->n_missing[part]++;
        return;
    case RK_COLUMN_CODES:
        g->n_missing[part] += column->offset[i] == column->offset[i + 1];
        for (uint32_t k = column->offset[i]; k < column->offset[i + 1]; k++)
            if (column->codes[k] < g->n_codes)
                g->count[part][column->codes[k]]++;
        return;
    case RK_COLUMN_REAL:
        gather_number(g, column->real[i], part);
        return;
    case RK_COLUMN_TIME:
        if (column->time[i] == INT64_MIN) {
            g->n_missing[part]++;
            return;
        }
        if (g->out->first == INT64_MIN || column->time[i] < g->out->first)
            g->out->first = column->time[i];
        g->out->last = MAX(g->out->last, column->time[i]);
        return;
    case RK_COLUMN_TEXT:
        g->n_missing[part] += column->offset[i] == column->offset[i + 1];
        return;
    }
}

// Keeps the counts of the distinct labels in order, until there are too many.
static void
gather_label(RkProfile *p, double value)
{
    uint32_t at = 0;
    if (isnan(value) || p->n_label_values > N_LABELS)
        return;
    while (at < p->n_label_values && p->label_value[at] < value)
        at++;
    if (at < p->n_label_values && p->label_value[at] == value) {
        p->label_count[at]++;
        return;
    }
    if (p->n_label_values++ == N_LABELS)
        return;
    uint32_t n_after = p->n_label_values - 1 - at;
    memmove(&p->label_value[at + 1], &p->label_value[at], n_after * sizeof(double));
    memmove(&p->label_count[at + 1], &p->label_count[at], n_after * sizeof(uint64_t));
    p->label_value[at] = value;
    p->label_count[at] = 1;
}

static gboolean
gather_chunk(const RkChunk *chunk, void *data, GError **error)
{
    Pass *p = data;
    memset(p->part, RK_PART_TRAIN, chunk->n_rows);
    if (chunk->table == 0 && p->split != NULL)
        rk_split_parts(p->split, chunk->first_row, chunk->n_rows, p->part);
    for (uint32_t c = 0; c < p->n_columns; c++)
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            gather_cell(&p->gather[c], &chunk->columns[c], i, p->part[i]);
    if (chunk->table == 0 && p->label >= 0)
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            gather_label(p->profile, chunk->columns[p->label].real[i]);
    return TRUE;
}

// ---- from what was gathered --------------------------------------------------------------------

static void
finish_numbers(Gather *g)
{
    RkFieldProfile *f = g->out;
    f->sd = g->n > 1 ? sqrt(g->m2 / (double)(g->n - 1)) : NAN;
    if (g->n == 0)
        f->mean = NAN;
    RkReservoir all;
    rk_reservoir_init(&all, SAMPLE * RK_N_PARTS, 1);
    for (int part = 0; part < RK_N_PARTS; part++)
        for (uint32_t i = 0; i < g->sample[part].n; i++)
            rk_reservoir_add(&all, g->sample[part].value[i]);
    for (int q = 0; q < RK_PROFILE_N_QUANTILES; q++)
        f->quantile[q] = rk_reservoir_quantile(&all, rk_profile_quantiles[q]);
    rk_reservoir_clear(&all);
}

static void
finish_drift(Gather *g, RkColumnType type)
{
    for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++) {
        if (g->n_cells[RK_PART_TRAIN] == 0 || g->n_cells[part] == 0)
            continue;
        RkDriftSide a = {g->count[RK_PART_TRAIN], &g->sample[RK_PART_TRAIN],
                         g->n_missing[RK_PART_TRAIN], g->n_cells[RK_PART_TRAIN]};
        RkDriftSide b = {g->count[part], &g->sample[part], g->n_missing[part], g->n_cells[part]};
        if (type == RK_COLUMN_REAL) {
            g->out->psi[part] = rk_drift_psi_numbers(&a, &b);
            g->out->ks[part] = rk_drift_ks(&a, &b);
        } else if (is_counted(type)) {
            g->out->psi[part] = rk_drift_psi_codes(&a, &b, g->n_codes);
        }
    }
}

static void
finish_column(Gather *g, RkColumnType type, gboolean drift)
{
    RkFieldProfile *f = g->out;
    for (int part = 0; part < RK_N_PARTS; part++) {
        f->n_missing += g->n_missing[part];
        f->n_values += g->n_cells[part] - g->n_missing[part];
    }
    if (type == RK_COLUMN_REAL)
        finish_numbers(g);
    uint64_t n_values = 0;
    for (uint32_t code = 0; is_counted(type) && code < g->n_codes; code++) {
        uint64_t n = 0;
        for (int part = 0; part < RK_N_PARTS; part++)
            n += g->count[part][code];
        f->cardinality += n > 0;
        n_values += n;
    }
    if (type == RK_COLUMN_CODES)
        f->n_values = n_values;
    if (drift)
        finish_drift(g, type);
}

// Events a code over all parts, those with none left out, ascending.
static int
compare_counts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t *
sorted_counts(const Gather *g, uint32_t *n)
{
    uint64_t *count = g_new(uint64_t, MAX(g->n_codes, 1));
    *n = 0;
    for (uint32_t code = 0; code < g->n_codes; code++) {
        count[*n] = 0;
        for (int part = 0; part < RK_N_PARTS; part++)
            count[*n] += g->count[part][code];
        *n += count[*n] > 0;
    }
    qsort(count, *n, sizeof *count, compare_counts);
    return count;
}

// G = 2 sum(i x_i) / (n sum(x)) - (n + 1) / n, x ascending, i from 1.
static double
gini(const uint64_t *sorted, uint32_t n)
{
    double sum = 0, weighted = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += (double)sorted[i];
        weighted += (double)(i + 1) * (double)sorted[i];
    }
    return sum > 0 ? 2 * weighted / (n * sum) - (n + 1.0) / n : NAN;
}

static void
cold_shares(const Gather *g, double share[RK_N_PARTS])
{
    for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++) {
        uint64_t n = 0, cold = 0;
        for (uint32_t code = 0; code < g->n_codes; code++) {
            n += g->count[part][code];
            cold += g->count[RK_PART_TRAIN][code] == 0 ? g->count[part][code] : 0;
        }
        share[part] = n > 0 ? (double)cold / (double)n : NAN;
    }
}

static void
finish_users(RkProfile *p, const Gather *g)
{
    g_autofree uint64_t *count = sorted_counts(g, &p->n_users);
    p->gini_users = gini(count, p->n_users);
    double sum = 0;
    for (uint32_t i = 0; i < p->n_users; i++)
        sum += (double)count[i];
    p->history_mean = p->n_users > 0 ? sum / p->n_users : NAN;
    for (int q = 0; q < RK_PROFILE_N_QUANTILES && p->n_users > 0; q++) {
        double at = rk_profile_quantiles[q] * (p->n_users - 1);
        uint32_t i = (uint32_t)at, j = MIN(i + 1, p->n_users - 1);
        p->history[q] = (double)count[i] + (at - i) * ((double)count[j] - (double)count[i]);
    }
    if (p->has_split)
        cold_shares(g, p->cold_users);
}

static void
finish_items(RkProfile *p, const Gather *g)
{
    static const double HEADS[] = {0.01, 0.1, 0.2};
    g_autofree uint64_t *count = sorted_counts(g, &p->n_items);
    p->gini_items = gini(count, p->n_items);
    double sum = 0;
    for (uint32_t i = 0; i < p->n_items; i++)
        sum += (double)count[i];
    for (size_t h = 0; h < G_N_ELEMENTS(HEADS) && sum > 0; h++) {
        uint32_t n = (uint32_t)ceil(HEADS[h] * p->n_items);
        double head = 0;
        for (uint32_t i = 0; i < n; i++)
            head += (double)count[p->n_items - 1 - i];
        p->head_share[h] = head / sum;
    }
    if (p->has_split)
        cold_shares(g, p->cold_items);
}

static void
finish_events(RkProfile *p, const RkTable *table, const Gather *gather)
{
    int user = rk_table_find_kind(table, RK_FIELD_USER);
    int item = rk_table_find_kind(table, RK_FIELD_ITEM);
    int time = rk_table_find_kind(table, RK_FIELD_TIMESTAMP);
    if (user >= 0)
        finish_users(p, &gather[user]);
    if (item >= 0)
        finish_items(p, &gather[item]);
    if (p->n_users > 0 && p->n_items > 0)
        p->density = (double)p->n_rows / ((double)p->n_users * p->n_items);
    if (time >= 0) {
        p->first = gather[time].out->first;
        p->last = gather[time].out->last;
    }
    const double *v = p->label_value;
    if (p->n_label_values == 2 && v[1] == 1 && (v[0] == 0 || v[0] == -1))
        p->positive_share =
            (double)p->label_count[1] / (double)(p->label_count[0] + p->label_count[1]);
}

// ---- passes ------------------------------------------------------------------------------------

static RkFieldProfile *
add_field(RkProfile *p, const RkTable *table, const RkField *field)
{
    RkFieldProfile *f = g_new0(RkFieldProfile, 1);
    f->table = g_strdup(table->name);
    f->name = g_strdup(field->name);
    f->kind = field->kind;
    f->role = table->role;
    f->sd = NAN;
    f->first = f->last = INT64_MIN;
    for (int q = 0; q < RK_PROFILE_N_QUANTILES; q++)
        f->quantile[q] = NAN;
    for (int part = 0; part < RK_N_PARTS; part++)
        f->psi[part] = f->ks[part] = NAN;
    g_ptr_array_add(p->fields, f);
    return f;
}

static gboolean
profile_table(RkProfile *p, RkChunkSource *source, uint32_t t, const RkSplit *split,
              uint32_t (*vocabulary_size)(void *, const char *), void *data,
              const RkPassProgress *progress, GError **error)
{
    const RkTable *table = rk_schema_table(source->schema, t);
    uint32_t n_columns = table->fields->len;
    g_autofree Gather *gather = g_new0(Gather, MAX(n_columns, 1));
    g_autofree uint8_t *part = g_malloc(RK_CHUNK_ROWS);
    for (uint32_t c = 0; c < n_columns; c++) {
        const RkField *field = rk_table_field(table, c);
        Gather *g = &gather[c];
        g->out = add_field(p, table, field);
        if (field->vocabulary != NULL)
            g->n_codes = vocabulary_size(data, field->vocabulary);
        for (int k = 0; k < RK_N_PARTS; k++) {
            if (field->vocabulary != NULL)
                g->count[k] = g_new0(uint32_t, MAX(g->n_codes, 1));
            rk_reservoir_init(&g->sample[k], SAMPLE, (uint64_t)c * RK_N_PARTS + (uint64_t)k);
        }
    }
    Pass pass = {p, split, gather, n_columns, rk_table_find_kind(table, RK_FIELD_LABEL), -1, part};
    gboolean done =
        rk_scan_told(source, t, NULL, 0, gather_chunk, &pass, "Profiling", progress, error);
    for (uint32_t c = 0; done && c < n_columns; c++)
        finish_column(&gather[c], rk_field_column_type(rk_table_field(table, c)->kind),
                      t == 0 && split != NULL);
    if (done && t == 0)
        finish_events(p, table, gather);
    for (uint32_t c = 0; c < n_columns; c++)
        for (int k = 0; k < RK_N_PARTS; k++) {
            g_free(gather[c].count[k]);
            rk_reservoir_clear(&gather[c].sample[k]);
        }
    return done;
}

static void
free_field(gpointer data)
{
    RkFieldProfile *f = data;
    g_free(f->table);
    g_free(f->name);
    g_free(f);
}

RkProfile *
rk_profile_new(RkChunkSource *source, const RkSplit *split,
               uint32_t (*vocabulary_size)(void *data, const char *name), void *data,
               const RkPassProgress *progress, GError **error)
{
    g_autoptr(RkProfile) p = g_new0(RkProfile, 1);
    p->fields = g_ptr_array_new_with_free_func(free_field);
    p->n_rows = source->n_rows(source, 0);
    p->density = p->positive_share = p->gini_items = p->gini_users = p->history_mean = NAN;
    for (int h = 0; h < 3; h++)
        p->head_share[h] = NAN;
    for (int q = 0; q < RK_PROFILE_N_QUANTILES; q++)
        p->history[q] = NAN;
    p->first = p->last = INT64_MIN;
    p->has_split = split != NULL;
    p->split = split != NULL ? g_strdup(rk_split_kind(split)) : NULL;
    for (int part = 0; part < RK_N_PARTS; part++) {
        p->n_part[part] = split != NULL ? rk_split_n(split, (RkPart)part) : 0;
        p->cold_users[part] = p->cold_items[part] = NAN;
    }
    for (uint32_t t = 0; t < source->schema->tables->len; t++)
        if (!profile_table(p, source, t, split, vocabulary_size, data, progress, error))
            return NULL;
    return g_steal_pointer(&p);
}

void
rk_profile_free(RkProfile *profile)
{
    if (profile == NULL)
        return;
    g_ptr_array_unref(profile->fields);
    g_free(profile->split);
    g_free(profile);
}
