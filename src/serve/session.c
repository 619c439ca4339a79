// SPDX-License-Identifier: GPL-3.0-or-later
//
// Opening, flushing and closing a session.
#include "serve/session-private.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/parts.h"
#include "train/fit.h"

#include <string.h>

#define POLICIES "default|none|lru|lfu|clock|arc|tinylfu|s3fifo|sieve"

const RkParam rk_session_params[] = {
    {"k", RK_PARAM_INT, 1, 1000, "10", "items", NULL, "Items of an answer"},
    {"candidates.max", RK_PARAM_INT, 1, 100000, "1000", "items", NULL, "Most items of a query"},
    {"batch.max", RK_PARAM_INT, 1, 4096, "32", "queries", NULL, "Most queries of a batch"},
    {"batch.delay_us", RK_PARAM_INT, 0, 10000000, "500", "us", NULL,
     "How long the first query of a batch waits for more"},
    {"batch.pairs", RK_PARAM_INT, 1, 16777216, "16384", "pairs", NULL,
     "Most pairs of a query and a candidate in a batch of several queries"},
    {"batch.spin_us", RK_PARAM_INT, 0, 100000, "100", "us", NULL,
     "The serving thread spins for so long before it sleeps"},
    {"inflight", RK_PARAM_INT, 1, 16, "2", "batches", NULL, "Batches on the device at a time"},
    {"queue", RK_PARAM_INT, 1, 1 << 24, "65536", "queries", NULL,
     "Queries that may wait to be taken"},
    {"known", RK_PARAM_CHOICE, 0, 0, "before-test", NULL, "before-test|all",
     "Which events of the data users have in their past"},
    {"features.source", RK_PARAM_CHOICE, 0, 0, "memory", NULL, "memory|sqlite",
     "Where features of users and items are looked up"},
#include "serve/cache_params.def"
    {"cache.trace", RK_PARAM_INT, 0, 1 << 26, "131072", "requests", NULL,
     "Requests of each cache that are kept to tell its unique keys, the time of its policy and the "
     "best hit rate any policy could have"},
    {"cache.answers.policy", RK_PARAM_CHOICE, 0, 0, "none", NULL, POLICIES,
     "Policy of the cache of answers (default: that of cache.policy)"},
    {"cache.answers.entries", RK_PARAM_INT, 0, 1u << 30, "0", "entries", NULL,
     "Room for answers; 0 for cache.entries"},
    {"cache.answers.ttl_ms", RK_PARAM_REAL, 0, 1e12, "0", "ms", NULL,
     "How long an answer may be given again; 0 for ever"},
    {"cache.answers.key", RK_PARAM_CHOICE, 0, 0, "query", NULL, "query|user",
     "What must be the same: user and candidates, or the user alone"},
    {"cache.features.policy", RK_PARAM_CHOICE, 0, 0, "default", NULL, POLICIES,
     "Policy of the caches of users' and items' features"},
    {"cache.features.entries", RK_PARAM_INT, 0, 1u << 30, "0", "entries", NULL,
     "Room for features of users, and as much for items; 0 for cache.entries"},
    {"cache.rows.of", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|users|items|both",
     "Whose embedding tables stay outside the device, hot rows excepted"},
    {"cache.rows.policy", RK_PARAM_CHOICE, 0, 0, "default", NULL, POLICIES,
     "Policy of the caches of embedding rows"},
    {"cache.rows.rows", RK_PARAM_INT, 0, 1u << 30, "0", "rows", NULL,
     "Hot rows of each such table on the device; 0 for cache.entries"},
    {"cache.rows.source", RK_PARAM_CHOICE, 0, 0, "memory", NULL, "memory|sqlite",
     "Where the other rows are"},
    {"cache.rows.prefetch", RK_PARAM_CHOICE, 0, 0, "none", NULL, "none|popular|next",
     "Item rows fetched ahead: the most popular at first, or what most often follows a missed one"},
};
const size_t rk_n_session_params = G_N_ELEMENTS(rk_session_params);

// ---- the system ----------------------------------------------------------------------------

static uint32_t
issue(RkSystem *system, const RkQuery *queries, uint32_t n)
{
    RkSession *s = (RkSession *)system;
    uint32_t taken = rk_query_queue_push(&s->queue, queries, n);
    s->n_issued += taken;
    return taken;
}

