// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models: what was trained, and the zoo; one of them in detail.
#include <glib/gi18n.h>
#include <string.h>

#include "models/model.h"
#include "store/model.h"
#include "ui/asked.h"
#include "ui/ask_file.h"
#include "ui/compress_dialog.h"
#include "ui/page.h"
#include "ui/pages/model_detail.h"
#include "ui/widgets.h"

#define RK_TYPE_MODELS_PAGE (rk_models_page_get_type())
G_DECLARE_FINAL_TYPE(RkModelsPage, rk_models_page, RK, MODELS_PAGE, AdwBin)

struct _RkModelsPage {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack;
    AdwBin *error_bin, *detail;
    AdwLeaflet *leaflet;
    GtkWidget *list_side;
    GtkEditable *search;
    GtkListBox *list;
    char *shown;          // name of the stored model beside the list; or NULL
    GHashTable *measured; // name -> RkMeasuredModel, since the start
};

G_DEFINE_FINAL_TYPE(RkModelsPage, rk_models_page, ADW_TYPE_BIN)

// ---- details -------------------------------------------------------------------------------

static void
show_list(RkModelsPage *page)
{
    adw_leaflet_set_visible_child(page->leaflet, page->list_side);
}

static GtkWidget *
back_button(RkModelsPage *page)
{
    GtkWidget *back = gtk_button_new_from_icon_name("go-previous-symbolic");
    rk_set_tooltip(back, _("All models"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(back), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("All models"), -1);
    g_object_bind_property(page->leaflet, "folded", back, "visible", G_BINDING_SYNC_CREATE);
    g_signal_connect_object(back, "clicked", G_CALLBACK(show_list), page, G_CONNECT_SWAPPED);
    return back;
}

// Starts a detail: a head with the title, and the page below it that is returned.
static AdwPreferencesPage *
begin_detail(RkModelsPage *page, const char *title, const char *stored)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget *label = gtk_label_new(title);
    GtkWidget *below = adw_preferences_page_new();
    g_object_set(head, "margin-start", 12, "margin-end", 12, "margin-top", 12, NULL);
    g_object_set(label, "xalign", 0.0F, "hexpand", TRUE, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, NULL);
    rk_set_tooltip(label, title);
    gtk_widget_add_css_class(label, "title-2");
    gtk_box_append(GTK_BOX(head), back_button(page));
    gtk_box_append(GTK_BOX(head), label);
    if (stored != NULL) {
        GtkWidget *trash = gtk_button_new_from_icon_name("user-trash-symbolic");
        rk_set_tooltip(trash, _("Remove this model"));
        gtk_accessible_update_property(GTK_ACCESSIBLE(trash), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       _("Remove this model"), -1);
        gtk_actionable_set_action_name(GTK_ACTIONABLE(trash), "win.remove-model");
        gtk_actionable_set_action_target(GTK_ACTIONABLE(trash), "s", stored);
        gtk_box_append(GTK_BOX(head), trash);
    }
    gtk_widget_set_vexpand(below, TRUE);
    gtk_box_append(GTK_BOX(box), head);
    gtk_box_append(GTK_BOX(box), below);
    adw_bin_set_child(page->detail, box);
    return ADW_PREFERENCES_PAGE(below);
}

static AdwPreferencesGroup *
add_group(AdwPreferencesPage *page, const char *title)
{
    GtkWidget *group = adw_preferences_group_new();
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    adw_preferences_page_add(page, ADW_PREFERENCES_GROUP(group));
    return ADW_PREFERENCES_GROUP(group);
}

static char *
needs_text(unsigned needs)
{
    static const struct {
        unsigned bit;
        const char *text;
    } NEEDS[] = {{RK_NEEDS_USER, N_("a user")},
                 {RK_NEEDS_ITEM, N_("an item")},
                 {RK_NEEDS_HISTORY, N_("a history of items")},
                 {RK_NEEDS_NUMBERS, N_("numbers")},
                 {RK_NEEDS_CODES, N_("categories")}};
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(NEEDS); i++)
        if (needs & NEEDS[i].bit)
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", _(NEEDS[i].text));
    return g_string_free(text, FALSE);
}

