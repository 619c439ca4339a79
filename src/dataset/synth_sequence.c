// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sequences of items, each user's rows together and in order of time, an item at most once a user.
// Given what came before, the next item is drawn from
//
//   follow S(last) + interest (0.7 C(first interest) + 0.3 C(second)) + the rest P
//
// S: twenty planted successors of the last item, the k-th with weight 1 / k; C: the items of one
// cluster by popularity; P: all items by popularity, which drifts. Items the user has had are drawn
// again. So the distribution of the next item is known, and the ten likeliest items are the best
// answer that any model can give.
#include "dataset/synth_sequence-private.h"

#include <math.h>
#include <stdlib.h>

enum { COLUMN_USER, COLUMN_ITEM, COLUMN_TIME };
enum { TABLE_EVENTS, TABLE_ITEMS };

static const RkParam PARAMS[] = {
    {"users", RK_PARAM_INT, 0, 1e8, "0", NULL, NULL, "Number of users; 0: a fortieth of the rows"},
    {"items", RK_PARAM_INT, 0, 1e8, "0", NULL, NULL,
     "Number of items; 0: four times the square root of the rows, 1000 at least"},
    {"clusters", RK_PARAM_INT, 1, 100000, "50", NULL, NULL, "Groups of items that users care for"},
    {"follow", RK_PARAM_REAL, 0, 1, "0.5", NULL, NULL,
     "Share of steps to a successor of the last item"},
    {"interest", RK_PARAM_REAL, 0, 1, "0.35", NULL, NULL,
     "Share of steps to an item of the user's clusters; what is left goes by popularity: noise"},
    {"skew", RK_PARAM_REAL, 0, 3, "1", NULL, NULL, "Exponent of Zipf's law of the items"},
    {"activity", RK_PARAM_REAL, 0, 3, "0.7", NULL, NULL,
     "Spread of the events a user has (standard deviation of their logarithm)"},
    {"drift", RK_PARAM_REAL, 0, 1, "0.2", NULL, NULL,
     "How much popularity moves from the first day to the last"},
    {"days", RK_PARAM_REAL, 0.01, 36500, "365", "days", NULL, "Time from first to last"},
};

const double rk_sequence_interest[2] = {0.7, 0.3};

uint32_t
rk_sequence_successor(const RkSynth *synth, const RkSequence *m, uint32_t item, uint32_t k)
{
    return rk_rng_below(synth->seed, RK_STREAM_SYNTH + 10,
                        (uint64_t)item * RK_SEQUENCE_SUCCESSORS + k, m->activity.n_items);
}

RkSequenceState
rk_sequence_state(const RkSynth *synth, const RkSequence *m, uint32_t user)
{
    RkSequenceState s = {.user = user, .last = RK_CODE_MISSING};
    for (uint32_t k = 0; k < 2; k++)
        s.interest[k] =
            rk_rng_below(synth->seed, RK_STREAM_SYNTH + 11, user * 2ull + k, m->n_clusters);
    return s;
}

double
rk_sequence_harmonic(void)
{
    double sum = 0;
    for (uint32_t k = 0; k < RK_SEQUENCE_SUCCESSORS; k++)
        sum += 1.0 / (k + 1);
    return sum;
}

// ---- drawing -----------------------------------------------------------------------------------

static uint32_t
draw_successor(const RkSynth *synth, const RkSequence *m, uint32_t last, RkDraw *draw)
{
    double left = rk_draw_uniform(draw) * rk_sequence_harmonic();
    uint32_t k = 0;
    for (; k + 1 < RK_SEQUENCE_SUCCESSORS && left >= 1.0 / (k + 1); k++)
        left -= 1.0 / (k + 1);
    return rk_sequence_successor(synth, m, last, k);
}

static uint32_t
draw_of_cluster(const RkSequence *m, uint32_t cluster, double t, RkDraw *draw)
{
    const RkSequenceCluster *c = &m->clusters[cluster];
    int which = m->popularity.drift > 0 && rk_draw_uniform(draw) < m->popularity.drift * t;
    return c->member[which][rk_alias_draw(c->alias[which], rk_draw_u64(draw))];
}

static uint32_t
draw_next(const RkSynth *synth, const RkSequence *m, const RkSequenceState *s, RkDraw *draw)
{
    double u = rk_draw_uniform(draw);
    if (u < m->follow && s->last != RK_CODE_MISSING)
        return draw_successor(synth, m, s->last, draw);
    if (u < m->follow + m->interest) {
        uint32_t which = rk_draw_uniform(draw) >= rk_sequence_interest[0];
        return draw_of_cluster(m, s->interest[which], s->t, draw);
    }
    return rk_popularity_draw(&m->popularity, s->t, draw);
}

