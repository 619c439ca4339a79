// SPDX-License-Identifier: GPL-3.0-or-later
//
// A trained model served. Its answers are checked against scores that are computed here from the
// stored weights (MF), and against the session's own without caches and batches.
#include "serve/session.h"

#include "base/rng.h"
#include "serve/select.h"
#include "store/intake.h"
#include "store/parts.h"
#include "train/fit.h"
#include "train/scorer.h"

#include <math.h>
#include <string.h>

enum { N_QUERIES = 64, MOST = 24, K = 5 };

static RkDevice *device;

typedef struct {
    RkStore *store;
    RkDataset *dataset;
    RkSplit *split;
    RkTrained *trained;
    const RkTrained *before; // what an update starts from
    const char *model;
    uint32_t version; // to be served
    gboolean update;  // the next model is a version of what is there
    uint32_t n_users, n_items;
} Rig;

static void
generate(RkStore *store, const char *kind, const char *split_text)
{
    g_autoptr(GError) error = NULL;
    const RkParam *table;
    size_t n;
    rk_synth_kind(kind, &table, &n, NULL, NULL, NULL);
    g_autoptr(RkParams) params = rk_params_new(table, n);
    g_autoptr(RkParams) split_set = rk_params_new(rk_split_params, rk_n_split_params);
    rk_params_assign(split_set, split_text, &error);
    g_autoptr(RkSynth) synth = rk_synth_new(kind, params, 3, 3000, &error);
    g_assert_no_error(error);
    g_autoptr(RkSplit) split =
        rk_split_build(rk_synth_source(synth), split_set, 3,
                       rk_synth_vocabulary_size(synth, "user"), NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RkDatasetWriter) writer =
        rk_dataset_writer_new(store, "data", rk_synth_source(synth)->schema, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(rk_intake_synth(writer, rk_dataset_writer_chunks(writer), synth, split, NULL, 1,
                                  NULL, &error));
    g_assert_true(rk_dataset_writer_commit(writer, &error));
}

static void
fit(Rig *rig, const char *name, const char *const *assignments)
{
    g_autoptr(GError) error = NULL;
    const RkModel *model = rk_model_find(name, &error);
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    for (int i = 0; assignments[i] != NULL; i++)
        rk_params_assign(settings->values, assignments[i], &error);
    g_assert_no_error(error);
    const RkFitOptions options = {.store = rig->store,
                                  .device = device,
                                  .dataset = rig->dataset,
                                  .model = model,
                                  .settings = settings,
                                  .name = name,
                                  .update = rig->update,
                                  .from = rig->update ? rig->before : NULL,
                                  .seed = 7};
    g_auto(RkFitResult) result = {0};
    rk_fit(&options, &result, &error);
    g_assert_no_error(error);
    rig->trained = rk_trained_open(rig->store, name, 0, &error);
    g_assert_no_error(error);
}

static void
set_up_on(Rig *rig, const char *model, const char *kind, const char *split)
{
    static const char *const rows[] = {
        "epochs=1",          "dim=4", "layers=8", "batch=512", "eval.every=0", "label.binary=true",
        "label.threshold=3", NULL};
    static const char *const clicks[] = {"epochs=1",  "dim=4",        "layers=8",
                                         "batch=512", "eval.every=0", NULL};
    static const char *const pairs[] = {"loss=bpr", "negatives=uniform", "epochs=1", "batch=256",
                                        "dim=8",    "eval.every=0",      NULL};
    static const char *const sequences[] = {"epochs=1", "dim=8",        "history=12",
                                            "blocks=1", "eval.every=0", NULL};
    g_autoptr(GError) error = NULL;
    *rig = (Rig){.model = model, .store = rk_store_open(":memory:", RK_STORE_DEFAULT, &error)};
    g_assert_no_error(error);
    generate(rig->store, kind, split);
    rig->dataset = rk_dataset_open(rig->store, "data", &error);
    rig->split = rk_dataset_split(rig->dataset, &error);
    g_assert_no_error(error);
    rig->n_users = rk_dataset_vocabulary_size(rig->dataset, "user");
    rig->n_items = rk_dataset_vocabulary_size(rig->dataset, "item");
    const char *const *how = strcmp(kind, "ctr") == 0        ? clicks
                             : strcmp(kind, "sequence") != 0 ? rows
                             : strcmp(model, "sasrec") == 0  ? sequences
                                                             : pairs;
    fit(rig, model, how);
}

static void
set_up(Rig *rig, const char *model)
{
    set_up_on(rig, model, "sequence", "split=leave-last-two");
}

static void
tear_down(Rig *rig)
{
    rk_trained_free(rig->trained);
    rk_split_free(rig->split);
    rk_dataset_unref(rig->dataset);
    rk_store_unref(rig->store);
}

static RkSystem *
serve(Rig *rig, const char *const *assignments, uint64_t (*now_ns)(gpointer), gpointer now_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) set = rk_params_new(rk_session_params, rk_n_session_params);
    rk_params_assign(set, "candidates.max=24", &error);
    rk_params_assign(set, "batch.max=3", &error); // each size of batch is a plan to compile
    rk_params_assign(set, "inflight=1", &error);
    rk_params_assign(set, "k=5", &error);
    for (int i = 0; assignments[i] != NULL; i++)
        rk_params_assign(set, assignments[i], &error);
    g_assert_no_error(error);
    const RkSessionOptions options = {.store = rig->store,
                                      .device = device,
                                      .dataset = rig->dataset,
                                      .model = rig->model,
                                      .version = rig->version,
                                      .set = set,
                                      .clock_ns = now_ns,
                                      .clock_data = now_data};
    RkSession *session = rk_session_new(&options, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rk_session_n_users(session), ==, rig->n_users);
    return rk_session_system(session);
}

