// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/train_setup.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/json.h"
#include "store/dataset.h"
#include "store/model.h"
#include "train/settings.h"
#include "ui/params_form.h"
#include "ui/widgets.h"

enum { FORM_MODEL, FORM_COMMON, FORM_REST, N_FORMS };

struct _RkTrainSetup {
    AdwBin parent;
    RkAppSession *session;
    AdwComboRow *model, *dataset, *from;
    GtkEditable *name;
    GtkSpinButton *seed;
    GtkLabel *problem;
    GtkWidget *start, *expander;
    GtkBox *forms_box;
    RkParamsForm *forms[N_FORMS];
    GPtrArray *parents; // names of models that `from` offers, after "new weights"
    gboolean named;     // by the user
    gboolean naming;    // by the form itself
};

G_DEFINE_FINAL_TYPE(RkTrainSetup, rk_train_setup, ADW_TYPE_BIN)

static guint start_signal;

// What most trainings set; the rest is behind an expander.
static const char *const COMMON[] = {
    "loss",       "epochs",       "batch",           "optimizer", "lr",
    "l2",         "samples",      "negatives",       "metric",    "patience",
    "eval.every", "label.binary", "label.threshold", NULL};

static const RkModel *
chosen_model(RkTrainSetup *setup)
{
    return rk_model_at(adw_combo_row_get_selected(setup->model));
}

static const char *
chosen_text(AdwComboRow *row)
{
    GtkStringObject *item = adw_combo_row_get_selected_item(row);
    return item != NULL ? gtk_string_object_get_string(item) : NULL;
}

static const char *
chosen_parent(RkTrainSetup *setup)
{
    const guint i = adw_combo_row_get_selected(setup->from);
    return i > 0 && i <= setup->parents->len ? g_ptr_array_index(setup->parents, i - 1) : NULL;
}

// ---- names ---------------------------------------------------------------------------------

static gboolean
is_taken(RkTrainSetup *setup, const char *name)
{
    const RkContents *contents = rk_app_session_contents(setup->session);
    for (guint i = 0; contents != NULL && i < contents->models->len; i++)
        if (strcmp(((RkStoredModel *)g_ptr_array_index(contents->models, i))->name, name) == 0)
            return TRUE;
    for (guint i = 0; contents != NULL && i < contents->runs->len; i++)
        if (strcmp(((RkStoredRun *)g_ptr_array_index(contents->runs, i))->name, name) == 0)
            return TRUE;
    return FALSE;
}

static void
suggest_name(RkTrainSetup *setup)
{
    const RkModel *model = chosen_model(setup);
    if (setup->named || model == NULL)
        return;
    for (guint i = 1;; i++) {
        g_autofree char *name = g_strdup_printf("%s-%u", model->name, i);
        if (is_taken(setup, name))
            continue;
        setup->naming = TRUE;
        gtk_editable_set_text(setup->name, name);
        setup->naming = FALSE;
        return;
    }
}

static void
check(RkTrainSetup *setup)
{
    const char *name = gtk_editable_get_text(setup->name);
    const char *problem = NULL;
    if (setup->forms[0] == NULL)
        return;
    for (int i = 0; i < N_FORMS && problem == NULL; i++)
        rk_params_form_get(setup->forms[i], &problem);
    if (*name == '\0')
        problem = _("The model needs a name.");
    else if (is_taken(setup, name))
        problem = _("There is a model or a run of that name already. Choose another.");
    gtk_label_set_text(setup->problem, problem != NULL ? problem : "");
    gtk_widget_set_visible(GTK_WIDGET(setup->problem), problem != NULL);
    gtk_widget_set_sensitive(setup->start, problem == NULL && chosen_text(setup->dataset) != NULL);
}

static void
on_name(RkTrainSetup *setup)
{
    setup->named |= !setup->naming && *gtk_editable_get_text(setup->name) != '\0';
    check(setup);
}

// ---- forms ---------------------------------------------------------------------------------

static gboolean
is_common(const char *name)
{
    return g_strv_contains(COMMON, name);
}

// Rows of a table that the form keeps for itself. What splits the data is the dataset's.
static RkParamsForm *
make_form(const RkTrainSettings *settings, const RkModel *model, int which, const char *title)
{
    RkParam *table = g_new(RkParam, settings->n);
    size_t n = 0;
    for (size_t i = 0; i < settings->n; i++) {
        const char *name = settings->table[i].name;
        const int form = i < model->n_params ? FORM_MODEL
                         : is_common(name)   ? FORM_COMMON
                                             : FORM_REST;
        const gboolean splits = strcmp(name, "split") == 0 || g_str_has_prefix(name, "split.");
        if (form == which && !splits)
            table[n++] = settings->table[i];
    }
    RkParamsForm *form = RK_PARAMS_FORM(rk_params_form_new(table, n, title));
    g_object_set_data_full(G_OBJECT(form), "table", table, g_free);
    g_object_set_data(G_OBJECT(form), "n", GSIZE_TO_POINTER(n));
    gtk_widget_set_visible(GTK_WIDGET(form), n > 0);
    return form;
}

