// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows in the shape of the recommendation models that data centres serve (Gupta et al., DeepRecSys,
// ISCA 2020, https://arxiv.org/abs/2001.02772): numbers, and some tables of many rows with many
// lookups each. For latency and memory; what can be learned is little and known:
//
//   log-odds of a click = logit(rate) + signal * sum_j w_j x_j / sqrt(numbers), x_j standard normal
//
// RM1: tables=8 table.rows=4000000 lookups=80; RM2: tables=32 table.rows=500000 lookups=120; RM3:
// tables=10 table.rows=2000000 lookups=20 numbers=2560.
#include "dataset/synth-private.h"

#include "base/exact.h"

#include <math.h>

enum { COLUMN_LABEL, COLUMN_TIME, COLUMN_NUMBERS };

static const RkParam PARAMS[] = {
    {"tables", RK_PARAM_INT, 1, 60, "8", NULL, NULL, "Multi-valued fields, each with a table"},
    {"table.rows", RK_PARAM_INT, 1, 1e9, "10000", "rows", NULL, "Values that each of them knows"},
    {"lookups", RK_PARAM_INT, 1, 4096, "4", NULL, NULL, "Values of each in a row"},
    {"numbers", RK_PARAM_INT, 0, 4096, "13", NULL, NULL, "Number fields"},
    {"popularity", RK_PARAM_CHOICE, 0, 0, "zipf", NULL, "zipf|uniform",
     "How often values come: by Zipf's law with an exponent near 1, or all alike"},
    {"signal", RK_PARAM_REAL, 0, 20, "1", NULL, NULL,
     "Standard deviation of the planted log-odds, which numbers make"},
    {"rate", RK_PARAM_REAL, 0.0001, 0.9999, "0.25", NULL, NULL,
     "Share of clicks where the numbers say nothing"},
    {"days", RK_PARAM_REAL, 0.01, 36500, "30", "days", NULL, "Time from the first row to the last"},
};

typedef struct {
    uint32_t n_tables, n_values, n_lookups, n_numbers;
    gboolean zipf;
    double log_values; // ln(values + 1)
    double signal, bias, days;
    float *weight; // [numbers], their squares sum to 1
} Ranking;

// The value of a lookup: log-uniform ranks follow Zipf's law with exponent 1, and each table deals
// its ranks to codes in an order of its own.
static uint32_t
draw_value(const RkSynth *synth, const Ranking *m, uint32_t table, RkDraw *draw)
{
    if (!m->zipf)
        return (uint32_t)((rk_draw_u64(draw) >> 32) * m->n_values >> 32);
    double rank = rk_exact_exp(rk_draw_uniform(draw) * m->log_values) - 1;
    uint64_t place = MIN((uint64_t)MAX(rank, 0), m->n_values - 1);
    return (uint32_t)rk_rng_permute(synth->seed, table, m->n_values, place);
}

// The numbers of a row into x [numbers]; returns its log-odds.
static double
draw_numbers(const RkSynth *synth, const Ranking *m, uint64_t row, double *x)
{
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS, row);
    double sum = 0;
    for (uint32_t j = 0; j < m->n_numbers; j++) {
        x[j] = rk_draw_normal(&draw);
        sum += (double)m->weight[j] * x[j];
    }
    return m->bias + m->signal * sum;
}

static gboolean
draw_click(const RkSynth *synth, uint64_t row, double p)
{
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS + 1, row);
    return rk_draw_uniform(&draw) < p;
}

static void
fill_table(const RkSynth *synth, RkChunk *chunk, uint32_t table)
{
    const Ranking *m = synth->model;
    RkColumn *column = &chunk->columns[COLUMN_NUMBERS + m->n_numbers + table];
    if (column->n_rows == 0)
        return;
    column->codes = g_new(uint32_t, (size_t)chunk->n_rows * m->n_lookups);
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS + 2 + table, chunk->first_row + i);
        for (uint32_t k = 0; k < m->n_lookups; k++)
            column->codes[(size_t)i * m->n_lookups + k] = draw_value(synth, m, table, &draw);
        column->offset[i + 1] = (i + 1) * m->n_lookups;
    }
}

