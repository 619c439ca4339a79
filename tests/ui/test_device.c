// SPDX-License-Identifier: GPL-3.0-or-later
//
// The device page: what kernels reach, and what is said on a machine without a device.
#include "ui_test.h"

static void
test_kernels(void)
{
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "device");
    rk_ui_see(ui, "What autotuning chose");
    rk_ui_see(ui, "Time Kernels");
    GtkWidget *kernels =
        rk_ui_find(ui, g_type_from_name("RkDeviceKernels"), "What autotuning chose");
    g_assert_true(gtk_widget_activate_action(kernels, "kernels.time", "d", 2.0));
    g_assert_false(gtk_widget_is_sensitive(rk_ui_find(ui, GTK_TYPE_BUTTON, "Time Kernels")));
    rk_ui_see(ui, "Roofline");
    rk_ui_see(ui, "Time of each op");
    rk_ui_see(ui, "had no time left"); // two seconds aren't enough for all
    rk_ui_see(ui, "class of shapes");
    rk_ui_shot(ui, "device-kernels");
    rk_ui_close(ui);
}

static void
add_device_tests(void)
{
    g_test_add_func("/ui/device/kernels are timed beside the roofline", test_kernels);
}

int
main(int argc, char **argv)
{
    return rk_ui_main(argc, argv, add_device_tests);
}
