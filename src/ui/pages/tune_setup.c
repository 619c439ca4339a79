// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_setup.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/json.h"
#include "store/dataset.h"
#include "ui/field_row.h"
#include "ui/pages/tune_picks.h"
#include "ui/widgets.h"

// A row of the form and the text of the draft that it shows.
typedef struct {
    RkTuneSetup *setup;
    RkFieldRow *row;
    char **text; // of the draft; NULL: nothing to type
    RkDraftPlace place;
    RkDraftPart part;   // of AT_ROW
    gconstpointer what; // the RkDraftRow or RkDraftModel
} Field;

struct _RkTuneSetup {
    AdwBin parent;
    RkAppSession *session;
    RkSuiteTables *tables;
    RkSuiteDraft *draft;
    AdwPreferencesGroup *basics, *models, *axes, *load, *limits;
    AdwComboRow *data;
    RkPicker *model_picker, *axis_picker, *load_picker, *limit_picker;
    GPtrArray *fields;   // of Field
    GPtrArray *datasets; // of char *, names in the order of `data`; "" is the draft's own recipe
    char *problem;
    gboolean building;
};

G_DEFINE_FINAL_TYPE(RkTuneSetup, rk_tune_setup, ADW_TYPE_BIN)

static guint changed_signal;

static void rebuild(RkTuneSetup *setup);

// ---- checking ------------------------------------------------------------------------------

static guint
index_of(const RkTuneSetup *setup, const Field *field)
{
    const GPtrArray *list =
        field->place == RK_DRAFT_AT_MODEL ? setup->draft->models : setup->draft->rows[field->part];
    for (guint i = 0; i < list->len; i++)
        if (list->pdata[i] == field->what)
            return i;
    return G_MAXUINT;
}

static gboolean
is_at(const RkTuneSetup *setup, const Field *field, const RkDraftMistake *mistake)
{
    if (field->place != mistake->place)
        return FALSE;
    if (field->place == RK_DRAFT_AT_REPEATS)
        return TRUE;
    return (field->place == RK_DRAFT_AT_MODEL ||
            (field->place == RK_DRAFT_AT_ROW && field->part == mistake->part)) &&
           index_of(setup, field) == mistake->i;
}

static gboolean
is_bare(const RkSuiteDraft *draft)
{
    return draft->models->len == 0 || (draft->dataset == NULL && draft->data == NULL);
}

RkSuite *
rk_tune_setup_suite(RkTuneSetup *setup, const char **problem)
{
    RkDraftMistake mistake;
    RkSuite *suite =
        rk_suite_draft_check(setup->draft, setup->tables->tables, setup->tables->n, &mistake);
    g_free(setup->problem);
    setup->problem = mistake.text;
    if (suite == NULL && is_bare(setup->draft)) { // the parser's words are for a file
        g_free(setup->problem);
        setup->problem = g_strdup(setup->draft->models->len == 0 ? _("Add a model to serve.")
                                                                 : _("Choose a dataset."));
    }
    for (guint i = 0; i < setup->fields->len; i++) {
        const Field *field = g_ptr_array_index(setup->fields, i);
        rk_field_row_set_problem(
            field->row, suite == NULL && is_at(setup, field, &mistake) ? setup->problem : NULL);
    }
    if (problem != NULL)
        *problem = setup->problem;
    return suite;
}

static void
changed(RkTuneSetup *setup)
{
    if (!setup->building)
        g_signal_emit(setup, changed_signal, 0);
}

static void
on_typed(RkFieldRow *row, Field *field)
{
    g_free(*field->text);
    *field->text = g_strdup(rk_field_row_text(row));
    changed(field->setup);
}

// ---- rows ----------------------------------------------------------------------------------

static gboolean
rebuild_later(gpointer data)
{
    RkTuneSetup *setup = data;
    if (setup->draft != NULL)
        rebuild(setup);
    changed(setup);
    return G_SOURCE_REMOVE;
}

