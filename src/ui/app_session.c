// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app_session.h"

#include <glib/gi18n.h>
#include <string.h>

#include "gpu/choice.h"

struct _RkAppSession {
    GObject parent;
    RkWorkspace *workspace;
    RkJobs *jobs;
    GSettings *settings;
    RkContents *contents;
    GError *contents_error;
    GArray *devices;
    GError *devices_error;
    guint device;          // index into `devices`
    GHashTable *ceilings;  // UUID -> RkCeilings
    GHashTable *removed;   // "0:name" -> itself, while its toast shows and until the lists are new
    GHashTable *undoable;  // the same, while its toast shows
    GHashTable *measuring; // RkJob -> UUID
};

G_DEFINE_FINAL_TYPE(RkAppSession, rk_app_session, G_TYPE_OBJECT)

enum { CHANGED, TOAST, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
changed(RkAppSession *session, const char *what)
{
    g_signal_emit(session, signals[CHANGED], g_quark_from_string(what));
}

static void
show_toast(RkAppSession *session, AdwToast *toast)
{
    g_signal_emit(session, signals[TOAST], 0, toast);
}

void
rk_app_session_toast(RkAppSession *session, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_autoptr(AdwToast) toast = g_object_ref_sink(adw_toast_new(escaped));
    show_toast(session, toast);
}

static void
session_dispose(GObject *object)
{
    RkAppSession *session = RK_APP_SESSION(object);
    g_clear_pointer(&session->jobs, rk_jobs_free);
    g_clear_pointer(&session->workspace, rk_workspace_unref);
    g_clear_object(&session->settings);
    G_OBJECT_CLASS(rk_app_session_parent_class)->dispose(object);
}

static void
session_finalize(GObject *object)
{
    RkAppSession *session = RK_APP_SESSION(object);
    rk_contents_free(session->contents);
    g_clear_error(&session->contents_error);
    g_clear_pointer(&session->devices, g_array_unref);
    g_clear_error(&session->devices_error);
    g_hash_table_unref(session->ceilings);
    g_hash_table_unref(session->removed);
    g_hash_table_unref(session->undoable);
    g_hash_table_unref(session->measuring);
    G_OBJECT_CLASS(rk_app_session_parent_class)->finalize(object);
}

static void
rk_app_session_class_init(RkAppSessionClass *class)
{
    G_OBJECT_CLASS(class)->dispose = session_dispose;
    G_OBJECT_CLASS(class)->finalize = session_finalize;
    signals[CHANGED] =
        g_signal_new("changed", RK_TYPE_APP_SESSION, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 0);
    signals[TOAST] = g_signal_new("toast", RK_TYPE_APP_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, ADW_TYPE_TOAST);
}

static void
rk_app_session_init(RkAppSession *session)
{
    session->ceilings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->undoable = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->measuring = g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

RkAppSession *
rk_app_session_new(const char *path, GSettings *settings)
{
    RkAppSession *session = g_object_new(RK_TYPE_APP_SESSION, NULL);
    session->workspace = rk_workspace_new(path);
    session->jobs = rk_jobs_new(NULL);
    session->settings = g_object_ref(settings);
    return session;
}

RkJobs *
rk_app_session_jobs(RkAppSession *session)
{
    return session->jobs;
}

RkWorkspace *
rk_app_session_workspace(RkAppSession *session)
{
    return session->workspace;
}

GSettings *
rk_app_session_settings(RkAppSession *session)
{
    return session->settings;
}

// ---- jobs ----------------------------------------------------------------------------------

static void read_contents(RkAppSession *session);

// Of a job that nobody else waits for: what it failed at, or new lists.
static void
job_ended(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAppSession *session = data;
    if (last->state == RK_JOB_FAILED) {
        g_autofree char *text = g_strdup_printf(_("%s failed"), last->title);
        g_autofree char *escaped = g_markup_escape_text(text, -1);
        g_autoptr(AdwToast) toast = g_object_ref_sink(adw_toast_new(escaped));
        adw_toast_set_button_label(toast, _("_Details"));
        adw_toast_set_action_name(toast, "win.jobs");
        adw_toast_set_timeout(toast, 0);
        show_toast(session, toast);
    }
    read_contents(session);
}

RkJob *
rk_app_session_start(RkAppSession *session, RkJobSpec spec, const char *title)
{
    spec.title = title;
    if (spec.ended == NULL) {
        spec.ended = job_ended;
        spec.ended_data = session;
    }
    return rk_jobs_start(session->jobs, &spec);
}

// ---- what the database holds ---------------------------------------------------------------

static void
contents_read(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAppSession *session = data;
    g_clear_pointer(&session->contents, rk_contents_free);
    g_clear_error(&session->contents_error);
    session->contents = rk_job_take_result(job);
    if (last->error != NULL)
        session->contents_error = g_error_copy(last->error);
    changed(session, "contents");
}

static void
read_contents(RkAppSession *session)
{
    RkJobSpec spec = rk_contents_job(session->workspace);
    spec.ended = contents_read;
    spec.ended_data = session;
    rk_jobs_start(session->jobs, &spec);
}

void
rk_app_session_read(RkAppSession *session)
{
    read_contents(session);
}

const RkContents *
rk_app_session_contents(RkAppSession *session)
{
    return session->contents;
}

const GError *
rk_app_session_contents_error(RkAppSession *session)
{
    return session->contents_error;
}

// ---- devices -------------------------------------------------------------------------------

static char *
uuid_text(const RkDeviceInfo *info)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 16; i++)
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               info->uuid[i]);
    return g_string_free(text, FALSE);
}

