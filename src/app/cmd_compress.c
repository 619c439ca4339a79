// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine compress NAME --as NEW --pass PASS...`: a smaller model from a stored one, or how much
// each of its layers bears.
#include "app/cli_model.h"
#include "app/cli_store.h"

#include "base/json.h"
#include "train/compress.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    char *data, *name;
    char **passes;
    gboolean sensitivity;
    RkStore *store;
    RkDevice *device;
    RkDataset *dataset;
} Command;

static void
clear_command(Command *c)
{
    g_free(c->data);
    g_free(c->name);
    g_strfreev(c->passes);
    g_clear_pointer(&c->dataset, rk_dataset_unref);
    g_clear_pointer(&c->store, rk_store_unref);
    if (c->device != NULL)
        rk_device_close(c->device);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, clear_command)

// Every pass with its settings.
static char *
passes_help(void)
{
    GString *text = g_string_new("Passes, each with its settings:\n");
    const RkPass *pass;
    for (size_t i = 0; (pass = rk_pass_at(i)) != NULL; i++) {
        g_autofree char *settings = rk_params_help(pass->params, pass->n_params);
        g_string_append_printf(text, "\n%s: %s\n%s", pass->name, pass->title, settings);
    }
    return g_string_free(text, FALSE);
}

static const char *
read_command_line(Command *c, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &c->name, "The name of the new model", "NAME"},
        {"pass", 0, 0, G_OPTION_ARG_STRING_ARRAY, &c->passes, "What to do, in order; see below",
         "PASS[:key=value,...]"},
        {"sensitivity", 0, 0, G_OPTION_ARG_NONE, &c->sensitivity,
         "Compress each layer and table alone and show what it costs; store nothing", NULL},
        {"data", 0, 0, G_OPTION_ARG_STRING, &c->data,
         "The dataset to measure, calibrate and train on (default: the model's own)", "NAME"},
        G_OPTION_ENTRY_NULL};
    g_autofree char *help = passes_help();
    if (!rk_cli_parse(c->cli, &argc, &argv, entries, "NAME --as NEW --pass PASS - compress a model",
                      help, error))
        return NULL;
    const char *name = rk_cli_one_argument(c->cli, argc, argv, "model", error);
    const char *missing = NULL;
    if (c->sensitivity)
        return name;
    if (name != NULL && c->name == NULL)
        missing = "name the new model with --as NAME";
    else if (name != NULL && c->passes == NULL)
        missing = "say what to do with --pass PASS. See rankine compress --help";
    if (missing == NULL)
        return name;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't compress %s: %s.", name, missing);
    return NULL;
}

static void
show_progress(void *data, const char *what, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, what, done, total, "epochs");
}

static void
print_json(const RkCompressResult *r, const RkDeviceInfo *device)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_compress_result_to_json(r, json);
    rk_json_add_text(json, "device", device->name);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

static void
print_text(const RkCompressResult *r, const RkDeviceInfo *device)
{
    const RkCompressMeasured *a = &r->after, *b = &r->before;
    printf("%s from %s, version %u, on %s, %s\n", r->name, r->parent, r->parent_version, r->dataset,
           device->name);
    printf("  %-14s %12zu  was %zu (%.3f)\n", "bytes", a->size.bytes, b->size.bytes,
           (double)a->size.bytes / (double)MAX(b->size.bytes, 1));
    if (a->size.stored != a->size.bytes || b->size.stored != b->size.bytes)
        printf("  %-14s %12zu  was %zu (%.3f), masked weights without what is pruned\n", "stored",
               a->size.stored, b->size.stored,
               (double)a->size.stored / (double)MAX(b->size.stored, 1));
    printf("  %-14s %12.0f  was %.0f (%.3f)\n", "FLOPs a sample", a->size.flops, b->size.flops,
           a->size.flops / MAX(b->size.flops, 1));
    printf("  batch of %-5u %12.3f  was %.3f ms (measured)\n", RK_COMPRESS_BATCH, a->batch_ms,
           b->batch_ms);
    if (a->evaluation == NULL) {
        puts("No test part: its accuracy was not measured.");
        return;
    }
    printf("Protocol %s, %" G_GUINT64_FORMAT " %s; differences with 95 %% intervals from 1000 "
           "paired resamples\n",
           a->evaluation->protocol, a->evaluation->n, a->evaluation->n_are);
    for (guint i = 0; i < r->differences->len; i++) {
        const RkFigure *f = &g_array_index(a->evaluation->figures, RkFigure, i);
        const RkFigure *was = &g_array_index(b->evaluation->figures, RkFigure, i);
        const RkInterval *d = &g_array_index(r->differences, RkInterval, i);
        printf("  %-14s %10.5f  was %.5f, %+.5f [%+.5f, %+.5f]%s", f->name, f->value, was->value,
               d->difference, d->low, d->high, rk_interval_is_noise(d) ? "  within noise" : "");
        if (f->optimistic - f->pessimistic > 5e-6)
            printf("; ties: %.5f to %.5f", f->pessimistic, f->optimistic);
        putchar('\n');
    }
    if (rk_compress_collapsed(r))
        printf("Collapsed: %.0f %% of scores tie (%.0f %% before), so ranks are luck.\n",
               100 * a->tied, 100 * b->tied);
}

