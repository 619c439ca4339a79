// SPDX-License-Identifier: GPL-3.0-or-later
//
// Commands branch off here, before anything of GTK is called, so they run with no display.
#include "app/cli.h"

#if RK_HAVE_GUI
#include "app/application.h"
#endif

int
main(int argc, char **argv)
{
#if RK_HAVE_GUI
    if (argc < 2 && (g_getenv("WAYLAND_DISPLAY") != NULL || g_getenv("DISPLAY") != NULL))
        return rk_application_main(argc, argv);
#endif
    return rk_cli_main(argc, argv);
}
