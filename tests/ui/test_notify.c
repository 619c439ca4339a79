// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the desktop is told when a job ends behind the user's back: a session bus of the test's own,
// with a notification service on it that keeps what it is sent.
#include "ui_test.h"

#define SERVICE "org.freedesktop.Notifications"
#define PATH    "/org/freedesktop/Notifications"

static const char INTERFACE[] = "<node><interface name='" SERVICE "'><method name='Notify'>"
                                "<arg type='s' name='app' direction='in'/>"
                                "<arg type='u' name='replaces' direction='in'/>"
                                "<arg type='s' name='icon' direction='in'/>"
                                "<arg type='s' name='summary' direction='in'/>"
                                "<arg type='s' name='body' direction='in'/>"
                                "<arg type='as' name='actions' direction='in'/>"
                                "<arg type='a{sv}' name='hints' direction='in'/>"
                                "<arg type='i' name='timeout' direction='in'/>"
                                "<arg type='u' name='id' direction='out'/>"
                                "</method></interface></node>";

static GPtrArray *shown; // "SUMMARY: BODY"

static void
called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
       const char *method, GVariant *arguments, GDBusMethodInvocation *call, gpointer unused)
{
    const char *summary, *body;
    g_variant_get_child(arguments, 3, "&s", &summary);
    g_variant_get_child(arguments, 4, "&s", &body);
    g_ptr_array_add(shown, g_strdup_printf("%s: %s", summary, body));
    g_dbus_method_invocation_return_value(call, g_variant_new("(u)", shown->len));
}

// The service; on a connection of its own, as another program would be.
static GDBusConnection *
serve(void)
{
    static const GDBusInterfaceVTable VTABLE = {.method_call = called};
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(INTERFACE, &error);
    g_assert_no_error(error);
    GDBusConnection *bus =
        g_dbus_connection_new_for_address_sync(g_getenv("DBUS_SESSION_BUS_ADDRESS"),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    g_dbus_connection_register_object(bus, PATH, node->interfaces[0], &VTABLE, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GVariant) owned = g_dbus_connection_call_sync(
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
        g_variant_new("(su)", SERVICE, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
    return bus;
}

// In front of the main window, as another program's would be.
static GtkWidget *
cover(RkUi *ui)
{
    GtkWidget *other = gtk_window_new();
    gtk_window_present(GTK_WINDOW(other));
    for (int i = 0; i < 100 && gtk_window_is_active(rk_ui_window(ui)); i++)
        rk_ui_idle(ui, 50);
    return other;
}

static void
test_end(void)
{
    GDBusConnection *service = serve();
    shown = g_ptr_array_new_with_free_func(g_free);
    RkUi *ui = rk_ui_open(NULL);
    rk_ui_page(ui, "data");
    rk_ui_generate(ui, "behind", "2000000"); // some seconds
    GtkWidget *other = cover(ui);
    if (gtk_window_is_active(rk_ui_window(ui))) {
        g_test_skip("no other window takes the focus here");
    } else {
        rk_ui_see(ui, "2000000 rows");
        for (int i = 0; i < 100 && shown->len == 0; i++)
            rk_ui_idle(ui, 50);
        g_assert_cmpuint(shown->len, ==, 1);
        g_assert_cmpstr(g_ptr_array_index(shown, 0), ==, "Generating behind: Done.");
    }
    gtk_window_destroy(GTK_WINDOW(other));
    rk_ui_close(ui);
    g_ptr_array_unref(shown);
    g_dbus_connection_close_sync(service, NULL, NULL);
    g_object_unref(service);
}

static void
add_notify_tests(void)
{
    g_test_add_func("/ui/notify/a job's end is told behind the user's back", test_end);
}

int
main(int argc, char **argv)
{
    g_autofree char *daemon = g_find_program_in_path("dbus-daemon");
    if (daemon == NULL) {
        g_print("1..0 # SKIP no dbus-daemon\n");
        return 0;
    }
    GTestDBus *bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(bus);
    g_setenv("GNOTIFICATION_BACKEND", "freedesktop", TRUE);
    // The bus goes with this program: to wait for that here would need the X server, which is gone.
    return rk_ui_main(argc, argv, add_notify_tests);
}
