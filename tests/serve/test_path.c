// SPDX-License-Identifier: GPL-3.0-or-later
//
// The parts of the served path that need no device: the queue between two threads, the choice of
// the best, records through a cache, rows of tables.
#include "serve/lookup.h"
#include "serve/queue.h"
#include "serve/select.h"

#include "base/clock.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- the queue -----------------------------------------------------------------------------

typedef struct {
    RkQueryQueue queue;
    uint64_t n, sum;
    gboolean ordered;
} Traffic;

static gpointer
read_all(gpointer data)
{
    Traffic *t = data;
    RkQueued queued;
    for (uint64_t next = 0; next < t->n;) {
        if (!rk_query_queue_pop(&t->queue, &queued)) {
            rk_query_queue_announce(&t->queue);
            rk_query_queue_sleep(&t->queue, next % 3 == 0 ? rk_clock_ns() + 50000 : UINT64_MAX);
            continue;
        }
        t->ordered &= queued.query.id == next++;
        t->sum += queued.query.candidates[0];
    }
    return NULL;
}

static void
queries_come_in_order_and_none_is_lost(void)
{
    g_autoptr(GError) error = NULL;
    Traffic t = {.n = 200000, .ordered = TRUE};
    uint32_t candidates[64], n_full = 0;
    uint64_t sum = 0;
    g_assert_true(rk_query_queue_init(&t.queue, 16, &error));
    GThread *reader = g_thread_new("reader", read_all, &t);
    for (uint64_t id = 0; id < t.n;) {
        RkQuery queries[5];
        uint32_t n = (uint32_t)MIN(1 + id % 5, t.n - id);
        for (uint32_t i = 0; i < n; i++) {
            candidates[(id + i) % 64] = (uint32_t)((id + i) % 64);
            queries[i] = (RkQuery){id + i, 0, 1, &candidates[(id + i) % 64]};
        }
        uint32_t taken = rk_query_queue_push(&t.queue, queries, n);
        for (uint32_t i = 0; i < taken; i++)
            sum += (id + i) % 64;
        n_full += taken < n;
        id += taken;
        if (taken < n)
            g_thread_yield();
        if (id % 1000 == 0) // so that the reader falls asleep now and then
            g_usleep(50);
    }
    g_thread_join(reader);
    g_assert_true(t.ordered);
    g_assert_cmpuint(t.sum, ==, sum);
    g_test_message("%u pushes found it full", n_full);
    rk_query_queue_clear(&t.queue);
}

static void
a_sleep_ends_on_time(void)
{
    RkQueryQueue queue;
    g_assert_true(rk_query_queue_init(&queue, 2, NULL));
    uint64_t start_ns = rk_clock_ns();
    for (int i = 0; i < 3; i++) {
        rk_query_queue_announce(&queue);
        rk_query_queue_sleep(&queue, start_ns + 1000000);
    }
    g_assert_cmpuint(rk_clock_ns() - start_ns, >=, 1000000);
    rk_query_queue_announce(&queue);
    rk_query_queue_wake(&queue);
    rk_query_queue_sleep(&queue, UINT64_MAX); // returns, or the test never ends
    rk_query_queue_clear(&queue);
}

// ---- the best ------------------------------------------------------------------------------

static const float *compared;

static int
compare_places(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    float x = compared[i], y = compared[j];
    if (isnan(x) != isnan(y))
        return isnan(x) ? 1 : -1;
    if (!isnan(x) && x != y)
        return x < y ? 1 : -1;
    return i < j ? -1 : 1;
}

static void
the_best_are_those_of_a_sort(void)
{
    enum { MOST = 300 };
    float score[MOST], best[MOST];
    uint32_t order[MOST], place[MOST];
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t n = rk_rng_below(1, 1, round, MOST + 1), k = rk_rng_below(1, 2, round, MOST);
        for (uint32_t i = 0; i < n; i++) { // few values, so that many are equal
            uint32_t value = rk_rng_below(1, 3 + round, i, round % 2 ? 7 : 100000);
            score[i] = round % 5 == 0 && value % 7 == 0 ? NAN : (float)value;
            order[i] = i;
        }
        compared = score;
        qsort(order, n, sizeof *order, compare_places);
        uint32_t n_best = rk_select_top(score, n, k, place, best);
        g_assert_cmpuint(n_best, ==, MIN(n, k));
        for (uint32_t i = 0; i < n_best; i++) {
            g_assert_cmpuint(place[i], ==, order[i]);
            g_assert_true(isnan(best[i]) ? isnan(score[place[i]]) : best[i] == score[place[i]]);
        }
    }
}