// The row that was pressed goes with the others, so not from within its signal.
static void
on_removed(RkFieldRow *row, Field *field)
{
    RkTuneSetup *setup = field->setup;
    GPtrArray *list =
        field->place == RK_DRAFT_AT_MODEL ? setup->draft->models : setup->draft->rows[field->part];
    g_ptr_array_remove(list, (gpointer)field->what);
    field->text = NULL;
    g_signal_handlers_disconnect_by_data(row, field);
    g_idle_add_full(G_PRIORITY_DEFAULT, rebuild_later, g_object_ref(setup), g_object_unref);
}

static RkFieldRow *
add_field(RkTuneSetup *setup, AdwPreferencesGroup *group, Field what, const char *title,
          const char *help, const char *hint)
{
    Field *field = g_new(Field, 1);
    *field = what;
    field->setup = setup;
    field->row = RK_FIELD_ROW(rk_field_row_new(title, help, hint));
    g_ptr_array_add(setup->fields, field);
    if (field->text != NULL) {
        rk_field_row_set_text(field->row, *field->text);
        g_signal_connect(field->row, "changed", G_CALLBACK(on_typed), field);
    } else {
        rk_field_row_hide_entry(field->row);
    }
    if (field->place == RK_DRAFT_AT_ROW || field->place == RK_DRAFT_AT_MODEL) {
        // Translators: takes a row of the form away; %s is its name.
        g_autofree char *label = g_strdup_printf(_("Remove %s"), title);
        rk_field_row_set_removable(field->row, label);
        g_signal_connect(field->row, "removed", G_CALLBACK(on_removed), field);
    }
    rk_group_add(group, GTK_WIDGET(field->row));
    return field->row;
}

static void
add_models(RkTuneSetup *setup)
{
    for (guint i = 0; i < setup->draft->models->len; i++) {
        RkDraftModel *model = g_ptr_array_index(setup->draft->models, i);
        const RkModel *zoo = model->stored ? NULL : rk_model_find(model->kind, NULL);
        g_autofree char *help =
            model->stored ? g_strdup(_("Served as it was trained"))
            : zoo != NULL
                ? g_strdup_printf(_("%s, trained for this sweep unless it was before"), zoo->title)
                : NULL;
        const Field field = {
            .text = model->stored ? NULL : &model->set, .place = RK_DRAFT_AT_MODEL, .what = model};
        add_field(setup, setup->models, field, model->name, help, _("Settings: dim=16, epochs=3"));
    }
}

static void
add_rows(RkTuneSetup *setup, AdwPreferencesGroup *group, RkDraftPart part)
{
    for (guint i = 0; i < setup->draft->rows[part]->len; i++) {
        RkDraftRow *row = g_ptr_array_index(setup->draft->rows[part], i);
        g_autofree char *help = rk_tune_row_help(setup->draft, setup->tables, part, row->name);
        const Field field = {
            .text = &row->values, .place = RK_DRAFT_AT_ROW, .part = part, .what = row};
        add_field(setup, group, field, row->name, help, NULL);
    }
}

static void
add_basics(RkTuneSetup *setup)
{
    const Field name = {.text = &setup->draft->name, .place = RK_DRAFT_AT_NOTHING};
    const Field repeats = {.text = &setup->draft->repeats, .place = RK_DRAFT_AT_REPEATS};
    add_field(setup, setup->basics, name, _("Name of the sweep"), NULL, NULL);
    add_field(setup, setup->basics, repeats, _("Repeats"),
              _("Every trial is measured so often, in turns with the others"), NULL);
}

static void
rebuild(RkTuneSetup *setup)
{
    AdwPreferencesGroup *const groups[] = {setup->basics, setup->models, setup->axes, setup->load,
                                           setup->limits};
    setup->building = TRUE;
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
        rk_group_clear(groups[i]);
    g_ptr_array_set_size(setup->fields, 0);
    add_basics(setup);
    add_models(setup);
    add_rows(setup, setup->axes, RK_DRAFT_SWEEP);
    add_rows(setup, setup->axes, RK_DRAFT_SERVE);
    add_rows(setup, setup->load, RK_DRAFT_LOAD);
    add_rows(setup, setup->limits, RK_DRAFT_GATES);
    setup->building = FALSE;
}

// ---- the dataset ---------------------------------------------------------------------------

