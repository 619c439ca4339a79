// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/schedule.h"

#include "base/rng.h"
#include "bench/arrivals.h"
#include "bench/draw.h"
#include "bench/fixed.h"

#include <math.h>
#include <string.h>

#define MAX_BYTES         ((uint64_t)4 << 30)
#define CLOSED_QPS        2000u // queries a second of the duration, for closed loops
#define ATTEMPTS          16u   // draws of an item before the next free one is taken
#define LOG2_E_MILLIONTHS 1442695u

typedef struct {
    const RkParams *load;
    const RkTraffic *traffic;
    uint64_t seed;
    uint32_t stream;
    const RkTrafficEvent *replayed; // [n] of replay, else NULL
    RkDraw *user, *item;            // user NULL without users
    uint32_t *taken;                // [n_items] number + 1 of the last query with the item
    uint32_t most;                  // candidates of a query
    RkLoadSchedule *to;
} Building;

static void
clear_building(Building *b)
{
    rk_draw_free(b->user);
    rk_draw_free(b->item);
    g_free(b->taken);
    rk_load_schedule_free(b->to);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Building, clear_building)

// ---- how many candidates -------------------------------------------------------------------

typedef uint64_t (*SizeFunc)(const Building *b, uint64_t query);

static uint64_t
size_fixed(const Building *b, uint64_t query)
{
    return (uint64_t)rk_params_int(b->load, "candidates.n");
}

static int64_t
normal_of(const Building *b, uint64_t query)
{
    uint32_t stream = RK_STREAM_SIZE + b->stream;
    return rk_fixed_normal(rk_rng_u64(b->seed, stream, 2 * query),
                           rk_rng_u64(b->seed, stream, 2 * query + 1));
}

static uint64_t
size_normal(const Building *b, uint64_t query)
{
    int64_t mean = rk_params_int(b->load, "candidates.n");
    int64_t spread = (int64_t)rk_millionths(b->load, "candidates.spread");
    __int128 off = (__int128)normal_of(b, query) * mean * spread / 1000000;
    int64_t size = mean + (int64_t)((off + RK_FIXED_ONE / 2) >> RK_FIXED_BITS);
    return size > 0 ? (uint64_t)size : 1;
}

static uint64_t
size_lognormal(const Building *b, uint64_t query)
{
    int64_t spread = (int64_t)rk_millionths(b->load, "candidates.spread");
    __int128 log = (__int128)normal_of(b, query) * spread / 1000000 * LOG2_E_MILLIONTHS / 1000000;
    int64_t log2 = (int64_t)log; // of size / median, Q40: at most 9.6 * 4 * 1.45
    int64_t up = log2 > 0 ? (log2 >> RK_FIXED_BITS) + 1 : 0;
    uint64_t part = rk_fixed_exp2_neg((up << RK_FIXED_BITS) - log2); // Q63
    unsigned __int128 size =
        (unsigned __int128)part * (uint64_t)rk_params_int(b->load, "candidates.n") << MIN(up, 40);
    return (uint64_t)MIN((size + ((uint64_t)1 << 62)) >> 63, UINT32_MAX);
}

static uint64_t
size_data(const Building *b, uint64_t query)
{
    const RkTraffic *t = b->traffic;
    uint64_t random = rk_rng_u64(b->seed, RK_STREAM_SIZE + b->stream, 2 * query);
    return t->n_users > 0 ? t->user_count[rk_fixed_scale(random, t->n_users)] : 1;
}

static const struct {
    const char *name;
    SizeFunc size;
} SIZES[] = {{"fixed", size_fixed},
             {"normal", size_normal},
             {"lognormal", size_lognormal},
             {"data", size_data}};

static SizeFunc
find_size(const Building *b)
{
    const char *name = rk_params_text(b->load, "candidates");
    for (size_t i = 0; i < G_N_ELEMENTS(SIZES); i++)
        if (strcmp(SIZES[i].name, name) == 0)
            return SIZES[i].size;
    g_assert_not_reached();
}

// ---- who, and which items ------------------------------------------------------------------

