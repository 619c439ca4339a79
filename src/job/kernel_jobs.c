// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/kernel_jobs.h"

#include "base/clock.h"
#include "gpu/ceilings.h"
#include "graph/graph.h"
#include "ops/ops.h"
#include "ops/sample.h"
#include "plan/tune.h"

#include <math.h>

#define LONGEST_RUN_S 0.05 // at best, of a sample that is timed: a median takes several
#define TUNE_S        0.4  // to choose a kernel where none was chosen yet
#define N_RUNS        7u

typedef struct {
    RkWorkspace *workspace;
    uint32_t index;
    double budget_s;
} Work;

static void
work_free(gpointer data)
{
    rk_workspace_unref(((Work *)data)->workspace);
    g_free(data);
}

static Work *
work_new(RkWorkspace *workspace, uint32_t index, double budget_s)
{
    Work *work = g_new0(Work, 1);
    *work = (Work){rk_workspace_ref(workspace), index, budget_s};
    return work;
}

static RkDevice *
open_device(uint32_t index, GError **error)
{
    g_autofree char *text = g_strdup_printf("%u", index);
    return rk_device_open(text, error);
}

// ---- timing --------------------------------------------------------------------------------

static void
time_clear(gpointer time)
{
    g_free(((RkKernelTime *)time)->op);
    g_free(((RkKernelTime *)time)->kernel);
}

void
rk_kernel_times_free(RkKernelTimes *times)
{
    if (times == NULL)
        return;
    g_array_unref(times->ops);
    g_free(times);
}

static gboolean
is_short(const RkCeilings *ceilings, const RkCost *cost)
{
    const double ns = fmax(cost->flops / ceilings->fp32_gflops, cost->bytes / ceilings->copy_gb_s);
    return ns * 1e-9 <= LONGEST_RUN_S;
}

// Times an op at one sample; FALSE with an error, or *timed FALSE where it is too large.
static gboolean
time_sample(RkDevice *device, RkTuning *tuning, const RkCeilings *ceilings, const RkOp *op,
            const RkSample *sample, RkKernelTimes *times, gboolean *timed, GError **error)
{
    g_autoptr(RkGraph) graph = rk_graph_new();
    g_autoptr(RkArena) arena = rk_arena_new();
    RkRef in[G_N_ELEMENTS(sample->in)];
    const RkRef y = rk_sample_build(graph, op, sample, in);
    RkOpArgs args;
    double ns = 0;
    *timed = FALSE;
    if (!rk_graph_check(graph, error) || !rk_graph_bind(graph, y, 1, arena, &args, error))
        return FALSE;
    const RkCost cost = op->cost(&args);
    if (!is_short(ceilings, &cost))
        return TRUE;
    if (rk_tuning_find(tuning, &args) == NULL && !rk_tune_op(tuning, device, &args, TUNE_S, error))
        return FALSE;
    const RkKernel *kernel = rk_tuning_find(tuning, &args);
    if (kernel == NULL)
        return TRUE;
    if (!rk_tune_time(device, kernel, &args, N_RUNS, &ns, NULL, error))
        return FALSE;
    const RkKernelTime time = {g_strdup(op->name), g_strdup(kernel->name), ns * 1e-9, cost.flops,
                               cost.bytes};
    g_array_append_val(times->ops, time);
    *timed = TRUE;
    return TRUE;
}

// The first of its bench sizes that this device is done with soon.
static gboolean
time_op(RkDevice *device, RkTuning *tuning, const RkCeilings *ceilings, const RkOp *op,
        RkKernelTimes *times, GError **error)
{
    gboolean timed = FALSE;
    for (uint32_t s = 0; s < op->n_samples && !timed; s++)
        if (op->samples[s].bench &&
            !time_sample(device, tuning, ceilings, op, &op->samples[s], times, &timed, error))
            return FALSE;
    return TRUE;
}

