// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ratings from 0.5 to 5 in halves, each user's rows together and in order of time, an item at most
// once a user; a table of items with genres and one of users with an age.
//
//   rating = round to halves(3.6 + b_u + b_i + drift (t - 1/2) d_i + affinity p_u . q_i / sqrt(dim)
//            + noise), noise logistic with the asked standard deviation
//
// A user meets two items by popularity and takes one by a logistic choice on `taste` times the
// difference in affinity, so that what is rated says something too. Given user, item and time, the
// distribution of the rating is known; the best squared error is its variance.
#include "dataset/synth-private.h"

#include "base/exact.h"

#include <math.h>

#define MAX_DIM  32u
#define N_LEVELS 10 // 0.5, 1, ..., 5
#define MEAN     3.6
#define BIAS     0.35 // standard deviation of b_u, b_i and d_i

enum { COLUMN_USER, COLUMN_ITEM, COLUMN_RATING, COLUMN_TIME };
enum { TABLE_RATINGS, TABLE_ITEMS, TABLE_USERS };

static const RkParam PARAMS[] = {
    {"users", RK_PARAM_INT, 0, 1e8, "0", NULL, NULL, "Number of users; 0: a hundredth of the rows"},
    {"items", RK_PARAM_INT, 0, 1e8, "0", NULL, NULL,
     "Number of items; 0: four times the square root of the rows, 1000 at least"},
    {"dim", RK_PARAM_INT, 1, MAX_DIM, "8", NULL, NULL, "Size of the planted factors"},
    {"affinity", RK_PARAM_REAL, 0, 5, "0.6", NULL, NULL,
     "Standard deviation of what the factors add to a rating"},
    {"noise", RK_PARAM_REAL, 0.01, 5, "0.8", NULL, NULL, "Standard deviation of a rating's noise"},
    {"taste", RK_PARAM_REAL, 0, 20, "2", NULL, NULL,
     "How strongly affinity decides what is rated; 0: popularity alone"},
    {"skew", RK_PARAM_REAL, 0, 3, "0.9", NULL, NULL, "Exponent of Zipf's law of the items"},
    {"activity", RK_PARAM_REAL, 0, 3, "1", NULL, NULL,
     "Spread of the ratings a user has (standard deviation of their logarithm)"},
    {"drift", RK_PARAM_REAL, 0, 1, "0.2", NULL, NULL,
     "How much popularity and item biases move from the first day to the last"},
    {"days", RK_PARAM_REAL, 0.01, 36500, "1000", "days", NULL, "Time from first to last"},
};

typedef struct {
    RkActivity activity;
    RkPopularity popularity;
    uint32_t dim;
    double affinity, noise, taste, drift;
    float *user_bias, *item_bias, *item_move; // [n]
    float *user, *item;                       // [n, dim]
} Ratings;

static double
affinity(const Ratings *m, uint32_t user, uint32_t item)
{
    const float *p = &m->user[(size_t)user * m->dim], *q = &m->item[(size_t)item * m->dim];
    double sum = 0;
    for (uint32_t d = 0; d < m->dim; d++)
        sum += (double)p[d] * q[d];
    return m->affinity * sum / sqrt(m->dim);
}

// What a rating is before noise.
static double
score(const Ratings *m, uint32_t user, uint32_t item, double t)
{
    return MEAN + m->user_bias[user] + m->item_bias[item] +
           m->drift * (t - 0.5) * m->item_move[item] + affinity(m, user, item);
}

static double
logistic_scale(const Ratings *m)
{
    return m->noise *
           0.55132889542179204; // sqrt(3) / pi: a logistic of scale s has sd s pi / sqrt 3
}

static double
rating_level(double value)
{
    return MAX(1, MIN(N_LEVELS, floor(value * 2 + 0.5))) / 2;
}

static double
draw_rating(const RkSynth *synth, const Ratings *m, uint64_t row, double center)
{
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS + 1, row);
    double u = rk_draw_uniform(&draw);
    return rating_level(center + logistic_scale(m) * rk_exact_log(u / (1 - u)));
}

// Mean and variance of the rating around a score.
static void
rating_moments(const Ratings *m, double center, double *mean, double *variance)
{
    double below = 0, sum = 0, squares = 0;
    for (int k = 1; k <= N_LEVELS; k++) {
        double edge = (k + 0.5) / 2; // values below it round to k / 2 or less
        double up_to = k < N_LEVELS ? rk_exact_logistic((edge - center) / logistic_scale(m)) : 1;
        double p = up_to - below, level = k / 2.0;
        below = up_to;
        sum += p * level;
        squares += p * level * level;
    }
    *mean = sum;
    *variance = squares - sum * sum;
}

