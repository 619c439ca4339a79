// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/params_form.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/widgets.h"

typedef struct {
    RkParamsForm *form;
    const RkParam *param;
    AdwPreferencesRow *row;
    GtkWidget *input; // GtkEntry, GtkSwitch, or the AdwComboRow itself
    char **choices;
    char *problem; // why what it holds isn't allowed; or NULL
} Row;

struct _RkParamsForm {
    AdwBin parent;
    RkParams *params;
    GPtrArray *rows; // of Row
};

G_DEFINE_FINAL_TYPE(RkParamsForm, rk_params_form, ADW_TYPE_BIN)

static guint changed_signal;

static void
row_free(gpointer data)
{
    Row *row = data;
    g_strfreev(row->choices);
    g_free(row->problem);
    g_free(row);
}

static void
form_finalize(GObject *object)
{
    RkParamsForm *form = RK_PARAMS_FORM(object);
    g_ptr_array_unref(form->rows);
    g_clear_pointer(&form->params, rk_params_free);
    G_OBJECT_CLASS(rk_params_form_parent_class)->finalize(object);
}

static void
rk_params_form_class_init(RkParamsFormClass *class)
{
    G_OBJECT_CLASS(class)->finalize = form_finalize;
    changed_signal = g_signal_new("changed", RK_TYPE_PARAMS_FORM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
rk_params_form_init(RkParamsForm *form)
{
    form->rows = g_ptr_array_new_with_free_func(row_free);
}

// "clean.k-core.item" -> "Clean k-core item".
static char *
title_of(const char *name)
{
    char *title = g_strdup(name);
    g_strdelimit(title, "._", ' ');
    title[0] = g_ascii_toupper(title[0]);
    return title;
}

static char *
subtitle_of(const RkParam *param)
{
    GString *text = g_string_new(param->help);
    if (param->type == RK_PARAM_INT || param->type == RK_PARAM_REAL) {
        // Exact, for this is what may be typed: 4,096, not 4.1 k.
        g_autofree char *min = g_strdup_printf("%'.15g", param->min);
        g_autofree char *max = g_strdup_printf("%'.15g", param->max);
        // Translators: the range of a setting, after what it means.
        g_string_append_printf(text, _(" (%s to %s)"), min, max);
    }
    return g_string_free(text, FALSE);
}

static void
show_problem(Row *row)
{
    g_autofree char *help = subtitle_of(row->param);
    if (ADW_IS_ACTION_ROW(row->row))
        adw_action_row_set_subtitle(ADW_ACTION_ROW(row->row), row->problem ? row->problem : help);
    if (row->problem != NULL)
        gtk_widget_add_css_class(row->input, "error");
    else
        gtk_widget_remove_css_class(row->input, "error");
    gtk_accessible_update_state(
        GTK_ACCESSIBLE(row->input), GTK_ACCESSIBLE_STATE_INVALID,
        row->problem ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

static void
take(Row *row, const char *value)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&row->problem, g_free);
    if (!rk_params_set(row->form->params, row->param->name, value, &error))
        row->problem = g_strdup(error->message);
    show_problem(row);
    g_signal_emit(row->form, changed_signal, 0);
}

static void
entry_changed(GtkEditable *editable, Row *row)
{
    take(row, gtk_editable_get_text(editable));
}

static void
switch_changed(GtkSwitch *widget, GParamSpec *pspec, Row *row)
{
    take(row, gtk_switch_get_active(widget) ? "true" : "false");
}

static void
combo_changed(AdwComboRow *combo, GParamSpec *pspec, Row *row)
{
    guint selected = adw_combo_row_get_selected(combo);
    if (selected < g_strv_length(row->choices))
        take(row, row->choices[selected]);
}

static GtkWidget *
make_entry(Row *row)
{
    GtkWidget *entry = gtk_entry_new();
    gtk_editable_set_text(GTK_EDITABLE(entry), row->param->initial);
    gtk_editable_set_width_chars(GTK_EDITABLE(entry), 9);
    gtk_editable_set_max_width_chars(GTK_EDITABLE(entry), 12);
    if (row->param->type != RK_PARAM_TEXT) {
        gtk_entry_set_input_purpose(GTK_ENTRY(entry), GTK_INPUT_PURPOSE_NUMBER);
        gtk_entry_set_alignment(GTK_ENTRY(entry), 1);
    }
    g_signal_connect(entry, "changed", G_CALLBACK(entry_changed), row);
    return entry;
}

static GtkWidget *
make_switch(Row *row)
{
    GtkWidget *widget = gtk_switch_new();
    gtk_switch_set_active(GTK_SWITCH(widget), rk_params_bool(row->form->params, row->param->name));
    g_signal_connect(widget, "notify::active", G_CALLBACK(switch_changed), row);
    return widget;
}

static void
make_combo(Row *row)
{
    row->choices = g_strsplit(row->param->choices, "|", -1);
    g_autoptr(GtkStringList) list = gtk_string_list_new((const char *const *)row->choices);
    row->row = ADW_PREFERENCES_ROW(adw_combo_row_new());
    row->input = GTK_WIDGET(row->row);
    adw_combo_row_set_model(ADW_COMBO_ROW(row->row), G_LIST_MODEL(list));
    for (guint i = 0; row->choices[i] != NULL; i++)
        if (strcmp(row->choices[i], row->param->initial) == 0)
            adw_combo_row_set_selected(ADW_COMBO_ROW(row->row), i);
    g_signal_connect(row->row, "notify::selected", G_CALLBACK(combo_changed), row);
}

static void
make_action(Row *row)
{
    row->row = ADW_PREFERENCES_ROW(adw_action_row_new());
    row->input = row->param->type == RK_PARAM_BOOL ? make_switch(row) : make_entry(row);
    gtk_widget_set_valign(row->input, GTK_ALIGN_CENTER);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row->row), row->input);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row->row), row->input);
    if (row->param->unit != NULL) {
        GtkWidget *unit = gtk_label_new(row->param->unit);
        gtk_widget_add_css_class(unit, "dim-label");
        adw_action_row_add_suffix(ADW_ACTION_ROW(row->row), unit);
    }
}

