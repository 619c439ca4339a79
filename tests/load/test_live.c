// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading along in records that were made up: what is told is what is in them.
#include "base/clock.h"
#include "bench/live.h"

#include <math.h>

#define N 1000u

typedef struct {
    GMutex lock;
    RkLiveSample last;
    guint n;
} Seen;

static void
seen(void *data, const RkLiveSample *sample)
{
    Seen *to = data;
    g_mutex_lock(&to->lock);
    to->last = *sample;
    to->n++;
    g_mutex_unlock(&to->lock);
}

// Latencies of 1, 2 .. N tens of microseconds; every tenth query isn't answered yet.
static RkLoadRecords *
made_up(void)
{
    RkLoadRecords *records = rk_load_records_new(N, NULL);
    records->start_ns = rk_clock_ns() - 1000000000u;
    for (uint32_t i = 0; i < N; i++) {
        records->scheduled_ns[i] = i * 100000u;
        records->record[i].done_ns = i % 10 == 9 ? 0 : i * 100000u + (i + 1) * 10000u;
    }
    records->n_issued = N;
    return records;
}

static void
percentiles(void)
{
    Seen to = {0};
    g_autoptr(RkLoadRecords) records = made_up();
    rk_live_stop(rk_live_start(&records, seen, &to));
    g_assert_cmpuint(to.n, ==, 1); // the last look, at the end
    g_assert_cmpuint(to.last.n_done, ==, N - N / 10);
    // Within half a bucket (2.2 % wide), and the rank of what isn't there.
    g_assert_cmpfloat_with_epsilon(to.last.p50_ms, 5.0, 5.0 * 0.02);
    g_assert_cmpfloat_with_epsilon(to.last.p99_ms, 9.9, 9.9 * 0.02);
    g_assert_cmpfloat(to.last.t_s, >=, 1);
}

static guint
n_told(Seen *to, uint64_t n_done)
{
    g_mutex_lock(&to->lock);
    const guint n = to->last.n_done >= n_done ? to->n : 0;
    g_mutex_unlock(&to->lock);
    return n;
}

// Those that were waited for are counted once they are answered, each once.
static void
late_answers(void)
{
    Seen to = {0};
    g_autoptr(RkLoadRecords) records = made_up();
    RkLive *live = rk_live_start(&records, seen, &to);
    while (n_told(&to, N - N / 10) == 0)
        g_usleep(1000);
    for (uint32_t i = 9; i < N; i += 10)
        __atomic_store_n(&records->record[i].done_ns, i * 100000u + 1, __ATOMIC_RELEASE);
    while (n_told(&to, N) == 0)
        g_usleep(1000);
    rk_live_stop(live);
    g_assert_cmpuint(to.last.n_done, ==, N);
}

static void
nothing_yet(void)
{
    Seen to = {0};
    RkLoadRecords *none = NULL;
    rk_live_stop(rk_live_start(&none, seen, &to));
    g_assert_cmpuint(to.n, ==, 0);
    g_autoptr(RkLoadRecords) records = rk_load_records_new(N, NULL);
    records->start_ns = rk_clock_ns() - 1000000u;
    rk_live_stop(rk_live_start(&records, seen, &to));
    g_assert_cmpuint(to.n, ==, 1);
    g_assert_cmpuint(to.last.n_done, ==, 0);
    g_assert_true(isnan(to.last.p99_ms));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/live/percentiles are those of the records", percentiles);
    g_test_add_func("/load/live/late answers are counted once", late_answers);
    g_test_add_func("/load/live/a load that hasn't begun has none", nothing_yet);
    return g_test_run();
}
