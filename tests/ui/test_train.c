// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training as a user does it: the form, the live chart, pause and resume, runs beside each other.
#include "ui_test.h"

#include "ui/chart_view.h"
#include "ui/train_run.h"

#include <string.h>

static void
generate(RkUi *ui, const char *name)
{
    rk_ui_act(ui, "win.generate", NULL);
    rk_ui_type(ui, "Name of the dataset", name);
    rk_ui_type(ui, "Rows", "3000");
    rk_ui_press(ui, "Generate");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, name);
    rk_ui_see(ui, "3000 rows");
}

static void
set_choice(RkUi *ui, const char *title, const char *value)
{
    GtkWidget *row = rk_ui_find(ui, ADW_TYPE_COMBO_ROW, title);
    g_assert_nonnull(row);
    GListModel *model = adw_combo_row_get_model(ADW_COMBO_ROW(row));
    for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
        g_autoptr(GtkStringObject) item = g_list_model_get_item(model, i);
        if (strcmp(gtk_string_object_get_string(item), value) == 0) {
            adw_combo_row_set_selected(ADW_COMBO_ROW(row), i);
            rk_ui_idle(ui, 20);
            return;
        }
    }
    g_error("\"%s\" offers no \"%s\".", title, value);
}

static void
fill(RkUi *ui, const char *name, const char *epochs)
{
    rk_ui_type(ui, "Name of the new model", name);
    set_choice(ui, "Loss", "mse");
    rk_ui_type(ui, "Dim", "4");
    rk_ui_type(ui, "Batch", "64");
    rk_ui_type(ui, "Epochs", epochs);
}

// The first widget of a type below another.
static GtkWidget *
below(GtkWidget *from, GType type)
{
    GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE(from, type) ? from : NULL;
    for (GtkWidget *child = gtk_widget_get_first_child(from); child != NULL && found == NULL;
         child = gtk_widget_get_next_sibling(child))
        found = below(child, type);
    return found;
}

static RkChart *
chart_of(RkUi *ui)
{
    GtkWidget *run = rk_ui_find(ui, RK_TYPE_TRAIN_RUN, "Training");
    g_assert_nonnull(run);
    GtkWidget *view = below(run, RK_TYPE_CHART_VIEW);
    g_assert_nonnull(view);
    return rk_chart_view_chart(RK_CHART_VIEW(view));
}

static guint
n_series(const RkChart *chart)
{
    guint n = 0;
    for (guint p = 0; p < chart->panels->len; p++)
        n += rk_chart_panel(chart, p)->series->len;
    return n;
}

// The check button in the row of that title.
static void
check(RkUi *ui, const char *title)
{
    GtkWidget *row = rk_ui_find(ui, ADW_TYPE_ACTION_ROW, title);
    g_assert_nonnull(row);
    gtk_check_button_set_active(GTK_CHECK_BUTTON(below(row, GTK_TYPE_CHECK_BUTTON)), TRUE);
    rk_ui_idle(ui, 20);
}

static void
test_empty(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "train");
    rk_ui_see(ui, "No Data to Train On");
    rk_ui_shot(ui, "train-empty");
    rk_ui_press(ui, "Go to Data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_close(ui);
}

