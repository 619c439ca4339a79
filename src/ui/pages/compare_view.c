// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/compare_view.h"

#include <glib/gi18n.h>
#include <string.h>

#include "report/result_charts.h"
#include "report/text.h"
#include "ui/chart_view.h"
#include "ui/scene_view.h"
#include "ui/table_view.h"
#include "ui/widgets.h"

#define N_FIXED 3u // looks that are always there: table, words, space; charts follow

struct _RkCompareView {
    AdwBin parent;
    RkSideBySide *side;
    GtkDropDown *look, *base, *other;
    GtkStack *stack;
    AdwBin *table, *words;
    RkChartView *chart;
    RkSceneView *scene;
    GtkLabel *more;
    GtkWidget *other_box;
    gboolean filling; // the lists, by the view itself
    char *looked;     // title of what is looked at
    char *other_id;   // of the trial that words compare with the base
};

G_DEFINE_FINAL_TYPE(RkCompareView, rk_compare_view, ADW_TYPE_BIN)

static guint base_signal;

static const RkTrialResult *
trial_at(const RkCompareView *view, guint i)
{
    const GPtrArray *trials = view->side->merged->trials;
    return i < trials->len ? g_ptr_array_index(trials, i) : NULL;
}

static char *
clean_label(const RkTrialResult *trial)
{
    g_autofree char *label = rk_trial_result_label(trial);
    return rk_text_clean(label);
}

// ---- words ---------------------------------------------------------------------------------

// The run that a trial of the merged results is of.
static const RkResults *
results_of(const RkCompareView *view, const RkTrialResult *trial)
{
    const char *id = strchr(trial->id, '/') + 1;
    for (guint r = 0; r < view->side->runs->len; r++) {
        const RkLoadedRun *run = g_ptr_array_index(view->side->runs, r);
        const RkTrialResult *own = rk_results_trial(run->results, id);
        if (own != NULL && own->repeats == trial->repeats)
            return run->results;
    }
    return view->side->merged;
}

static GtkWidget *
sentences(const GPtrArray *words, const char *title)
{
    GtkWidget *page = adw_preferences_page_new();
    GtkWidget *group = adw_preferences_group_new();
    g_autofree char *escaped = g_markup_escape_text(title, -1);
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), escaped);
    for (guint i = 0; i < words->len; i++) {
        GtkWidget *row = adw_action_row_new();
        adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), g_ptr_array_index(words, i));
        adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 0);
        adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
    }
    adw_preferences_page_add(ADW_PREFERENCES_PAGE(page), ADW_PREFERENCES_GROUP(group));
    return page;
}

static void
show_words(RkCompareView *view)
{
    const RkTrialResult *from = trial_at(view, view->side->base);
    const RkTrialResult *to = trial_at(view, gtk_drop_down_get_selected(view->other));
    if (from == NULL || to == NULL || from == to) {
        GtkWidget *status = adw_status_page_new();
        adw_status_page_set_icon_name(ADW_STATUS_PAGE(status), "view-dual-symbolic");
        adw_status_page_set_title(ADW_STATUS_PAGE(status), _("Choose Two Settings"));
        adw_status_page_set_description(
            ADW_STATUS_PAGE(status),
            _("Check another trial, or choose one above that isn't the base."));
        adw_bin_set_child(view->words, status);
        return;
    }
    g_autoptr(GPtrArray) words =
        rk_compare_words(results_of(view, from), from, results_of(view, to), to);
    g_autofree char *a = clean_label(from), *b = clean_label(to);
    // Translators: from one setting to another.
    g_autofree char *title = g_strdup_printf(_("From %s to %s"), a, b);
    adw_bin_set_child(view->words, sentences(words, title));
}

// ---- looking -------------------------------------------------------------------------------

static RkChart *
chart_of(const RkCompareView *view, guint look)
{
    const guint i = look - N_FIXED;
    return look >= N_FIXED && i < view->side->charts->len ? g_ptr_array_index(view->side->charts, i)
                                                          : NULL;
}

// The view of charts owns what it shows, so that each look makes the chart anew.
static RkChart *
chart_again(const RkCompareView *view, const RkChart *chart)
{
    return chart->kind != NULL ? rk_results_chart(view->side->merged, chart->kind) : NULL;
}

