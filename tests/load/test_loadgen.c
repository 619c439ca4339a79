// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/early.h"
#include "bench/loadgen.h"
#include "bench/settings.h"
#include "bench/spread.h"
#include "bench/synthetic.h"

#include "base/rng.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- percentiles and how many queries they need --------------------------------------------

static int
by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void
sorting(void)
{
    static const uint64_t sizes[] = {0, 1, 2, 255, 256, 5000};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++)
        for (unsigned shift = 0; shift < 64; shift += 21) {
            g_autofree uint64_t *a = g_new(uint64_t, sizes[s] + 1);
            for (uint64_t i = 0; i < sizes[s]; i++)
                a[i] = rk_rng_u64(1, 2, i) >> shift;
            g_autofree uint64_t *b = g_memdup2(a, (sizes[s] + 1) * sizeof *a);
            rk_sort_u64(a, sizes[s]);
            qsort(b, sizes[s], sizeof *b, by_value);
            g_assert_cmpmem(a, sizes[s] * sizeof *a, b, sizes[s] * sizeof *b);
        }
}

static void
percentiles(void)
{
    uint64_t values[200];
    for (uint64_t i = 0; i < 200; i++)
        values[i] = 1000 * ((i * 77) % 200); // 0..199 us, shuffled
    RkSpread spread = rk_spread_of(values, 200, 1000);
    g_assert_cmpfloat(spread.p50, ==, 100);
    g_assert_cmpfloat(spread.p90, ==, 180);
    g_assert_cmpfloat(spread.p99, ==, 198);
    g_assert_cmpfloat(spread.p999, ==, 199);
    g_assert_cmpfloat(spread.max, ==, 199);
    g_assert_cmpfloat(spread.mean, ==, 99.5);
    g_assert_true(isnan(rk_spread_of(values, 0, 1).p50));
}

// The table of MLPerf's rules: queries needed by breaches, at confidence 0.99.
static void
early_stopping(void)
{
    static const struct {
        double p;
        uint64_t t, n;
    } rows[] = {{0.99, 0, 459}, {0.99, 1, 662}, {0.9, 0, 44}, {0.9, 1, 64}, {0.999, 0, 4603}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(rk_early_needed(rows[i].p, rows[i].t), ==, rows[i].n);
        g_assert_cmpint(rk_early_allowed(rows[i].p, rows[i].n), ==, (gint64)rows[i].t);
        g_assert_cmpint(rk_early_allowed(rows[i].p, rows[i].n - 1), ==, (gint64)rows[i].t - 1);
    }
    // Far out the binomial is normal: t = n q - 2.326 sqrt(n p q), within half a percent.
    int64_t t = rk_early_allowed(0.99, 10000000);
    g_assert_cmpfloat(fabs((double)t - (1e5 - 2.326 * sqrt(1e7 * 0.99 * 0.01))), <, 500);
}

// ---- loads in simulated time ---------------------------------------------------------------

static RkParams *
settings(const char *const *assignments)
{
    RkParams *load = rk_params_new(rk_load_params, rk_n_load_params);
    g_autoptr(GError) error = NULL;
    rk_params_assign(load, "realtime=false", &error);
    for (; *assignments != NULL; assignments++)
        rk_params_assign(load, *assignments, &error);
    g_assert_no_error(error);
    return load;
}

// A load on a synthetic system, in simulated time unless the spec says otherwise.
static void
run_on(const RkSyntheticSpec *spec, const char *const *assignments, double seconds, RkLoadRun *run,
       RkLoadSchedule **kept)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) load = settings(assignments);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 20, 50, 7);
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, traffic, 11, RK_PHASE_MEASURE, seconds, &error);
    g_assert_no_error(error);
    g_autoptr(RkSystem) system = rk_synthetic_new(spec);
    g_autoptr(RkTimer) clock = spec->simulated ? NULL : rk_timer_new(20000);
    const RkLoadOptions options = {.system = system,
                                   .timer = clock != NULL ? clock : rk_synthetic_timer(system),
                                   .schedule = schedule,
                                   .load = load,
                                   .seconds = seconds,
                                   .n_samples = 8};
    gboolean done = rk_load_run(&options, run, &error);
    g_assert_no_error(error);
    g_assert_true(done);
    if (kept != NULL)
        *kept = g_steal_pointer(&schedule);
}

