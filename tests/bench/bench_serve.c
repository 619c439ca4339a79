// SPDX-License-Identifier: GPL-3.0-or-later
//
// The served path, NeuMF on generated data:
//   overhead   what a request costs beyond the device's own time and the submit and fence of an
//              empty command buffer, one query at a time without a cache: medians of interleaved
//              rounds
//   batching   the highest rate of Poisson arrivals whose p99 latency stays under a limit, with
//              batches and with one query a batch, in turns
//   rows       the same queries with whole tables and with most rows outside the device
//   bench-serve [overhead|batching|rows]... [--limit-ms MS] [--seconds S] [--candidates N]
#include "base/clock.h"
#include "base/rng.h"
#include "gpu/record.h"
#include "serve/session.h"
#include "store/intake.h"
#include "store/parts.h"
#include "train/fit.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CANDIDATES = 100, MOST_QUERIES = 400000, TRIALS = 3 };

static gint64 limit_ms = 20;
static gint64 seconds = 3;
static gint64 n_candidates = MOST_CANDIDATES;

typedef struct {
    RkStore *store;
    RkDevice *device;
    uint32_t n_users, n_items;
    uint32_t *candidates; // [MOST_QUERIES + MOST_CANDIDATES]: a query's begin anywhere
} Rig;

static void
die(const GError *error)
{
    if (error != NULL)
        g_error("%s", error->message);
}

static void
generate(Rig *rig)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind("sequence", &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    rk_params_assign(params, "items=20000", &error);
    rk_params_assign(params, "users=5000", &error);
    g_autoptr(RkSynth) synth = rk_synth_new("sequence", params, 3, 60000, &error);
    die(error);
    g_autoptr(RkParams) split_set = rk_params_new(rk_split_params, rk_n_split_params);
    rk_params_assign(split_set, "split=all", &error);
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), split_set, 3, 0, NULL, &error);
    die(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(rig->store, "data", rk_synth_source(synth)->schema, NULL, &error);
    if (!rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, NULL, 1, NULL,
                         &error) ||
        !rk_dataset_writer_commit(writer, &error))
        die(error);
}

static void
train(Rig *rig)
{
    static const char *const SET[] = {"loss=bpr", "negatives=uniform", "epochs=1", "batch=4096",
                                      "eval.every=0"};
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDataset) data = rk_dataset_open(rig->store, "data", &error);
    const RkModel *model = rk_model_find("neumf", NULL);
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    for (size_t i = 0; i < G_N_ELEMENTS(SET); i++)
        rk_params_assign(settings->values, SET[i], &error);
    die(error);
    const RkFitOptions options = {.store = rig->store,
                                  .device = rig->device,
                                  .dataset = data,
                                  .model = model,
                                  .settings = settings,
                                  .name = "neumf",
                                  .seed = 7};
    g_auto(RkFitResult) result = {0};
    rk_fit(&options, &result, &error);
    die(error);
    rig->n_users = rk_dataset_vocabulary_size(data, "user");
    rig->n_items = rk_dataset_vocabulary_size(data, "item");
    rig->candidates = g_new(uint32_t, MOST_QUERIES + MOST_CANDIDATES);
    for (uint32_t i = 0; i < MOST_QUERIES + MOST_CANDIDATES; i++) // some items are wanted more
        rig->candidates[i] =
            (uint32_t)(pow(rk_rng_below(5, 1, i, 1 << 20) / (double)(1 << 20), 3) * rig->n_items);
}

static RkSession *
open_session(const Rig *rig, const char *const *assignments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) set = rk_params_new(rk_session_params, rk_n_session_params);
    rk_params_assign(set, "candidates.max=100", &error);
    for (int i = 0; assignments[i] != NULL; i++)
        rk_params_assign(set, assignments[i], &error);
    die(error);
    const RkSessionOptions options = {
        .store = rig->store, .device = rig->device, .model = "neumf", .set = set};
    RkSession *session = rk_session_new(&options, &error);
    die(error);
    return session;
}

