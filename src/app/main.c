// SPDX-License-Identifier: GPL-3.0-or-later
//
// Commands branch off here, before anything of GTK is called, so they run with no display.
#include "app/cli.h"

#if RK_HAVE_GUI
#include "app/application.h"

#include <string.h>
#endif

int
main(int argc, char **argv)
{
#if RK_HAVE_GUI
    gboolean no_command = argc < 2 || (argc == 3 && strcmp(argv[1], "--db") == 0);
    if (no_command && (g_getenv("WAYLAND_DISPLAY") != NULL || g_getenv("DISPLAY") != NULL))
        return rk_application_main(argv[0], argc > 2 ? argv[2] : NULL);
#endif
    return rk_cli_main(argc, argv);
}