static uint32_t
draw_item(const RkSynth *synth, const RkSequence *m, const RkSequenceState *s, RkSeen *seen,
          RkDraw *draw)
{
    uint32_t item = 0;
    for (int attempt = 0; attempt < 64; attempt++) {
        item = draw_next(synth, m, s, draw);
        if (!rk_seen_has(seen, item))
            break;
    }
    item = rk_seen_next(seen, item, m->activity.n_items);
    rk_seen_add(seen, item);
    return item;
}

void
rk_sequence_walk(const RkSynth *synth, RkSequenceState *s, RkSeen *seen, uint64_t end,
                 void (*visit)(void *data, const RkSequenceState *s, uint64_t row, uint32_t item),
                 void *data)
{
    const RkSequence *m = synth->model;
    uint64_t first = m->activity.first[s->user];
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_ROWS, s->user);
    for (uint64_t row = first; row < end; row++) {
        s->t = rk_activity_time(&m->activity, s->user, row - first);
        uint32_t item = draw_item(synth, m, s, seen, &draw);
        if (visit != NULL)
            visit(data, s, row, item);
        s->last = item;
    }
}

static void
fill_event(void *data, const RkSequenceState *s, uint64_t row, uint32_t item)
{
    RkChunk *chunk = data;
    if (row >= chunk->first_row)
        chunk->columns[COLUMN_ITEM].code[row - chunk->first_row] = item;
}

static void
fill_items(const RkSequence *m, RkChunk *chunk)
{
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        if (chunk->columns[0].n_rows > 0)
            chunk->columns[0].code[i] = (uint32_t)chunk->first_row + i;
        if (chunk->columns[1].n_rows > 0)
            chunk->columns[1].code[i] = m->cluster_of[chunk->first_row + i];
    }
}

static void
fill(const RkSynth *synth, RkChunk *chunk)
{
    const RkSequence *m = synth->model;
    const RkActivity *a = &m->activity;
    RkColumn *column = chunk->columns;
    if (chunk->table == TABLE_ITEMS) {
        fill_items(m, chunk);
        return;
    }
    uint64_t chunk_end = chunk->first_row + chunk->n_rows;
    for (uint32_t user = rk_activity_user(a, chunk->first_row);
         user < a->n_users && a->first[user] < chunk_end; user++) {
        uint64_t end = MIN(a->first[user + 1], chunk_end);
        for (uint64_t row = MAX(a->first[user], chunk->first_row); row < end; row++) {
            uint64_t i = row - chunk->first_row;
            if (column[COLUMN_USER].n_rows > 0)
                column[COLUMN_USER].code[i] = user;
            if (column[COLUMN_TIME].n_rows > 0)
                column[COLUMN_TIME].time[i] =
                    rk_activity_seconds(a, rk_activity_time(a, user, row - a->first[user]));
        }
        if (column[COLUMN_ITEM].n_rows == 0)
            continue;
        RkSequenceState s = rk_sequence_state(synth, m, user);
        RkSeen seen;
        rk_seen_init(&seen, end - a->first[user]);
        rk_sequence_walk(synth, &s, &seen, end, fill_event, chunk);
        rk_seen_clear(&seen);
    }
}

// ---- building ----------------------------------------------------------------------------------

static int
compare_weights(const void *a, const void *b, void *data)
{
    const double *weight = data;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (weight[x] != weight[y])
        return weight[x] > weight[y] ? -1 : 1;
    return (x > y) - (x < y);
}