// "Generated by this sweep: ctr", "Imported by this sweep".
static char *
recipe_text(const char *data)
{
    g_autoptr(JsonNode) root = rk_json_parse(data, "data", NULL);
    const char *kind = NULL;
    if (root != NULL && rk_json_string(json_node_get_object(root), "synth", &kind, NULL))
        return g_strdup_printf(_("Generated by the sweep: %s"), kind);
    return g_strdup(_("Imported by the sweep"));
}

static void
show_datasets(RkTuneSetup *setup)
{
    const RkContents *contents = rk_app_session_contents(setup->session);
    g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);
    guint selected = GTK_INVALID_LIST_POSITION;
    setup->building = TRUE;
    g_ptr_array_set_size(setup->datasets, 0);
    if (setup->draft->data != NULL) {
        g_autofree char *text = recipe_text(setup->draft->data);
        gtk_string_list_append(list, text);
        g_ptr_array_add(setup->datasets, g_strdup(""));
        selected = 0;
    }
    for (guint i = 0; contents != NULL && i < contents->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(contents->datasets, i);
        if (rk_app_session_is_removed(setup->session, RK_KEPT_DATASET, info->name))
            continue;
        if (g_strcmp0(setup->draft->dataset, info->name) == 0)
            selected = setup->datasets->len;
        gtk_string_list_append(list, info->name);
        g_ptr_array_add(setup->datasets, g_strdup(info->name));
    }
    adw_combo_row_set_model(setup->data, G_LIST_MODEL(list));
    adw_combo_row_set_selected(setup->data, selected);
    setup->building = FALSE;
    if (setup->draft->dataset == NULL && setup->draft->data == NULL && setup->datasets->len > 0) {
        setup->draft->dataset = g_strdup(g_ptr_array_index(setup->datasets, 0));
        adw_combo_row_set_selected(setup->data, 0);
    }
}

static void
on_data(RkTuneSetup *setup)
{
    const guint i = adw_combo_row_get_selected(setup->data);
    if (setup->building || i >= setup->datasets->len)
        return;
    const char *name = g_ptr_array_index(setup->datasets, i);
    g_free(setup->draft->dataset);
    setup->draft->dataset = *name != '\0' ? g_strdup(name) : NULL;
    changed(setup);
}

static void
on_contents(RkTuneSetup *setup)
{
    show_datasets(setup);
    changed(setup);
}

// ---- adding --------------------------------------------------------------------------------

static void
focus_last(RkTuneSetup *setup, gconstpointer what)
{
    for (guint i = 0; i < setup->fields->len; i++) {
        const Field *field = g_ptr_array_index(setup->fields, i);
        if (field->what == what && field->text != NULL)
            rk_field_row_focus(field->row);
    }
}

static void
added(RkTuneSetup *setup, gconstpointer what)
{
    rebuild(setup);
    changed(setup);
    focus_last(setup, what);
}

static void
on_model_picked(RkTuneSetup *setup, const char *id)
{
    const gboolean stored = g_str_has_prefix(id, "stored:");
    added(setup, rk_suite_draft_add_model(setup->draft, strchr(id, ':') + 1, stored));
}

static void
on_axis_picked(RkTuneSetup *setup, const char *id)
{
    g_autofree char *values = rk_tune_first_values(setup->draft, setup->tables, id);
    added(setup, rk_suite_draft_add(setup->draft, RK_DRAFT_SWEEP, id, values));
}

static void
on_load_picked(RkTuneSetup *setup, const char *id)
{
    g_autofree char *values = rk_tune_first_values(setup->draft, setup->tables, id);
    added(setup, rk_suite_draft_add(setup->draft, RK_DRAFT_LOAD, id, values));
}

static void
on_limit_picked(RkTuneSetup *setup, const char *id)
{
    added(setup, rk_suite_draft_add(setup->draft, RK_DRAFT_GATES, id, ""));
}

static void
fill_models(RkTuneSetup *setup)
{
    rk_tune_fill_models(setup->model_picker, setup->session);
}

static void
fill_axes(RkTuneSetup *setup)
{
    rk_tune_fill_axes(setup->axis_picker, setup->draft, setup->tables, FALSE);
}

static void
fill_load(RkTuneSetup *setup)
{
    rk_tune_fill_axes(setup->load_picker, setup->draft, setup->tables, TRUE);
}