static GtkWidget *
make_row(RkParamsForm *form, const RkParam *param)
{
    Row *row = g_new0(Row, 1);
    g_autofree char *title = title_of(param->name);
    row->form = form;
    row->param = param;
    g_ptr_array_add(form->rows, row);
    if (param->type == RK_PARAM_CHOICE)
        make_combo(row);
    else
        make_action(row);
    g_autofree char *help = subtitle_of(param);
    adw_preferences_row_set_use_markup(row->row, FALSE);
    adw_preferences_row_set_title(row->row, title);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row->row), 0);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row->row), help);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->input), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                   GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, param->help, -1);
    return GTK_WIDGET(row->row);
}

GtkWidget *
rk_params_form_new(const RkParam *table, size_t n_rows, const char *title)
{
    RkParamsForm *form = g_object_new(RK_TYPE_PARAMS_FORM, NULL);
    GtkWidget *group = adw_preferences_group_new();
    form->params = rk_params_new(table, n_rows);
    if (title != NULL)
        adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    for (size_t i = 0; i < n_rows; i++)
        adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), make_row(form, &table[i]));
    adw_bin_set_child(ADW_BIN(form), group);
    return GTK_WIDGET(form);
}

const RkParams *
rk_params_form_get(RkParamsForm *form, const char **problem)
{
    for (guint i = 0; i < form->rows->len; i++) {
        const Row *row = g_ptr_array_index(form->rows, i);
        if (row->problem == NULL)
            continue;
        if (problem != NULL)
            *problem = row->problem;
        return NULL;
    }
    return form->params;
}

gboolean
rk_params_form_set(RkParamsForm *form, const char *name, const char *value)
{
    for (guint i = 0; i < form->rows->len; i++) {
        Row *row = g_ptr_array_index(form->rows, i);
        if (strcmp(row->param->name, name) != 0)
            continue;
        if (GTK_IS_ENTRY(row->input))
            gtk_editable_set_text(GTK_EDITABLE(row->input), value);
        else if (GTK_IS_SWITCH(row->input))
            gtk_switch_set_active(GTK_SWITCH(row->input), strcmp(value, "true") == 0);
        else
            for (guint c = 0; row->choices[c] != NULL; c++)
                if (strcmp(row->choices[c], value) == 0)
                    adw_combo_row_set_selected(ADW_COMBO_ROW(row->row), c);
        return row->problem == NULL;
    }
    return FALSE;
}