static RkQuery
query_of(const Rig *rig, uint64_t id)
{
    return (RkQuery){.id = id,
                     .user = rk_rng_below(5, 2, id, rig->n_users),
                     .n_candidates = (uint32_t)n_candidates,
                     .candidates = rig->candidates + rk_rng_below(5, 3, id, MOST_QUERIES)};
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
at_share(double *values, uint32_t n, double share)
{
    qsort(values, n, sizeof *values, compare);
    return values[MIN((uint32_t)(share * n), n - 1)];
}

// ---- overhead ------------------------------------------------------------------------------

enum { ROUNDS = 20, PER_ROUND = 50, RUNS = ROUNDS * PER_ROUND };

typedef struct {
    _Atomic uint64_t n;
    RkAnswer last;
} Single;

static void
note_single(gpointer data, const RkAnswer *answer)
{
    Single *single = data;
    single->last = *answer;
    atomic_fetch_add(&single->n, 1);
}

// Spins, but lets others have the core: on a busy machine a spinning asker holds up the answer.
static void
wait_for(const Single *single, uint64_t before)
{
    while (atomic_load(&single->n) == before)
        sched_yield();
}

// The session's plan on another device of the same kind, so that the session can rest beside it.
typedef struct {
    RkDevice *device;
    RkTrained *trained;
    RkTrainFeatures *features;
    RkModelBuild *build;
    RkState *state;
    RkPlan *plan, *profiled;
    RkRecord *empty;
} Bare;

static void
open_bare(const Rig *rig, Bare *b)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDataset) data = rk_dataset_open(rig->store, "data", &error);
    b->device = rk_device_open(NULL, &error);
    die(error);
    b->trained = rk_trained_open(rig->store, "neumf", 0, &error);
    const RkTrainFeaturesOptions options = {.dataset = data,
                                            .model = b->trained->model,
                                            .set = b->trained->settings->values,
                                            .positive_from = -INFINITY};
    b->features = rk_train_features_new(&options, &error);
    die(error);
    b->build = rk_model_build_new(b->trained->model, &b->features->data,
                                  b->trained->settings->values, FALSE, &error);
    RkRef items = rk_graph_input(b->build->graph, "candidates",
                                 rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM((uint32_t)n_candidates)));
    RkRef score = b->trained->model->score(b->build, items);
    b->state = rk_state_new(b->device);
    RkPlanOptions plan = {.batch = 1, .n_outputs = 1, .outputs = &score, .profile = TRUE};
    if (!rk_state_add_graph(b->state, b->build->graph, &error) ||
        !rk_trained_load(b->trained, b->build, b->features, b->state, NULL, &error))
        die(error);
    b->profiled = rk_plan_new(b->device, b->build->graph, b->state, &plan, &error);
    die(error);
    plan.profile = FALSE;
    b->plan = rk_plan_new(b->device, b->build->graph, b->state, &plan, &error);
    die(error);
    memcpy(rk_plan_input(b->profiled, items, NULL), rig->candidates,
           (size_t)n_candidates * sizeof(uint32_t));
    memcpy(rk_plan_input(b->plan, items, NULL), rig->candidates,
           (size_t)n_candidates * sizeof(uint32_t));
    b->empty = rk_record_new(b->device, 0, &error);
    if (!rk_record_end(b->empty, &error))
        die(error);
}

static void
close_bare(Bare *b)
{
    rk_record_free(b->empty);
    rk_plan_free(b->plan);
    rk_plan_free(b->profiled);
    rk_state_free(b->state);
    rk_model_build_free(b->build);
    rk_train_features_free(b->features);
    rk_trained_free(b->trained);
    rk_device_close(b->device);
}

static double
device_us(Bare *b)
{
    g_autoptr(GError) error = NULL;
    RkPlanStep steps[64];
    double us = 0;
    uint32_t n = rk_plan_n_steps(b->profiled);
    g_assert_cmpuint(n, <=, G_N_ELEMENTS(steps));
    if (!rk_plan_run(b->profiled, &error) || !rk_plan_steps(b->profiled, steps, &error))
        die(error);
    for (uint32_t i = 0; i < n; i++)
        us += steps[i].ns * 1e-3;
    return us;
}

