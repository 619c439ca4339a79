// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models as a user handles them: trained, compressed by a list of passes, measured, in their tree.
#include "ui_test.h"

#include "ui/compress_dialog.h"

#include <string.h>

static void
set_loss(RkUi *ui)
{
    GtkWidget *row = rk_ui_find(ui, ADW_TYPE_COMBO_ROW, "Loss");
    g_assert_nonnull(row);
    adw_combo_row_set_selected(ADW_COMBO_ROW(row), 1); // mse
}

static void
train(RkUi *ui, const char *name)
{
    rk_ui_generate(ui, "small", "3000");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "3000 rows");
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "In the zoo");
    rk_ui_act(ui, "win.train", "mf");
    rk_ui_see(ui, "New Training");
    rk_ui_type(ui, "Name of the new model", name);
    set_loss(ui);
    rk_ui_type(ui, "Epochs", "1");
    rk_ui_press(ui, "Start Training");
    rk_ui_see(ui, "Test rmse");
}

// Titles of the passes in the order of the dialog.
static char *
order_of(GtkWidget *dialog)
{
    GString *text = g_string_new(NULL);
    GQueue queue = G_QUEUE_INIT;
    g_queue_push_tail(&queue, dialog);
    while (!g_queue_is_empty(&queue)) {
        GtkWidget *widget = g_queue_pop_head(&queue);
        if (ADW_IS_EXPANDER_ROW(widget))
            g_string_append_printf(text, "%s ",
                                   adw_preferences_row_get_title(ADW_PREFERENCES_ROW(widget)));
        for (GtkWidget *child = gtk_widget_get_first_child(widget); child != NULL;
             child = gtk_widget_get_next_sibling(child))
            g_queue_push_tail(&queue, child);
    }
    return g_string_free(text, FALSE);
}

static void
assert_order(RkUi *ui, const char *expected)
{
    GtkWidget *dialog = rk_ui_find(ui, RK_TYPE_COMPRESS_DIALOG, "Passes, in this order");
    g_assert_nonnull(dialog);
    g_autofree char *order = order_of(dialog);
    g_assert_cmpstr(order, ==, expected);
}

// The row of the list, as a user clicks it: its name stands in the details, too.
static GtkWidget *
row_of(GtkWidget *from, const char *name)
{
    GtkWidget *found = NULL;
    if (GTK_IS_LIST_BOX_ROW(from) &&
        g_strcmp0(g_object_get_data(G_OBJECT(from), "name"), name) == 0)
        return from;
    for (GtkWidget *child = gtk_widget_get_first_child(from); child != NULL && found == NULL;
         child = gtk_widget_get_next_sibling(child))
        found = row_of(child, name);
    return found;
}

static void
choose(RkUi *ui, const char *name)
{
    GtkWidget *page = rk_ui_find(ui, g_type_from_name("RkModelsPage"), name);
    g_assert_nonnull(page);
    GtkWidget *row = row_of(page, name);
    g_assert_nonnull(row);
    gtk_widget_activate(row);
    rk_ui_idle(ui, 50);
}

static void
test_compress(void)
{
    RkUi *ui = rk_ui_open(NULL);
    train(ui, "first");
    rk_ui_page(ui, "models");
    rk_ui_see(ui, "rmse ");
    rk_ui_press(ui, "first");
    rk_ui_see(ui, "Accuracy on the test part");
    rk_ui_shot(ui, "model-detail");
    rk_ui_press(ui, "Compress…");
    rk_ui_see(ui, "Passes, in this order");
    rk_ui_press(ui, "Add quantize");
    rk_ui_press(ui, "Add prune");
    assert_order(ui, "quantize prune ");
    rk_ui_press(ui, "Later"); // of the first
    assert_order(ui, "prune quantize ");
    rk_ui_press(ui, "Leave this pass out");
    assert_order(ui, "quantize ");
    rk_ui_shot(ui, "compress");
    rk_ui_type(ui, "Name of the smaller model", "first");
    rk_ui_see(ui, "There is a model of that name already.");
    rk_ui_type(ui, "Name of the smaller model", "first-int8");
    rk_ui_press(ui, "Compress");
    rk_ui_see(ui, "of what first takes.");
    rk_ui_see(ui, "rmse");
    rk_ui_shot(ui, "compressed");
    rk_ui_press(ui, "Close");
    rk_ui_see(ui, "first-int8"); // in the list, and as a child in the detail
    rk_ui_see(ui, "Made from it");
    choose(ui, "first-int8");
    rk_ui_see(ui, "Compressed by");
    rk_ui_see(ui, "Beside its parent");
    rk_ui_press(ui, "Evaluate");
    rk_ui_see(ui, "Measured now on the part test of small");
    rk_ui_shot(ui, "model-child");
    gtk_window_set_default_size(rk_ui_window(ui), 360, 640);
    rk_ui_idle(ui, 400);
    g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(rk_ui_window(ui))), <=, 360);
    rk_ui_shot(ui, "model-narrow");
    rk_ui_press(ui, "Train On");
    rk_ui_see(ui, "Begin with");
    rk_ui_see(ui, "first-int8");
    rk_ui_close(ui);
}

static void
add_models_tests(void)
{
    g_test_add_func("/ui/models/a model is compressed, measured and seen in its tree",
                    test_compress);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_models_tests);
}