// Draws as `setting` says; counts [n] are the data's.
static RkDraw *
draw_by(const Building *b, const char *setting, const uint64_t *count, uint32_t n)
{
    const char *law = rk_params_text(b->load, setting);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += count[i];
    if (strcmp(law, "zipf") == 0) {
        g_autofree uint32_t *ranking = rk_draw_ranking(count, n);
        return rk_draw_new_zipf(n, rk_millionths(b->load, "zipf"), ranking);
    }
    return strcmp(law, "data") == 0 && sum > 0 ? rk_draw_new(count, n) : rk_draw_new_uniform(n);
}

static uint32_t
draw_item(const Building *b, uint64_t query, uint32_t *n_draws)
{
    const uint32_t mark = (uint32_t)query + 1;
    uint32_t item = 0;
    for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        item = rk_draw_code(
            b->item, rk_rng_u64(b->seed, RK_STREAM_ITEM + b->stream, query << 24 | (*n_draws)++));
        if (b->taken[item] != mark)
            return item;
    }
    while (b->taken[item] == mark)
        item = item + 1 < b->traffic->n_items ? item + 1 : 0;
    return item;
}

static void
fill_query(Building *b, uint64_t query)
{
    RkArrival *arrival = &b->to->arrival[query];
    uint32_t *candidate = b->to->candidate + arrival->first;
    uint32_t n_draws = 0, n = 0;
    arrival->user = UINT32_MAX;
    if (b->replayed != NULL) {
        arrival->user = b->replayed[query].user;
        if (b->replayed[query].item < b->traffic->n_items)
            candidate[n++] = b->replayed[query].item;
    } else if (b->user != NULL) {
        arrival->user =
            rk_draw_code(b->user, rk_rng_u64(b->seed, RK_STREAM_USER + b->stream, query));
    }
    if (n > 0)
        b->taken[candidate[0]] = (uint32_t)query + 1;
    for (; n < arrival->n_candidates; n++) {
        candidate[n] = draw_item(b, query, &n_draws);
        b->taken[candidate[n]] = (uint32_t)query + 1;
    }
}

static void
hash_words(GChecksum *sum, const uint64_t *word, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t little = GUINT64_TO_LE(word[i]);
        g_checksum_update(sum, (const guchar *)&little, sizeof little);
    }
}

// SHA-256 over a line of text and then, as little-endian 64-bit words, each arrival's time, user,
// number of candidates and candidates.
static void
hash_schedule(RkLoadSchedule *s)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree uint64_t *word = NULL;
    uint32_t room = 0;
    g_checksum_update(sum, (const guchar *)"rankine schedule 1\n", 19);
    for (uint64_t i = 0; i < s->n; i++) {
        const RkArrival *a = &s->arrival[i];
        if (a->n_candidates + 3 > room) {
            room = a->n_candidates + 3;
            word = g_renew(uint64_t, word, room);
        }
        word[0] = a->at_ns;
        word[1] = a->user;
        word[2] = a->n_candidates;
        for (uint32_t c = 0; c < a->n_candidates; c++)
            word[3 + c] = s->candidate[a->first + c];
        hash_words(sum, word, a->n_candidates + 3);
    }
    g_strlcpy(s->hash, g_checksum_get_string(sum), sizeof s->hash);
}

// ---- the whole -----------------------------------------------------------------------------

static gboolean
fail_memory(uint64_t bytes, GError **error)
{
    g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                "Can't plan the load: its queries take %" G_GUINT64_FORMAT
                " MiB, more than %" G_GUINT64_FORMAT
                ". Lower qps, duration_s, queries or candidates.n.",
                bytes >> 20, MAX_BYTES >> 20);
    return FALSE;
}

static gboolean
check_size(uint64_t n, uint64_t candidates, GError **error)
{
    double bytes = (double)n * (sizeof(RkArrival) + 64) + (double)candidates * 4;
    return bytes <= (double)MAX_BYTES || fail_memory((uint64_t)MIN(bytes, 1e18), error);
}

// The first events that test, or before them for the warm-up.
static gboolean
choose_replayed(Building *b, RkLoadPhase phase, double seconds, uint64_t *n, GError **error)
{
    const RkTraffic *t = b->traffic;
    uint64_t wanted = (uint64_t)ceil(rk_params_real(b->load, "qps") * seconds);
    if (!t->timed || t->n_users == 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't replay this data: its events have no %s. Use the scenario server.",
                    t->timed ? "users" : "time");
        return FALSE;
    }
    uint64_t first = 0;
    while (first < t->n_events && t->event[first].part != RK_PART_TEST)
        first++;
    if (first == t->n_events)
        first = 0; // without a test part, all of it
    if (phase == RK_PHASE_WARMUP) {
        *n = MIN(wanted, first);
        b->replayed = t->event + first - *n;
    } else {
        *n = MIN(wanted, t->n_events - first);
        b->replayed = t->event + first;
    }
    return TRUE;
}