static void
devices_read(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAppSession *session = data;
    g_clear_pointer(&session->devices, g_array_unref);
    g_clear_error(&session->devices_error);
    session->devices = rk_job_take_result(job);
    session->device = 0;
    if (last->error != NULL)
        session->devices_error = g_error_copy(last->error);
    if (session->devices != NULL && session->devices->len > 0) {
        g_autofree char *kept = g_settings_get_string(session->settings, "device");
        const RkDeviceInfo *all = (const RkDeviceInfo *)(void *)session->devices->data;
        const guint n = session->devices->len;
        // One that was unplugged since is no error: the best of the rest is taken.
        const RkDeviceInfo *chosen = *kept != '\0' ? rk_device_choose(all, n, kept, NULL) : NULL;
        if (chosen == NULL)
            chosen = rk_device_choose(all, n, NULL, NULL);
        session->device = chosen != NULL ? (guint)(chosen - all) : 0;
    }
    changed(session, "devices");
}

const GArray *
rk_app_session_devices(RkAppSession *session)
{
    return session->devices;
}

const GError *
rk_app_session_devices_error(RkAppSession *session)
{
    return session->devices_error;
}

const RkDeviceInfo *
rk_app_session_device(RkAppSession *session)
{
    if (session->devices == NULL || session->devices->len == 0)
        return NULL;
    return &g_array_index(session->devices, RkDeviceInfo, session->device);
}

char *
rk_app_session_device_word(RkAppSession *session)
{
    const RkDeviceInfo *info = rk_app_session_device(session);
    return info != NULL ? uuid_text(info) : NULL;
}

void
rk_app_session_choose_device(RkAppSession *session, guint i)
{
    if (session->devices == NULL || i >= session->devices->len || i == session->device)
        return;
    session->device = i;
    g_autofree char *uuid = uuid_text(rk_app_session_device(session));
    g_settings_set_string(session->settings, "device", uuid);
    changed(session, "devices");
}

void
rk_app_session_refresh(RkAppSession *session)
{
    RkJobSpec spec = rk_devices_job(session->workspace);
    spec.ended = devices_read;
    spec.ended_data = session;
    read_contents(session);
    rk_jobs_start(session->jobs, &spec);
}

const RkCeilings *
rk_app_session_ceilings(RkAppSession *session)
{
    const RkDeviceInfo *info = rk_app_session_device(session);
    g_autofree char *uuid = info != NULL ? uuid_text(info) : NULL;
    return uuid != NULL ? g_hash_table_lookup(session->ceilings, uuid) : NULL;
}