static gboolean
flush(RkSystem *system, GError **error)
{
    RkSession *s = (RkSession *)system;
    atomic_store(&s->flushing, TRUE);
    g_mutex_lock(&s->mutex);
    while (atomic_load_explicit(&s->n_answered, memory_order_acquire) != s->n_issued) {
        rk_query_queue_wake(&s->queue);
        // The serving thread tells when it rests; a wake-up that comes too early is repeated.
        g_cond_wait_until(&s->answered, &s->mutex,
                          g_get_monotonic_time() + G_TIME_SPAN_SECOND / 50);
    }
    GError *failure = g_steal_pointer(&s->failure);
    g_mutex_unlock(&s->mutex);
    atomic_store(&s->flushing, FALSE);
    if (failure == NULL)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

// Every table's together: features and embedding rows. Answers are apart, as one stands for a whole
// query.
static void
add_overall(const RkSession *s, JsonBuilder *json)
{
    const RkTracked *all[2 + RK_N_IDS] = {rk_lookup_tracked(s->users)};
    uint32_t n = 1;
    if (s->items != NULL)
        all[n++] = rk_lookup_tracked(s->items);
    for (int ids = 0; ids < RK_N_IDS; ids++)
        if (s->rows[ids] != NULL)
            all[n++] = rk_row_cache_tracked(s->rows[ids]);
    json_builder_set_member_name(json, "overall");
    rk_tracked_sum_to_json(all, n, json);
}

static void
counters(RkSystem *system, JsonBuilder *json)
{
    RkSession *s = (RkSession *)system;
    rk_json_add_int(json, "batches", (int64_t)s->n_batches);
    rk_json_add_real(json, "batch_mean",
                     s->n_batches > 0 ? (double)s->n_queries / (double)s->n_batches : 0);
    rk_json_add_real(json, "padding",
                     s->n_rows_computed > 0 ? 1 - (double)s->n_queries / (double)s->n_rows_computed
                                            : 0);
    rk_json_add_int(json, "failed", (int64_t)s->n_failed);
    uint64_t moved = 0;
    for (int ids = 0; ids < RK_N_IDS; ids++)
        moved += s->rows[ids] != NULL ? rk_row_cache_bytes_moved(s->rows[ids]) : 0;
    rk_json_add_int(json, "bytes_moved", (int64_t)moved);
    json_builder_set_member_name(json, "cache");
    json_builder_begin_object(json);
    add_overall(s, json);
    if (s->answers != NULL) {
        json_builder_set_member_name(json, "answers");
        rk_answer_cache_to_json(s->answers, json);
    }
    json_builder_set_member_name(json, "users");
    rk_lookup_to_json(s->users, json);
    if (s->items != NULL) {
        json_builder_set_member_name(json, "items");
        rk_lookup_to_json(s->items, json);
    }
    rk_session_rows_to_json(s, json);
    json_builder_end_object(json);
    s->n_batches = s->n_queries = s->n_rows_computed = s->n_failed = 0;
}

static void
free_system(RkSystem *system)
{
    rk_session_free((RkSession *)system);
}

static const RkSystemClass CLASS = {
    .name = "session", .issue = issue, .flush = flush, .counters = counters, .free = free_system};

// ---- opening -------------------------------------------------------------------------------

static uint64_t
real_clock(gpointer data)
{
    return rk_clock_ns();
}

static void
read_settings(RkSession *s, const RkSessionOptions *o)
{
    s->set = o->set != NULL ? rk_params_copy(o->set)
                            : rk_params_new(rk_session_params, rk_n_session_params);
    s->k = (uint32_t)rk_params_int(s->set, "k");
    s->batch_max = (uint32_t)rk_params_int(s->set, "batch.max");
    s->n_slots = (uint32_t)rk_params_int(s->set, "inflight");
    s->most_candidates = (uint32_t)rk_params_int(s->set, "candidates.max");
    s->most_pairs = (uint32_t)rk_params_int(s->set, "batch.pairs");
    s->delay_ns = (uint64_t)rk_params_int(s->set, "batch.delay_us") * 1000;
    s->spin_ns = (uint64_t)rk_params_int(s->set, "batch.spin_us") * 1000;
    s->clock_ns = o->clock_ns != NULL ? o->clock_ns : real_clock;
    s->clock_data = o->clock_data;
    s->use_answers = TRUE;
}

static gboolean
open_model(RkSession *s, const RkSessionOptions *o, GError **error)
{
    g_autoptr(GError) failure = NULL;
    s->trained = rk_trained_open(s->store, s->name, o->version, error);
    if (s->trained == NULL)
        return FALSE;
    if (s->dataset == NULL && s->trained->stored->dataset == NULL) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't serve %s: it doesn't say what it was trained on. Name a dataset with "
                    "--data.",
                    s->name);
        return FALSE;
    }
    if (s->dataset == NULL)
        s->dataset = rk_dataset_open(s->store, s->trained->stored->dataset, error);
    if (s->dataset == NULL)
        return FALSE;
    const RkModel *model = s->trained->model;
    const RkParams *set = s->trained->settings->values;
    s->split = rk_fit_split(s->dataset, set, rk_trained_has_own_split(s->trained),
                            rk_trained_seed(s->trained), &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    s->pairs = !model->candidates;
    const RkTrainFeaturesOptions data = {.dataset = s->dataset,
                                         .split = s->split,
                                         .model = model,
                                         .like = s->pairs ? s->trained : NULL,
                                         .history = TRUE,
                                         .set = set,
                                         .positive_from = rk_params_real(set, "positive.from"),
                                         .cancelled = o->cancelled};
    s->features = rk_train_features_new(&data, error);
    if (s->features == NULL)
        return FALSE;
    s->features->data.form = s->trained->form;
    unsigned before = 1u << RK_PART_TRAIN | 1u << RK_PART_VALID;
    gboolean all = strcmp(rk_params_text(s->set, "known"), "all") == 0;
    s->inputs = rk_serve_inputs_new(s->features, s->pairs, all ? UINT_MAX : before, error);
    return s->inputs != NULL;
}