// ---- queries and their answers -------------------------------------------------------------

typedef struct {
    RkQuery query[N_QUERIES];
    uint32_t candidate[N_QUERIES][MOST];
    uint32_t n[N_QUERIES], item[N_QUERIES][K], flags[N_QUERIES], batch[N_QUERIES];
    float score[N_QUERIES][K];
    uint32_t stage_ns[N_QUERIES][RK_N_STAGES];
    gint n_answers;
} Talk;

static void
note(gpointer data, const RkAnswer *answer)
{
    Talk *talk = data;
    uint64_t i = answer->id;
    g_assert_cmpuint(i, <, N_QUERIES);
    talk->n[i] = answer->n;
    talk->flags[i] = answer->flags;
    talk->batch[i] = answer->batch;
    memcpy(talk->stage_ns[i], answer->stage_ns, sizeof answer->stage_ns);
    if (answer->n > 0) {
        memcpy(talk->item[i], answer->item, answer->n * sizeof *answer->item);
        memcpy(talk->score[i], answer->score, answer->n * sizeof *answer->score);
    }
    g_atomic_int_inc(&talk->n_answers);
}

static Talk *
new_talk(const Rig *rig, RkSystem *system)
{
    Talk *talk = g_new0(Talk, 1);
    for (uint32_t i = 0; i < N_QUERIES; i++) {
        uint32_t n = 1 + rk_rng_below(1, 1, i, MOST), first = rk_rng_below(1, 2, i, rig->n_items);
        for (uint32_t c = 0; c < n; c++) // no item twice
            talk->candidate[i][c] = (first + 7 * c) % rig->n_items;
        talk->query[i] = (RkQuery){.id = i,
                                   .user = rk_rng_below(1, 3, i, rig->n_users),
                                   .n_candidates = n,
                                   .candidates = talk->candidate[i]};
    }
    system->answered = note;
    system->answered_data = talk;
    return talk;
}