static void
make_forms(RkTrainSetup *setup)
{
    const RkModel *model = chosen_model(setup);
    const char *const TITLES[] = {_("The Model"), _("Training"), NULL};
    GtkWidget *child;
    if (model == NULL)
        return;
    gtk_expander_set_child(GTK_EXPANDER(setup->expander), NULL);
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(setup->forms_box))) != NULL)
        gtk_box_remove(setup->forms_box, child);
    g_autoptr(RkTrainSettings) settings = rk_train_settings_new(model);
    for (int i = 0; i < N_FORMS; i++) {
        setup->forms[i] = make_form(settings, model, i, TITLES[i]);
        g_signal_connect_object(setup->forms[i], "changed", G_CALLBACK(check), setup,
                                G_CONNECT_SWAPPED);
        if (i == FORM_REST)
            gtk_expander_set_child(GTK_EXPANDER(setup->expander), GTK_WIDGET(setup->forms[i]));
        else
            gtk_box_append(setup->forms_box, GTK_WIDGET(setup->forms[i]));
    }
}

static gboolean
set_value(RkTrainSetup *setup, const char *name, const char *value)
{
    for (int i = 0; i < N_FORMS; i++)
        if (rk_params_form_set(setup->forms[i], name, value))
            return TRUE;
    return FALSE;
}

// ---- choices -------------------------------------------------------------------------------

static void
fill_datasets(RkTrainSetup *setup)
{
    const RkContents *contents = rk_app_session_contents(setup->session);
    g_autofree char *kept = g_strdup(chosen_text(setup->dataset));
    g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);
    guint selected = 0, n = 0;
    for (guint i = 0; contents != NULL && i < contents->datasets->len; i++) {
        const RkDatasetInfo *info = g_ptr_array_index(contents->datasets, i);
        if (rk_app_session_is_removed(setup->session, RK_KEPT_DATASET, info->name))
            continue;
        if (g_strcmp0(kept, info->name) == 0)
            selected = n;
        gtk_string_list_append(list, info->name);
        n++;
    }
    adw_combo_row_set_model(setup->dataset, G_LIST_MODEL(list));
    adw_combo_row_set_selected(setup->dataset, n > 0 ? selected : GTK_INVALID_LIST_POSITION);
}

// Stored models of the chosen kind.
static void
fill_parents(RkTrainSetup *setup, const char *wanted)
{
    const RkContents *contents = rk_app_session_contents(setup->session);
    const RkModel *kind = chosen_model(setup);
    g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);
    guint selected = 0;
    gtk_string_list_append(list, _("New weights"));
    g_ptr_array_set_size(setup->parents, 0);
    for (guint i = 0; contents != NULL && i < contents->models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(contents->models, i);
        if (kind == NULL || strcmp(model->kind, kind->name) != 0)
            continue;
        g_ptr_array_add(setup->parents, g_strdup(model->name));
        gtk_string_list_append(list, model->name);
        if (g_strcmp0(wanted, model->name) == 0)
            selected = setup->parents->len;
    }
    adw_combo_row_set_model(setup->from, G_LIST_MODEL(list));
    adw_combo_row_set_selected(setup->from, selected);
    gtk_widget_set_visible(GTK_WIDGET(setup->from), setup->parents->len > 0);
}

static void
on_model(RkTrainSetup *setup)
{
    const RkModel *model = chosen_model(setup);
    if (setup->session == NULL || model == NULL)
        return;
    adw_action_row_set_subtitle(ADW_ACTION_ROW(setup->model), model->name);
    make_forms(setup);
    fill_parents(setup, NULL);
    suggest_name(setup);
    check(setup);
}

static void
on_contents(RkTrainSetup *setup)
{
    g_autofree char *parent = g_strdup(chosen_parent(setup));
    fill_datasets(setup);
    fill_parents(setup, parent);
    suggest_name(setup);
    check(setup);
}

void
rk_train_setup_choose(RkTrainSetup *setup, const char *model, const char *from)
{
    setup->named = FALSE;
    for (guint i = 0; rk_model_at(i) != NULL; i++)
        if (strcmp(rk_model_at(i)->name, model) == 0)
            adw_combo_row_set_selected(setup->model, i);
    on_model(setup);
    fill_parents(setup, from);
}