const char *
rk_session_policy(const RkSession *s, const char *name)
{
    const char *policy = rk_params_text(s->set, name);
    return strcmp(policy, "default") == 0 ? rk_params_text(s->set, "cache.policy") : policy;
}

uint32_t
rk_session_entries(const RkSession *s, const char *name)
{
    int64_t entries = rk_params_int(s->set, name);
    return (uint32_t)(entries > 0 ? entries : rk_params_int(s->set, "cache.entries"));
}

static gboolean
make_caches(RkSession *s, GError **error)
{
    RkLookupOptions look = {.what = "features of users",
                            .n = rk_serve_inputs_n_users(s->inputs),
                            .words = rk_serve_inputs_user_words(s->inputs),
                            .fill = rk_serve_user_record,
                            .data = s->inputs,
                            .in_database =
                                strcmp(rk_params_text(s->set, "features.source"), "sqlite") == 0,
                            .policy = rk_session_policy(s, "cache.features.policy"),
                            .entries = rk_session_entries(s, "cache.features.entries"),
                            .set = s->set};
    s->users = rk_lookup_new(&look, error);
    if (s->users == NULL)
        return FALSE;
    look.what = "features of items";
    look.n = rk_serve_inputs_n_items(s->inputs);
    look.words = rk_serve_inputs_item_words(s->inputs);
    look.fill = rk_serve_item_record;
    if (s->pairs && (s->items = rk_lookup_new(&look, error)) == NULL)
        return FALSE;
    const RkAnswerCacheOptions answers = {
        .policy = rk_session_policy(s, "cache.answers.policy"),
        .entries = rk_session_entries(s, "cache.answers.entries"),
        .k = s->k,
        .live_ns = (uint64_t)(rk_params_real(s->set, "cache.answers.ttl_ms") * 1e6),
        .by_user = strcmp(rk_params_text(s->set, "cache.answers.key"), "user") == 0,
        .set = s->set};
    if (strcmp(answers.policy, "none") == 0)
        return TRUE;
    s->answers = rk_answer_cache_new(&answers, error);
    return s->answers != NULL;
}

// Everything that a query needs on its way.
static gboolean
make_path(RkSession *s, GError **error)
{
    uint32_t n = s->n_slots * s->batch_max, user_words = rk_lookup_words(s->users);
    for (uint32_t i = 0; i < s->n_sizes; i++)
        n += s->size[i].most;
    size_t item_words = s->pairs ? (size_t)rk_lookup_words(s->items) * s->most_candidates : 0;
    s->n_pending = s->n_free = n;
    s->pending = g_new0(RkPending, n);
    s->free = g_new(RkPending *, n);
    for (uint32_t i = 0; i < n; i++) {
        s->free[i] = &s->pending[i];
        s->pending[i].user = g_try_new(uint32_t, user_words);
        s->pending[i].items = g_try_new(uint32_t, item_words + 1);
        if (s->pending[i].user == NULL || s->pending[i].items == NULL) {
            g_set_error(error, RK_ERROR, RK_ERROR_MEMORY,
                        "Can't serve: there is no memory for %u queries on their way. Lower "
                        "batch.max, inflight or candidates.max.",
                        n);
            return FALSE;
        }
    }
    s->scores = g_new(float, s->most_candidates);
    s->place = g_new(uint32_t, s->k);
    s->top = g_new(uint32_t, s->k);
    s->best = g_new(float, s->k);
    return rk_query_queue_init(&s->queue, (uint32_t)rk_params_int(s->set, "queue"), error);
}

// The first run of a plan compiles its kernels on some drivers: not on a query's time.
static gboolean
warm_up(RkSession *s, GError **error)
{
    for (uint32_t i = 0; i < s->n_slots; i++)
        for (guint p = 0; p < s->slot[i].plans->len; p++) {
            const RkServePlan *plan = &g_array_index(s->slot[i].plans, RkServePlan, p);
            RkServeSlot *slot = &s->slot[i];
            slot->active = plan;
            slot->n = 0;
            for (uint32_t z = 0; z < s->n_sizes; z++)
                if (s->size[z].feeds == plan->feeds)
                    slot->size = &s->size[z];
            if (!rk_session_feed(s, slot, error) || !rk_plan_run(plan->plan, error))
                return FALSE;
        }
    return TRUE;
}