static void
build_clusters(const RkSynth *synth, RkSequence *m)
{
    uint32_t n_items = m->activity.n_items;
    m->cluster_of = g_new(uint32_t, n_items);
    m->clusters = g_new0(RkSequenceCluster, m->n_clusters);
    for (uint32_t i = 0; i < n_items; i++) { // every cluster has its share, members by chance
        uint64_t place = rk_rng_permute(synth->seed ^ RK_STREAM_SYNTH, 12, n_items, i);
        m->cluster_of[i] = (uint32_t)(place % m->n_clusters);
        m->clusters[m->cluster_of[i]].n++;
    }
    int n_orders = m->popularity.drift > 0 ? 2 : 1;
    for (int k = 0; k < n_orders; k++) {
        double *weight = m->popularity.weight[k];
        m->ranked[k] = g_new(uint32_t, n_items);
        for (uint32_t i = 0; i < n_items; i++)
            m->ranked[k][i] = i;
        g_qsort_with_data(m->ranked[k], (int)n_items, sizeof(uint32_t), compare_weights, weight);
        g_autofree double *member_weight = g_new(double, n_items);
        for (uint32_t c = 0; c < m->n_clusters; c++) {
            m->clusters[c].member[k] = g_new(uint32_t, m->clusters[c].n);
            m->clusters[c].n = 0;
        }
        for (uint32_t r = 0; r < n_items; r++) {
            RkSequenceCluster *c = &m->clusters[m->cluster_of[m->ranked[k][r]]];
            c->member[k][c->n++] = m->ranked[k][r];
        }
        for (uint32_t c = 0; c < m->n_clusters; c++) {
            RkSequenceCluster *cluster = &m->clusters[c];
            for (uint32_t i = 0; i < cluster->n; i++) {
                member_weight[i] = weight[cluster->member[k][i]];
                cluster->total[k] += member_weight[i];
            }
            cluster->alias[k] = rk_alias_new(member_weight, cluster->n);
        }
    }
}

static void
free_model(void *model)
{
    RkSequence *m = model;
    rk_activity_clear(&m->activity);
    rk_popularity_clear(&m->popularity);
    for (uint32_t c = 0; m->clusters != NULL && c < m->n_clusters; c++)
        for (int k = 0; k < 2; k++) {
            g_free(m->clusters[c].member[k]);
            rk_alias_free(m->clusters[c].alias[k]);
        }
    g_free(m->clusters);
    g_free(m->cluster_of);
    g_free(m->ranked[0]);
    g_free(m->ranked[1]);
    g_free(m);
}

static void
add_tables(RkSynth *synth, const RkSequence *m)
{
    RkTable *events = rk_schema_add_table(synth->schema, "events", RK_TABLE_EVENTS);
    rk_table_add_field(events, "user", RK_FIELD_USER);
    rk_table_add_field(events, "item", RK_FIELD_ITEM);
    rk_table_add_field(events, "timestamp", RK_FIELD_TIMESTAMP);
    RkTable *items = rk_schema_add_table(synth->schema, "items", RK_TABLE_ITEMS);
    rk_table_add_field(items, "item", RK_FIELD_ITEM);
    RkField *cluster = rk_table_add_field(items, "cluster", RK_FIELD_CATEGORICAL);
    rk_synth_add_vocabulary(synth, "user", "u", m->activity.n_users);
    rk_synth_add_vocabulary(synth, "item", "i", m->activity.n_items);
    rk_synth_add_vocabulary(synth, cluster->vocabulary, "cluster-", m->n_clusters);
    synth->n_rows[TABLE_ITEMS] = m->activity.n_items;
}

static void *
build(RkSynth *synth, const RkParams *params, GError **error)
{
    RkSequence *m = g_new0(RkSequence, 1);
    double n_rows = (double)synth->n_rows[0];
    uint32_t n_users = rk_synth_size(params, "users", MAX(10, floor(n_rows / 40)));
    uint32_t n_items = rk_synth_size(params, "items", MAX(1000, floor(4 * sqrt(n_rows))));
    m->follow = rk_params_real(params, "follow");
    m->interest = rk_params_real(params, "interest");
    m->n_clusters = (uint32_t)MIN(rk_params_int(params, "clusters"), MAX(1, n_items / 10));
    if (m->follow + m->interest > 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate sequences: follow %g and interest %g are more than 1 together. "
                    "Lower one.",
                    m->follow, m->interest);
        free_model(m);
        return NULL;
    }
    if (!rk_activity_init(&m->activity, synth->n_rows[0], n_users, n_items,
                          rk_params_real(params, "activity"), rk_params_real(params, "days"),
                          synth->seed, error)) {
        free_model(m);
        return NULL;
    }
    rk_popularity_init(&m->popularity, n_items, rk_params_real(params, "skew"),
                       rk_params_real(params, "drift"), synth->seed, RK_STREAM_SYNTH + 3);
    build_clusters(synth, m);
    add_tables(synth, m);
    return m;
}

const RkSynthKind rk_synth_sequence = {
    .name = "sequence",
    .summary = "Sequences of items by planted successors and interests",
    .split = "leave-last-two",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .build = build,
    .free = free_model,
    .fill = fill,
    .ceiling = rk_sequence_ceiling,
};