static void
ask_all(RkSystem *system, Talk *talk)
{
    g_autoptr(GError) error = NULL;
    talk->n_answers = 0;
    g_assert_cmpuint(system->class->issue(system, talk->query, N_QUERIES), ==, N_QUERIES);
    g_assert_true(system->class->flush(system, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_atomic_int_get(&talk->n_answers), ==, N_QUERIES);
}

// Scores in another batch may round otherwise; only nearly equal ones may change places.
static void
assert_is_fresh(RkSystem *system, const Talk *talk)
{
    g_autoptr(GError) error = NULL;
    for (uint32_t i = 0; i < N_QUERIES; i++) {
        uint32_t item[K];
        float score[K];
        uint32_t n = rk_session_fresh((RkSession *)system, &talk->query[i], item, score, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(n, ==, MIN(K, talk->query[i].n_candidates));
        g_assert_cmpuint(talk->n[i], ==, n);
        for (uint32_t k = 0; k < n; k++) {
            g_assert_cmpfloat_with_epsilon(talk->score[i][k], score[k], 1e-5);
            if (talk->item[i][k] != item[k])
                g_assert_true((k > 0 && score[k - 1] - score[k] < 1e-5f) ||
                              (k + 1 < n && score[k] - score[k + 1] < 1e-5f) || k + 1 == n);
        }
    }
}

static float
mf_score(const RkWeights *w, uint32_t user, uint32_t item)
{
    const RkWeight *p = rk_weights_find(w, "user.weight"), *q = rk_weights_find(w, "item.weight");
    uint32_t dim = p->type.dim[1];
    const float *bu = rk_weights_find(w, "user.bias")->packed;
    const float *bi = rk_weights_find(w, "item.bias")->packed;
    const float *mean = rk_weights_find(w, "mean")->packed;
    double sum = (double)*mean + bu[user] + bi[item];
    for (uint32_t d = 0; d < dim; d++)
        sum += (double)((const float *)p->packed)[(size_t)user * dim + d] *
               ((const float *)q->packed)[(size_t)item * dim + d];
    return (float)sum;
}

static void
answers_are_the_best_of_the_candidates(void)
{
    static const char *const set[] = {"batch.max=8", NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up(&rig, "mf");
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_autofree Talk *talk = new_talk(&rig, system);
    g_autoptr(RkWeights) w = rk_trained_weights(rig.trained, &error);
    ask_all(system, talk);
    uint32_t largest = 0;
    for (uint32_t i = 0; i < N_QUERIES; i++) {
        const RkQuery *q = &talk->query[i];
        g_assert_cmpuint(talk->n[i], ==, MIN(K, q->n_candidates));
        for (uint32_t k = 0; k < talk->n[i]; k++) {
            uint32_t n_above = 0;
            float own = mf_score(w, q->user, talk->item[i][k]);
            g_assert_cmpfloat_with_epsilon(talk->score[i][k], own, 1e-5);
            for (uint32_t c = 0; c < q->n_candidates; c++)
                n_above += mf_score(w, q->user, q->candidates[c]) > own + 2e-5f;
            g_assert_cmpuint(n_above, <=, k);
        }
        largest = MAX(largest, talk->batch[i]);
        g_assert_cmpuint(talk->stage_ns[i][RK_STAGE_GPU], >, 0);
    }
    g_assert_cmpuint(largest, ==, 8); // sixty-four came at once
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

static void
any_batching_gives_the_same_answers(gconstpointer model)
{
    static const char *const sets[][3] = {{"batch.max=5", "inflight=1", NULL},
                                          {"batch.max=8", "inflight=3", NULL}};
    Rig rig;
    set_up(&rig, model);
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(RkSystem) system = serve(&rig, sets[i], NULL, NULL);
        g_autofree Talk *talk = new_talk(&rig, system);
        ask_all(system, talk);
        ask_all(system, talk);
        assert_is_fresh(system, talk);
    }
    tear_down(&rig);
}

static void
features_come_from_their_cache(void)
{
    static const char *const set[] = {"cache.features.policy=lru", "cache.features.entries=4",
                                      NULL};
    Rig rig;
    set_up(&rig, "sasrec");
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_autofree Talk *talk = new_talk(&rig, system);
    for (uint32_t i = 0; i < N_QUERIES; i++) // three users who come again and again
        talk->query[i].user = i % 3;
    ask_all(system, talk);
    assert_is_fresh(system, talk);
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    system->class->counters(system, json);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    JsonObject *cache = json_object_get_object_member(json_node_get_object(root), "cache");
    JsonObject *features = json_object_get_object_member(cache, "users");
    g_assert_cmpint(json_object_get_int_member(features, "requests"), ==, 2 * N_QUERIES);
    g_assert_cmpfloat_with_epsilon(json_object_get_double_member(features, "hit_rate"),
                                   (2 * N_QUERIES - 3.0) / (2 * N_QUERIES), 1e-9);
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

static uint64_t
told_time(gpointer data)
{
    return *(const uint64_t *)data;
}

static void
answers_age(void)
{
    static const char *const set[] = {"cache.answers.policy=lru", "cache.answers.entries=100",
                                      "cache.answers.ttl_ms=10", NULL};
    uint64_t now_ns = 1000000000;
    Rig rig;
    set_up(&rig, "mf");
    g_autoptr(RkSystem) system = serve(&rig, set, told_time, &now_ns);
    g_autofree Talk *talk = new_talk(&rig, system);
    ask_all(system, talk);
    for (uint32_t i = 0; i < N_QUERIES; i++)
        g_assert_cmpuint(talk->flags[i], ==, 0);
    now_ns += 9999999; // just under ten milliseconds
    ask_all(system, talk);
    for (uint32_t i = 0; i < N_QUERIES; i++) {
        g_assert_cmpuint(talk->flags[i], ==, RK_ANSWER_CACHED);
        g_assert_cmpuint(talk->batch[i], ==, 0);
    }
    assert_is_fresh(system, talk);
    now_ns += 1;
    ask_all(system, talk);
    for (uint32_t i = 0; i < N_QUERIES; i++)
        g_assert_cmpuint(talk->flags[i], ==, 0);
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

static void
what_cannot_be_answered_is_refused(void)
{
    static const char *const set[] = {NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up(&rig, "mf");
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_autofree Talk *talk = new_talk(&rig, system);
    const struct {
        uint32_t user, n, candidate;
        const char *says;
    } BAD[] = {{rig.n_users, 1, 0, "user"},
               {0, 0, 0, "candidates"},
               {0, MOST + 1, 0, "candidates.max"},
               {0, 1, rig.n_items, "item"}};
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        uint32_t many[MOST + 1] = {BAD[i].candidate};
        const RkQuery query = {
            .id = i, .user = BAD[i].user, .n_candidates = BAD[i].n, .candidates = many};
        g_assert_cmpuint(system->class->issue(system, &query, 1), ==, 1);
        g_assert_false(system->class->flush(system, &error));
        g_assert_nonnull(strstr(error->message, BAD[i].says));
        g_assert_cmpuint(talk->flags[i], ==, RK_ANSWER_FAILED);
        g_clear_error(&error);
    }
    ask_all(system, talk); // it goes on afterwards
    assert_is_fresh(system, talk);
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

static void
a_full_queue_takes_no_more(void)
{
    static const char *const set[] = {"queue=2", "batch.max=1", "inflight=1", NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up(&rig, "mf");
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_autofree Talk *talk = new_talk(&rig, system);
    uint32_t taken = 0, n_refused = 0;
    while (taken < N_QUERIES) {
        uint32_t n = system->class->issue(system, talk->query + taken, N_QUERIES - taken);
        n_refused += taken + n < N_QUERIES;
        taken += n;
    }
    g_assert_cmpuint(n_refused, >, 0);
    g_assert_true(system->class->flush(system, &error));
    g_assert_cmpint(g_atomic_int_get(&talk->n_answers), ==, N_QUERIES);
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

// SwiftShader takes tens of seconds to train and compile what lavapipe does in one: there the path
// is tested with MF alone.
static gboolean
is_slow(void)
{
    return strstr(rk_device_info(device)->name, "SwiftShader") != NULL;
}

// ---- rows that aren't on the device --------------------------------------------------------

static JsonObject *
count(RkSystem *system, JsonNode **root)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    system->class->counters(system, json);
    json_builder_end_object(json);
    *root = json_builder_get_root(json);
    return json_object_get_object_member(json_node_get_object(*root), "cache");
}

// One query a batch, so that both have the same shapes and the same bits are due.
static void
rows_of_a_cache_score_the_same_bits(gconstpointer model)
{
    static const char *const whole[] = {"batch.max=1", "inflight=1", NULL};
    static const char *const parts[][6] = {
        {"cache.rows.of=both", "cache.rows.policy=lru", "cache.rows.rows=40",
         "cache.rows.prefetch=next", NULL},
        {"cache.rows.of=both", "cache.rows.policy=tinylfu", "cache.rows.rows=40",
         "cache.rows.prefetch=popular", NULL},
        {"cache.rows.of=items", "cache.rows.policy=s3fifo", "cache.rows.rows=1",
         "cache.rows.source=sqlite", NULL},
        {"cache.rows.of=both", "cache.rows.policy=none", NULL},
        {"cache.rows.of=items", "cache.rows.policy=sieve", "cache.rows.rows=1000000", NULL}};
    Rig rig;
    set_up(&rig, model);
    g_autoptr(RkSystem) system = serve(&rig, whole, NULL, NULL);
    g_autofree Talk *all = new_talk(&rig, system);
    ask_all(system, all);
    rk_system_free(g_steal_pointer(&system));
    for (size_t i = 0; i < (is_slow() ? 1 : G_N_ELEMENTS(parts)); i++) {
        const char *set[9] = {"batch.max=1", "inflight=3"};
        for (int k = 0; parts[i][k] != NULL; k++)
            set[2 + k] = parts[i][k];
        g_autoptr(RkSystem) cached = serve(&rig, set, NULL, NULL);
        g_autofree Talk *talk = new_talk(&rig, cached);
        for (int round = 0; round < 2; round++) {
            ask_all(cached, talk);
            g_assert_cmpmem(talk->item, sizeof talk->item, all->item, sizeof all->item);
            g_assert_cmpmem(talk->score, sizeof talk->score, all->score, sizeof all->score);
        }
        g_autoptr(JsonNode) root = NULL;
        JsonObject *items = json_object_get_object_member(count(cached, &root), "item_rows");
        g_assert_cmpint(json_object_get_int_member(items, "lookups"), >, 0);
        g_assert_cmpint(json_object_get_int_member(items, "bytes_moved"), >, 0);
        if (strcmp(parts[i][1], "cache.rows.policy=none") == 0)
            g_assert_cmpint(json_object_get_int_member(items, "hits"), ==, 0);
        if (strcmp(parts[i][1], "cache.rows.policy=sieve") == 0) // there is room for all
            g_assert_cmpint(json_object_get_int_member(items, "evictions"), ==, 0);
    }
    tear_down(&rig);
}

static void
codes_that_name_rows_stay_on_the_device(void)
{
    static const char *const how[] = {"neighbours=3", NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up(&rig, "mf");
    rk_trained_free(rig.trained);
    fit(&rig, "item-knn", how);
    g_autoptr(RkParams) set = rk_params_new(rk_session_params, rk_n_session_params);
    rk_params_assign(set, "cache.rows.of=items", &error);
    const RkSessionOptions options = {
        .store = rig.store, .device = device, .model = "item-knn", .set = set};
    g_assert_null(rk_session_new(&options, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "cache.rows.of"));
    tear_down(&rig);
}

// ---- models of whole rows ------------------------------------------------------------------

static RkScores *
score_test_rows(const Rig *rig, RkState **state, RkTrainFeatures **features)
{
    g_autoptr(GError) error = NULL;
    const RkTrainFeaturesOptions data = {.dataset = rig->dataset,
                                         .split = rig->split,
                                         .model = rig->trained->model,
                                         .like = rig->trained,
                                         .set = rig->trained->settings->values,
                                         .positive_from = -INFINITY};
    *features = rk_train_features_new(&data, &error);
    g_assert_no_error(error);
    g_autoptr(RkModelBuild) build = rk_model_build_new(rig->trained->model, &(*features)->data,
                                                       rig->trained->settings->values, FALSE, NULL);
    rig->trained->model->score(build, RK_NONE);
    *state = rk_state_new(device);
    g_assert_true(rk_state_add_graph(*state, build->graph, &error));
    g_assert_true(rk_trained_load(rig->trained, build, *features, *state, NULL, &error));
    const RkScorerOptions options = {.device = device,
                                     .model = rig->trained->model,
                                     .set = rig->trained->settings->values,
                                     .features = *features,
                                     .state = *state,
                                     .part = RK_PART_TEST};
    RkScores *scores = rk_scores_new(&options, &error);
    g_assert_no_error(error);
    return scores;
}

// Without an item field events themselves are ranked; they score as evaluation scores them.
static void
events_score_as_in_evaluation(void)
{
    static const char *const set[] = {"batch.max=1", "k=24", NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up_on(&rig, "deepfm", "ctr", "split=random");
    // The device is the session's while it is open: what is expected is computed before.
    RkState *state;
    RkTrainFeatures *features;
    g_autoptr(RkScores) scores = score_test_rows(&rig, &state, &features);
    rk_state_free(state);
    rk_train_features_free(features);
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_assert_cmpuint(rk_session_n_items((RkSession *)system), ==, 3000);
    uint32_t n = MIN((uint32_t)scores->n, MOST), item[MOST];
    float score[MOST];
    const RkQuery query = {.user = UINT32_MAX, .n_candidates = n, .candidates = scores->row};
    g_assert_cmpuint(rk_session_fresh((RkSession *)system, &query, item, score, &error), ==, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = 0;
        while (scores->row[at] != item[i])
            at++;
        g_assert_cmpfloat_with_epsilon(score[i], scores->score[at], 1e-5);
    }
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

// Fields of the user, of the item, a bag of genres; from memory and from a database.
static void
pairs_are_served_with_all_their_fields(void)
{
    static const char *const sets[][6] = {{"batch.max=1", NULL},
                                          {"batch.max=4", "features.source=sqlite",
                                           "cache.features.policy=arc", "cache.features.entries=16",
                                           "cache.trace=1000", NULL},
                                          {"batch.max=8", "cache.rows.of=both",
                                           "cache.rows.policy=clock", "cache.rows.rows=30", NULL}};
    Rig rig;
    set_up_on(&rig, "deepfm", "ratings", "split=random");
    g_autofree Talk *first = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(RkSystem) system = serve(&rig, sets[i], NULL, NULL);
        g_autofree Talk *talk = new_talk(&rig, system);
        talk->query[0].user = UINT32_MAX; // an unknown one is served as well
        ask_all(system, talk);
        assert_is_fresh(system, talk);
        for (uint32_t q = 0; first != NULL && q < N_QUERIES; q++)
            for (uint32_t k = 0; k < talk->n[q]; k++)
                g_assert_cmpfloat_with_epsilon(talk->score[q][k], first->score[q][k], 1e-5);
        if (i == 1) {
            g_autoptr(JsonNode) root = NULL;
            JsonObject *items = json_object_get_object_member(count(system, &root), "items");
            double rate = json_object_get_double_member(items, "hit_rate");
            g_assert_cmpfloat(rate, >, 0);
            g_assert_cmpfloat(json_object_get_double_member(items, "bound_hit_rate"), >=, rate);
            g_assert_cmpfloat(json_object_get_double_member(items, "policy_ns"), >, 0);
        }
        if (first == NULL)
            first = g_steal_pointer(&talk);
    }
    tear_down(&rig);
}

// ---- what age costs ------------------------------------------------------------------------

static void
a_stale_answer_is_seen_beside_a_fresh_one(void)
{
    static const char *const set[] = {"cache.answers.policy=lru", "cache.answers.entries=100",
                                      NULL};
    static const char *const other[] = {"loss=bpr", "negatives=uniform", "epochs=2", "batch=256",
                                        "dim=8",    "eval.every=0",      "lr=0.1",   NULL};
    g_autoptr(GError) error = NULL;
    Rig rig;
    set_up(&rig, "mf");
    // The next version, kept before the session has the device.
    g_autoptr(RkTrained) before = g_steal_pointer(&rig.trained);
    rig.update = TRUE;
    rig.before = before;
    fit(&rig, "mf", other);
    rig.version = 1;
    g_autoptr(RkSystem) system = serve(&rig, set, NULL, NULL);
    g_autofree Talk *talk = new_talk(&rig, system);
    ask_all(system, talk);
    assert_is_fresh(system, talk);
    g_assert_true(rk_session_reload((RkSession *)system, 2, &error));
    ask_all(system, talk);
    double overlap = 0, ndcg = 0;
    for (uint32_t i = 0; i < N_QUERIES; i++) {
        uint32_t item[K];
        float score[K];
        g_assert_cmpuint(talk->flags[i], ==, RK_ANSWER_CACHED);
        uint32_t n = rk_session_fresh((RkSession *)system, &talk->query[i], item, score, &error);
        RkAgreement agreement = rk_lists_agree(talk->item[i], talk->n[i], item, n);
        overlap += agreement.overlap / N_QUERIES;
        ndcg += agreement.ndcg / N_QUERIES;
    }
    g_assert_cmpfloat(overlap, <, 0.95); // it was trained further, and answers weren't
    g_assert_cmpfloat(ndcg, <, 0.95);
    g_assert_cmpfloat(overlap, >, 0);
    g_assert_false(rk_session_reload((RkSession *)system, 9, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    rk_system_free(g_steal_pointer(&system));
    tear_down(&rig);
}

static void
settings_that_cannot_be_are_refused(void)
{
    const struct {
        const char *model, *set[3];
        int code;
        const char *says;
    } BAD[] = {{"mf",
                {"cache.answers.policy=lru", "cache.answers.entries=1000000000", "k=1000"},
                RK_ERROR_MEMORY,
                "entries"},
               {"nobody", {"k=1"}, RK_ERROR_NOT_FOUND, "nobody"},
               {"mf",
                {"cache.features.policy=lru", "cache.features.entries=1000000000", "k=1"},
                RK_ERROR_MEMORY,
                "entries"}};
    Rig rig;
    set_up(&rig, "mf");
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkParams) set = rk_params_new(rk_session_params, rk_n_session_params);
        for (int k = 0; k < 3 && BAD[i].set[k] != NULL; k++)
            rk_params_assign(set, BAD[i].set[k], NULL);
        const RkSessionOptions options = {
            .store = rig.store, .device = device, .model = BAD[i].model, .set = set};
        g_assert_null(rk_session_new(&options, &error));
        g_assert_error(error, RK_ERROR, BAD[i].code);
        g_assert_nonnull(strstr(error->message, BAD[i].says));
    }
    tear_down(&rig);
}

static void
a_dataset_without_its_fields_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    Rig rows, pairs;
    set_up_on(&rows, "deepfm", "ctr", "split=random");
    set_up(&pairs, "mf");
    const RkSessionOptions options = {
        .store = rows.store, .device = device, .model = "deepfm", .dataset = pairs.dataset};
    g_assert_null(rk_session_new(&options, &error));
    g_assert_nonnull(error);
    g_assert_cmpint((int)strlen(error->message), >, 20);
    tear_down(&rows);
    tear_down(&pairs);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    device = rk_device_open(NULL, &error);
    g_assert_no_error(error);
    g_test_add_func("/serve/session/answers are the best of the candidates",
                    answers_are_the_best_of_the_candidates);
    g_test_add_data_func("/serve/session/mf: any batching gives the same answers", "mf",
                         any_batching_gives_the_same_answers);
    if (!is_slow())
        g_test_add_data_func("/serve/session/sasrec: any batching gives the same answers", "sasrec",
                             any_batching_gives_the_same_answers);
    g_test_add_func("/serve/session/features come from their cache",
                    features_come_from_their_cache);
    g_test_add_func("/serve/session/answers age", answers_age);
    g_test_add_func("/serve/session/what can't be answered is refused",
                    what_cannot_be_answered_is_refused);
    g_test_add_func("/serve/session/a full queue takes no more", a_full_queue_takes_no_more);
    g_test_add_data_func("/serve/session/mf: rows of a cache score the same bits", "mf",
                         rows_of_a_cache_score_the_same_bits);
    if (!is_slow())
        g_test_add_data_func("/serve/session/neumf: rows of a cache score the same bits", "neumf",
                             rows_of_a_cache_score_the_same_bits);
    if (!is_slow())
        g_test_add_data_func("/serve/session/sasrec: rows of a cache score the same bits", "sasrec",
                             rows_of_a_cache_score_the_same_bits);
    if (!is_slow())
        g_test_add_func("/serve/session/codes that name rows stay on the device",
                        codes_that_name_rows_stay_on_the_device);
    if (!is_slow())
        g_test_add_func("/serve/session/events score as in evaluation",
                        events_score_as_in_evaluation);
    if (!is_slow())
        g_test_add_func("/serve/session/pairs are served with all their fields",
                        pairs_are_served_with_all_their_fields);
    if (!is_slow())
        g_test_add_func("/serve/session/a stale answer is seen beside a fresh one",
                        a_stale_answer_is_seen_beside_a_fresh_one);
    g_test_add_func("/serve/session/settings that can't be are refused",
                    settings_that_cannot_be_are_refused);
    if (!is_slow())
        g_test_add_func("/serve/session/a dataset without its fields is refused",
                        a_dataset_without_its_fields_is_refused);
    int failed = g_test_run();
    rk_device_close(device);
    return failed;
}