static uint32_t
draw_item(const Ratings *m, RkSeen *seen, uint32_t user, double t, RkDraw *draw)
{
    uint32_t item = 0;
    for (int attempt = 0; attempt < 64; attempt++) {
        uint32_t a = rk_popularity_draw(&m->popularity, t, draw);
        uint32_t b = rk_popularity_draw(&m->popularity, t, draw);
        double difference = affinity(m, user, a) - affinity(m, user, b);
        item = rk_draw_uniform(draw) < rk_exact_logistic(m->taste * difference) ? a : b;
        if (!rk_seen_has(seen, item))
            break;
    }
    item = rk_seen_next(seen, item, m->activity.n_items);
    rk_seen_add(seen, item);
    return item;
}

// Rows of one user within a chunk. Items follow from the user's first row on.
static void
fill_user(const RkSynth *synth, RkChunk *chunk, uint32_t user)
{
    const Ratings *m = synth->model;
    const RkActivity *a = &m->activity;
    RkColumn *column = chunk->columns;
    uint64_t first = a->first[user];
    uint64_t end = MIN(a->first[user + 1], chunk->first_row + chunk->n_rows);
    gboolean items = column[COLUMN_ITEM].n_rows > 0 || column[COLUMN_RATING].n_rows > 0;
    RkSeen seen = {0};
    if (items)
        rk_seen_init(&seen, end - first);
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS, user);
    for (uint64_t row = first; row < end; row++) {
        gboolean inside = row >= chunk->first_row;
        if (!inside && !items)
            continue;
        double t = rk_activity_time(a, user, row - first);
        uint32_t item = items ? draw_item(m, &seen, user, t, &draw) : 0;
        uint64_t i = row - chunk->first_row;
        if (!inside)
            continue;
        if (column[COLUMN_USER].n_rows > 0)
            column[COLUMN_USER].code[i] = user;
        if (column[COLUMN_ITEM].n_rows > 0)
            column[COLUMN_ITEM].code[i] = item;
        if (column[COLUMN_RATING].n_rows > 0)
            column[COLUMN_RATING].real[i] = draw_rating(synth, m, row, score(m, user, item, t));
        if (column[COLUMN_TIME].n_rows > 0)
            column[COLUMN_TIME].time[i] = rk_activity_seconds(a, t);
    }
    rk_seen_clear(&seen);
}

static void
fill_items(const Ratings *m, RkChunk *chunk)
{
    RkColumn *genres = &chunk->columns[1];
    if (genres->n_rows > 0)
        genres->codes = g_new(uint32_t, (size_t)chunk->n_rows * m->dim);
    uint32_t n = 0;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t item = (uint32_t)chunk->first_row + i, most = 0, before = n;
        if (chunk->columns[0].n_rows > 0)
            chunk->columns[0].code[i] = item;
        if (genres->n_rows == 0)
            continue;
        const float *q = &m->item[(size_t)item * m->dim];
        for (uint32_t d = 0; d < m->dim; d++) {
            if (q[d] > 1) // a genre is a factor that stands out
                genres->codes[n++] = d;
            most = q[d] > q[most] ? d : most;
        }
        if (n == before)
            genres->codes[n++] = most;
        genres->offset[i + 1] = n;
    }
}

static void
fill_users(const Ratings *m, RkChunk *chunk)
{
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t user = (uint32_t)chunk->first_row + i;
        if (chunk->columns[0].n_rows > 0)
            chunk->columns[0].code[i] = user;
        if (chunk->columns[1].n_rows > 0)
            chunk->columns[1].real[i] =
                MAX(10, MIN(90, floor(40 + 12 * (double)m->user[(size_t)user * m->dim])));
    }
}

static void
fill(const RkSynth *synth, RkChunk *chunk)
{
    const Ratings *m = synth->model;
    if (chunk->table == TABLE_ITEMS) {
        fill_items(m, chunk);
        return;
    }
    if (chunk->table == TABLE_USERS) {
        fill_users(m, chunk);
        return;
    }
    uint64_t end = chunk->first_row + chunk->n_rows;
    for (uint32_t user = rk_activity_user(&m->activity, chunk->first_row);
         user < m->activity.n_users && m->activity.first[user] < end; user++)
        fill_user(synth, chunk, user);
}

static void
free_model(void *model)
{
    Ratings *m = model;
    rk_activity_clear(&m->activity);
    rk_popularity_clear(&m->popularity);
    g_free(m->user_bias);
    g_free(m->item_bias);
    g_free(m->item_move);
    g_free(m->user);
    g_free(m->item);
    g_free(m);
}