static uint64_t *
latencies(const RkLoadRun *run)
{
    const RkLoadRecords *r = run->records;
    uint64_t *latency = g_new(uint64_t, r->n_issued + 1);
    for (uint64_t i = 0; i < r->n_issued; i++) {
        g_assert_cmpuint(r->record[i].done_ns, >, 0);
        latency[i] = r->record[i].done_ns - r->scheduled_ns[i];
    }
    return latency;
}

// The mean of a correlated series and five standard errors of it, from 50 batches.
static double
batched_mean(const uint64_t *value, uint64_t n, double *five_errors)
{
    enum { BATCHES = 50 };
    double mean = 0, variance = 0, batch[BATCHES] = {0};
    uint64_t each = n / BATCHES;
    for (uint64_t b = 0; b < BATCHES; b++) {
        for (uint64_t i = 0; i < each; i++)
            batch[b] += (double)value[b * each + i] / (double)each;
        mean += batch[b] / BATCHES;
    }
    for (uint64_t b = 0; b < BATCHES; b++)
        variance += (batch[b] - mean) * (batch[b] - mean) / (BATCHES - 1);
    *five_errors = 5 * sqrt(variance / BATCHES);
    return mean;
}

// M/D/1 and M/M/1 at two loads: the mean time in the system is s + rho s / (1 - rho) times a half
// (constant) or one (exponential): Pollaczek and Khinchine. That of M/M/1 is exponential.
static void
queueing_theory(void)
{
    static const struct {
        RkServiceLaw law;
        double factor;
        const char *qps;
        double load;
    } rows[] = {{RK_SERVICE_CONSTANT, 0.5, "qps=5000", 0.5},
                {RK_SERVICE_CONSTANT, 0.5, "qps=8000", 0.8},
                {RK_SERVICE_EXPONENTIAL, 1, "qps=5000", 0.5},
                {RK_SERVICE_EXPONENTIAL, 1, "qps=8000", 0.8}};
    const double SERVICE_NS = 100000;
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const char *const all[] = {rows[r].qps, "candidates.n=1", NULL};
        const RkSyntheticSpec spec = {
            .law = rows[r].law, .mean_ns = (uint64_t)SERVICE_NS, .seed = 3, .simulated = TRUE};
        g_auto(RkLoadRun) run = {0};
        run_on(&spec, all, 40, &run, NULL);
        uint64_t n = run.records->n_issued;
        g_autofree uint64_t *latency = latencies(&run);
        double five_errors;
        double mean = batched_mean(latency, n, &five_errors);
        double rho = rows[r].load;
        double expected = SERVICE_NS + rows[r].factor * rho * SERVICE_NS / (1 - rho);
        g_test_message("load %g: mean %.0f ns, expected %.0f +- %.0f", rho, mean, expected,
                       five_errors);
        g_assert_cmpfloat(five_errors, <, expected * 0.25);
        g_assert_cmpfloat(fabs(mean - expected), <, five_errors);
        if (rows[r].law != RK_SERVICE_EXPONENTIAL)
            continue;
        RkSpread spread = rk_spread_of(latency, n, 1);
        // A quantile's error is that of the mean times its multiple of the mean.
        double p99 = -log(0.01) * SERVICE_NS / (1 - rho), p50 = log(2) * SERVICE_NS / (1 - rho);
        g_assert_cmpfloat(fabs(spread.p99 - p99), <, five_errors * p99 / expected * 1.5);
        g_assert_cmpfloat(fabs(spread.p50 - p50), <, five_errors);
    }
}

// A stall of 100 ms charges every query that came meanwhile, not the one that waited.
static void
a_stall_is_seen(void)
{
    static const char *const all[] = {"qps=1000", "arrivals=constant", "candidates.n=1", NULL};
    const RkSyntheticSpec spec = {.law = RK_SERVICE_CONSTANT,
                                  .mean_ns = 1000,
                                  .stall_at_ns = 500000000,
                                  .stall_ns = 100000000,
                                  .simulated = TRUE};
    g_auto(RkLoadRun) run = {0};
    run_on(&spec, all, 2, &run, NULL);
    g_autofree uint64_t *latency = latencies(&run);
    uint64_t n_slow = 0;
    for (uint64_t i = 0; i < run.records->n_issued; i++)
        n_slow += latency[i] > 1000000;
    g_assert_cmpuint(n_slow, ==, 100); // those of 500..599 ms, with what waits before them
    RkSpread spread = rk_spread_of(latency, run.records->n_issued, 1e6);
    g_assert_cmpfloat(spread.p50, <, 0.01);
    g_assert_cmpfloat(fabs(spread.p99 - 80), <, 1.1); // 20 of 2,000 wait for longer
    g_assert_cmpfloat(fabs(spread.max - 100), <, 0.01);
}