static void
lists_agree_as_far_as_they_do(void)
{
    const uint32_t now[] = {1, 2, 3, 4}, same[] = {1, 2, 3, 4}, swapped[] = {4, 3, 2, 1},
                   half[] = {1, 2, 8, 9}, others[] = {5, 6, 7, 8};
    RkAgreement a = rk_lists_agree(same, 4, now, 4);
    g_assert_cmpfloat_with_epsilon(a.overlap, 1, 1e-12);
    g_assert_cmpfloat_with_epsilon(a.ndcg, 1, 1e-12);
    g_assert_true(a.same_first);
    a = rk_lists_agree(swapped, 4, now, 4);
    double ideal = 4 + 3 / log2(3) + 2 / log2(4) + 1 / log2(5);
    g_assert_cmpfloat_with_epsilon(a.overlap, 1, 1e-12);
    g_assert_cmpfloat_with_epsilon(a.ndcg, (1 + 2 / log2(3) + 3 / log2(4) + 4 / log2(5)) / ideal,
                                   1e-12);
    g_assert_false(a.same_first);
    g_assert_cmpfloat_with_epsilon(rk_lists_agree(half, 4, now, 4).overlap, 0.5, 1e-12);
    g_assert_cmpfloat(rk_lists_agree(others, 4, now, 4).ndcg, ==, 0);
    g_assert_cmpfloat(rk_lists_agree(NULL, 0, NULL, 0).overlap, ==, 1);
}

// ---- records -------------------------------------------------------------------------------

static void
fill_record(gconstpointer data, uint32_t code, void *record)
{
    uint32_t *to = record, n = *(const uint32_t *)data;
    for (uint32_t i = 0; i < 3; i++)
        to[i] = code < n ? code * 3 + i : UINT32_MAX;
}

// An RkParams with the settings that caches read.
static const RkParam SET[] = {
#include "serve/cache_params.def"
    {"cache.trace", RK_PARAM_INT, 0, 100000, "10000", NULL, NULL, "Requests that are kept"},
};

static void
records_are_the_same_through_every_cache(void)
{
    const uint32_t n = 500;
    g_autoptr(RkParams) set = rk_params_new(SET, G_N_ELEMENTS(SET));
    for (int p = 0; rk_cache_policies[p] != NULL; p++)
        for (int disk = 0; disk < 2; disk++) {
            g_autoptr(GError) error = NULL;
            const RkLookupOptions options = {.what = "records",
                                             .n = n,
                                             .words = 3,
                                             .fill = fill_record,
                                             .data = &n,
                                             .in_database = disk == 1,
                                             .policy = rk_cache_policies[p],
                                             .entries = 37,
                                             .set = set};
            g_autoptr(RkLookup) lookup = rk_lookup_new(&options, &error);
            g_assert_no_error(error);
            for (uint32_t i = 0; i < 500; i++) {
                uint32_t codes[4], records[12], expected[3];
                for (uint32_t k = 0; k < 4; k++) {
                    uint32_t wide = rk_rng_below(3, 1, 4 * i + k, 60);
                    codes[k] = wide == 0 ? UINT32_MAX : wide * rk_rng_below(3, 2, 4 * i + k, 9);
                }
                g_assert_true(rk_lookup_get(lookup, codes, 4, records, &error));
                for (uint32_t k = 0; k < 4; k++) {
                    fill_record(&n, codes[k], expected);
                    g_assert_cmpmem(records + 3 * k, 12, expected, 12);
                }
            }
        }
}

static double
told(RkLookup *lookup, const char *name)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    rk_lookup_to_json(lookup, json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    JsonObject *object = json_node_get_object(root);
    g_assert_cmpfloat(json_object_get_double_member(object, "policy_ns"), >, 0);
    return json_object_get_double_member(object, name);
}

// Two rounds of the same codes: cold all miss, then all are found, which the bound allows.
static void
a_cache_tells_cold_from_warm(void)
{
    static const struct {
        const char *figure;
        double cold, warm;
    } FIGURES[] = {{"hit_rate", 0, 1},       {"unique", 8, 8},   {"unique_hit_rate", 0, 1},
                   {"bound_hit_rate", 0, 1}, {"requests", 8, 8}, {"bytes_moved", 96, 0}};
    const uint32_t n = 500, codes[8] = {3, 1, 4, 15, 9, 2, 6, 5};
    g_autoptr(RkParams) set = rk_params_new(SET, G_N_ELEMENTS(SET));
    for (size_t f = 0; f < G_N_ELEMENTS(FIGURES); f++) {
        const RkLookupOptions options = {.what = "records",
                                         .n = n,
                                         .words = 3,
                                         .fill = fill_record,
                                         .data = &n,
                                         .policy = "lru",
                                         .entries = 37,
                                         .set = set};
        g_autoptr(RkLookup) lookup = rk_lookup_new(&options, NULL);
        uint32_t records[24];
        g_assert_true(rk_lookup_get(lookup, codes, 8, records, NULL));
        g_assert_cmpfloat(told(lookup, FIGURES[f].figure), ==, FIGURES[f].cold);
        g_assert_true(rk_lookup_get(lookup, codes, 8, records, NULL));
        g_assert_cmpfloat(told(lookup, FIGURES[f].figure), ==, FIGURES[f].warm);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serve/path/queries come in order and none is lost",
                    queries_come_in_order_and_none_is_lost);
    g_test_add_func("/serve/path/a sleep ends on time", a_sleep_ends_on_time);
    g_test_add_func("/serve/path/the best are those of a sort", the_best_are_those_of_a_sort);
    g_test_add_func("/serve/path/lists agree as far as they do", lists_agree_as_far_as_they_do);
    g_test_add_func("/serve/path/records are the same through every cache",
                    records_are_the_same_through_every_cache);
    g_test_add_func("/serve/path/a cache tells cold from warm", a_cache_tells_cold_from_warm);
    return g_test_run();
}
