// SPDX-License-Identifier: GPL-3.0-or-later
//
// Work that goes on behind the window: imports, jobs that are cancelled, removals taken back.
#include "ui_test.h"

#include <glib/gstdio.h>

static void
test_import(void)
{
    g_autofree char *folder = rk_ui_movielens();
    if (folder == NULL)
        return;
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_drop(ui, "RkDataPage", "No Data Yet", folder);
    rk_ui_see(ui, "Name of the dataset");
    rk_ui_see(ui, "Toy Story (1995)");
    rk_ui_see(ui, "Correct a column's kind where the guess is wrong.");
    rk_ui_shot(ui, "import");
    rk_ui_press(ui, "Import");
    rk_ui_see(ui, "ml-latest-small");
    rk_ui_see(ui, "100004 rows");
    rk_ui_press(ui, "ml-latest-small");
    rk_ui_see(ui, "Overview");
    rk_ui_see(ui, "671");
    rk_ui_see(ui, "Split: random");
    rk_ui_shot(ui, "movielens");
    rk_ui_close(ui);
}

static void
test_import_error(void)
{
    RkUi *ui = rk_ui_open(NULL);
    g_autofree char *path = g_build_filename(ui->folder, "picture.png", NULL);
    g_assert_true(g_file_set_contents(path, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, NULL));
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_drop(ui, "RkDataPage", "No Data Yet", path);
    rk_ui_see(ui, "These files can't be imported");
    rk_ui_see(ui, "picture.png");
    rk_ui_see(ui, "Copy Details");
    rk_ui_shot(ui, "import-error");
    rk_ui_press(ui, "Cancel");
    rk_ui_see_no(ui, "These files can't be imported");
    rk_ui_close(ui);
}

// Starts one that takes long enough to be met while it runs.
static void
start_long(RkUi *ui)
{
    rk_ui_generate(ui, "big", "50000000");
    rk_ui_act(ui, "win.jobs", NULL);
    rk_ui_see(ui, "Generating big");
}

static void
test_cancel(void)
{
    RkUi *ui = rk_ui_open(NULL);
    start_long(ui);
    rk_ui_press(ui, "Cancel");
    rk_ui_see(ui, "Cancelled");
    rk_ui_press(ui, "Clear Finished");
    rk_ui_see(ui, "No jobs. What you start is seen here.");
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_close(ui);
}

// Closed while something runs, the window says what becomes of that; here the job goes on.
static void
test_close_says(void)
{
    RkUi *ui = rk_ui_open(NULL);
    start_long(ui);
    gtk_window_close(rk_ui_window(ui));
    rk_ui_see(ui, "Stop the Running Job?");
    rk_ui_see(ui, "What it wrote so far is taken back.");
    rk_ui_press(ui, "Keep Running");
    rk_ui_see_no(ui, "Stop the Running Job?");
    rk_ui_act(ui, "win.jobs", NULL);
    rk_ui_see(ui, "Generating big");
    rk_ui_press(ui, "Cancel");
    rk_ui_see(ui, "Cancelled; nothing was left behind");
    rk_ui_close(ui);
}

static gboolean
stop_and_close(gpointer ui)
{
    rk_ui_press(ui, "Stop and Close");
    return G_SOURCE_REMOVE;
}

static void
test_close_asks(void)
{
    RkUi *ui = rk_ui_open(NULL);
    start_long(ui);
    gtk_window_close(rk_ui_window(ui));
    rk_ui_see(ui, "Stop the Running Job?");
    rk_ui_shot(ui, "close");
    rk_ui_press(ui, "Keep Running");
    rk_ui_see_no(ui, "Stop the Running Job?");
    rk_ui_act(ui, "win.jobs", NULL);
    rk_ui_see(ui, "Generating big");
    gtk_window_close(rk_ui_window(ui));
    rk_ui_see_no(ui, "Generating big"); // the list of jobs goes for the question
    rk_ui_end(ui, stop_and_close, ui);
}

static void
test_undo(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_generate(ui, "sample", "100000");
    rk_ui_see(ui, "100000 rows");
    rk_ui_act(ui, "win.remove-dataset", "sample");
    rk_ui_see(ui, "Removed sample");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_shot(ui, "undo");
    rk_ui_press(ui, "Undo");
    rk_ui_see(ui, "100000 rows");
    rk_ui_act(ui, "win.refresh", NULL);
    rk_ui_idle(ui, 200);
    rk_ui_see(ui, "100000 rows");
    rk_ui_act(ui, "win.remove-dataset", "sample");
    rk_ui_see(ui, "Removed sample");
    rk_ui_see_no(ui, "Removed sample"); // the toast's time is over
    rk_ui_act(ui, "win.refresh", NULL);
    rk_ui_idle(ui, 200);
    rk_ui_see(ui, "No Data Yet");
    rk_ui_close(ui);
}

// The toast still shows: what was removed is gone from the file all the same.
static void
test_remove_and_close(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "rankine-ui-closed.db", NULL);
    g_unlink(path);
    RkUi *ui = rk_ui_open(path);
    rk_ui_generate(ui, "sample", "100000");
    rk_ui_see(ui, "100000 rows");
    rk_ui_act(ui, "win.remove-dataset", "sample");
    rk_ui_see(ui, "Removed sample");
    rk_ui_close(ui);
    ui = rk_ui_open(path);
    rk_ui_page(ui, "data");
    rk_ui_see(ui, "No Data Yet");
    rk_ui_close(ui);
    g_unlink(path);
}

static void
test_measure(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "device");
    rk_ui_see(ui, "Measured ceilings");
    rk_ui_press(ui, "Measure");
    rk_ui_see(ui, "GB/s");
    rk_ui_see(ui, "GFLOPS");
    rk_ui_shot(ui, "device-measured");
    rk_ui_close(ui);
}

static void
add_jobs_tests(void)
{
    g_test_add_func("/ui/jobs/MovieLens is dropped, looked at and imported", test_import);
    g_test_add_func("/ui/jobs/what can't be imported is said", test_import_error);
    g_test_add_func("/ui/jobs/a job is cancelled and leaves nothing", test_cancel);
    g_test_add_func("/ui/jobs/closing says what becomes of a job", test_close_says);
    g_test_add_func("/ui/jobs/closing during a job asks", test_close_asks);
    g_test_add_func("/ui/jobs/a removal is taken back, or happens", test_undo);
    g_test_add_func("/ui/jobs/a removal outlives the window", test_remove_and_close);
    g_test_add_func("/ui/jobs/a device's ceilings are measured", test_measure);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_jobs_tests);
}