static void
a_full_queue_makes_late(void)
{
    static const char *const all[] = {"qps=20000", "arrivals=constant", "backlog_s=0.5", NULL};
    const RkSyntheticSpec spec = {
        .law = RK_SERVICE_CONSTANT, .mean_ns = 100000, .capacity = 16, .simulated = TRUE};
    g_auto(RkLoadRun) run = {0};
    run_on(&spec, all, 4, &run, NULL);
    // Twice the rate that it serves: half the load is late by 0.5 s after one second.
    g_assert_true(run.saturated);
    g_assert_cmpuint(run.n_refused, >, 100);
    g_assert_cmpuint(run.records->n_issued, <, run.records->n);
    double rate = (double)run.records->n_issued * 1e9 / (double)run.end_ns;
    g_assert_cmpfloat(fabs(rate - 10000), <, 50);
}

static void
closed_loops(void)
{
    const RkSyntheticSpec spec = {
        .law = RK_SERVICE_CONSTANT, .mean_ns = 1000000, .simulated = TRUE};
    static const struct {
        const char *assignments[4];
        uint64_t n;
        double slowest_ms;
    } rows[] = {
        {{"scenario=single", NULL}, 1000, 1},             // one after another for 1 s
        {{"scenario=multi", "streams=4", NULL}, 1000, 4}, // four together
        {{"scenario=multi", "streams=4", "streams.next=any", NULL}, 1003, 4}, // four at any time
        {{"scenario=single", "queries=10", NULL}, 10, 1},
        {{"scenario=offline", "queries=100", NULL}, 100, 100}};
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_auto(RkLoadRun) run = {0};
        run_on(&spec, rows[r].assignments, 1, &run, NULL);
        g_autofree uint64_t *latency = latencies(&run);
        g_assert_cmpuint(run.records->n_issued, ==, rows[r].n);
        RkSpread spread = rk_spread_of(latency, run.records->n_issued, 1e6);
        g_assert_cmpfloat(fabs(spread.max - rows[r].slowest_ms), <, 0.01);
    }
}

static void
samples_are_kept(void)
{
    static const char *const all[] = {"qps=100", "candidates.n=5", NULL};
    const RkSyntheticSpec spec = {.law = RK_SERVICE_CONSTANT, .mean_ns = 1000, .simulated = TRUE};
    g_auto(RkLoadRun) run = {0};
    g_autoptr(RkLoadSchedule) schedule = NULL;
    run_on(&spec, all, 2, &run, &schedule);
    g_assert_cmpuint(run.n_samples, ==, 8);
    for (uint32_t i = 0; i < 8; i++) {
        g_assert_cmpuint(run.sample[i].n, ==, 5);
        const uint32_t *expected =
            schedule->candidate + schedule->arrival[run.sample[i].query].first;
        g_assert_cmpmem(run.sample[i].item, 20, expected, 20);
    }
}

// ---- real time; no time is asserted --------------------------------------------------------

static void
real_time(void)
{
    static const char *const scenarios[] = {"scenario=server", "scenario=single", "scenario=multi",
                                            "scenario=offline"};
    const RkSyntheticSpec specs[] = {{.law = RK_SERVICE_INSTANT},
                                     {.law = RK_SERVICE_CONSTANT, .mean_ns = 20000, .capacity = 4}};
    for (size_t s = 0; s < G_N_ELEMENTS(specs); s++)
        for (size_t i = 0; i < G_N_ELEMENTS(scenarios); i++) {
            const char *const all[] = {scenarios[i], "qps=2000", "queries=300", "realtime=true",
                                       NULL};
            g_auto(RkLoadRun) run = {0};
            run_on(&specs[s], all, 0.2, &run, NULL);
            g_autofree uint64_t *latency = latencies(&run);
            g_assert_cmpuint(run.records->n_issued, >, 0);
            for (uint64_t k = 0; k < run.records->n_issued; k++)
                g_assert_cmpuint(run.records->issued_ns[k], >=, run.records->scheduled_ns[k]);
        }
}

