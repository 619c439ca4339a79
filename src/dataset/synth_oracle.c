// SPDX-License-Identifier: GPL-3.0-or-later
//
// The best answer to "which item is next?" that knows the planted truth: the ten likeliest items.
#include "dataset/synth_sequence-private.h"

#include "base/exact.h"

#define TOP     RK_SEQUENCE_TOP
#define N_TRIED (1u << 14) // items looked at before the lists count as flat

double
rk_sequence_chance(const RkSynth *synth, const RkSequence *m, const RkSequenceState *s,
                   uint32_t item)
{
    double follow = s->last != RK_CODE_MISSING ? m->follow : 0;
    double interest = m->follow + m->interest - follow;
    double sum = (1 - follow - interest) * rk_popularity_weight(&m->popularity, item, s->t);
    for (uint32_t k = 0; k < RK_SEQUENCE_SUCCESSORS && follow > 0; k++)
        if (rk_sequence_successor(synth, m, s->last, k) == item)
            sum += follow / (rk_sequence_harmonic() * (k + 1));
    for (int k = 0; k < 2; k++) {
        if (m->cluster_of[item] != s->interest[k])
            continue;
        const RkSequenceCluster *c = &m->clusters[s->interest[k]];
        double late = m->popularity.drift > 0 ? m->popularity.drift * s->t : 0;
        double p = (1 - late) * m->popularity.weight[0][item] / c->total[0];
        if (late > 0)
            p += late * m->popularity.weight[1][item] / c->total[1];
        sum += interest * rk_sequence_interest[k] * p;
    }
    return sum;
}

typedef struct {
    uint32_t item[TOP];
    double p[TOP];
    uint32_t n;
    RkSeen tried;
} Best;

static void
try_item(const RkSynth *synth, const RkSequenceState *s, const RkSeen *seen, Best *best,
         uint32_t item)
{
    if (rk_seen_has(&best->tried, item) || rk_seen_has(seen, item))
        return;
    rk_seen_add(&best->tried, item);
    double p = rk_sequence_chance(synth, synth->model, s, item);
    if (best->n == TOP && p <= best->p[TOP - 1])
        return;
    uint32_t at = best->n < TOP ? best->n++ : TOP - 1;
    for (; at > 0 && best->p[at - 1] < p; at--) {
        best->p[at] = best->p[at - 1];
        best->item[at] = best->item[at - 1];
    }
    best->p[at] = p;
    best->item[at] = item;
}

// The likeliest items, by the threshold algorithm (Fagin, Lotem and Naor, "Optimal Aggregation
// Algorithms for Middleware", PODS 2001): going down all ranked lists at once, no item further down
// can be likelier than the items at this depth together.
static void
find_best(const RkSynth *synth, const RkSequenceState *s, const RkSeen *seen, Best *best)
{
    const RkSequence *m = synth->model;
    int n_orders = m->popularity.drift > 0 ? 2 : 1;
    double follow = s->last != RK_CODE_MISSING ? m->follow : 0;
    double interest = m->follow + m->interest - follow;
    for (uint32_t k = 0; k < RK_SEQUENCE_SUCCESSORS && follow > 0; k++)
        try_item(synth, s, seen, best, rk_sequence_successor(synth, m, s->last, k));
    for (uint32_t depth = 0; depth < m->activity.n_items; depth++) {
        double bound = 0;
        for (int k = 0; k < n_orders; k++) {
            double late = n_orders == 2 ? m->popularity.drift * s->t : 0;
            double share = k == 0 ? 1 - late : late;
            const double *weight = m->popularity.weight[k];
            try_item(synth, s, seen, best, m->ranked[k][depth]);
            bound += share * (1 - follow - interest) * weight[m->ranked[k][depth]];
            for (int j = 0; j < 2; j++) {
                const RkSequenceCluster *c = &m->clusters[s->interest[j]];
                if (depth >= c->n)
                    continue;
                try_item(synth, s, seen, best, c->member[k][depth]);
                bound += share * interest * rk_sequence_interest[j] * weight[c->member[k][depth]] /
                         c->total[k];
            }
        }
        if (best->n == TOP && best->p[TOP - 1] >= bound)
            return;
        if (best->tried.n > best->tried.mask / 2) // the table is full: the lists are all but flat
            return;
    }
}

