// SPDX-License-Identifier: GPL-3.0-or-later
//
// Click-through rows in the layout of the Criteo logs: 13 counts, 26 categories, in order of time.
//
//   P(click) = noise + (1 - 2 noise) logistic(b + s),
//   s = signal (sqrt(1 - i) A + sqrt(i) B + drift (t - 1/2) D)
//
// A: a weight for each category and a slope for each count's logarithm; B: products of latent
// vectors of every third field (a factorization machine); D: weights that only drift scales; each
// normalized to mean 0 and variance 1 over a sample. Missing cells add nothing. b makes the mean of
// P the asked rate. Categories follow Zipf's law, every other field's popularity drifts. No model
// can rank better than P itself, so its AUC and entropy are the ceiling.
#include "dataset/synth-private.h"

#include "base/exact.h"

#include <math.h>
#include <string.h>

#define N_DENSE     13u
#define N_CATEGORY  26u
#define MAX_DIM     32u
#define CALIBRATION 65536u // rows that normalize the parts and place b

enum { COLUMN_TIME, COLUMN_LABEL, COLUMN_DENSE, COLUMN_CATEGORY = COLUMN_DENSE + N_DENSE };

static const RkParam PARAMS[] = {
    {"rate", RK_PARAM_REAL, 0.0001, 0.9999, "0.25", NULL, NULL, "Mean share of clicks"},
    {"signal", RK_PARAM_REAL, 0, 20, "2", NULL, NULL,
     "Standard deviation of the planted log-odds: higher is easier to predict"},
    {"noise", RK_PARAM_REAL, 0, 0.49, "0.02", NULL, NULL,
     "Share of labels turned around by chance"},
    {"interactions", RK_PARAM_REAL, 0, 1, "0.3", NULL, NULL,
     "Share of the variance that comes from pairs of categories"},
    {"dim", RK_PARAM_INT, 1, MAX_DIM, "4", NULL, NULL, "Size of the latent vectors of the pairs"},
    {"drift", RK_PARAM_REAL, 0, 1, "0.1", NULL, NULL,
     "How much weights and popularity move from the first row to the last"},
    {"skew", RK_PARAM_REAL, 0, 3, "1.2", NULL, NULL, "Exponent of Zipf's law of the categories"},
    {"categories", RK_PARAM_INT, 2, 1e7, "10000", NULL, NULL,
     "Values of the largest field; the others have fewer, down to 4"},
    {"rare", RK_PARAM_REAL, 0, 1e6, "3000", "rows", NULL,
     "A category expected in that many rows has 0.7 of its weight, rarer ones less: what no model "
     "could learn doesn't matter"},
    {"missing", RK_PARAM_REAL, 0, 0.9, "0.1", NULL, NULL,
     "Share of missing cells in every third field"},
    {"days", RK_PARAM_REAL, 0.01, 36500, "30", "days", NULL, "Time from the first row to the last"},
};

// One row as it is drawn.
typedef struct {
    double dense[N_DENSE]; // NaN is missing
    uint32_t code[N_CATEGORY];
    double label_draw;
} Row;

typedef struct {
    double signal, noise, interactions, drift, missing, days;
    uint32_t dim;
    RkPopularity popularity[N_CATEGORY];
    float *weight[N_CATEGORY]; // [n]
    float *moving[N_CATEGORY]; // [n], NULL unless the field drifts
    float *latent[N_CATEGORY]; // [n, dim], NULL unless the field takes part in pairs
    double slope[N_DENSE], location[N_DENSE], spread[N_DENSE];
    double mean[3], scale[3]; // of A, B, D
    double b;
} Ctr;

// ---- rows --------------------------------------------------------------------------------------

static void
draw_row(const RkSynth *synth, const Ctr *m, uint64_t row, Row *out)
{
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS, row);
    double t = (double)row / (double)synth->n_rows[0];
    out->label_draw = rk_draw_uniform(&draw);
    for (uint32_t j = 0; j < N_DENSE; j++) {
        double z = rk_draw_normal(&draw);
        out->dense[j] = floor(rk_exact_exp(m->location[j] + m->spread[j] * z));
        if (j % 3 == 0 && rk_draw_uniform(&draw) < m->missing)
            out->dense[j] = NAN;
    }
    for (uint32_t f = 0; f < N_CATEGORY; f++) {
        out->code[f] = rk_popularity_draw(&m->popularity[f], t, &draw);
        if (f % 3 == 1 && rk_draw_uniform(&draw) < m->missing)
            out->code[f] = RK_CODE_MISSING;
    }
}

