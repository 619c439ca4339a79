// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli.h"

#include "base/clock.h"
#include "base/params.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *word;
    const char *summary;
    gboolean (*run)(RkCli *cli, int argc, char **argv, GError **error);
} Command;

static const Command COMMANDS[] = {
#define RK_COMMAND(id, word, summary) {word, summary, rk_command_##id},
#include "app/commands.def"
#undef RK_COMMAND
};

// Exit statuses are a contract with scripts.
enum {
    EXIT_DONE = 0,
    EXIT_WORK_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INTERRUPTED = 130,
};

static int
status_of(const GError *error)
{
    if (error->domain == G_OPTION_ERROR)
        return EXIT_USAGE;
    if (error->domain != RK_ERROR)
        return EXIT_WORK_FAILED;
    if (error->code == RK_ERROR_USAGE)
        return EXIT_USAGE;
    return error->code == RK_ERROR_CANCELLED ? EXIT_INTERRUPTED : EXIT_WORK_FAILED;
}

gboolean
rk_cli_parse(RkCli *cli, int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
             const char *help, GError **error)
{
    const GOptionEntry common[] = {
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &cli->db,
         "Database file (default: in the user's data folder; :memory: works)", "FILE"},
        {"device", 0, 0, G_OPTION_ARG_STRING, &cli->device,
         "Vulkan device by index, name or UUID (default: RANKINE_DEVICE, else the fastest kind)",
         "DEVICE"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &cli->seed, "Seed of every random choice (default 1)",
         "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "One JSON document on standard output", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &cli->quiet, "No progress on standard error", NULL},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autofree char *name = g_strdup_printf("rankine %s", cli->command);
    g_set_prgname(name);
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, common, NULL);
    if (help != NULL)
        g_option_context_set_description(context, help);
    gboolean parsed = g_option_context_parse(context, argc, argv, error);
    g_set_prgname("rankine");
    if (!parsed)
        g_prefix_error(error, "Can't read the options of rankine %s: ", cli->command);
    return parsed;
}

char *
rk_cli_db_path(const RkCli *cli, GError **error)
{
    if (cli->db != NULL)
        return g_strdup(cli->db);
    g_autofree char *folder = g_build_filename(g_get_user_data_dir(), "rankine", NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                    "Can't create the data folder %s: %s. Name a database with --db FILE.", folder,
                    g_strerror(errno));
        return NULL;
    }
    return g_build_filename(folder, "rankine.db", NULL);
}

// One job reports at a time and only from the main thread, so its state may be static.
static struct {
    uint64_t start_ns, last_ns;
    const char *what;
    gboolean shown;
} progress;

// "812", "5.1 k", "3.3 M".
static char *
short_number(double value)
{
    static const char *const PREFIXES[] = {"", " k", " M", " G"};
    size_t i = 0;
    for (; value >= 1000 && i + 1 < G_N_ELEMENTS(PREFIXES); i++)
        value /= 1000;
    return g_strdup_printf(i > 0 ? "%.1f%s" : "%.0f%s", value, PREFIXES[i]);
}

void
rk_cli_progress(RkCli *cli, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    const uint64_t TERMINAL_NS = 100000000u; // 10 updates a second read as smooth
    const uint64_t LOG_NS = 5000000000u;     // a log wants one line in 5 s
    if (cli->quiet)
        return;
    uint64_t now = rk_clock_ns();
    if (progress.what == NULL || strcmp(progress.what, what) != 0) {
        progress.what = what;
        progress.start_ns = progress.last_ns = now;
        return;
    }
    gboolean terminal = isatty(STDERR_FILENO);
    if (now - progress.last_ns < (terminal ? TERMINAL_NS : LOG_NS))
        return;
    progress.last_ns = now;
    progress.shown = terminal;
    double seconds = (double)(now - progress.start_ns) * 1e-9;
    double rate = (double)done / seconds;
    g_autofree char *tail = NULL;
    g_autofree char *speed = short_number(rate);
    if (total > 0) {
        double left = rate > 0 ? (double)(total - MIN(done, total)) / rate : 0;
        double share = MIN(1.0, (double)done / (double)total);
        char bar[21] = "....................";
        memset(bar, '#', (size_t)(share * 20));
        tail = g_strdup_printf("[%s] %3.0f %%  %s %s/s  %.0f s left", bar, share * 100, speed, unit,
                               left);
    } else {
        tail = g_strdup_printf("%" G_GUINT64_FORMAT " %s  %s %s/s", done, unit, speed, unit);
    }
    fprintf(stderr, terminal ? "\r\033[K%s  %s" : "%s  %s\n", what, tail);
    fflush(stderr);
}