uint32_t
rk_sequence_best(const RkSynth *synth, const RkSequenceState *s, const RkSeen *seen,
                 uint32_t item[TOP], double chance[TOP])
{
    Best best = {0};
    rk_seen_init(&best.tried, N_TRIED);
    find_best(synth, s, seen, &best);
    rk_seen_clear(&best.tried);
    for (uint32_t i = 0; i < best.n; i++) {
        item[i] = best.item[i];
        chance[i] = best.p[i];
    }
    return best.n;
}

typedef struct {
    double hit, ndcg, hit_observed, ndcg_observed, mrr_observed, sampled_hit, sampled_ndcg, n;
} Totals;

static void
judge_user(const RkSynth *synth, uint32_t user, Totals *totals)
{
    const RkSequence *m = synth->model;
    const RkActivity *a = &m->activity;
    uint64_t n = a->first[user + 1] - a->first[user];
    RkSequenceState s = rk_sequence_state(synth, m, user), before;
    RkSeen seen;
    rk_seen_init(&seen, n);
    rk_sequence_walk(synth, &s, &seen, a->first[user + 1] - 1, NULL, NULL);
    before = s;
    before.t = rk_activity_time(a, user, n - 1);
    double had = 0; // chance of the items that can't come again
    for (uint32_t i = 0; i <= seen.mask; i++)
        if (seen.slot[i] != 0)
            had += rk_sequence_chance(synth, m, &before, seen.slot[i] - 1);
    uint32_t item[TOP];
    double p_of[TOP];
    uint32_t n_best = rk_sequence_best(synth, &before, &seen, item, p_of);

    // The item that did come: the walk goes on by one event from the start.
    RkSeen again;
    rk_seen_init(&again, n);
    RkSequenceState end = rk_sequence_state(synth, m, user);
    rk_sequence_walk(synth, &end, &again, a->first[user + 1], NULL, NULL);
    uint32_t target = end.last;
    for (uint32_t rank = 0; rank < n_best; rank++) {
        double gain = rk_exact_log(2) / rk_exact_log(rank + 2.0), p = p_of[rank] / (1 - had);
        totals->hit += p;
        totals->ndcg += p * gain;
        if (item[rank] == target) {
            totals->hit_observed++;
            totals->ndcg_observed += gain;
            totals->mrr_observed += 1.0 / (rank + 1);
        }
    }
    // Against 99 items drawn evenly from those the user hasn't had.
    RkDraw draw = rk_draw(synth->seed, RK_STREAM_SYNTH + 13, user);
    double p = rk_sequence_chance(synth, m, &before, target), rank = 0;
    for (int k = 0; k < 99; k++) {
        uint32_t other = (uint32_t)((rk_draw_u64(&draw) >> 32) * a->n_items >> 32);
        other = rk_seen_next(&again, other, a->n_items);
        rank += rk_sequence_chance(synth, m, &before, other) > p;
    }
    totals->sampled_hit += rank < TOP;
    totals->sampled_ndcg += rank < TOP ? rk_exact_log(2) / rk_exact_log(rank + 2.0) : 0;
    totals->n++;
    rk_seen_clear(&again);
    rk_seen_clear(&seen);
}

// The last event of users that stand evenly among all, at most 20,000 of them.
void
rk_sequence_ceiling(const RkSynth *synth, JsonBuilder *b)
{
    const RkSequence *m = synth->model;
    uint32_t n_users = m->activity.n_users, n_used = MIN(n_users, 20000);
    Totals t = {0};
    for (uint32_t i = 0; i < n_used; i++) {
        uint32_t user = (uint32_t)((uint64_t)i * n_users / n_used);
        if (m->activity.first[user + 1] - m->activity.first[user] >= 2)
            judge_user(synth, user, &t);
    }
    rk_json_add_text(b, "basis",
                     "ranking all items a user hasn't had by their planted chance of being next, "
                     "for the last event of each user; sampled_*: against 99 such items drawn "
                     "evenly");
    rk_json_add_int(b, "rows", (int64_t)t.n);
    json_builder_set_member_name(b, "metrics");
    json_builder_begin_object(b);
    rk_json_add_real(b, "hr@10", t.hit / t.n);
    rk_json_add_real(b, "ndcg@10", t.ndcg / t.n);
    rk_json_add_real(b, "hr@10_observed", t.hit_observed / t.n);
    rk_json_add_real(b, "ndcg@10_observed", t.ndcg_observed / t.n);
    rk_json_add_real(b, "mrr@10_observed", t.mrr_observed / t.n);
    rk_json_add_real(b, "sampled_hr@10_observed", t.sampled_hit / t.n);
    rk_json_add_real(b, "sampled_ndcg@10_observed", t.sampled_ndcg / t.n);
    json_builder_end_object(b);
}