static void
fill(const RkSynth *synth, RkChunk *chunk)
{
    const Ranking *m = synth->model;
    RkColumn *column = chunk->columns;
    g_autofree double *x = g_new(double, MAX(m->n_numbers, 1));
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t row = chunk->first_row + i;
        double p = rk_exact_logistic(draw_numbers(synth, m, row, x));
        if (column[COLUMN_LABEL].n_rows > 0)
            column[COLUMN_LABEL].real[i] = draw_click(synth, row, p);
        if (column[COLUMN_TIME].n_rows > 0)
            column[COLUMN_TIME].time[i] =
                RK_SYNTH_START_S +
                (int64_t)(m->days * 86400 * ((double)row / (double)synth->n_rows[0]));
        for (uint32_t j = 0; j < m->n_numbers; j++)
            if (column[COLUMN_NUMBERS + j].n_rows > 0)
                column[COLUMN_NUMBERS + j].real[i] = floor(x[j] * 1000 + 0.5) / 1000;
    }
    for (uint32_t t = 0; t < m->n_tables; t++)
        fill_table(synth, chunk, t);
}

static void
add_fields(RkSynth *synth, const Ranking *m)
{
    RkTable *rows = rk_schema_add_table(synth->schema, "requests", RK_TABLE_EVENTS);
    rk_table_add_field(rows, "label", RK_FIELD_LABEL);
    rk_table_add_field(rows, "timestamp", RK_FIELD_TIMESTAMP);
    for (uint32_t j = 0; j < m->n_numbers; j++) {
        g_autofree char *name = g_strdup_printf("number%u", j + 1);
        rk_table_add_field(rows, name, RK_FIELD_NUMBER);
    }
    for (uint32_t t = 0; t < m->n_tables; t++) {
        g_autofree char *name = g_strdup_printf("table%u", t + 1);
        RkField *field = rk_table_add_field(rows, name, RK_FIELD_MULTI);
        field->separator = '|';
        rk_synth_add_vocabulary(synth, field->vocabulary, "v", m->n_values);
    }
}

static void
free_model(void *model)
{
    Ranking *m = model;
    g_free(m->weight);
    g_free(m);
}

static void *
build(RkSynth *synth, const RkParams *params, GError **error)
{
    Ranking *m = g_new0(Ranking, 1);
    double rate = rk_params_real(params, "rate"), squares = 0;
    m->n_tables = (uint32_t)rk_params_int(params, "tables");
    m->n_values = (uint32_t)rk_params_int(params, "table.rows");
    m->n_lookups = (uint32_t)rk_params_int(params, "lookups");
    m->n_numbers = (uint32_t)rk_params_int(params, "numbers");
    m->zipf = *rk_params_text(params, "popularity") == 'z';
    m->signal = rk_params_real(params, "signal");
    m->days = rk_params_real(params, "days");
    m->log_values = rk_exact_log(m->n_values + 1.0);
    m->bias = rk_exact_log(rate) - rk_exact_log(1 - rate);
    m->weight = rk_synth_normals(synth->seed, RK_STREAM_SYNTH + 2, m->n_numbers, 1);
    for (uint32_t j = 0; j < m->n_numbers; j++)
        squares += (double)m->weight[j] * m->weight[j];
    for (uint32_t j = 0; j < m->n_numbers; j++)
        m->weight[j] = (float)(m->weight[j] / sqrt(squares));
    if ((double)m->n_lookups * 4 * RK_CHUNK_ROWS > (double)RK_CHUNK_PAYLOAD_BYTES) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate %u lookups a row: a chunk has no room for more than %zu.",
                    m->n_lookups, RK_CHUNK_PAYLOAD_BYTES / 4 / RK_CHUNK_ROWS);
        free_model(m);
        return NULL;
    }
    add_fields(synth, m);
    return m;
}

static void
ceiling(const RkSynth *synth, JsonBuilder *b)
{
    const Ranking *m = synth->model;
    uint32_t n = (uint32_t)MIN(1u << 17, synth->n_rows[0]);
    g_autofree RkSynthJudged *rows = g_new(RkSynthJudged, n);
    g_autofree double *x = g_new(double, MAX(m->n_numbers, 1));
    for (uint32_t i = 0; i < n; i++) {
        uint64_t row = (uint64_t)((double)i / n * (double)synth->n_rows[0]);
        double p = rk_exact_logistic(draw_numbers(synth, m, row, x));
        rows[i] = (RkSynthJudged){p, p, draw_click(synth, row, p)};
    }
    rk_json_add_text(b, "basis", "ranking by the planted click probability");
    rk_json_add_int(b, "rows", n);
    json_builder_set_member_name(b, "metrics");
    json_builder_begin_object(b);
    rk_synth_add_click_metrics(b, rows, n);
    json_builder_end_object(b);
}

const RkSynthKind rk_synth_ranking = {
    .name = "ranking",
    .summary = "Numbers and tables with many lookups, in the shapes of DeepRecSys",
    .split = "temporal",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .build = build,
    .free = free_model,
    .fill = fill,
    .ceiling = ceiling,
};
