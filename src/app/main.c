// SPDX-License-Identifier: GPL-3.0-or-later
//
// Commands branch off here, before anything of GTK is called, so they run with no display.
#include "app/cli.h"

int
main(int argc, char **argv)
{
    return rk_cli_main(argc, argv);
}