static void
an_interrupt_keeps_what_there_is(void)
{
    static const char *const all[] = {"qps=1000", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) load = settings(all);
    g_autoptr(RkTraffic) traffic = rk_traffic_new_uniform(10, 20, 50, 7);
    g_autoptr(RkLoadSchedule) schedule =
        rk_load_schedule_new(load, traffic, 11, RK_PHASE_MEASURE, 100, &error);
    g_autoptr(RkSystem) system =
        rk_synthetic_new(&(RkSyntheticSpec){.law = RK_SERVICE_INSTANT, .simulated = TRUE});
    gint cancelled = 1;
    const RkLoadOptions options = {.system = system,
                                   .timer = rk_synthetic_timer(system),
                                   .schedule = schedule,
                                   .load = load,
                                   .seconds = 100,
                                   .cancelled = &cancelled};
    g_auto(RkLoadRun) run = {0};
    g_assert_true(rk_load_run(&options, &run, &error));
    g_assert_true(run.cancelled);
    g_assert_cmpuint(run.records->n_issued, ==, 0);
}

// ---- files ---------------------------------------------------------------------------------

static void
records_become_a_file(void)
{
    static const char *const all[] = {"qps=100", NULL};
    const RkSyntheticSpec spec = {.law = RK_SERVICE_CONSTANT, .mean_ns = 1000, .simulated = TRUE};
    g_auto(RkLoadRun) run = {0};
    run_on(&spec, all, 1, &run, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("rankine-XXXXXX", &error);
    g_autofree char *plain = g_build_filename(folder, "a.csv", NULL);
    g_autofree char *packed = g_build_filename(folder, "a.csv.gz", NULL);
    g_assert_true(rk_load_records_write(run.records, plain, &error));
    g_assert_true(rk_load_records_write(run.records, packed, &error));
    g_autofree char *text = NULL, *gzip = NULL;
    gsize n_text, n_gzip;
    g_assert_true(g_file_get_contents(plain, &text, &n_text, &error));
    g_assert_true(g_file_get_contents(packed, &gzip, &n_gzip, &error));
    g_assert_true(
        g_str_has_prefix(text, "query,scheduled_ns,issued_ns,done_ns,batch,flags,parse_ns"));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, run.records->n_issued + 2);
    g_assert_cmpuint((guchar)gzip[0], ==, 0x1f);
    g_assert_cmpuint(n_gzip, <, n_text);
    g_unlink(plain);
    g_unlink(packed);
    g_rmdir(folder);
    g_assert_false(rk_load_records_write(run.records, "/nonesuch/a.csv", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "/nonesuch/a.csv"));
    if (!g_file_test("/dev/full", G_FILE_TEST_EXISTS))
        return;
    g_clear_error(&error);
    g_assert_false(rk_load_records_write(run.records, "/dev/full", &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "make room"));
    g_assert_true(g_file_test("/dev/full", G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/spread/sorts as qsort does", sorting);
    g_test_add_func("/load/spread/percentiles are sorted[floor(n p)]", percentiles);
    g_test_add_func("/load/early/the published numbers of queries", early_stopping);
    g_test_add_func("/load/loadgen/latencies are what queueing theory says", queueing_theory);
    g_test_add_func("/load/loadgen/a stall charges all that came meanwhile", a_stall_is_seen);
    g_test_add_func("/load/loadgen/a full queue makes late and ends saturated",
                    a_full_queue_makes_late);
    g_test_add_func("/load/loadgen/closed loops and offline", closed_loops);
    g_test_add_func("/load/loadgen/answers are sampled", samples_are_kept);
    g_test_add_func("/load/loadgen/an interrupt keeps what there is",
                    an_interrupt_keeps_what_there_is);
    g_test_add_func("/load/loadgen/every scenario in real time", real_time);
    g_test_add_func("/load/records/become a file", records_become_a_file);
    return g_test_run();
}