static double
dense_part(const Ctr *m, const Row *row)
{
    double sum = 0;
    for (uint32_t j = 0; j < N_DENSE; j++)
        if (!isnan(row->dense[j])) // about standard normal, since a count is exp(location + ...)
            sum +=
                m->slope[j] * ((rk_exact_log(1 + row->dense[j]) - m->location[j]) / m->spread[j]);
    return sum;
}

// Half of (sum of vectors)^2 - sum of squares.
static double
pair_part(const Ctr *m, const Row *row)
{
    double sum[MAX_DIM] = {0}, squares = 0, total = 0;
    for (uint32_t f = 0; f < N_CATEGORY; f++) {
        if (m->latent[f] == NULL || row->code[f] == RK_CODE_MISSING)
            continue;
        const float *v = &m->latent[f][(size_t)row->code[f] * m->dim];
        for (uint32_t d = 0; d < m->dim; d++) {
            sum[d] += v[d];
            squares += (double)v[d] * v[d];
        }
    }
    for (uint32_t d = 0; d < m->dim; d++)
        total += sum[d] * sum[d];
    return 0.5 * (total - squares);
}

static double
weight_part(float *const *weight, const Row *row)
{
    double sum = 0;
    for (uint32_t f = 0; f < N_CATEGORY; f++)
        if (weight[f] != NULL && row->code[f] != RK_CODE_MISSING)
            sum += weight[f][row->code[f]];
    return sum;
}

static void
parts(const Ctr *m, const Row *row, double part[3])
{
    part[0] = dense_part(m, row) + weight_part(m->weight, row);
    part[1] = pair_part(m, row);
    part[2] = weight_part(m->moving, row);
    for (int k = 0; k < 3; k++)
        part[k] = (part[k] - m->mean[k]) * m->scale[k];
}

static double
log_odds(const Ctr *m, const double part[3], double t)
{
    return m->signal * (sqrt(1 - m->interactions) * part[0] + sqrt(m->interactions) * part[1] +
                        m->drift * (t - 0.5) * part[2]);
}

static double
click_probability(const Ctr *m, double b, double s)
{
    return m->noise + (1 - 2 * m->noise) * rk_exact_logistic(b + s);
}

static double
truth(const RkSynth *synth, const Ctr *m, uint64_t i, const Row *row)
{
    double part[3];
    parts(m, row, part);
    double t = (double)i / (double)synth->n_rows[0];
    return click_probability(m, m->b, log_odds(m, part, t));
}

static void
fill(const RkSynth *synth, RkChunk *chunk)
{
    const Ctr *m = synth->model;
    RkColumn *column = chunk->columns;
    gboolean drawn = FALSE;
    for (uint32_t c = 1; c < chunk->n_columns; c++)
        drawn |= column[c].n_rows > 0;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t row = chunk->first_row + i;
        double t = (double)row / (double)synth->n_rows[0];
        if (column[COLUMN_TIME].n_rows > 0)
            column[COLUMN_TIME].time[i] = RK_SYNTH_START_S + (int64_t)(t * m->days * 86400);
        if (!drawn)
            continue;
        Row r;
        draw_row(synth, m, row, &r);
        if (column[COLUMN_LABEL].n_rows > 0)
            column[COLUMN_LABEL].real[i] = r.label_draw < truth(synth, m, row, &r);
        for (uint32_t j = 0; j < N_DENSE; j++)
            if (column[COLUMN_DENSE + j].n_rows > 0)
                column[COLUMN_DENSE + j].real[i] = r.dense[j];
        for (uint32_t f = 0; f < N_CATEGORY; f++)
            if (column[COLUMN_CATEGORY + f].n_rows > 0)
                column[COLUMN_CATEGORY + f].code[i] = r.code[f];
    }
}

// ---- building ----------------------------------------------------------------------------------

// Cardinalities from 4 to the largest in equal ratios, dealt over the fields.
static uint32_t
field_place(uint32_t f)
{
    return f * 7 % N_CATEGORY;
}

static uint32_t
field_size(uint32_t f, uint32_t largest)
{
    if (largest <= 4)
        return largest;
    double share = field_place(f) / (N_CATEGORY - 1.0);
    return (uint32_t)(4 * rk_exact_pow(largest / 4.0, share) + 0.5);
}