void
rk_cli_progress_clear(RkCli *cli)
{
    if (progress.shown)
        fputs("\r\033[K", stderr);
    progress.shown = FALSE;
}

void
rk_cli_progress_end(RkCli *cli)
{
    if (progress.shown)
        fputs("\r\033[K", stderr);
    memset(&progress, 0, sizeof progress);
}

static void
print_help(FILE *out)
{
    fputs("Rankine: make recommendation models fast, and know how fast.\n\n"
          "Usage:\n"
          "  rankine COMMAND [ARGUMENTS] [OPTIONS]\n"
          "  rankine COMMAND --help\n"
          "  rankine --batch SUITE.json [--out DIR] [--baseline RESULTS.json] [--resume] "
          "[--dry-run]\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
        fprintf(out, "  %-10s %s\n", COMMANDS[i].word, COMMANDS[i].summary);
    fputs("\nCommon options: --db FILE, --device INDEX|NAME|UUID, --seed N, --json, --quiet, "
          "--version\n"
          "Exit status: 0 done, 1 failed, 2 wrong command line, 3 gate breached, 4 regression,\n"
          "  5 measurement not valid, 130 interrupted\n",
          out);
}

static const Command *
find_command(const char *word, GError **error)
{
    const char *words[G_N_ELEMENTS(COMMANDS) + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (strcmp(COMMANDS[i].word, word) == 0)
            return &COMMANDS[i];
        words[i] = COMMANDS[i].word;
    }
    const char *nearest = rk_nearest_word(word, words, G_N_ELEMENTS(COMMANDS));
    g_autofree char *hint =
        nearest ? g_strdup_printf("Did you mean %s?", nearest) : g_strdup("See rankine --help.");
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't run %s: there is no such command. %s", word,
                hint);
    return NULL;
}

// Options alone, --batch among them.
static gboolean
is_batch(int argc, char **argv)
{
    if (argv[1][0] != '-')
        return FALSE;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--batch") == 0 || g_str_has_prefix(argv[i], "--batch="))
            return TRUE;
    return FALSE;
}

static gint interrupted;

static void
on_interrupt(int signal_number)
{
    (void)signal_number;
    g_atomic_int_set(&interrupted, 1);
}

const gint *
rk_cli_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    return &interrupted;
}

void
rk_cli_release_interrupts(void)
{
    signal(SIGINT, SIG_DFL);
}

int
rk_cli_main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); // files and JSON have a point, whatever the user's locale
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("rankine " RK_VERSION);
        return EXIT_DONE;
    }
    g_autoptr(GError) error = NULL;
    RkCli cli = {.seed = 1, .command = argv[1]};
    gboolean done = FALSE;
    if (is_batch(argc, argv)) {
        cli.command = "--batch";
        done = rk_command_batch(&cli, argc, argv, &error);
    } else {
        const Command *command = find_command(argv[1], &error);
        done = command != NULL && command->run(&cli, argc - 1, argv + 1, &error);
    }
    rk_cli_progress_end(&cli);
    if (!done)
        fprintf(stderr, "rankine: %s\n", error->message);
    g_free(cli.db);
    g_free(cli.device);
    if (fflush(stdout) != 0 && done) {
        fprintf(stderr, "rankine: Can't write to standard output: %s.\n", g_strerror(errno));
        return EXIT_WORK_FAILED;
    }
    return done ? cli.exit_status : status_of(error);
}