static double
plan_us(Bare *b)
{
    g_autoptr(GError) error = NULL;
    uint64_t start_ns = rk_clock_ns();
    if (!rk_plan_run(b->plan, &error))
        die(error);
    return (double)(rk_clock_ns() - start_ns) * 1e-3;
}

static double
empty_us(Bare *b)
{
    g_autoptr(GError) error = NULL;
    uint64_t start_ns = rk_clock_ns();
    if (!rk_record_submit(b->empty, &error) || !rk_record_wait(b->empty, &error))
        die(error);
    return (double)(rk_clock_ns() - start_ns) * 1e-3;
}

static void
measure_overhead(const Rig *rig)
{
    static const char *const SET[] = {"batch.max=1", "inflight=1", "batch.delay_us=0",
                                      "batch.spin_us=200", NULL};
    static double whole[RUNS], on_device[RUNS], empty[RUNS], stage[RK_N_STAGES][RUNS], rest[RUNS],
        plan[RUNS];
    g_autoptr(GError) error = NULL;
    g_autoptr(RkSession) session = open_session(rig, SET);
    RkSystem *system = rk_session_system(session);
    Bare bare;
    Single single = {0};
    open_bare(rig, &bare);
    system->answered = note_single;
    system->answered_data = &single;
    for (int i = -PER_ROUND; i < RUNS; i++) {
        RkQuery query = query_of(rig, (uint64_t)(i + PER_ROUND));
        uint64_t start_ns = rk_clock_ns(), before = atomic_load(&single.n);
        while (system->class->issue(system, &query, 1) == 0)
            ;
        wait_for(&single, before);
        int at = MAX(i, 0);
        whole[at] = (double)(single.last.done_ns - start_ns) * 1e-3;
        rest[at] = whole[at];
        for (int s = 0; s < RK_N_STAGES; s++) {
            stage[s][at] = single.last.stage_ns[s] * 1e-3;
            rest[at] -= s == RK_STAGE_GPU ? stage[s][at] : 0;
        }
        on_device[at] = device_us(&bare);
        empty[at] = empty_us(&bare);
        plan[at] = plan_us(&bare);
    }
    double m_whole = at_share(whole, RUNS, 0.5), m_device = at_share(on_device, RUNS, 0.5);
    double m_empty = at_share(empty, RUNS, 0.5), m_rest = at_share(rest, RUNS, 0.5);
    printf("overhead on %s: NeuMF, %d candidates, one query at a time, medians of %u\n",
           rk_device_info(rig->device)->name, (int)n_candidates, RUNS);
    printf("  request, from issue to answer            %8.1f us\n", m_whole);
    printf("    on the device, by its timestamps       %8.1f us\n", m_device);
    printf("    empty command buffer, submit and fence %8.1f us\n", m_empty);
    printf("    beyond both                            %8.1f us\n", m_whole - m_device - m_empty);
    printf("  the plan alone, submit to fence          %8.1f us\n", at_share(plan, RUNS, 0.5));
    // Timestamps make some drivers' plans take longer than the whole request does without. What
    // lies between submit and fence is the device's time and what an empty submit waits; the call
    // that submits counts as overhead.
    printf("  overhead, all but submit to fence        %8.1f us (bar: under 30: %s)\n", m_rest,
           m_rest < 30 ? "reached" : "not reached");
    for (int s = 0; s < RK_N_STAGES; s++)
        printf("    %-10s %8.1f us\n", rk_stage_name((RkStage)s), at_share(stage[s], RUNS, 0.5));
    close_bare(&bare);
}

// ---- batching ------------------------------------------------------------------------------

typedef struct {
    uint64_t start_ns;
    double *due_ns;     // [n] after the start
    double *latency_us; // [n] from when it was due
    uint32_t n;
} Open;

static void
note_open(gpointer data, const RkAnswer *answer)
{
    Open *open = data;
    open->latency_us[answer->id] =
        ((double)(answer->done_ns - open->start_ns) - open->due_ns[answer->id]) * 1e-3;
}