// Pairs are planted among seven fields in the lower half of the sizes: their categories are seen
// often enough together that a model can learn them.
static gboolean
is_paired(uint32_t f)
{
    return field_place(f) <= 12 && field_place(f) % 2 == 0;
}

static void
add_fields(RkSynth *synth, const Ctr *m)
{
    RkTable *table = rk_schema_add_table(synth->schema, "clicks", RK_TABLE_EVENTS);
    rk_table_add_field(table, "timestamp", RK_FIELD_TIMESTAMP);
    rk_table_add_field(table, "label", RK_FIELD_LABEL);
    for (uint32_t j = 0; j < N_DENSE; j++) {
        g_autofree char *name = g_strdup_printf("I%u", j + 1);
        rk_table_add_field(table, name, RK_FIELD_NUMBER);
    }
    for (uint32_t f = 0; f < N_CATEGORY; f++) {
        g_autofree char *name = g_strdup_printf("C%u", f + 1);
        g_autofree char *prefix = g_strdup_printf("c%u-", f + 1);
        RkField *field = rk_table_add_field(table, name, RK_FIELD_CATEGORICAL);
        rk_synth_add_vocabulary(synth, field->vocabulary, prefix, m->popularity[f].n);
    }
}

// Scales the weights of a field's categories by sqrt(c / (c + rare)), c the expected rows.
static void
shrink(const RkSynth *synth, const RkPopularity *popularity, double rare, float *table,
       uint32_t dim)
{
    for (uint32_t code = 0; table != NULL && code < popularity->n; code++) {
        double c = (double)synth->n_rows[0] * rk_popularity_weight(popularity, code, 0.5);
        for (uint32_t d = 0; d < dim; d++)
            table[(size_t)code * dim + d] *= (float)sqrt(c / (c + rare));
    }
}

static void
plant(RkSynth *synth, Ctr *m, const RkParams *params)
{
    uint32_t largest = (uint32_t)rk_params_int(params, "categories");
    double skew = rk_params_real(params, "skew"), rare = rk_params_real(params, "rare");
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_SYNTH + 2, 0);
    for (uint32_t j = 0; j < N_DENSE; j++) {
        m->slope[j] = 0.5 * rk_draw_normal(&draw);
        m->location[j] = 0.5 + 4 * rk_draw_uniform(&draw); // medians from 2 to 90
        m->spread[j] = 0.5 + rk_draw_uniform(&draw);
    }
    for (uint32_t f = 0; f < N_CATEGORY; f++) {
        uint32_t n = field_size(f, largest), stream = RK_STREAM_SYNTH + 4 + f;
        gboolean moves = m->drift > 0 && f % 2 == 0;
        rk_popularity_init(&m->popularity[f], n, skew, moves ? m->drift : 0, synth->seed, stream);
        // One stream a field, one range of counters a table.
        uint64_t seed = synth->seed;
        m->weight[f] = rk_synth_normals(seed, stream, n, 1);
        if (moves)
            m->moving[f] = rk_synth_normals(seed ^ 1ull << 63, stream, n, 1);
        if (is_paired(f))
            m->latent[f] = rk_synth_normals(seed ^ 1ull << 62, stream, (uint64_t)n * m->dim, 1);
        shrink(synth, &m->popularity[f], rare, m->weight[f], 1);
        shrink(synth, &m->popularity[f], rare, m->moving[f], 1);
        shrink(synth, &m->popularity[f], rare, m->latent[f], m->dim);
    }
}

// Row i of n that stand evenly in all rows.
static uint64_t
spaced(const RkSynth *synth, uint32_t i, uint32_t n)
{
    return (uint64_t)((double)synth->n_rows[0] * i / n);
}