static void
show_look(RkCompareView *view)
{
    static const char *const NAMES[] = {"table", "words", "space"};
    const guint look = gtk_drop_down_get_selected(view->look);
    if (view->filling || view->side == NULL || look == GTK_INVALID_LIST_POSITION)
        return;
    g_autoptr(GtkStringObject) title =
        g_list_model_get_item(gtk_drop_down_get_model(view->look), look);
    g_free(view->looked);
    view->looked = g_strdup(gtk_string_object_get_string(title));
    if (look == 1)
        show_words(view);
    if (chart_of(view, look) != NULL)
        rk_chart_view_set_chart(view->chart, chart_again(view, chart_of(view, look)));
    gtk_widget_set_visible(view->other_box, look == 1);
    gtk_stack_set_visible_child_name(view->stack, look < N_FIXED ? NAMES[look] : "chart");
}

static void
fill_looks(RkCompareView *view)
{
    g_autoptr(GtkStringList) titles = gtk_string_list_new(NULL);
    guint selected = 0;
    gtk_string_list_append(titles, _("Differences"));
    gtk_string_list_append(titles, _("What changed, in words"));
    gtk_string_list_append(titles, _("Trade-off space"));
    for (guint i = 0; i < view->side->charts->len; i++)
        gtk_string_list_append(titles,
                               ((const RkChart *)g_ptr_array_index(view->side->charts, i))->title);
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(titles)); i++)
        if (g_strcmp0(gtk_string_list_get_string(titles, i), view->looked) == 0)
            selected = i;
    gtk_drop_down_set_model(view->look, G_LIST_MODEL(titles));
    gtk_drop_down_set_selected(view->look, selected);
}

static void
fill_trials(RkCompareView *view)
{
    g_autoptr(GtkStringList) labels = gtk_string_list_new(NULL);
    const GPtrArray *trials = view->side->merged->trials;
    guint other = GTK_INVALID_LIST_POSITION;
    for (guint i = 0; i < trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(trials, i);
        g_autofree char *label = clean_label(trial);
        gtk_string_list_append(labels, label);
        if (g_strcmp0(trial->id, view->other_id) == 0 ||
            (view->other_id == NULL &&
             g_strcmp0(trial->id, view->side->merged->recommended.id) == 0))
            other = i;
    }
    if ((other == GTK_INVALID_LIST_POSITION || other == view->side->base) && trials->len > 1)
        other = view->side->base == 0 ? 1 : 0;
    gtk_drop_down_set_model(view->base, G_LIST_MODEL(labels));
    gtk_drop_down_set_selected(view->base, view->side->base);
    gtk_drop_down_set_model(view->other, G_LIST_MODEL(labels));
    gtk_drop_down_set_selected(view->other, other);
}

void
rk_compare_view_show(RkCompareView *view, RkSideBySide *side, guint n_more)
{
    g_autofree char *more = g_strdup_printf(
        ngettext("%u more trial is checked than can be held side by side.",
                 "%u more trials are checked than can be held side by side.", n_more),
        n_more);
    rk_chart_view_set_chart(view->chart, NULL);
    g_clear_pointer(&view->side, rk_side_by_side_free);
    view->side = side;
    view->filling = TRUE;
    fill_looks(view);
    fill_trials(view);
    view->filling = FALSE;
    gtk_label_set_text(view->more, more);
    gtk_widget_set_visible(GTK_WIDGET(view->more), n_more > 0);
    adw_bin_set_child(view->table, rk_table_view_new(g_steal_pointer(&side->table)));
    rk_scene_view_set_scene(view->scene, rk_scene_new(side->merged, side->base));
    show_look(view);
}

gboolean
rk_compare_view_look_at(RkCompareView *view, const char *title)
{
    GListModel *titles = gtk_drop_down_get_model(view->look);
    for (guint i = 0; titles != NULL && i < g_list_model_get_n_items(titles); i++) {
        g_autoptr(GtkStringObject) one = g_list_model_get_item(titles, i);
        if (strcmp(gtk_string_object_get_string(one), title) == 0) {
            gtk_drop_down_set_selected(view->look, i);
            return TRUE;
        }
    }
    return FALSE;
}

