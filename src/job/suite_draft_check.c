// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the suite's parser says about a draft, and where; what a suite takes; what can be swept.
#include "job/suite_draft.h"

#include "job/suite_run.h"

#include <string.h>

#define FILE_NAME "sweep"
#define PREFIX    "Can't run " FILE_NAME ": " // of the parser's errors

static const char *const PARTS[RK_N_DRAFT_PARTS] = {
    [RK_DRAFT_SWEEP] = "sweep",
    [RK_DRAFT_SERVE] = "serve",
    [RK_DRAFT_LOAD] = "load",
    [RK_DRAFT_GATES] = "gates",
};

// Whether a message is about that path, or what is below it.
static gboolean
is_at(const char *message, const char *path)
{
    const size_t n = strlen(path);
    return strncmp(message, path, n) == 0 &&
           (message[n] == ' ' || message[n] == '[' || message[n] == '.');
}

// A name may be another's beginning: the longest is meant.
static void
find_row(const RkSuiteDraft *draft, RkDraftMistake *mistake)
{
    size_t longest = 0;
    for (RkDraftPart part = 0; part < RK_N_DRAFT_PARTS; part++)
        for (guint i = 0; i < draft->rows[part]->len; i++) {
            const RkDraftRow *row = g_ptr_array_index(draft->rows[part], i);
            g_autofree char *path = g_strdup_printf("%s.%s", PARTS[part], row->name);
            if (strlen(path) <= longest || !is_at(mistake->text, path))
                continue;
            longest = strlen(path);
            mistake->place = RK_DRAFT_AT_ROW;
            mistake->part = part;
            mistake->i = i;
        }
}

static void
find_place(const RkSuiteDraft *draft, RkDraftMistake *mistake)
{
    find_row(draft, mistake);
    for (guint i = 0; i < draft->models->len; i++) {
        g_autofree char *path = g_strdup_printf("models[%u]", i);
        if (is_at(mistake->text, path)) {
            mistake->place = RK_DRAFT_AT_MODEL;
            mistake->i = i;
        }
    }
    if (is_at(mistake->text, "data"))
        mistake->place = RK_DRAFT_AT_DATA;
    if (is_at(mistake->text, "repeats"))
        mistake->place = RK_DRAFT_AT_REPEATS;
}

RkSuite *
rk_suite_draft_check(const RkSuiteDraft *draft, const RkAxisTable *tables, size_t n_tables,
                     RkDraftMistake *mistake)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = rk_suite_draft_text(draft);
    RkSuite *suite = rk_suite_parse(text, FILE_NAME, tables, n_tables, &error);
    *mistake = (RkDraftMistake){RK_DRAFT_AT_NOTHING};
    if (suite != NULL)
        return suite;
    const gboolean known = g_str_has_prefix(error->message, PREFIX);
    mistake->text = g_strdup(known ? error->message + strlen(PREFIX) : error->message);
    find_place(draft, mistake);
    return NULL;
}

RkSuiteEstimate
rk_suite_estimate(const RkSuite *suite)
{
    RkSuiteEstimate estimate = {0};
    g_autoptr(RkSearch) search = rk_search_new(suite);
    uint64_t point = 0;
    double sampled_s = 0;
    uint64_t n_sampled = 0;
    while (rk_search_next(search, NULL, &point)) {
        // A large grid's durations repeat: the first ones tell.
        if (n_sampled < 1000) {
            g_autoptr(RkTrialSpec) spec = rk_sweep_trial(suite, point);
            sampled_s += rk_suite_trial_seconds(spec);
            n_sampled++;
        }
        estimate.n_trials++;
    }
    estimate.n_measurements = estimate.n_trials * suite->repeats;
    if (n_sampled > 0)
        estimate.seconds = sampled_s / (double)n_sampled * (double)estimate.n_measurements;
    return estimate;
}

// ---- what can be swept ---------------------------------------------------------------------

static void
add_table(GArray *all, RkPlace place, const RkParam *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const RkSweepable one = {place, rows[i]};
        g_array_append_val(all, one);
    }
}

static gboolean
has_row(const RkModel *model, const char *name)
{
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    for (size_t i = 0; i < settings->n; i++)
        if (strcmp(settings->table[i].name, name) == 0)
            return TRUE;
    return FALSE;
}

// Every model must have it, and a stored one has none to choose.
static gboolean
all_have(GPtrArray *models, const char *name)
{
    for (guint i = 0; i < models->len; i++)
        if (!has_row(g_ptr_array_index(models, i), name))
            return FALSE;
    return TRUE;
}

static void
add_models(GArray *all, const RkSuiteDraft *draft)
{
    g_autoptr(GPtrArray) models = g_ptr_array_new();
    for (guint i = 0; i < draft->models->len; i++) {
        const RkDraftModel *one = g_ptr_array_index(draft->models, i);
        const RkModel *model = one->stored ? NULL : rk_model_find(one->kind, NULL);
        if (model == NULL)
            return;
        if (!g_ptr_array_find(models, model, NULL))
            g_ptr_array_add(models, (gpointer)model);
    }
    if (models->len == 0)
        return;
    g_autoptr(RkTrainSettings) first = rk_train_settings_new(g_ptr_array_index(models, 0));
    for (size_t i = 0; i < first->n; i++)
        if (all_have(models, first->table[i].name))
            add_table(all, RK_PLACE_TRAIN, &first->table[i], 1);
}

GArray *
rk_suite_sweepables(const RkSuiteDraft *draft, const RkAxisTable *tables, size_t n_tables)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(RkSweepable));
    // What is squeezed comes first: it is what a sweep is mostly about.
    static const RkPlace ORDER[] = {RK_PLACE_COMPRESS, RK_PLACE_SERVE, RK_PLACE_LOAD};
    for (size_t o = 0; o < G_N_ELEMENTS(ORDER); o++)
        for (size_t t = 0; t < n_tables; t++)
            if (tables[t].place == ORDER[o])
                add_table(all, ORDER[o], tables[t].rows, tables[t].n);
    add_table(all, RK_PLACE_RUN, rk_suite_run_params, rk_suite_n_run_params);
    add_models(all, draft);
    return all;
}
