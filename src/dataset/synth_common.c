// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing, popularity, users and the ceiling of clicks, for the kinds of generated data.
#include "dataset/synth-private.h"

#include "base/exact.h"

#include <math.h>
#include <stdlib.h>

double
rk_draw_normal(RkDraw *draw)
{
    return rk_exact_normal_quantile(rk_draw_uniform(draw));
}

float *
rk_synth_normals(uint64_t seed, uint32_t stream, uint64_t n, double sd)
{
    float *table = g_new(float, MAX(n, 1));
    for (uint64_t i = 0; i < n; i++) {
        double u = ((double)(rk_rng_u64(seed, stream, i) >> 12) + 0.5) * 0x1p-52;
        table[i] = (float)(sd * rk_exact_normal_quantile(u));
    }
    return table;
}

uint32_t
rk_synth_size(const RkParams *params, const char *name, double automatic)
{
    int64_t asked = rk_params_int(params, name);
    return asked > 0 ? (uint32_t)asked : (uint32_t)MIN(1e7, automatic);
}

// ---- popularity --------------------------------------------------------------------------------

void
rk_popularity_init(RkPopularity *p, uint32_t n, double skew, double drift, uint64_t seed,
                   uint32_t stream)
{
    *p = (RkPopularity){.n = n, .drift = drift};
    g_autofree double *by_rank = g_new(double, n);
    double total = 0;
    for (uint32_t rank = 0; rank < n; rank++) {
        by_rank[rank] = rk_exact_pow(rank + 1.0, -skew);
        total += by_rank[rank];
    }
    for (int k = 0; k < (drift > 0 ? 2 : 1); k++) {
        p->weight[k] = g_new(double, n);
        uint64_t code[1024];
        for (uint32_t rank = 0; rank < n; rank++) {
            uint32_t i = rank % G_N_ELEMENTS(code);
            if (i == 0)
                rk_rng_permute_many(seed ^ stream, (uint32_t)k, n, rank,
                                    (uint32_t)MIN(n - rank, G_N_ELEMENTS(code)), code);
            p->weight[k][code[i]] = by_rank[rank] / total;
        }
        p->alias[k] = rk_alias_new(p->weight[k], n);
    }
}

void
rk_popularity_clear(RkPopularity *p)
{
    for (int k = 0; k < 2; k++) {
        g_free(p->weight[k]);
        rk_alias_free(p->alias[k]);
    }
}

double
rk_popularity_weight(const RkPopularity *p, uint32_t code, double t)
{
    if (p->drift <= 0)
        return p->weight[0][code];
    double late = p->drift * t;
    return (1 - late) * p->weight[0][code] + late * p->weight[1][code];
}

// ---- users -------------------------------------------------------------------------------------

// Shares: lognormal, cut where a user would need too many of the items. Cutting raises the others,
// so it takes a few rounds.
static void
activity_shares(const RkActivity *a, double spread, double *share)
{
    double most = (double)a->n_items / 3, total = 0;
    for (uint32_t u = 0; u < a->n_users; u++) {
        RkDraw draw = rk_draw(a->seed, RK_STREAM_SYNTH, u);
        share[u] = rk_exact_exp(spread * rk_draw_normal(&draw));
        total += share[u];
    }
    for (int round = 0; round < 16; round++) {
        double limit = most * total / (double)a->n_rows, cut = 0;
        for (uint32_t u = 0; u < a->n_users; u++) {
            share[u] = MIN(share[u], limit);
            cut += share[u];
        }
        total = cut;
    }
}

gboolean
rk_activity_init(RkActivity *a, uint64_t n_rows, uint32_t n_users, uint32_t n_items, double spread,
                 double days, uint64_t seed, GError **error)
{
    *a = (RkActivity){n_users, n_items, n_rows, g_new0(uint64_t, n_users + 1ull), days, seed};
    if ((double)n_rows > (double)n_users * n_items / 4) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't generate %" G_GUINT64_FORMAT
                    " rows of %u users and %u items: each user has an item once, and a quarter of "
                    "all pairs is the most. Raise users or items, or lower --rows.",
                    n_rows, n_users, n_items);
        return FALSE;
    }
    g_autofree double *share = g_new(double, n_users);
    activity_shares(a, spread, share);
    double total = 0, sum = 0;
    for (uint32_t u = 0; u < n_users; u++)
        total += share[u];
    uint64_t each = n_rows >= 4ull * n_users ? 2 : 0;
    double rest = (double)(n_rows - each * n_users);
    for (uint32_t u = 0; u < n_users; u++) {
        sum += share[u];
        uint64_t end = each * (u + 1) + (uint64_t)(rest * (sum / total));
        a->first[u + 1] = u + 1 == n_users ? n_rows : MIN(end, n_rows);
        if (a->first[u + 1] - a->first[u] > n_items / 2) {
            g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                        "Can't generate %" G_GUINT64_FORMAT
                        " rows: a user would need more than half of the %u items. Raise items or "
                        "lower activity.",
                        n_rows, n_items);
            return FALSE;
        }
    }
    return TRUE;
}