static void
fill_limits(RkTuneSetup *setup)
{
    rk_tune_fill_limits(setup->limit_picker, setup->draft);
}

static RkPicker *
add_picker(RkTuneSetup *setup, AdwPreferencesGroup *group, const char *title, const char *label,
           const char *hint, GCallback picked, GCallback fill)
{
    RkPicker *picker = RK_PICKER(rk_picker_new(title, hint));
    adw_preferences_group_set_header_suffix(group, rk_picker_button(picker, label));
    g_signal_connect_swapped(picker, "picked", picked, setup);
    g_signal_connect_swapped(picker, "show", fill, setup);
    return picker;
}

// ---- the class -----------------------------------------------------------------------------

static void
drop_picker(RkPicker **picker)
{
    if (*picker != NULL)
        gtk_window_destroy(GTK_WINDOW(g_steal_pointer(picker)));
}

static void
setup_dispose(GObject *object)
{
    RkTuneSetup *setup = RK_TUNE_SETUP(object);
    drop_picker(&setup->model_picker);
    drop_picker(&setup->axis_picker);
    drop_picker(&setup->load_picker);
    drop_picker(&setup->limit_picker);
    g_clear_object(&setup->session);
    g_clear_pointer(&setup->fields, g_ptr_array_unref);
    g_clear_pointer(&setup->datasets, g_ptr_array_unref);
    g_clear_pointer(&setup->draft, rk_suite_draft_free);
    g_clear_pointer(&setup->tables, rk_suite_tables_free);
    g_clear_pointer(&setup->problem, g_free);
    G_OBJECT_CLASS(rk_tune_setup_parent_class)->dispose(object);
}

static void
rk_tune_setup_class_init(RkTuneSetupClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = setup_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/tune_setup.ui");
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, basics);
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, data);
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, models);
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, axes);
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, load);
    gtk_widget_class_bind_template_child(widget, RkTuneSetup, limits);
    gtk_widget_class_bind_template_callback(widget, on_data);
    changed_signal = g_signal_new("changed", RK_TYPE_TUNE_SETUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
rk_tune_setup_init(RkTuneSetup *setup)
{
    setup->fields = g_ptr_array_new_with_free_func(g_free);
    setup->datasets = g_ptr_array_new_with_free_func(g_free);
    setup->tables = rk_suite_tables_new();
    setup->building = TRUE;
    gtk_widget_init_template(GTK_WIDGET(setup));
    setup->building = FALSE;
    setup->model_picker = add_picker(setup, setup->models, _("Add a Model"), _("Add _Model"),
                                     _("Search models to serve"), G_CALLBACK(on_model_picked),
                                     G_CALLBACK(fill_models));
    setup->axis_picker =
        add_picker(setup, setup->axes, _("Add an Axis"), _("Add _Axis"), _("Search axes"),
                   G_CALLBACK(on_axis_picked), G_CALLBACK(fill_axes));
    setup->load_picker = add_picker(setup, setup->load, _("Add a Setting"), _("Add _Setting"),
                                    _("Search settings of the load"), G_CALLBACK(on_load_picked),
                                    G_CALLBACK(fill_load));
    setup->limit_picker =
        add_picker(setup, setup->limits, _("Add a Limit"), _("Add _Limit"), _("Search limits"),
                   G_CALLBACK(on_limit_picked), G_CALLBACK(fill_limits));
}

GtkWidget *
rk_tune_setup_new(RkAppSession *session)
{
    RkTuneSetup *setup = g_object_new(RK_TYPE_TUNE_SETUP, NULL);
    setup->session = g_object_ref(session);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(on_contents), setup,
                            G_CONNECT_SWAPPED);
    return GTK_WIDGET(setup);
}

void
rk_tune_setup_set(RkTuneSetup *setup, RkSuiteDraft *draft)
{
    rk_suite_draft_free(setup->draft);
    setup->draft = draft;
    rebuild(setup);
    show_datasets(setup);
    changed(setup);
}

const RkSuiteDraft *
rk_tune_setup_draft(RkTuneSetup *setup)
{
    return setup->draft;
}