static void
measured(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAppSession *session = data;
    RkCeilings *ceilings = rk_job_take_result(job);
    g_autofree char *uuid = NULL;
    g_hash_table_steal_extended(session->measuring, job, NULL, (gpointer *)&uuid);
    if (ceilings != NULL)
        g_hash_table_replace(session->ceilings, g_steal_pointer(&uuid), ceilings);
    if (last->state == RK_JOB_FAILED)
        job_ended(job, last, session);
    changed(session, "ceilings");
}

void
rk_app_session_measure(RkAppSession *session)
{
    const RkDeviceInfo *info = rk_app_session_device(session);
    if (info == NULL)
        return;
    // Translators: %s is the name of a graphics device.
    g_autofree char *title = g_strdup_printf(_("Measuring %s"), info->name);
    RkJobSpec spec = rk_ceilings_job(session->workspace, info->index, title);
    spec.ended = measured;
    spec.ended_data = session;
    RkJob *job = rk_jobs_start(session->jobs, &spec);
    g_hash_table_insert(session->measuring, job, uuid_text(info));
}

// ---- removing with undo --------------------------------------------------------------------

static char *
removal_key(RkKeptKind kind, const char *name)
{
    return g_strdup_printf("%d:%s", (int)kind, name);
}

gboolean
rk_app_session_is_removed(RkAppSession *session, RkKeptKind kind, const char *name)
{
    g_autofree char *key = removal_key(kind, name);
    return g_hash_table_contains(session->removed, key);
}

// A removal's end: whatever came of it, the lists say again what is there.
static void
removal_ended(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAppSession *session = data;
    g_autofree char *dataset = removal_key(RK_KEPT_DATASET, last->title);
    g_autofree char *model = removal_key(RK_KEPT_MODEL, last->title);
    if (last->state == RK_JOB_FAILED)
        rk_app_session_toast(session, last->error->message);
    if (!g_hash_table_contains(session->undoable, dataset))
        g_hash_table_remove(session->removed, dataset);
    if (!g_hash_table_contains(session->undoable, model))
        g_hash_table_remove(session->removed, model);
    read_contents(session);
}

static void
remove_now(RkAppSession *session, const char *key)
{
    const char *name = strchr(key, ':') + 1;
    RkJobSpec spec =
        rk_remove_job(session->workspace, (RkKeptKind)g_ascii_strtoll(key, NULL, 10), name);
    spec.ended = removal_ended;
    spec.ended_data = session;
    rk_jobs_start(session->jobs, &spec);
}

static void
undo_removal(AdwToast *toast, RkAppSession *session)
{
    const char *key = g_object_get_data(G_OBJECT(toast), "key");
    g_hash_table_remove(session->undoable, key);
    g_hash_table_remove(session->removed, key);
    changed(session, "contents");
}

static void
toast_gone(AdwToast *toast, RkAppSession *session)
{
    const char *key = g_object_get_data(G_OBJECT(toast), "key");
    if (session->jobs != NULL && g_hash_table_remove(session->undoable, key))
        remove_now(session, key);
}

void
rk_app_session_remove(RkAppSession *session, RkKeptKind kind, const char *name)
{
    char *key = removal_key(kind, name);
    g_autofree char *text = g_strdup_printf(_("Removed %s"), name);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_autoptr(AdwToast) toast = g_object_ref_sink(adw_toast_new(escaped));
    adw_toast_set_button_label(toast, _("_Undo"));
    adw_toast_set_priority(toast, ADW_TOAST_PRIORITY_HIGH);
    g_object_set_data_full(G_OBJECT(toast), "key", key, g_free);
    g_hash_table_add(session->removed, g_strdup(key));
    g_hash_table_add(session->undoable, g_strdup(key));
    g_signal_connect_object(toast, "button-clicked", G_CALLBACK(undo_removal), session, 0);
    g_signal_connect_object(toast, "dismissed", G_CALLBACK(toast_gone), session, 0);
    changed(session, "contents");
    show_toast(session, toast);
}

void
rk_app_session_settle(RkAppSession *session)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, session->undoable);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        remove_now(session, key);
        g_hash_table_iter_remove(&iter);
    }
}
