// SPDX-License-Identifier: GPL-3.0-or-later
//
// What replaying a plan costs the host beyond the bare submit and fence of an empty command buffer:
// the wall time of a run less the device's own time and less the wall time of an empty record, all
// medians of interleaved runs. Prints microseconds and whether a run allocates.
#include "base/clock.h"
#include "ops/ops.h"
#include "plan/plan.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 2000 };

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median(double *values)
{
    qsort(values, RUNS, sizeof *values, compare);
    return values[RUNS / 2];
}

static double
timed(gboolean (*run)(void *, GError **), void *what)
{
    g_autoptr(GError) error = NULL;
    uint64_t start = rk_clock_ns();
    if (!run(what, &error))
        g_error("%s", error->message);
    return (double)(rk_clock_ns() - start) * 1e-3;
}

static gboolean
run_empty(void *record, GError **error)
{
    return rk_record_submit(record, error) && rk_record_wait(record, error);
}

static gboolean
run_plan(void *plan, GError **error)
{
    return rk_plan_run(plan, error);
}

int
main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = rk_device_open(NULL, &error);
    if (device == NULL)
        g_error("%s", error->message);
    g_autoptr(RkRecord) empty = rk_record_new(device, 0, &error);
    g_assert_true(rk_record_end(empty, &error));

    // A lookup (so that indices are checked) and a chain behind it.
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef table = rk_graph_param(g, "table", rk_type(RK_F32, 2, RK_DIM(1000), RK_DIM(64)));
    RkRef ids = rk_graph_input(g, "ids", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef y = rk_sigmoid(g, rk_scale(g, rk_gather(g, table, ids), 2));
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = 1, .n_outputs = 1, .outputs = &y, .profile = TRUE};
    g_autoptr(RkPlan) profiled = rk_plan_new(device, g, state, &options, &error);
    options.profile = FALSE;
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, &error);
    if (plan == NULL || profiled == NULL)
        g_error("%s", error->message);

    static double bare[RUNS], whole[RUNS], on_device[RUNS];
    RkPlanStep steps[16];
    uint32_t n_steps = rk_plan_n_steps(profiled);
    g_assert_cmpuint(n_steps, <=, G_N_ELEMENTS(steps));
    for (int i = -50; i < RUNS; i++) { // 50 to warm up
        double a = timed(run_empty, empty), b = timed(run_plan, plan), c = 0;
        timed(run_plan, profiled);
        g_assert_true(rk_plan_steps(profiled, steps, &error));
        for (uint32_t k = 0; k < n_steps; k++)
            c += steps[k].ns * 1e-3;
        if (i >= 0) {
            bare[i] = a;
            whole[i] = b;
            on_device[i] = c;
        }
    }
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 100; i++)
        timed(run_plan, plan);
    long grown = (long)mallinfo2().uordblks - (long)before;
    double m_bare = median(bare), m_whole = median(whole), m_device = median(on_device);
    printf("replay on %s, median of %d\n", rk_device_info(device)->name, RUNS);
    printf("  empty command buffer, submit and fence  %8.1f us\n", m_bare);
    printf("  plan of %u dispatches at batch 1          %8.1f us\n", rk_plan_n_dispatches(plan),
           m_whole);
    printf("    of it on the device                   %8.1f us\n", m_device);
    printf("    beyond both: host overhead            %8.1f us (bar: under 15)\n",
           m_whole - m_device - m_bare);
    printf("  heap growth over 100 runs               %8ld bytes\n", grown);
    return 0;
}
