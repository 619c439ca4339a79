// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preferences.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/widgets.h"

static const char *const APPEARANCES[] = {"system", "light", "dark"};

static AdwPreferencesGroup *
add_group(AdwPreferencesPage *page, const char *title)
{
    GtkWidget *group = adw_preferences_group_new();
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    adw_preferences_page_add(page, ADW_PREFERENCES_GROUP(group));
    return ADW_PREFERENCES_GROUP(group);
}

// ---- appearance ----------------------------------------------------------------------------

static gboolean
appearance_to_row(GValue *value, GVariant *variant, gpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(APPEARANCES); i++)
        if (strcmp(g_variant_get_string(variant, NULL), APPEARANCES[i]) == 0)
            g_value_set_uint(value, i);
    return TRUE;
}

static GVariant *
appearance_of_row(const GValue *value, const GVariantType *type, gpointer data)
{
    const guint i = g_value_get_uint(value);
    return g_variant_new_string(APPEARANCES[i < G_N_ELEMENTS(APPEARANCES) ? i : 0]);
}

static GtkWidget *
appearance_row(GSettings *settings)
{
    GtkWidget *row = adw_combo_row_new();
    const char *const names[] = {_("As the system"), _("Light"), _("Dark"), NULL};
    g_autoptr(GtkStringList) list = gtk_string_list_new(names);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("_Appearance"));
    adw_preferences_row_set_use_underline(ADW_PREFERENCES_ROW(row), TRUE);
    adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(list));
    g_settings_bind_with_mapping(settings, "appearance", row, "selected", G_SETTINGS_BIND_DEFAULT,
                                 appearance_to_row, appearance_of_row, NULL, NULL);
    return row;
}

// ---- the rest ------------------------------------------------------------------------------

static GtkWidget *
notify_row(GSettings *settings)
{
    GtkWidget *row = adw_action_row_new();
    GtkWidget *button = gtk_switch_new();
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), _("_Notify when a job ends"));
    adw_preferences_row_set_use_underline(ADW_PREFERENCES_ROW(row), TRUE);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), _("While the window isn't in front"));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), button);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), button);
    g_settings_bind(settings, "notify", button, "active", G_SETTINGS_BIND_DEFAULT);
    return row;
}

// A path below its title, as no row has room for one beside it.
static GtkWidget *
path_row(const char *title, const char *path)
{
    GtkWidget *row = adw_action_row_new();
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), path);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
    return row;
}

GtkWidget *
rk_preferences_new(GtkWindow *parent, RkAppSession *session)
{
    GSettings *settings = rk_app_session_settings(session);
    GtkWidget *window = adw_preferences_window_new();
    GtkWidget *page = adw_preferences_page_new();
    AdwPreferencesPage *rows = ADW_PREFERENCES_PAGE(page);
    const char *cache = g_getenv("RANKINE_CACHE_DIR");
    g_autofree char *usual = g_build_filename(g_get_user_cache_dir(), "rankine", NULL);
    AdwPreferencesGroup *look = add_group(rows, _("The app"));
    AdwPreferencesGroup *places = add_group(rows, _("Where things are kept"));
    g_object_set(window, "transient-for", parent, "modal", TRUE, "search-enabled", FALSE, NULL);
    adw_preferences_group_add(look, appearance_row(settings));
    adw_preferences_group_add(look, notify_row(settings));
    adw_preferences_group_add(
        places, path_row(_("Database"), rk_workspace_path(rk_app_session_workspace(session))));
    adw_preferences_group_add(places,
                              path_row(_("Caches and tunings"), cache != NULL ? cache : usual));
    adw_preferences_window_add(ADW_PREFERENCES_WINDOW(window), rows);
    return window;
}