void
rk_train_setup_repeat(RkTrainSetup *setup, const RkStoredRun *run)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    GListModel *datasets = adw_combo_row_get_model(setup->dataset);
    g_autoptr(JsonNode) root = rk_json_parse(run->config, "the run's settings", NULL);
    rk_train_setup_choose(setup, run->kind, NULL);
    for (guint i = 0; i < g_list_model_get_n_items(datasets); i++) {
        g_autoptr(GtkStringObject) item = g_list_model_get_item(datasets, i);
        if (strcmp(gtk_string_object_get_string(item), run->dataset) == 0)
            adw_combo_row_set_selected(setup->dataset, i);
    }
    gtk_spin_button_set_value(setup->seed, (double)run->seed);
    if (root == NULL)
        return;
    json_object_iter_init(&iter, json_node_get_object(root));
    while (json_object_iter_next(&iter, &name, &node)) {
        g_autofree char *text = rk_json_scalar_text(node);
        if (text != NULL)
            set_value(setup, name, text);
    }
}

RkJobSpec
rk_train_setup_job(RkTrainSetup *setup, char **name)
{
    g_autoptr(GPtrArray) assignments = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *device = rk_app_session_device_word(setup->session);
    for (int f = 0; f < N_FORMS; f++) {
        const RkParams *params = rk_params_form_get(setup->forms[f], NULL);
        const RkParam *table = g_object_get_data(G_OBJECT(setup->forms[f]), "table");
        const gsize n = GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(setup->forms[f]), "n"));
        for (gsize i = 0; params != NULL && i < n; i++) {
            if (!rk_params_is_set(params, table[i].name))
                continue;
            g_autofree char *value = rk_params_value_text(params, table[i].name);
            g_ptr_array_add(assignments, g_strdup_printf("%s=%s", table[i].name, value));
        }
    }
    g_ptr_array_add(assignments, NULL);
    *name = g_strdup(gtk_editable_get_text(setup->name));
    const RkTrainOrder order = {
        .device = device,
        .model = chosen_model(setup)->name,
        .dataset = chosen_text(setup->dataset),
        .name = *name,
        .assignments = (const char *const *)assignments->pdata,
        .from = chosen_parent(setup),
        .seed = (uint64_t)gtk_spin_button_get_value(setup->seed),
    };
    setup->named = FALSE;
    return rk_train_job(rk_app_session_workspace(setup->session), &order);
}

// ---- the class -----------------------------------------------------------------------------

static void
setup_dispose(GObject *object)
{
    g_clear_object(&RK_TRAIN_SETUP(object)->session);
    G_OBJECT_CLASS(rk_train_setup_parent_class)->dispose(object);
}

static void
setup_finalize(GObject *object)
{
    g_ptr_array_unref(RK_TRAIN_SETUP(object)->parents);
    G_OBJECT_CLASS(rk_train_setup_parent_class)->finalize(object);
}

static void
on_start(RkTrainSetup *setup)
{
    g_signal_emit(setup, start_signal, 0);
}

static void
rk_train_setup_class_init(RkTrainSetupClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = setup_dispose;
    G_OBJECT_CLASS(class)->finalize = setup_finalize;
    start_signal = g_signal_new("start", RK_TYPE_TRAIN_SETUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/train-setup.ui");
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, model);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, dataset);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, from);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, name);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, seed);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, problem);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, start);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, expander);
    gtk_widget_class_bind_template_child(widget, RkTrainSetup, forms_box);
    gtk_widget_class_bind_template_callback(widget, on_model);
    gtk_widget_class_bind_template_callback(widget, on_name);
    gtk_widget_class_bind_template_callback(widget, on_start);
}

static void
rk_train_setup_init(RkTrainSetup *setup)
{
    setup->parents = g_ptr_array_new_with_free_func(g_free);
    gtk_widget_init_template(GTK_WIDGET(setup));
}

GtkWidget *
rk_train_setup_new(RkAppSession *session)
{
    RkTrainSetup *setup = g_object_new(RK_TYPE_TRAIN_SETUP, NULL);
    g_autoptr(GtkStringList) zoo = gtk_string_list_new(NULL);
    for (size_t i = 0; rk_model_at(i) != NULL; i++)
        gtk_string_list_append(zoo, rk_model_at(i)->title);
    adw_combo_row_set_model(setup->model, G_LIST_MODEL(zoo));
    setup->session = g_object_ref(session);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(on_contents), setup,
                            G_CONNECT_SWAPPED);
    fill_datasets(setup);
    rk_train_setup_choose(setup, "mf", NULL);
    return GTK_WIDGET(setup);
}