static void
show_zoo(RkModelsPage *page, const RkModel *model)
{
    AdwPreferencesPage *below = begin_detail(page, model->title, NULL);
    AdwPreferencesGroup *facts = add_group(below, _("About"));
    g_autofree char *needs = needs_text(model->needs);
    g_clear_pointer(&page->shown, g_free);
    adw_preferences_group_add(facts, rk_fact_row(_("Name"), model->name));
    adw_preferences_group_add(facts, rk_fact_row(_("Paper"), model->paper));
    adw_preferences_group_add(facts, rk_fact_row(_("Needs of the data"), needs));
    adw_preferences_group_add(
        facts, rk_fact_row(_("Ranks candidates"), model->candidates ? _("Yes") : _("No")));
    GtkWidget *train = gtk_button_new_with_mnemonic(_("_Train…"));
    gtk_widget_set_halign(train, GTK_ALIGN_CENTER);
    gtk_widget_add_css_class(train, "pill");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(train), "win.train");
    gtk_actionable_set_action_target(GTK_ACTIONABLE(train), "s", model->name);
    gtk_widget_set_margin_top(train, 12);
    adw_preferences_group_add(facts, train);
    AdwPreferencesGroup *settings = model->n_params > 0 ? add_group(below, _("Settings")) : NULL;
    for (size_t i = 0; i < model->n_params; i++) {
        const RkParam *param = &model->params[i];
        GtkWidget *row = rk_fact_row(param->name, param->initial);
        adw_action_row_set_subtitle(ADW_ACTION_ROW(row), param->help);
        adw_preferences_group_add(settings, row);
    }
}

// A row of buttons of what can be done with a model.
static void
add_actions(RkModelsPage *page, const RkStoredModel *model)
{
    g_autofree char *from = g_strdup_printf("%s/%s", model->kind, model->name);
    const struct {
        const char *label, *tip, *action, *target;
    } ACTIONS[] = {
        {_("_Train On"), _("Train a new model that begins with its weights"), "win.train", from},
        {_("_Compress…"), _("Prune, factorize or quantize it"), "models.compress", model->name},
        {_("_Evaluate"), _("Measure it on the test part again"), "models.evaluate", model->name},
        {_("E_xport…"), _("Write its weights to a file"), "models.export", model->name},
    };
    GtkWidget *flow = gtk_flow_box_new();
    gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(flow), GTK_SELECTION_NONE);
    gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(flow), G_N_ELEMENTS(ACTIONS));
    g_object_set(flow, "margin-start", 12, "margin-end", 12, "margin-top", 6, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ACTIONS); i++) {
        GtkWidget *button = gtk_button_new_with_mnemonic(ACTIONS[i].label);
        rk_set_tooltip(button, ACTIONS[i].tip);
        gtk_actionable_set_action_name(GTK_ACTIONABLE(button), ACTIONS[i].action);
        gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "s", ACTIONS[i].target);
        gtk_flow_box_insert(GTK_FLOW_BOX(flow), button, -1);
    }
    GtkWidget *box = adw_bin_get_child(page->detail);
    gtk_box_insert_child_after(GTK_BOX(box), flow, gtk_widget_get_first_child(box));
}

static void
show_stored(RkModelsPage *page, const RkStoredModel *model)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    AdwPreferencesPage *below = begin_detail(page, model->name, model->name);
    g_autofree char *name = g_strdup(model->name);
    g_free(page->shown);
    page->shown = g_steal_pointer(&name);
    add_actions(page, model);
    rk_model_detail_add(below, contents->models, model,
                        g_hash_table_lookup(page->measured, model->name));
}

// ---- the list ------------------------------------------------------------------------------

#define INDENT 18 // px a level of the tree

static GtkWidget *
list_row(const char *title, const char *subtitle, gboolean stored, guint depth)
{
    GtkWidget *row = adw_action_row_new();
    if (depth > 0) {
        GtkWidget *branch = gtk_image_new_from_icon_name("go-next-symbolic");
        gtk_widget_add_css_class(branch, "dim-label");
        gtk_widget_set_margin_start(branch, (int)(MIN(depth, 5) - 1) * INDENT);
        adw_action_row_add_prefix(ADW_ACTION_ROW(row), branch);
        gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LEVEL,
                                       (int)depth + 1, -1);
    }
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 2);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), subtitle);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
    g_object_set_data_full(G_OBJECT(row), "name", g_strdup(title), g_free);
    g_object_set_data(G_OBJECT(row), "stored", GINT_TO_POINTER(stored));
    return row;
}