RkSession *
rk_session_new(const RkSessionOptions *options, GError **error)
{
    g_autoptr(RkSession) s = g_new0(RkSession, 1);
    s->system.class = &CLASS;
    s->store = rk_store_ref(options->store);
    s->device = options->device;
    s->name = g_strdup(options->model);
    s->dataset = options->dataset != NULL ? rk_dataset_ref(options->dataset) : NULL;
    s->builds = g_ptr_array_new_with_free_func((GDestroyNotify)rk_model_build_free);
    g_mutex_init(&s->mutex);
    g_cond_init(&s->answered);
    read_settings(s, options);
    s->slot = g_new0(RkServeSlot, s->n_slots);
    if (!open_model(s, options, error) || !make_caches(s, error))
        return NULL;
    s->state = rk_state_new(s->device);
    if (!rk_session_make_rows(s, error) || !rk_session_compile(s, error) || !make_path(s, error) ||
        !warm_up(s, error))
        return NULL;
    s->thread = g_thread_new("serve", rk_session_serve, s);
    return g_steal_pointer(&s);
}

void
rk_session_free(RkSession *s)
{
    if (s == NULL)
        return;
    if (s->thread != NULL) {
        atomic_store(&s->stopping, TRUE);
        rk_query_queue_wake(&s->queue);
        g_thread_join(s->thread);
    }
    rk_session_clear_plans(s);
    rk_state_free(s->state);
    g_ptr_array_unref(s->builds);
    for (int ids = 0; ids < RK_N_IDS; ids++)
        rk_row_cache_free(s->rows[ids]);
    g_free((void *)s->served.features);
    g_free(s->words);
    rk_answer_cache_free(s->answers);
    rk_lookup_free(s->users);
    rk_lookup_free(s->items);
    rk_serve_inputs_free(s->inputs);
    rk_train_features_free(s->features);
    rk_split_free(s->split);
    g_clear_pointer(&s->dataset, rk_dataset_unref);
    rk_trained_free(s->trained);
    rk_query_queue_clear(&s->queue);
    for (uint32_t i = 0; i < s->n_pending; i++) {
        g_free(s->pending[i].user);
        g_free(s->pending[i].items);
    }
    g_free(s->pending);
    g_free(s->free);
    g_free(s->scores);
    g_free(s->place);
    g_free(s->top);
    g_free(s->best);
    g_clear_pointer(&s->set, rk_params_free);
    g_clear_error(&s->failure);
    g_mutex_clear(&s->mutex);
    g_cond_clear(&s->answered);
    rk_store_unref(s->store);
    g_free(s->name);
    g_free(s);
}

// ---- between runs --------------------------------------------------------------------------

RkSystem *
rk_session_system(RkSession *session)
{
    return &session->system;
}

uint32_t
rk_session_n_users(const RkSession *session)
{
    return rk_serve_inputs_n_users(session->inputs);
}

uint32_t
rk_session_n_items(const RkSession *session)
{
    return rk_serve_inputs_n_items(session->inputs);
}

const char *
rk_session_model(const RkSession *session)
{
    return session->name;
}

gboolean
rk_session_reload(RkSession *s, uint32_t version, GError **error)
{
    g_autoptr(RkTrained) other = rk_trained_open(s->store, s->name, version, error);
    return other != NULL && rk_session_load(s, other, error);
}

typedef struct {
    uint32_t *item;
    float *score;
    uint32_t n;
} Fresh;

static void
keep_fresh(gpointer data, const RkAnswer *answer)
{
    Fresh *fresh = data;
    fresh->n = answer->n;
    if (answer->n > 0) {
        memcpy(fresh->item, answer->item, answer->n * sizeof *answer->item);
        memcpy(fresh->score, answer->score, answer->n * sizeof *answer->score);
    }
}

uint32_t
rk_session_fresh(RkSession *s, const RkQuery *query, uint32_t *item, float *score, GError **error)
{
    Fresh fresh = {item, score, 0};
    RkAnswered answered = s->system.answered;
    gpointer data = s->system.answered_data;
    s->system.answered = keep_fresh;
    s->system.answered_data = &fresh;
    s->use_answers = FALSE;
    issue(&s->system, query, 1); // the queue is empty
    gboolean done = flush(&s->system, error);
    s->use_answers = TRUE;
    s->system.answered = answered;
    s->system.answered_data = data;
    return done ? fresh.n : 0;
}