static GArray *
plan_times(Building *b, RkLoadPhase phase, double seconds, GError **error)
{
    const char *scenario = rk_params_text(b->load, "scenario");
    if (strcmp(scenario, "replay") == 0) {
        uint64_t n = 0;
        return choose_replayed(b, phase, seconds, &n, error) && check_size(n, 0, error)
                   ? rk_arrivals_replay(b->load, b->replayed, n)
                   : NULL;
    }
    if (strcmp(scenario, "server") == 0) {
        double n = rk_params_real(b->load, "qps") * seconds;
        return check_size((uint64_t)MIN(n, 1e15), 0, error)
                   ? rk_arrivals_new(b->load, b->seed, b->stream, seconds)
                   : NULL;
    }
    uint64_t n = (uint64_t)rk_params_int(b->load, "queries");
    if (n == 0 || phase == RK_PHASE_WARMUP)
        n = (uint64_t)ceil(CLOSED_QPS * seconds);
    if (!check_size(n, 0, error))
        return NULL;
    GArray *at = g_array_sized_new(FALSE, TRUE, sizeof(uint64_t), (guint)n);
    return g_array_set_size(at, (guint)n);
}

static gboolean
plan_sizes(Building *b, const GArray *at, GError **error)
{
    RkLoadSchedule *to = b->to;
    SizeFunc size = find_size(b);
    to->n = at->len;
    to->arrival = g_new0(RkArrival, MAX(to->n, 1));
    for (uint64_t i = 0; i < to->n; i++) {
        RkArrival *a = &to->arrival[i];
        a->at_ns = g_array_index(at, uint64_t, i);
        a->first = to->n_candidates;
        a->n_candidates = (uint32_t)CLAMP(size(b, i), 1, b->most);
        to->n_candidates += a->n_candidates;
    }
    if (!check_size(to->n, to->n_candidates, error))
        return FALSE;
    to->candidate = g_new(uint32_t, MAX(to->n_candidates, 1));
    return TRUE;
}

RkLoadSchedule *
rk_load_schedule_new(const RkParams *load, const RkTraffic *traffic, uint64_t seed,
                     RkLoadPhase phase, double seconds, GError **error)
{
    g_auto(Building) b = {.load = load,
                          .traffic = traffic,
                          .seed = seed,
                          .stream = (uint32_t)phase,
                          .to = g_new0(RkLoadSchedule, 1)};
    b.most = MIN((uint32_t)rk_params_int(load, "candidates.max"), traffic->n_items);
    g_autoptr(GArray) at = plan_times(&b, phase, seconds, error);
    if (at == NULL || !plan_sizes(&b, at, error))
        return NULL;
    b.item = draw_by(&b, "items", traffic->item_count, traffic->n_items);
    if (traffic->n_users > 0)
        b.user = draw_by(&b, "users", traffic->user_count, traffic->n_users);
    b.taken = g_new0(uint32_t, traffic->n_items);
    for (uint64_t i = 0; i < b.to->n; i++)
        fill_query(&b, i);
    hash_schedule(b.to);
    const char *scenario = rk_params_text(load, "scenario");
    gboolean open = strcmp(scenario, "server") == 0 || strcmp(scenario, "replay") == 0;
    b.to->offered_qps = open && b.to->n > 0 ? (double)b.to->n / seconds : NAN;
    if (b.replayed != NULL && b.to->n > 1 && b.to->arrival[b.to->n - 1].at_ns > 0)
        b.to->offered_qps = (double)(b.to->n - 1) * 1e9 / (double)b.to->arrival[b.to->n - 1].at_ns;
    return g_steal_pointer(&b.to);
}

void
rk_load_schedule_free(RkLoadSchedule *schedule)
{
    if (schedule == NULL)
        return;
    g_free(schedule->arrival);
    g_free(schedule->candidate);
    g_free(schedule);
}
