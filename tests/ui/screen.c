// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen.h"

#include <gio/gio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static GSubprocess *server; // one a program

// The server goes when the test is killed, too.
static void
die_with_parent(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

// Xvfb writes the number of the display that it chose, and a line break.
static int
read_number(int fd)
{
    char text[16];
    size_t n = 0;
    while (n + 1 < sizeof(text) && read(fd, &text[n], 1) == 1 && text[n] != '\n')
        n++;
    text[n] = '\0';
    return n > 0 ? (int)g_ascii_strtoll(text, NULL, 10) : -1;
}

gboolean
rk_screen_start(int width, int height, const char **why)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_autofree char *size = g_strdup_printf("%dx%dx24", width, height);
    g_autofree char *path = g_find_program_in_path("Xvfb");
    int pipes[2];
    *why = "the machine has no Xvfb (Debian's package xvfb)";
    if (path == NULL)
        return FALSE;
    *why = "Xvfb doesn't start";
    if (pipe(pipes) != 0)
        return FALSE;
    g_subprocess_launcher_take_fd(launcher, pipes[1], 3);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    server = g_subprocess_launcher_spawn(launcher, NULL, path, "-displayfd", "3", "-screen", "0",
                                         size, "-nolisten", "tcp", "-noreset", NULL);
    g_subprocess_launcher_close(launcher);
    const int number = server != NULL ? read_number(pipes[0]) : -1;
    close(pipes[0]);
    if (number < 0)
        return FALSE;
    g_autofree char *display = g_strdup_printf(":%d", number);
    g_setenv("DISPLAY", display, TRUE);
    return TRUE;
}

void
rk_screen_stop(void)
{
    if (server == NULL)
        return;
    g_subprocess_send_signal(server, SIGTERM);
    g_subprocess_wait(server, NULL, NULL);
    g_clear_object(&server);
}