void
rk_activity_clear(RkActivity *a)
{
    g_clear_pointer(&a->first, g_free);
}

uint32_t
rk_activity_user(const RkActivity *a, uint64_t row)
{
    uint32_t low = 0, high = a->n_users; // first[low] <= row < first[high]
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (a->first[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double
rk_activity_time(const RkActivity *a, uint32_t user, uint64_t k)
{
    RkDraw arrival = rk_draw(a->seed, RK_STREAM_SYNTH + 1, user);
    RkDraw event = rk_draw(a->seed, RK_STREAM_ROWS + 63, a->first[user] + k);
    double start = 0.8 * rk_draw_uniform(&arrival); // the last fifth brings no new users
    double n = (double)(a->first[user + 1] - a->first[user]);
    return start + (1 - start) * (((double)k + rk_draw_uniform(&event)) / n);
}

int64_t
rk_activity_seconds(const RkActivity *a, double t)
{
    return RK_SYNTH_START_S + (int64_t)(t * a->days * 86400);
}

// ---- items once --------------------------------------------------------------------------------

void
rk_seen_init(RkSeen *seen, uint64_t n)
{
    uint32_t size = 16;
    while (size < n * 2)
        size *= 2;
    *seen = (RkSeen){g_new0(uint32_t, size), size - 1, 0};
}

void
rk_seen_clear(RkSeen *seen)
{
    g_clear_pointer(&seen->slot, g_free);
}

static uint32_t
seen_slot(const RkSeen *seen, uint32_t code)
{
    uint32_t at = (code * 2654435769u) & seen->mask;
    while (seen->slot[at] != 0 && seen->slot[at] != code + 1)
        at = (at + 1) & seen->mask;
    return at;
}

gboolean
rk_seen_has(const RkSeen *seen, uint32_t code)
{
    return seen->slot[seen_slot(seen, code)] != 0;
}

void
rk_seen_add(RkSeen *seen, uint32_t code)
{
    uint32_t at = seen_slot(seen, code);
    seen->n += seen->slot[at] == 0;
    seen->slot[at] = code + 1;
    g_assert(seen->n <= seen->mask);
}

uint32_t
rk_seen_next(const RkSeen *seen, uint32_t code, uint32_t n)
{
    while (rk_seen_has(seen, code))
        code = code + 1 < n ? code + 1 : 0;
    return code;
}

// ---- clicks ------------------------------------------------------------------------------------

static int
compare(const void *a, const void *b)
{
    double x = ((const RkSynthJudged *)a)->score, y = ((const RkSynthJudged *)b)->score;
    return (x > y) - (x < y);
}

void
rk_synth_auc(RkSynthJudged *rows, uint32_t n, double *expected, double *observed)
{
    qsort(rows, n, sizeof *rows, compare);
    double below[2] = {0}, wins[2] = {0}, clicks[2] = {0};
    for (uint32_t i = 0, end; i < n; i = end) {
        double plus[2] = {0}, minus[2] = {0};
        for (end = i; end < n && rows[end].score == rows[i].score; end++) {
            plus[0] += rows[end].p;
            minus[0] += 1 - rows[end].p;
            plus[1] += rows[end].click;
            minus[1] += !rows[end].click;
        }
        for (int k = 0; k < 2; k++) {
            wins[k] += plus[k] * (below[k] + minus[k] / 2);
            below[k] += minus[k];
            clicks[k] += plus[k];
        }
    }
    *expected = wins[0] / (clicks[0] * below[0]);
    *observed = wins[1] / (clicks[1] * below[1]);
}

void
rk_synth_add_click_metrics(JsonBuilder *b, RkSynthJudged *rows, uint32_t n)
{
    double entropy = 0, loss = 0, sum = 0, clicks = 0, auc, auc_observed;
    for (uint32_t i = 0; i < n; i++) {
        double p = rows[i].p;
        double log_p = rk_exact_log(MAX(p, 1e-300)), log_q = rk_exact_log(MAX(1 - p, 1e-300));
        entropy -= p * log_p + (1 - p) * log_q;
        loss -= rows[i].click ? log_p : log_q;
        sum += p;
        clicks += rows[i].click;
    }
    rk_synth_auc(rows, n, &auc, &auc_observed);
    rk_json_add_real(b, "auc", auc);
    rk_json_add_real(b, "logloss", entropy / n);
    rk_json_add_real(b, "rate", sum / n);
    rk_json_add_real(b, "auc_observed", auc_observed);
    rk_json_add_real(b, "logloss_observed", loss / n);
    rk_json_add_real(b, "rate_observed", clicks / n);
}