// p99 in ms of Poisson arrivals at a rate; gives up (INFINITY) once far behind.
static double
p99_ms(const Rig *rig, RkSession *session, double qps)
{
    g_autoptr(GError) error = NULL;
    RkSystem *system = rk_session_system(session);
    Open open = {.n = (uint32_t)MIN(qps * (double)seconds, MOST_QUERIES)};
    open.n = MAX(open.n, 500);
    open.due_ns = g_new(double, open.n);
    open.latency_us = g_new0(double, open.n);
    double at = 1e6;
    for (uint32_t i = 0; i < open.n; i++) {
        open.due_ns[i] = at;
        at -= log((rk_rng_below(9, 1, i, 1 << 24) + 1) / (double)(1 << 24)) / qps * 1e9;
    }
    system->answered = note_open;
    system->answered_data = &open;
    gboolean behind = FALSE;
    uint32_t n = 0;
    open.start_ns = rk_clock_ns();
    for (; n < open.n && !behind; n++) {
        RkQuery query = query_of(rig, n);
        double now_ns;
        while ((now_ns = (double)(rk_clock_ns() - open.start_ns)) < open.due_ns[n])
            if (open.due_ns[n] - now_ns > 150000)
                g_usleep(50);
        while (system->class->issue(system, &query, 1) == 0)
            ;
        // Behind by half a second: the queue only grows from here on.
        behind = n > 1000 && open.latency_us[n - 1000] == 0 && now_ns - open.due_ns[n - 1000] > 5e8;
    }
    if (!system->class->flush(system, &error))
        die(error);
    uint32_t warm = n / 10;
    double p99 = behind ? INFINITY : at_share(open.latency_us + warm, n - warm, 0.99) * 1e-3;
    g_free(open.due_ns);
    g_free(open.latency_us);
    return p99;
}

// Whether a rate holds the limit, at the second try if not at the first: other programs' work may
// have fallen into that.
static gboolean
holds(const Rig *rig, RkSession *session, double rate)
{
    return p99_ms(rig, session, rate) < (double)limit_ms ||
           p99_ms(rig, session, rate) < (double)limit_ms;
}

static double
highest_rate(const Rig *rig, RkSession *session)
{
    double low = 0, high = 50;
    for (; high < 100000 && holds(rig, session, high); high *= 2)
        low = high;
    for (int i = 0; i < 4 && low > 0; i++) {
        double rate = sqrt(low * high);
        if (holds(rig, session, rate))
            low = rate;
        else
            high = rate;
    }
    return low;
}

static void
measure_batching(const Rig *rig)
{
    static const char *const SETS[][4] = {
        {"batch.max=1", "batch.delay_us=0", "inflight=2", NULL},
        {"batch.max=64", "batch.delay_us=2000", "inflight=2", NULL}};
    double rate[2], ratio[TRIALS];
    uint32_t n = 0;
    printf("batching on %s: NeuMF, %d candidates, p99 under %d ms\n",
           rk_device_info(rig->device)->name, (int)n_candidates, (int)limit_ms);
    for (int round = 0; round < TRIALS; round++) {
        for (int i = 0; i < 2; i++) {
            g_autoptr(RkSession) session = open_session(rig, SETS[i]);
            rate[i] = highest_rate(rig, session);
        }
        printf("  round %d: %8.0f qps one by one, %8.0f qps in batches of up to 64", round + 1,
               rate[0], rate[1]);
        if (rate[0] > 0 && rate[1] > 0)
            printf(": %.2f times\n", ratio[n++] = rate[1] / rate[0]);
        else // the machine was too busy even for the lowest rate
            printf(": not valid, no rate held\n");
    }
    if (n > 0)
        printf("  median of %u valid rounds: %.2f times (bar: 3)\n", n, at_share(ratio, n, 0.5));
}

// ---- rows ----------------------------------------------------------------------------------