static void
base_chosen(RkCompareView *view)
{
    const guint base = gtk_drop_down_get_selected(view->base);
    if (!view->filling && view->side != NULL && base != view->side->base &&
        trial_at(view, base) != NULL)
        g_signal_emit(view, base_signal, 0, base);
}

static void
other_chosen(RkCompareView *view)
{
    const RkTrialResult *other = view->filling || view->side == NULL
                                     ? NULL
                                     : trial_at(view, gtk_drop_down_get_selected(view->other));
    if (other == NULL)
        return;
    g_free(view->other_id);
    view->other_id = g_strdup(other->id);
    show_words(view);
}

// A point of the space: what changed from the base to it.
static void
point_activated(RkSceneView *scene, guint point, RkCompareView *view)
{
    const RkScenePoint *chosen =
        &g_array_index(rk_scene_view_scene(scene)->points, RkScenePoint, point);
    for (guint i = 0; trial_at(view, i) != NULL; i++) {
        g_autofree char *label = rk_trial_result_label(trial_at(view, i));
        if (strcmp(label, chosen->name) == 0)
            gtk_drop_down_set_selected(view->other, i);
    }
    gtk_drop_down_set_selected(view->look, 1);
}

static void
reset_space(RkCompareView *view)
{
    rk_scene_view_reset(view->scene);
}

// ---- the class -----------------------------------------------------------------------------

static void
view_dispose(GObject *object)
{
    RkCompareView *view = RK_COMPARE_VIEW(object);
    view->filling = TRUE; // lists that go say that another row is selected
    G_OBJECT_CLASS(rk_compare_view_parent_class)->dispose(object);
}

static void
view_finalize(GObject *object)
{
    RkCompareView *view = RK_COMPARE_VIEW(object);
    g_clear_pointer(&view->side, rk_side_by_side_free);
    g_free(view->looked);
    g_free(view->other_id);
    G_OBJECT_CLASS(rk_compare_view_parent_class)->finalize(object);
}

static void
rk_compare_view_class_init(RkCompareViewClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = view_dispose;
    G_OBJECT_CLASS(class)->finalize = view_finalize;
    base_signal = g_signal_new("base-chosen", RK_TYPE_COMPARE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL,
                               NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
    g_type_ensure(RK_TYPE_CHART_VIEW);
    g_type_ensure(RK_TYPE_SCENE_VIEW);
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/compare-view.ui");
    gtk_widget_class_bind_template_child(widget, RkCompareView, look);
    gtk_widget_class_bind_template_child(widget, RkCompareView, base);
    gtk_widget_class_bind_template_child(widget, RkCompareView, other);
    gtk_widget_class_bind_template_child(widget, RkCompareView, other_box);
    gtk_widget_class_bind_template_child(widget, RkCompareView, stack);
    gtk_widget_class_bind_template_child(widget, RkCompareView, table);
    gtk_widget_class_bind_template_child(widget, RkCompareView, words);
    gtk_widget_class_bind_template_child(widget, RkCompareView, chart);
    gtk_widget_class_bind_template_child(widget, RkCompareView, scene);
    gtk_widget_class_bind_template_child(widget, RkCompareView, more);
    gtk_widget_class_bind_template_callback(widget, reset_space);
    gtk_widget_class_bind_template_callback(widget, point_activated);
}

// A list with a search field, as there can be a thousand trials.
static void
make_searchable(GtkDropDown *list)
{
    g_autoptr(GtkExpression) text =
        gtk_property_expression_new(GTK_TYPE_STRING_OBJECT, NULL, "string");
    gtk_drop_down_set_expression(list, text);
    gtk_drop_down_set_enable_search(list, TRUE);
}

static void
rk_compare_view_init(RkCompareView *view)
{
    gtk_widget_init_template(GTK_WIDGET(view));
    make_searchable(view->base);
    make_searchable(view->other);
    g_signal_connect_object(view->look, "notify::selected", G_CALLBACK(show_look), view,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(view->base, "notify::selected", G_CALLBACK(base_chosen), view,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(view->other, "notify::selected", G_CALLBACK(other_chosen), view,
                            G_CONNECT_SWAPPED);
}

GtkWidget *
rk_compare_view_new(void)
{
    return g_object_new(RK_TYPE_COMPARE_VIEW, NULL);
}
