// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/application.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "ui/page.h"
#include "ui/window.h"

struct _RkApplication {
    AdwApplication parent;
    char *path;
    RkAppSession *session;
};

G_DEFINE_FINAL_TYPE(RkApplication, rk_application, ADW_TYPE_APPLICATION)

// The installed schema, or the build's where nothing is installed.
static GSettings *
open_settings(void)
{
    g_autoptr(GSettingsSchemaSource) built = NULL;
    GSettingsSchemaSource *source = g_settings_schema_source_get_default();
    g_autoptr(GSettingsSchema) schema =
        source != NULL ? g_settings_schema_source_lookup(source, RK_APP_ID, TRUE) : NULL;
    if (schema == NULL) {
        built = g_settings_schema_source_new_from_directory(RK_SCHEMA_DIR, source, FALSE, NULL);
        schema = built != NULL ? g_settings_schema_source_lookup(built, RK_APP_ID, TRUE) : NULL;
    }
    if (schema == NULL)
        g_error("Can't find the settings schema %s: install Rankine again.", RK_APP_ID);
    return g_settings_new_full(schema, NULL, NULL);
}

static void
show_about(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    adw_show_about_window(gtk_application_get_active_window(data), "application-name", "Rankine",
                          "application-icon", RK_APP_ID, "version", RK_VERSION, "license-type",
                          GTK_LICENSE_GPL_3_0, "comments",
                          _("Make recommendation models fast, and know how fast."), NULL);
}

static void
quit(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    GtkWindow *window = gtk_application_get_active_window(data);
    if (window != NULL)
        gtk_window_close(window); // asks while jobs run
    else
        g_application_quit(data);
}

static void
activate_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    g_application_activate(data);
}

static void
add_accels(GtkApplication *app)
{
    static const struct {
        const char *action;
        const char *keys[3];
    } ACCELS[] = {
        {"app.quit", {"<Control>q"}},
        {"window.close", {"<Control>w"}},
        {"win.refresh", {"<Control>r", "F5"}},
        {"win.jobs", {"<Control>j"}},
        {"win.search", {"<Control>f"}},
        {"win.import-files", {"<Control>o"}},
        {"win.generate", {"<Control>n"}},
        {"win.import-folder", {"<Control><Shift>o"}},
        {"win.preferences", {"<Control>comma"}},
        {"win.show-help-overlay", {"<Control>question", "F1"}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ACCELS); i++)
        gtk_application_set_accels_for_action(app, ACCELS[i].action, ACCELS[i].keys);
    for (int i = 0; rk_pages[i].id != NULL; i++) {
        g_autofree char *action = g_strdup_printf("win.page::%s", rk_pages[i].id);
        g_autofree char *key = g_strdup_printf("<Alt>%d", i + 1);
        gtk_application_set_accels_for_action(app, action, (const char *[]){key, NULL});
    }
}

static void
startup(GApplication *application)
{
    static const GActionEntry ACTIONS[] = {{.name = "about", .activate = show_about},
                                           {.name = "quit", .activate = quit},
                                           {.name = "activate", .activate = activate_action}};
    RkApplication *app = RK_APPLICATION(application);
    G_APPLICATION_CLASS(rk_application_parent_class)->startup(application);
    g_autoptr(GSettings) settings = open_settings();
    app->session = rk_app_session_new(app->path, settings);
    g_action_map_add_action_entries(G_ACTION_MAP(app), ACTIONS, G_N_ELEMENTS(ACTIONS), app);
    add_accels(GTK_APPLICATION(app));
    gtk_window_set_default_icon_name(RK_APP_ID);
    rk_app_session_refresh(app->session);
}

static void
activate(GApplication *application)
{
    RkApplication *app = RK_APPLICATION(application);
    GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(app));
    if (window == NULL)
        window = GTK_WINDOW(rk_window_new(ADW_APPLICATION(app), app->session));
    gtk_window_present(window);
}

static void
shutdown(GApplication *application)
{
    g_clear_object(&RK_APPLICATION(application)->session);
    G_APPLICATION_CLASS(rk_application_parent_class)->shutdown(application);
}

static void
application_finalize(GObject *object)
{
    g_free(RK_APPLICATION(object)->path);
    G_OBJECT_CLASS(rk_application_parent_class)->finalize(object);
}

static void
rk_application_class_init(RkApplicationClass *class)
{
    G_OBJECT_CLASS(class)->finalize = application_finalize;
    G_APPLICATION_CLASS(class)->startup = startup;
    G_APPLICATION_CLASS(class)->activate = activate;
    G_APPLICATION_CLASS(class)->shutdown = shutdown;
}

static void
rk_application_init(RkApplication *app)
{
}

RkApplication *
rk_application_new(const char *path)
{
    RkApplication *app = g_object_new(RK_TYPE_APPLICATION, "application-id", RK_APP_ID, "flags",
                                      G_APPLICATION_DEFAULT_FLAGS, "resource-base-path",
                                      "/org/rankine/Rankine", NULL);
    app->path = g_strdup(path);
    return app;
}

int
rk_application_main(const char *program, const char *path)
{
    char *argv[] = {(char *)program, NULL};
    bindtextdomain(GETTEXT_PACKAGE, RK_LOCALE_DIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
    if (!gtk_init_check()) {
        fputs("rankine: Can't open the window: the display doesn't answer. See rankine --help for "
              "what works without one.\n",
              stderr);
        return 1;
    }
    g_set_application_name("Rankine");
    g_autoptr(RkApplication) app = rk_application_new(path);
    return g_application_run(G_APPLICATION(app), 1, argv);
}