static const RkStoredModel *
find_stored(RkModelsPage *page, const char *name)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    for (guint i = 0; name != NULL && contents != NULL && i < contents->models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(contents->models, i);
        if (strcmp(model->name, name) == 0)
            return rk_app_session_is_removed(page->session, RK_KEPT_MODEL, name) ? NULL : model;
    }
    return NULL;
}

static void
add_stored(RkModelsPage *page, const RkContents *contents)
{
    g_autoptr(GArray) tree = rk_model_tree(contents->models);
    for (guint i = 0; i < tree->len; i++) {
        const RkModelPlace *place = &g_array_index(tree, RkModelPlace, i);
        const RkStoredModel *model = place->model;
        g_autofree char *size = g_format_size_full(model->n_bytes, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *metrics = rk_model_metrics_text(model, 1);
        // Translators: kind of a model, its size, and maybe a metric.
        g_autofree char *subtitle =
            metrics != NULL ? g_strdup_printf(_("%s, %s, %s"), model->kind, size, metrics)
                            : g_strdup_printf(_("%s, %s"), model->kind, size);
        if (find_stored(page, model->name) == NULL)
            continue;
        GtkWidget *row = list_row(model->name, subtitle, TRUE, place->depth);
        gtk_list_box_append(page->list, row);
        if (g_strcmp0(page->shown, model->name) == 0)
            gtk_list_box_select_row(page->list, GTK_LIST_BOX_ROW(row));
    }
}

static void
show(RkModelsPage *page)
{
    const RkContents *contents = rk_app_session_contents(page->session);
    const GError *error = rk_app_session_contents_error(page->session);
    GtkWidget *row;
    while ((row = GTK_WIDGET(gtk_list_box_get_row_at_index(page->list, 0))) != NULL)
        gtk_list_box_remove(page->list, row);
    if (contents != NULL)
        add_stored(page, contents);
    for (size_t i = 0; rk_model_at(i) != NULL; i++)
        gtk_list_box_append(page->list, list_row(rk_model_at(i)->title, _("In the zoo"), FALSE, 0));
    if (page->shown != NULL && find_stored(page, page->shown) == NULL) {
        show_zoo(page, rk_model_at(0));
        show_list(page);
    } else if (page->shown != NULL) { // its children may be new
        show_stored(page, find_stored(page, page->shown));
    }
    if (error != NULL) {
        adw_bin_set_child(page->error_bin, rk_error_page(_("The database can't be opened"), error));
        gtk_stack_set_visible_child_name(page->stack, "error");
        return;
    }
    gtk_stack_set_visible_child_name(page->stack, "list");
}

static void
on_row_activated(GtkListBox *list, GtkListBoxRow *row, RkModelsPage *page)
{
    const char *name = g_object_get_data(G_OBJECT(row), "name");
    if (g_object_get_data(G_OBJECT(row), "stored") != NULL) {
        const RkStoredModel *model = find_stored(page, name);
        if (model != NULL)
            show_stored(page, model);
    } else {
        for (size_t i = 0; rk_model_at(i) != NULL; i++)
            if (strcmp(rk_model_at(i)->title, name) == 0)
                show_zoo(page, rk_model_at(i));
    }
    adw_leaflet_set_visible_child(page->leaflet, GTK_WIDGET(page->detail));
}

static gboolean
matches(GtkListBoxRow *row, gpointer data)
{
    g_autofree char *wanted =
        g_utf8_casefold(gtk_editable_get_text(RK_MODELS_PAGE(data)->search), -1);
    g_autofree char *name = g_utf8_casefold(g_object_get_data(G_OBJECT(row), "name"), -1);
    return strstr(name, wanted) != NULL;
}

static void
on_search(RkModelsPage *page)
{
    gtk_list_box_invalidate_filter(page->list);
}

// ---- what can be done ------------------------------------------------------------------------

static void
act_compress(GtkWidget *widget, const char *action, GVariant *target)
{
    RkModelsPage *page = RK_MODELS_PAGE(widget);
    gtk_window_present(
        GTK_WINDOW(rk_compress_dialog_new(GTK_WINDOW(gtk_widget_get_root(widget)), page->session,
                                          g_variant_get_string(target, NULL))));
}

static void
evaluated(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkModelsPage) page = g_weak_ref_get(&asked->by);
    g_autoptr(RkAppSession) session = g_weak_ref_get(&asked->session);
    RkMeasuredModel *measured = rk_job_take_result(job);
    if (session != NULL && last->error != NULL)
        rk_app_session_toast(session, last->error->message);
    if (page == NULL || page->session == NULL || measured == NULL) {
        rk_measured_model_free(measured);
        return;
    }
    g_hash_table_replace(page->measured, g_strdup(measured->model), measured);
    const RkStoredModel *model = find_stored(page, measured->model);
    if (model != NULL && g_strcmp0(page->shown, measured->model) == 0)
        show_stored(page, model);
}

