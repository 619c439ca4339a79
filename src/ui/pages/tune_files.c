// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_files.h"

#include <glib/gi18n.h>

#include "store/trial.h"
#include "ui/ask_file.h"

// ---- files ---------------------------------------------------------------------------------

static const char *const SUITES[] = {"*.json", NULL};

static void
suite_chosen(gpointer page, const char *const *paths, gpointer data)
{
    const RkTunePath *chosen = data;
    (*chosen)(page, paths[0]);
}

static void
ask_suite(GtkWidget *page, const RkAskFile *ask, RkTunePath chosen)
{
    rk_ask_file(page, ask, G_OBJECT(page), suite_chosen, g_memdup2(&chosen, sizeof chosen), g_free);
}

void
rk_tune_choose_suite(GtkWidget *page, RkTunePath chosen)
{
    const RkAskFile ask = {.title = _("Open a Suite"),
                           .accept = _("_Open"),
                           .action = GTK_FILE_CHOOSER_ACTION_OPEN,
                           .kind = _("Suites (JSON)"),
                           .patterns = SUITES};
    ask_suite(page, &ask, chosen);
}

void
rk_tune_choose_target(GtkWidget *page, const char *name, RkTunePath chosen)
{
    g_autofree char *file = g_strdelimit(g_strconcat(name, ".json", NULL), "/", '-');
    const RkAskFile ask = {.title = _("Save the Suite"),
                           .accept = _("_Save"),
                           .action = GTK_FILE_CHOOSER_ACTION_SAVE,
                           .kind = _("Suites (JSON)"),
                           .patterns = SUITES,
                           .name = file,
                           .ending = ".json"};
    ask_suite(page, &ask, chosen);
}

// ---- runs ----------------------------------------------------------------------------------

static char *
when_text(const RkStoredSuite *run)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(run->created_s);
    g_autofree char *when = g_date_time_format(time, "%x %H:%M");
    g_autofree char *trials =
        g_strdup_printf(ngettext("%u trial", "%u trials", run->n_trials), run->n_trials);
    if (run->complete)
        // Translators: when, and how many trials.
        return g_strdup_printf(_("%s, %s"), when, trials);
    return g_strdup_printf(_("%s, %s, unfinished"), when, trials);
}

void
rk_tune_fill_earlier(RkPicker *picker, RkAppSession *session)
{
    const RkContents *contents = rk_app_session_contents(session);
    g_autoptr(GArray) picks = g_array_new(FALSE, FALSE, sizeof(RkPickerItem));
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; contents != NULL && i < contents->sweeps->len; i++) {
        const RkStoredSuite *run = g_ptr_array_index(contents->sweeps, i);
        char *id = g_strdup_printf("%" G_GINT64_FORMAT, run->id);
        char *when = when_text(run);
        const RkPickerItem pick = {id, run->name, when, NULL};
        g_ptr_array_add(kept, id);
        g_ptr_array_add(kept, when);
        g_array_append_val(picks, pick);
    }
    rk_picker_fill(picker, (const RkPickerItem *)(const void *)picks->data, picks->len);
}

void
rk_opened_run_free(RkOpenedRun *run)
{
    if (run == NULL)
        return;
    rk_suite_draft_free(run->draft);
    g_clear_pointer(&run->loaded, rk_loaded_run_unref);
    g_free(run);
}

typedef struct {
    RkWorkspace *workspace;
    int64_t id;
} Work;

static void
work_free(gpointer data)
{
    rk_workspace_unref(((Work *)data)->workspace);
    g_free(data);
}

// Without results it is still a suite to go on with.
static gboolean
open_run(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    RkStore *store = rk_workspace_store(work->workspace, error);
    g_autofree char *suite = store != NULL ? rk_trials_run_suite(store, work->id, error) : NULL;
    RkSuiteDraft *draft = suite != NULL ? rk_suite_draft_parse(suite, "sweep.json", error) : NULL;
    if (draft == NULL)
        return FALSE;
    g_autoptr(RkOpenedRun) run = g_new0(RkOpenedRun, 1);
    run->draft = draft;
    g_autofree char *json = rk_trials_run_results(store, work->id, NULL);
    RkResults *results =
        json != NULL ? rk_results_from_json(json, "the sweep's results", error) : NULL;
    if (json != NULL && results == NULL)
        return FALSE;
    if (results != NULL) {
        run->loaded = g_new(RkLoadedRun, 1);
        *run->loaded = (RkLoadedRun){work->id, g_strdup(results->suite), results, 1};
    }
    rk_job_set_result(job, g_steal_pointer(&run), (GDestroyNotify)rk_opened_run_free);
    return TRUE;
}

RkJobSpec
rk_open_run_job(RkWorkspace *workspace, int64_t id)
{
    Work *work = g_new(Work, 1);
    *work = (Work){rk_workspace_ref(workspace), id};
    return (RkJobSpec){
        .title = "", .run = open_run, .data = work, .free_data = work_free, .quiet = TRUE};
}
