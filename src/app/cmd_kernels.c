// SPDX-License-Identifier: GPL-3.0-or-later
//
// rankine kernels: times every kernel of the ops' bench samples on the device, beside the share of
// the device's own ceilings that each reaches; --tune also keeps the fastest for later sessions.
#include "app/cli.h"

#include "base/json.h"
#include "base/params.h"
#include "gpu/ceilings.h"
#include "graph/graph.h"
#include "ops/ops.h"
#include "ops/sample.h"
#include "plan/plan.h"
#include "plan/tune.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    RkDevice *device;
    const RkCeilings *ceilings;
    RkTuning *tuning;  // NULL unless --tune
    JsonBuilder *json; // NULL unless --json
    int runs;
    uint32_t n_timed;
} Kernels;

static char *
shape_text(const RkOpArgs *args)
{
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < args->n_in; i++) {
        if (!args->present[i])
            continue;
        g_autofree char *one = rk_tensor_text(&args->in[i]);
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", one);
    }
    return g_string_free(text, FALSE);
}

static void
print_row(Kernels *k, const RkOpArgs *args, const RkKernel *kernel, double ns, double compile_ns)
{
    RkPlanStep step = {.cost = args->op->cost(args), .ns = ns};
    double share = rk_plan_step_share(&step, k->ceilings->copy_gb_s, k->ceilings->fp32_gflops);
    g_autofree char *shape = shape_text(args);
    if (k->json == NULL) {
        printf("%-16s %-18s %10.1f us %8.2f GFLOPS %8.2f GB/s %5.0f %%  %6.0f ms  %s\n",
               args->op->name, kernel->name, ns * 1e-3, step.cost.flops / ns, step.cost.bytes / ns,
               share * 100, compile_ns * 1e-6, shape);
        fflush(stdout);
        return;
    }
    json_builder_begin_object(k->json);
    rk_json_add_text(k->json, "op", args->op->name);
    rk_json_add_text(k->json, "shape", shape);
    rk_json_add_text(k->json, "variant", kernel->name);
    rk_json_add_real(k->json, "us", ns * 1e-3);
    rk_json_add_real(k->json, "gflops", step.cost.flops / ns);
    rk_json_add_real(k->json, "gb_s", step.cost.bytes / ns);
    rk_json_add_real(k->json, "ceiling_share", share);
    rk_json_add_real(k->json, "first_run_ms", compile_ns * 1e-6);
    json_builder_end_object(k->json);
}

// A sample that would keep this device busy for longer, at its best, is left out and named: sizes
// for large GPUs are minutes on a CPU.
static const double LONGEST_RUN_S = 0.25;

static gboolean
is_too_large(const Kernels *k, const RkOpArgs *args)
{
    RkCost cost = args->op->cost(args);
    double seconds =
        MAX(cost.flops / k->ceilings->fp32_gflops, cost.bytes / k->ceilings->copy_gb_s);
    if (seconds * 1e-9 <= LONGEST_RUN_S)
        return FALSE;
    g_autofree char *shape = shape_text(args);
    if (!k->cli->quiet)
        fprintf(stderr, "(left out: %s of %s, %.1f s a run at best on this device)\n",
                args->op->name, shape, seconds * 1e-9);
    return TRUE;
}

static gboolean
time_sample(Kernels *k, const RkOp *op, const RkSample *sample, GError **error)
{
    g_autoptr(RkGraph) graph = rk_graph_new();
    g_autoptr(RkArena) arena = rk_arena_new();
    RkRef in[G_N_ELEMENTS(sample->in)];
    RkRef y = rk_sample_build(graph, op, sample, in);
    RkOpArgs args;
    if (!rk_graph_check(graph, error) || !rk_graph_bind(graph, y, 1, arena, &args, error))
        return FALSE;
    if (is_too_large(k, &args))
        return TRUE;
    const RkKernel *best = NULL;
    double best_ns = 0;
    for (uint32_t i = 0; i < op->n_kernels; i++) {
        const RkKernel *kernel = &op->kernels[i];
        double ns, compile_ns;
        if (!kernel->supports(kernel, rk_device_caps(k->device), &args))
            continue;
        if (!rk_tune_time(k->device, kernel, &args, (uint32_t)k->runs, &ns, &compile_ns, error))
            return FALSE;
        print_row(k, &args, kernel, ns, compile_ns);
        k->n_timed++;
        if (best == NULL || ns < best_ns) {
            best = kernel;
            best_ns = ns;
        }
    }
    if (k->tuning != NULL && best != NULL)
        rk_tuning_set(k->tuning, &args, best);
    return TRUE;
}

