// SPDX-License-Identifier: GPL-3.0-or-later
//
// The command line: common options, the command table (commands.def), exit statuses.
// Main thread only; nothing here touches GTK.
#pragma once

#include "base/error.h"

#include <glib.h>
#include <stdint.h>

typedef struct RkCli {
    // Common options, filled in by rk_cli_parse(); owned by the cli.
    char *db;     // database file; the user's data folder when NULL
    char *device; // index, name or UUID; RANKINE_DEVICE or the best device when NULL
    int64_t seed; // 1 unless --seed
    gboolean json;
    gboolean quiet;

    const char *command; // the word that was typed
    int exit_status;     // what to return when the command succeeds: 0, or a gate's 3, 4, 5
} RkCli;

// Parses a command's own options together with the common ones. `usage` is what stands behind the
// command's word ("NAME --data NAME"), `help` the table of settings or NULL. argv[0] is the
// command. Fails with RK_ERROR_USAGE; prints help and exits the process on --help, as GOption does.
gboolean rk_cli_parse(RkCli *cli, int *argc, char ***argv, const GOptionEntry *entries,
                      const char *usage, const char *help, GError **error);

// The database file that the options name: --db, else the XDG data folder, which is created.
char *rk_cli_db_path(const RkCli *cli, GError **error);

// Progress on standard error: a bar with rate and time left on a terminal, a plain line every few
// seconds elsewhere, nothing under --quiet. `total` is 0 when unknown; `unit` is "rows", say.
void rk_cli_progress(RkCli *cli, const char *what, uint64_t done, uint64_t total, const char *unit);
void rk_cli_progress_end(RkCli *cli);
void rk_cli_progress_clear(RkCli *cli); // wipes the bar for a line of text, which it comes after

// From here on the first SIGINT sets (atomically) what this returns; a second one ends the process
// as usual, and so does any after the release.
const gint *rk_cli_catch_interrupts(void);
void rk_cli_release_interrupts(void);

// Runs argv[1] as a command; returns the exit status (see --help).
int rk_cli_main(int argc, char **argv);

// `--batch`, which is no command but stands where one does.
gboolean rk_command_batch(RkCli *cli, int argc, char **argv, GError **error);

// Every command of commands.def: reads its arguments, does the work, prints to standard output.
#define RK_COMMAND(id, word, summary)                                                              \
    gboolean rk_command_##id(RkCli *cli, int argc, char **argv, GError **error);
#include "app/commands.def"
#undef RK_COMMAND