// ---- sensitivity ---------------------------------------------------------------------------

static void
print_rows_json(const char *name, const GArray *rows, const RkDeviceInfo *device)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "model", name);
    rk_json_add_text(json, "device", device->name);
    json_builder_set_member_name(json, "layers");
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        const RkSensitivity *row = &g_array_index(rows, RkSensitivity, i);
        json_builder_begin_object(json);
        rk_json_add_text(json, "layer", row->param);
        rk_json_add_text(json, "pass", row->pass);
        rk_json_add_text(json, "metric", row->metric);
        rk_json_add_real(json, "value", row->value);
        rk_json_add_real(json, "difference", row->difference);
        rk_json_add_real(json, "low", row->interval.low);
        rk_json_add_real(json, "high", row->interval.high);
        rk_json_add_int(json, "bytes", (int64_t)row->bytes);
        rk_json_add_real(json, "flops", row->flops);
        rk_json_add_real(json, "batch_ms", row->batch_ms);
        json_builder_set_member_name(json, "cached");
        json_builder_add_boolean_value(json, row->cached);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

static void
print_rows(const GArray *rows)
{
    const char *metric = rows->len > 0 ? g_array_index(rows, RkSensitivity, 0).metric : NULL;
    printf("%-24s %-30s %12s %10s  %s\n", "layer", "pass", "bytes", "batch ms",
           metric != NULL ? metric : "no test part");
    for (guint i = 0; i < rows->len; i++) {
        const RkSensitivity *row = &g_array_index(rows, RkSensitivity, i);
        printf("%-24s %-30s %12zu %10.3f", row->param, row->pass, row->bytes, row->batch_ms);
        if (row->metric != NULL)
            printf("  %.5f, %+.5f [%+.5f, %+.5f]%s", row->value, row->difference, row->interval.low,
                   row->interval.high,
                   rk_interval_is_noise(&row->interval) ? "  within noise" : "");
        puts(row->cached ? "  (measured before)" : "");
    }
}

static gboolean
show_sensitivity(const Command *c, const RkCompressOptions *options, GError **error)
{
    g_autoptr(GArray) rows = rk_sensitivity(options, error);
    if (rows == NULL)
        return FALSE;
    rk_cli_progress_end(c->cli);
    if (c->cli->json)
        print_rows_json(options->model, rows, rk_device_info(c->device));
    else
        print_rows(rows);
    return TRUE;
}

gboolean
rk_command_compress(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) c = {.cli = cli};
    const char *name = read_command_line(&c, argc, argv, error);
    if (name == NULL || (c.store = rk_cli_store(cli, RK_STORE_EXISTING, error)) == NULL ||
        (c.data != NULL && (c.dataset = rk_dataset_open(c.store, c.data, error)) == NULL) ||
        (c.device = rk_device_open(cli->device, error)) == NULL)
        return FALSE;
    const RkCompressOptions options = {.store = c.store,
                                       .device = c.device,
                                       .model = name,
                                       .as = c.name,
                                       .passes = (const char *const *)c.passes,
                                       .n_passes = c.passes != NULL ? g_strv_length(c.passes) : 0,
                                       .dataset = c.dataset,
                                       .seed = (uint64_t)cli->seed,
                                       .progress = show_progress,
                                       .data = cli,
                                       .cancelled = rk_cli_catch_interrupts()};
    if (c.sensitivity)
        return show_sensitivity(&c, &options, error);
    g_auto(RkCompressResult) result = {0};
    if (!rk_compress(&options, &result, error))
        return FALSE;
    rk_cli_progress_end(cli);
    if (cli->json)
        print_json(&result, rk_device_info(c.device));
    else
        print_text(&result, rk_device_info(c.device));
    return TRUE;
}