static gboolean
time_ops(Kernels *k, const char *wanted, GError **error)
{
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++) {
        if (wanted != NULL && strcmp(op->name, wanted) != 0)
            continue;
        for (uint32_t s = 0; s < op->n_samples; s++)
            if (op->samples[s].bench && !time_sample(k, op, &op->samples[s], error))
                return FALSE;
    }
    return TRUE;
}

static gboolean
check_op(const char *wanted, GError **error)
{
    if (wanted == NULL || rk_op_find(wanted) != NULL)
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const RkOp *op;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        g_ptr_array_add(names, (char *)op->name);
    const char *nearest = rk_nearest_word(wanted, (const char *const *)names->pdata, names->len);
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't time %s: there is no such op.%s%s%s",
                wanted, nearest ? " Did you mean " : "", nearest ? nearest : "",
                nearest ? "?" : "");
    return FALSE;
}

static void
begin(Kernels *k)
{
    const RkDeviceInfo *info = rk_device_info(k->device);
    if (k->json == NULL) {
        printf("Measured on %s, %s (median of %d runs; share: of the longer of the times that its "
               "measured\nmultiply-add rate, %.1f GFLOPS, and copy bandwidth, %.1f GB/s, allow)\n",
               info->name, info->driver, k->runs, k->ceilings->fp32_gflops, k->ceilings->copy_gb_s);
        printf("%-16s %-18s %13s %15s %13s %7s %9s  %s\n", "op", "variant", "time", "rate",
               "bandwidth", "share", "1st run", "inputs");
        return;
    }
    json_builder_begin_object(k->json);
    rk_json_add_text(k->json, "device", info->name);
    json_builder_set_member_name(k->json, "kernels");
    json_builder_begin_array(k->json);
}

static void
finish_json(JsonBuilder *json)
{
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    puts(text);
}

gboolean
rk_command_kernels(RkCli *cli, int argc, char **argv, GError **error)
{
    g_autofree char *wanted = NULL;
    gboolean tune = FALSE;
    Kernels k = {.cli = cli, .runs = 15};
    const GOptionEntry entries[] = {
        {"op", 0, 0, G_OPTION_ARG_STRING, &wanted, "Only this op", "OP"},
        {"tune", 0, 0, G_OPTION_ARG_NONE, &tune, "Keep the fastest kernels for later sessions",
         NULL},
        {"runs", 0, 0, G_OPTION_ARG_INT, &k.runs, "Timed runs of each kernel (default 15)", "N"},
        G_OPTION_ENTRY_NULL};
    if (!rk_cli_parse(cli, &argc, &argv, entries, NULL, NULL, error) || !check_op(wanted, error))
        return FALSE;
    if (argc > 1 || k.runs < 1) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't time kernels: write rankine kernels [--op OP] [--tune] [--runs N], with "
                    "N at least 1.");
        return FALSE;
    }
    g_autoptr(RkDevice) device = rk_device_open(cli->device, error);
    if (device == NULL || (k.ceilings = rk_device_ceilings(device, error)) == NULL)
        return FALSE;
    k.device = device;
    g_autoptr(RkTuning) tuning = tune ? rk_tuning_load(device) : NULL;
    g_autoptr(JsonBuilder) json = cli->json ? json_builder_new() : NULL;
    k.tuning = tuning;
    k.json = json;
    begin(&k);
    if (!time_ops(&k, wanted, error) || (tune && !rk_tuning_save(tuning, error)))
        return FALSE;
    if (json != NULL)
        finish_json(json);
    else if (k.n_timed == 0)
        printf("(no bench sizes for %s)\n", wanted ? wanted : "any op");
    if (tune && json == NULL)
        printf("Kept %u choices for this device.\n", rk_tuning_size(tuning));
    return TRUE;
}