static void
add_tables(RkSynth *synth, const Ratings *m)
{
    RkTable *ratings = rk_schema_add_table(synth->schema, "ratings", RK_TABLE_EVENTS);
    rk_table_add_field(ratings, "user", RK_FIELD_USER);
    rk_table_add_field(ratings, "item", RK_FIELD_ITEM);
    rk_table_add_field(ratings, "rating", RK_FIELD_LABEL);
    rk_table_add_field(ratings, "timestamp", RK_FIELD_TIMESTAMP);
    RkTable *items = rk_schema_add_table(synth->schema, "items", RK_TABLE_ITEMS);
    rk_table_add_field(items, "item", RK_FIELD_ITEM);
    RkField *genres = rk_table_add_field(items, "genres", RK_FIELD_MULTI);
    genres->separator = '|';
    RkTable *users = rk_schema_add_table(synth->schema, "users", RK_TABLE_USERS);
    rk_table_add_field(users, "user", RK_FIELD_USER);
    rk_table_add_field(users, "age", RK_FIELD_NUMBER);
    rk_synth_add_vocabulary(synth, "user", "u", m->activity.n_users);
    rk_synth_add_vocabulary(synth, "item", "i", m->activity.n_items);
    rk_synth_add_vocabulary(synth, genres->vocabulary, "genre-", m->dim);
    synth->n_rows[TABLE_ITEMS] = m->activity.n_items;
    synth->n_rows[TABLE_USERS] = m->activity.n_users;
}

static void *
build(RkSynth *synth, const RkParams *params, GError **error)
{
    Ratings *m = g_new0(Ratings, 1);
    double n_rows = (double)synth->n_rows[0];
    uint32_t n_users = rk_synth_size(params, "users", MAX(10, floor(n_rows / 100)));
    uint32_t n_items = rk_synth_size(params, "items", MAX(1000, floor(4 * sqrt(n_rows))));
    m->dim = (uint32_t)rk_params_int(params, "dim");
    m->affinity = rk_params_real(params, "affinity");
    m->noise = rk_params_real(params, "noise");
    m->taste = rk_params_real(params, "taste");
    m->drift = rk_params_real(params, "drift");
    uint64_t seed = synth->seed;
    if (!rk_activity_init(&m->activity, synth->n_rows[0], n_users, n_items,
                          rk_params_real(params, "activity"), rk_params_real(params, "days"), seed,
                          error)) {
        free_model(m);
        return NULL;
    }
    rk_popularity_init(&m->popularity, n_items, rk_params_real(params, "skew"), m->drift, seed,
                       RK_STREAM_SYNTH + 3);
    m->user_bias = rk_synth_normals(seed, RK_STREAM_SYNTH + 4, n_users, BIAS);
    m->item_bias = rk_synth_normals(seed, RK_STREAM_SYNTH + 5, n_items, BIAS);
    m->item_move = rk_synth_normals(seed, RK_STREAM_SYNTH + 6, n_items, BIAS);
    m->user = rk_synth_normals(seed, RK_STREAM_SYNTH + 7, (uint64_t)n_users * m->dim, 1);
    m->item = rk_synth_normals(seed, RK_STREAM_SYNTH + 8, (uint64_t)n_items * m->dim, 1);
    add_tables(synth, m);
    return m;
}

// Over the rows of whole chunks that stand evenly in the table, up to 16 of them.
static void
ceiling(const RkSynth *synth, JsonBuilder *b)
{
    const Ratings *m = synth->model;
    uint32_t n_chunks = rk_n_chunks(synth->n_rows[0]), n_used = MIN(n_chunks, 16);
    double variance = 0, squares = 0, sum = 0, sum2 = 0, n = 0;
    for (uint32_t k = 0; k < n_used; k++) {
        uint32_t i = (uint32_t)((uint64_t)k * n_chunks / n_used);
        g_autoptr(RkChunk) chunk =
            synth->source.read((RkChunkSource *)&synth->source, 0, i, NULL, NULL);
        for (uint32_t r = 0; r < chunk->n_rows; r++) {
            uint32_t user = chunk->columns[COLUMN_USER].code[r];
            uint64_t row = chunk->first_row + r;
            double t = rk_activity_time(&m->activity, user, row - m->activity.first[user]);
            double mean, v, rating = chunk->columns[COLUMN_RATING].real[r];
            rating_moments(m, score(m, user, chunk->columns[COLUMN_ITEM].code[r], t), &mean, &v);
            variance += v;
            squares += (rating - mean) * (rating - mean);
            sum += rating;
            sum2 += rating * rating;
            n++;
        }
    }
    rk_json_add_text(b, "basis", "the planted mean of each rating");
    rk_json_add_int(b, "rows", (int64_t)n);
    json_builder_set_member_name(b, "metrics");
    json_builder_begin_object(b);
    rk_json_add_real(b, "rmse", sqrt(variance / n));
    rk_json_add_real(b, "rmse_observed", sqrt(squares / n));
    rk_json_add_real(b, "rmse_of_constant", sqrt(sum2 / n - (sum / n) * (sum / n)));
    json_builder_end_object(b);
}

const RkSynthKind rk_synth_ratings = {
    .name = "ratings",
    .summary = "Ratings from 0.5 to 5 by planted factors, with genres and ages",
    .split = "random",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .build = build,
    .free = free_model,
    .fill = fill,
    .ceiling = ceiling,
};