static gboolean
calibrate(const RkSynth *synth, Ctr *m, double rate, GError **error)
{
    if (rate <= m->noise || rate >= 1 - m->noise) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate a click rate of %g with noise %g: it must lie between noise "
                    "and 1 - noise. Change rate or noise.",
                    rate, m->noise);
        return FALSE;
    }
    uint32_t n = (uint32_t)MIN(CALIBRATION, synth->n_rows[0]);
    double(*part)[3] = g_malloc_n(n, sizeof *part);
    double sum[3] = {0}, squares[3] = {0};
    for (int k = 0; k < 3; k++)
        m->scale[k] = 1;
    for (uint32_t i = 0; i < n; i++) {
        Row row;
        draw_row(synth, m, spaced(synth, i, n), &row);
        parts(m, &row, part[i]);
        for (int k = 0; k < 3; k++) {
            sum[k] += part[i][k];
            squares[k] += part[i][k] * part[i][k];
        }
    }
    for (int k = 0; k < 3; k++) {
        m->mean[k] = sum[k] / n;
        double variance = squares[k] / n - m->mean[k] * m->mean[k];
        m->scale[k] = variance > 1e-9 ? 1 / sqrt(variance) : 0;
    }
    double low = -100, high = 100;
    for (int step = 0; step < 60; step++) { // to 200 / 2^60
        double middle = (low + high) / 2, mean = 0;
        for (uint32_t i = 0; i < n; i++) {
            double scaled[3];
            for (int k = 0; k < 3; k++)
                scaled[k] = (part[i][k] - m->mean[k]) * m->scale[k];
            double t = (double)spaced(synth, i, n) / (double)synth->n_rows[0];
            mean += click_probability(m, middle, log_odds(m, scaled, t));
        }
        if (mean / n < rate)
            low = middle;
        else
            high = middle;
    }
    m->b = (low + high) / 2;
    g_free(part);
    return TRUE;
}

static void
free_model(void *model)
{
    Ctr *m = model;
    for (uint32_t f = 0; f < N_CATEGORY; f++) {
        rk_popularity_clear(&m->popularity[f]);
        g_free(m->weight[f]);
        g_free(m->moving[f]);
        g_free(m->latent[f]);
    }
    g_free(m);
}

static void *
build(RkSynth *synth, const RkParams *params, GError **error)
{
    Ctr *m = g_new0(Ctr, 1);
    m->signal = rk_params_real(params, "signal");
    m->noise = rk_params_real(params, "noise");
    m->interactions = rk_params_real(params, "interactions");
    m->drift = rk_params_real(params, "drift");
    m->missing = rk_params_real(params, "missing");
    m->days = rk_params_real(params, "days");
    m->dim = (uint32_t)rk_params_int(params, "dim");
    plant(synth, m, params);
    add_fields(synth, m);
    if (!calibrate(synth, m, rk_params_real(params, "rate"), error)) {
        free_model(m);
        return NULL;
    }
    return m;
}

// ---- ceiling -----------------------------------------------------------------------------------

// The last tenth of the rows, which a temporal split tests; also ranked by what the truth was in
// the middle of the rows before, the best that a model without a notion of time can learn.
static void
add_last_tenth(JsonBuilder *b, RkSynthJudged *rows, const double *earlier, uint32_t n)
{
    double auc, observed;
    json_builder_set_member_name(b, "last_tenth");
    json_builder_begin_object(b);
    for (uint32_t i = 0; i < n; i++)
        rows[i].score = earlier[i];
    rk_synth_auc(rows, n, &auc, &observed);
    rk_json_add_real(b, "auc_static", auc);
    for (uint32_t i = 0; i < n; i++)
        rows[i].score = rows[i].p;
    rk_synth_add_click_metrics(b, rows, n);
    json_builder_end_object(b);
}

static void
ceiling(const RkSynth *synth, JsonBuilder *b)
{
    const Ctr *m = synth->model;
    uint32_t n = (uint32_t)MIN(1u << 19, synth->n_rows[0]), last = n - n / 10;
    g_autofree RkSynthJudged *rows = g_new(RkSynthJudged, n);
    g_autofree double *earlier = g_new(double, n);
    for (uint32_t i = 0; i < n; i++) {
        Row row;
        uint64_t at = spaced(synth, i, n);
        draw_row(synth, m, at, &row);
        double p = truth(synth, m, at, &row);
        rows[i] = (RkSynthJudged){p, p, row.label_draw < p};
        if (i >= last)
            earlier[i - last] = truth(synth, m, (uint64_t)(0.45 * (double)synth->n_rows[0]), &row);
    }
    rk_json_add_text(b, "basis", "ranking by the planted click probability");
    rk_json_add_int(b, "rows", n);
    if (n >= 1000)
        add_last_tenth(b, rows + last, earlier, n - last);
    json_builder_set_member_name(b, "metrics");
    json_builder_begin_object(b);
    rk_synth_add_click_metrics(b, rows, n);
    json_builder_end_object(b);
}

const RkSynthKind rk_synth_ctr = {
    .name = "ctr",
    .summary = "Clicks with 13 counts and 26 categories",
    .split = "temporal",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .build = build,
    .free = free_model,
    .fill = fill,
    .ceiling = ceiling,
};