static void
measure_rows(const Rig *rig)
{
    static const char *const SETS[][5] = {
        {"cache.rows.of=none", NULL},
        {"cache.rows.of=both", "cache.rows.policy=lru", "cache.rows.rows=2000", NULL},
        {"cache.rows.of=both", "cache.rows.policy=s3fifo", "cache.rows.rows=2000", NULL},
        {"cache.rows.of=both", "cache.rows.policy=s3fifo", "cache.rows.rows=2000",
         "cache.rows.source=sqlite", NULL},
        {"cache.rows.of=both", "cache.rows.policy=s3fifo", "cache.rows.rows=2000",
         "cache.rows.prefetch=popular", NULL}};
    printf("rows on %s: NeuMF, %d candidates of 20000 items, 4000 queries one by one\n",
           rk_device_info(rig->device)->name, (int)n_candidates);
    for (size_t i = 0; i < G_N_ELEMENTS(SETS); i++) {
        static double latency[4000];
        Single single = {0};
        g_autoptr(GString) name = g_string_new(NULL);
        const char *set[8] = {"batch.max=1", "batch.delay_us=0", "inflight=1"};
        for (int k = 0; SETS[i][k] != NULL; k++) {
            set[3 + k] = SETS[i][k];
            g_string_append_printf(name, "%s ", SETS[i][k] + strlen("cache.rows."));
        }
        g_autoptr(RkSession) session = open_session(rig, set);
        RkSystem *system = rk_session_system(session);
        system->answered = note_single;
        system->answered_data = &single;
        for (uint64_t q = 0; q < G_N_ELEMENTS(latency); q++) {
            RkQuery query = query_of(rig, q);
            uint64_t before = atomic_load(&single.n), start_ns = rk_clock_ns();
            while (system->class->issue(system, &query, 1) == 0)
                ;
            wait_for(&single, before);
            latency[q] = (double)(single.last.done_ns - start_ns) * 1e-3;
        }
        g_autoptr(JsonBuilder) json = json_builder_new();
        json_builder_begin_object(json);
        system->class->flush(system, NULL);
        system->class->counters(system, json);
        json_builder_end_object(json);
        g_autoptr(JsonNode) root = json_builder_get_root(json);
        JsonObject *cache = json_object_get_object_member(json_node_get_object(root), "cache");
        printf("  %-58s p50 %7.1f us, p99 %7.1f us", name->str,
               at_share(latency, G_N_ELEMENTS(latency), 0.5),
               at_share(latency, G_N_ELEMENTS(latency), 0.99));
        if (json_object_has_member(cache, "item_rows")) {
            JsonObject *rows = json_object_get_object_member(cache, "item_rows");
            printf(", hits %.3f, miss %.2f us, moved %.1f MB",
                   json_object_get_double_member(rows, "hit_rate"),
                   json_object_get_double_member(rows, "miss_us"),
                   (double)json_object_get_int_member(rows, "bytes_moved") * 1e-6);
        }
        printf("\n");
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*measure)(const Rig *);
    } PARTS[] = {
        {"overhead", measure_overhead}, {"batching", measure_batching}, {"rows", measure_rows}};
    const GOptionEntry entries[] = {
        {"limit-ms", 0, 0, G_OPTION_ARG_INT64, &limit_ms, "Limit of p99", "MS"},
        {"candidates", 0, 0, G_OPTION_ARG_INT64, &n_candidates, "Of a query, 1 to 100", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_INT64, &seconds, "Length of a trial", "S"},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new("[overhead|batching|rows]...");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die(error);
    if (n_candidates < 1 || n_candidates > MOST_CANDIDATES)
        g_error("--candidates is from 1 to %d", MOST_CANDIDATES);
    setvbuf(stdout, NULL, _IOLBF, 0);
    Rig rig = {.store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error)};
    rig.device = rk_device_open(NULL, &error);
    die(error);
    generate(&rig);
    train(&rig);
    for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++)
        if (argc < 2 || g_strv_contains((const char *const *)argv, PARTS[i].name))
            PARTS[i].measure(&rig);
    g_free(rig.candidates);
    rk_device_close(rig.device);
    rk_store_unref(rig.store);
    return 0;
}