static void
test_train(void)
{
    RkUi *ui = rk_ui_open(NULL);
    generate(ui, "small");
    rk_ui_page(ui, "train");
    rk_ui_see(ui, "What you train is listed here.");
    rk_ui_see(ui, "mf-1");
    rk_ui_type(ui, "Name of the new model", "");
    rk_ui_see(ui, "The model needs a name.");
    fill(ui, "first", "2");
    rk_ui_shot(ui, "train-setup");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "The model is stored.");
    rk_ui_see(ui, "Test rmse");
    rk_ui_see(ui, "mf on small, done");
    g_assert_cmpuint(n_series(chart_of(ui)), ==, 2); // loss, valid.rmse
    rk_ui_shot(ui, "train-run");

    rk_ui_press(ui, "Train Another Like It");
    rk_ui_see(ui, "mf-1");
    fill(ui, "first", "2");
    rk_ui_see(ui, "There is a model or a run of that name already.");
    rk_ui_type(ui, "Name of the new model", "second");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "The model is stored.");
    rk_ui_see(ui, "Test rmse");
    // The other run goes into the same chart.
    GtkWidget *row = rk_ui_find(ui, ADW_TYPE_ACTION_ROW, "first");
    g_assert_nonnull(row);
    rk_ui_press(ui, "first");
    rk_ui_idle(ui, 200);
    g_assert_cmpuint(n_series(chart_of(ui)), ==, 2);
    check(ui, "second");
    rk_ui_idle(ui, 300);
    g_assert_cmpuint(n_series(chart_of(ui)), ==, 4);
    rk_ui_shot(ui, "train-compared");
    gtk_window_set_default_size(rk_ui_window(ui), 360, 640);
    rk_ui_idle(ui, 400);
    g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(rk_ui_window(ui))), <=, 360);
    rk_ui_shot(ui, "train-narrow");
    rk_ui_press(ui, "All runs");
    rk_ui_shot(ui, "train-narrow-list");
    rk_ui_press(ui, "New training");
    rk_ui_shot(ui, "train-narrow-setup");
    rk_ui_close(ui);
}

static void
test_pause(void)
{
    RkUi *ui = rk_ui_open(NULL);
    generate(ui, "small");
    gtk_window_set_default_size(rk_ui_window(ui), 1100, 760);
    rk_ui_page(ui, "train");
    fill(ui, "long", "2000");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "samples/s");
    rk_ui_see(ui, " left");
    rk_ui_shot(ui, "train-live");
    gtk_window_close(rk_ui_window(ui));
    rk_ui_see(ui, "Its last checkpoint is kept; the training can be resumed.");
    rk_ui_press(ui, "Keep Running");
    rk_ui_see_no(ui, "the training can be resumed.");
    rk_ui_press(ui, "Pause");
    rk_ui_see(ui, "Paused. What was trained is kept");
    rk_ui_see(ui, "mf on small, paused");
    const RkSeries *loss = g_ptr_array_index(rk_chart_panel(chart_of(ui), 0)->series, 0);
    const gsize before = loss->n;
    g_assert_cmpuint(before, >, 0);
    rk_ui_press(ui, "Resume");
    rk_ui_see(ui, "samples/s");
    rk_ui_idle(ui, 300);
    loss = g_ptr_array_index(rk_chart_panel(chart_of(ui), 0)->series, 0);
    g_assert_cmpuint(loss->n, >=, before); // the line goes on
    g_assert_cmpfloat(loss->x[0], ==, 10);
    rk_ui_press(ui, "Stop");
    rk_ui_see(ui, "The model is stored.");
    rk_ui_see(ui, "Test rmse");
    rk_ui_press(ui, "Remove this run");
    rk_ui_see(ui, "Removed the run long; its model stays");
    rk_ui_see(ui, "What you train is listed here.");
    rk_ui_press(ui, "Undo");
    rk_ui_see(ui, "mf on small, done");
    rk_ui_close(ui);
}

static void
test_error(void)
{
    RkUi *ui = rk_ui_open(NULL);
    generate(ui, "small");
    rk_ui_page(ui, "train");
    rk_ui_press(ui, "Start Training"); // clicks, but the data has ratings
    rk_ui_see(ui, "a label is");
    rk_ui_see(ui, "loss=mse");
    rk_ui_shot(ui, "train-error");
    rk_ui_close(ui);
}

static void
add_train_tests(void)
{
    g_test_add_func("/ui/train/without data it says what to do", test_empty);
    g_test_add_func("/ui/train/two models are trained and their curves compared", test_train);
    g_test_add_func("/ui/train/a training is paused, resumed and ended early", test_pause);
    g_test_add_func("/ui/train/what can't be trained is said", test_error);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_train_tests);
}