static void
act_evaluate(GtkWidget *widget, const char *action, GVariant *target)
{
    RkModelsPage *page = RK_MODELS_PAGE(widget);
    const char *name = g_variant_get_string(target, NULL);
    g_autofree char *device = rk_app_session_device_word(page->session);
    // Translators: %s is the name of a model.
    g_autofree char *title = g_strdup_printf(_("Measuring %s"), name);
    RkJobSpec spec = rk_evaluate_job(rk_app_session_workspace(page->session), device, name, NULL,
                                     "test", "auto", 10, 1);
    rk_asked(&spec, evaluated, page, page->session, NULL, 0);
    rk_app_session_start(page->session, spec, title);
    rk_app_session_toast(page->session, title);
}

static void
file_chosen(gpointer owner, const char *const *paths, gpointer name)
{
    const RkModelsPage *page = owner;
    // Translators: %s is the name of a model.
    g_autofree char *title = g_strdup_printf(_("Exporting %s"), (const char *)name);
    if (page->session != NULL)
        rk_app_session_start(
            page->session,
            rk_save_weights_job(rk_app_session_workspace(page->session), name, paths[0]), title);
}

static void
act_export(GtkWidget *widget, const char *action, GVariant *target)
{
    static const char *const PATTERNS[] = {"*.npz", "*.json", NULL};
    const char *name = g_variant_get_string(target, NULL);
    g_autofree char *file = g_strdelimit(g_strdup_printf("%s.npz", name), "/", '-');
    const RkAskFile ask = {.title = _("Export the Weights"),
                           .accept = _("_Export"),
                           .action = GTK_FILE_CHOOSER_ACTION_SAVE,
                           .kind = _("NumPy archives and JSON"),
                           .patterns = PATTERNS,
                           .name = file,
                           .ending = ".npz"};
    rk_ask_file(widget, &ask, G_OBJECT(widget), file_chosen, g_strdup(name), g_free);
}

// ---- the class -----------------------------------------------------------------------------

static void
page_dispose(GObject *object)
{
    RkModelsPage *page = RK_MODELS_PAGE(object);
    g_clear_object(&page->session);
    g_clear_pointer(&page->shown, g_free);
    g_clear_pointer(&page->measured, g_hash_table_unref);
    G_OBJECT_CLASS(rk_models_page_parent_class)->dispose(object);
}

static void
rk_models_page_class_init(RkModelsPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/models.ui");
    gtk_widget_class_bind_template_child(widget, RkModelsPage, stack);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, error_bin);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, detail);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, leaflet);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, list_side);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, search);
    gtk_widget_class_bind_template_child(widget, RkModelsPage, list);
    gtk_widget_class_bind_template_callback(widget, on_search);
    gtk_widget_class_bind_template_callback(widget, on_row_activated);
    gtk_widget_class_install_action(widget, "models.compress", "s", act_compress);
    gtk_widget_class_install_action(widget, "models.evaluate", "s", act_evaluate);
    gtk_widget_class_install_action(widget, "models.export", "s", act_export);
}

static void
rk_models_page_init(RkModelsPage *page)
{
    page->measured = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify)rk_measured_model_free);
    gtk_widget_init_template(GTK_WIDGET(page));
}

GtkWidget *
rk_models_page_new(RkAppSession *session)
{
    RkModelsPage *page = g_object_new(RK_TYPE_MODELS_PAGE, NULL);
    page->session = g_object_ref(session);
    gtk_list_box_set_filter_func(page->list, matches, page, NULL);
    g_object_set_data(G_OBJECT(page), "search", page->search);
    g_signal_connect_object(session, "changed::contents", G_CALLBACK(show), page,
                            G_CONNECT_SWAPPED);
    show_zoo(page, rk_model_at(0));
    show_list(page);
    show(page);
    return GTK_WIDGET(page);
}
