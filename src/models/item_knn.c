// SPDX-License-Identifier: GPL-3.0-or-later
//
// Item-based nearest neighbours (Sarwar et al., WWW 2001; Deshpande and Karypis, TOIS 22, 2004): an
// item's score is the sum of its similarities to those of its k nearest items that the user had.
// Similarity is the cosine of the users who had both, damped for items that few had (`shrink`, Bell
// and Koren, ICDM 2007). Counted, not trained; without learning it beats many models that do
// (https://arxiv.org/abs/1907.06902).
#include "models/layers.h"
#include "ops/ops.h"

#include <math.h>

static const RkParam PARAMS[] = {
    {"neighbours", RK_PARAM_INT, 1, 1000, "50", "items", NULL, "Nearest items that are kept"},
    {"shrink", RK_PARAM_REAL, 0, 1e6, "10", NULL, NULL,
     "Added to the norms, so that chance meetings of rare items count less"},
    {"history", RK_PARAM_INT, 1, 1024, "200", "items", NULL, "The longest past that is looked at"},
};

static RkRef
score(RkModelBuild *b, RkRef items)
{
    uint32_t k = (uint32_t)rk_params_int(b->set, "neighbours");
    RkRef near = rk_model_codes(b, "item.neighbours", b->data->item, k, b->data->item);
    RkRef weight = rk_model_table(b, "item.similarities", b->data->item, k, 0);
    RkRef had = rk_member_bits(b->graph, rk_model_history(b), rk_model_n_items(b));
    return rk_neighbour_sum(b->graph, near, weight, had, rk_layer_items(b, items));
}

// ---- fitting -------------------------------------------------------------------------------

// The users of each item, once each.
typedef struct {
    uint64_t *offset; // [items + 1]
    uint32_t *user;
    uint32_t *last; // [items] the user that was noted last
} ByItem;

static ByItem
by_item(const RkModelEvents *e)
{
    ByItem by = {.offset = g_new0(uint64_t, (size_t)e->n_items + 2)};
    by.last = g_new(uint32_t, MAX(e->n_items, 1));
    by.user = g_new(uint32_t, MAX(e->offset[e->n_users], 1));
    for (int pass = 0; pass < 2; pass++) { // count, then place
        for (uint32_t i = 0; i < e->n_items; i++)
            by.last[i] = UINT32_MAX;
        for (uint32_t u = 0; u < e->n_users; u++)
            for (uint64_t at = e->offset[u]; at < e->offset[u + 1]; at++) {
                uint32_t item = e->item[at];
                if (by.last[item] == u)
                    continue;
                by.last[item] = u;
                if (pass == 0)
                    by.offset[item + 2]++;
                else
                    by.user[by.offset[item + 1]++] = u;
            }
        for (uint32_t i = 0; pass == 0 && i < e->n_items; i++)
            by.offset[i + 2] += by.offset[i + 1];
    }
    return by;
}

static void
clear_by_item(ByItem *by)
{
    g_free(by->offset);
    g_free(by->user);
    g_free(by->last);
}

typedef struct {
    uint32_t item;
    float similarity;
} Near;

// The most similar first; of equals that of the smaller code.
static int
compare_near(const void *left, const void *right)
{
    const Near *a = left, *b = right;
    if (a->similarity != b->similarity)
        return a->similarity > b->similarity ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

// How many users had `item` and each other item; `together` [items] is zeroed again by nearest().
static void
count_together(const RkModelEvents *e, ByItem *by, uint32_t item, uint32_t *together,
               GArray *touched)
{
    for (uint64_t i = by->offset[item]; i < by->offset[item + 1]; i++) {
        uint32_t user = by->user[i];
        for (uint64_t at = e->offset[user]; at < e->offset[user + 1]; at++) {
            uint32_t other = e->item[at];
            if (by->last[other] == user || other == item)
                continue; // once a user
            by->last[other] = user;
            if (together[other]++ == 0)
                g_array_append_val(touched, other);
        }
        for (uint64_t at = e->offset[user]; at < e->offset[user + 1]; at++)
            by->last[e->item[at]] = UINT32_MAX;
    }
}

static void
nearest(const ByItem *by, uint32_t item, double shrink, uint32_t *together, const GArray *touched,
        GArray *found)
{
    double n = (double)(by->offset[item + 1] - by->offset[item]);
    g_array_set_size(found, 0);
    for (guint i = 0; i < touched->len; i++) {
        uint32_t other = g_array_index(touched, uint32_t, i);
        double m = (double)(by->offset[other + 1] - by->offset[other]);
        Near one = {other, (float)(together[other] / (sqrt(n * m) + shrink))};
        g_array_append_val(found, one);
        together[other] = 0;
    }
    g_array_sort(found, compare_near);
}

static gboolean
fit(const RkModelBuild *build, const RkModelEvents *events, void *const *values,
    const gint *cancelled)
{
    uint32_t k = (uint32_t)rk_params_int(build->set, "neighbours");
    double shrink = rk_params_real(build->set, "shrink");
    uint32_t *neighbour = values[0];
    float *similarity = values[1];
    ByItem by = by_item(events);
    g_autofree uint32_t *together = g_new0(uint32_t, MAX(events->n_items, 1));
    g_autoptr(GArray) touched = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Near));
    gboolean stopped = FALSE;
    for (uint32_t i = 0; i < events->n_items; i++)
        by.last[i] = UINT32_MAX;
    for (uint32_t item = 0; item < events->n_items && !stopped; item++) {
        g_array_set_size(touched, 0);
        count_together(events, &by, item, together, touched);
        nearest(&by, item, shrink, together, touched, found);
        for (guint n = 0; n < MIN(found->len, k); n++) {
            neighbour[(size_t)item * k + n] = g_array_index(found, Near, n).item;
            similarity[(size_t)item * k + n] = g_array_index(found, Near, n).similarity;
        }
        stopped = cancelled != NULL && g_atomic_int_get(cancelled);
    }
    clear_by_item(&by);
    return !stopped;
}

const RkModel rk_model_item_knn = {
    .name = "item-knn",
    .title = "Item-based nearest neighbours",
    .paper = "Sarwar et al., 2001, https://doi.org/10.1145/371920.372071",
    .params = PARAMS,
    .n_params = G_N_ELEMENTS(PARAMS),
    .needs = RK_NEEDS_USER | RK_NEEDS_ITEM | RK_NEEDS_HISTORY,
    .candidates = TRUE,
    .score = score,
    .fit = fit,
};