static gboolean
has_bench(const RkOp *op)
{
    for (uint32_t s = 0; s < op->n_samples; s++)
        if (op->samples[s].bench)
            return TRUE;
    return FALSE;
}

static gboolean
time_ops(RkJob *job, const Work *work, RkDevice *device, RkKernelTimes *times, GError **error)
{
    const RkCeilings *ceilings = rk_device_ceilings(device, error);
    g_autoptr(RkTuning) tuning = rk_tuning_load(device);
    const uint64_t end_ns = rk_clock_ns() + (uint64_t)(work->budget_s * 1e9);
    const RkOp *op;
    size_t n_all = 0, n_done = 0;
    if (ceilings == NULL)
        return FALSE;
    times->peak_flops = ceilings->fp32_gflops * 1e9;
    times->peak_bytes = ceilings->copy_gb_s * 1e9;
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++)
        n_all += has_bench(op);
    rk_job_phase(job, "Timing kernels", "ops", 0.05, 1);
    for (size_t i = 0; (op = rk_op_at(i)) != NULL; i++) {
        if (!has_bench(op))
            continue;
        if (!rk_job_check(job, error))
            return FALSE;
        if (rk_clock_ns() > end_ns)
            times->n_left_out++;
        else if (!time_op(device, tuning, ceilings, op, times, error))
            return FALSE;
        rk_job_progress(job, ++n_done, n_all);
    }
    return rk_tuning_save(tuning, error);
}

static gboolean
time_kernels(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    if (!rk_workspace_take_device(work->workspace, job, error))
        return FALSE;
    rk_job_phase(job, "Measuring ceilings", NULL, 0, 0.05);
    g_autoptr(RkKernelTimes) times = g_new0(RkKernelTimes, 1);
    times->ops = g_array_new(FALSE, TRUE, sizeof(RkKernelTime));
    g_array_set_clear_func(times->ops, time_clear);
    g_autoptr(RkDevice) device = open_device(work->index, error);
    const gboolean done = device != NULL && time_ops(job, work, device, times, error);
    rk_workspace_give_device(work->workspace);
    if (done)
        rk_job_set_result(job, g_steal_pointer(&times), (GDestroyNotify)rk_kernel_times_free);
    return done;
}

RkJobSpec
rk_kernels_job(RkWorkspace *workspace, uint32_t index, double budget_s, const char *title)
{
    return (RkJobSpec){.title = title,
                       .run = time_kernels,
                       .data = work_new(workspace, index, budget_s),
                       .free_data = work_free};
}

// ---- tunings -------------------------------------------------------------------------------

void
rk_tuned_free(RkTuned *tuned)
{
    if (tuned == NULL)
        return;
    g_free(tuned->op);
    g_free(tuned->shapes);
    g_free(tuned->kernel);
    g_free(tuned);
}

static void
add_tuned(const char *op, const char *shapes, const char *kernel, gpointer all)
{
    RkTuned *tuned = g_new(RkTuned, 1);
    *tuned = (RkTuned){g_strdup(op), g_strdup(shapes), g_strdup(kernel)};
    g_ptr_array_add(all, tuned);
}

static gboolean
read_tunings(RkJob *job, gpointer data, GError **error)
{
    const Work *work = data;
    g_autoptr(RkDevice) device = open_device(work->index, error);
    if (device == NULL)
        return FALSE;
    g_autoptr(RkTuning) tuning = rk_tuning_load(device);
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)rk_tuned_free);
    rk_tuning_each(tuning, add_tuned, all);
    rk_job_set_result(job, all, (GDestroyNotify)g_ptr_array_unref);
    return TRUE;
}

RkJobSpec
rk_tunings_job(RkWorkspace *workspace, uint32_t index)
{
    return (RkJobSpec){.title = "Reading tunings",
                       .run = read_tunings,
                       .data = work_new(workspace, index, 0),
                       .free_data = work_free,
                       .quiet = TRUE};
}
