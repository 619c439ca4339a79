// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/subject.h"

#include "base/clock.h"
#include "base/rng.h"
#include "gpu/record.h"
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20261124u

struct Subject {
    char *name, *variant;
    Timing timing;
    RkGraph *graph;
    RkState *state;
    RkPlan *plan; // NULL: a copy
    RkBuffer *from, *to;
    RkRecord *record;
    RkCost cost;
    GArray *round_ns; // of double
    double best_cpu_ns;
};

static void
must(gboolean ok, GError *error)
{
    if (ok)
        return;
    g_printerr("Can't bench: %s\n", error->message);
    exit(1);
}

// --- a plan and its data -------------------------------------------------------------------------

// Random words of a tensor: floats around 0, halves below 2, any small integers.
static void
fill(const RkTensor *tensor, uint32_t limit, uint32_t stream, void *packed)
{
    const uint64_t PERIOD = 65536; // further on the numbers repeat: time isn't in the numbers
    uint64_t words = rk_tensor_bytes(tensor) / 4;
    uint32_t *word = packed;
    float *real = packed;
    for (uint64_t i = 0; i < words; i++) {
        if (limit > 0)
            word[i] = rk_rng_below(SEED, stream, i, limit);
        else if (i >= PERIOD)
            word[i] = word[i - PERIOD];
        else if (tensor->dtype == RK_F32)
            real[i] = rk_rng_float(SEED, stream, i) - 0.5f;
        else if (tensor->dtype == RK_F16)
            word[i] = rk_rng_u32(SEED, stream, i) & 0xbbffbbffu;
        else
            word[i] = rk_rng_u32(SEED, stream, i);
    }
}

static void
fill_params(Subject *s)
{
    for (RkRef ref = 0; ref < rk_graph_size(s->graph); ref++) {
        const RkNode *node = rk_graph_node(s->graph, ref);
        if (node->kind != RK_NODE_PARAM)
            continue;
        g_autoptr(GError) error = NULL;
        const RkTensor *tensor = rk_state_tensor(s->state, node->name);
        size_t bytes = rk_tensor_bytes(tensor);
        g_autofree void *packed = g_malloc(bytes + 1);
        fill(tensor, 0, ref, packed);
        must(rk_state_write(s->state, node->name, packed, bytes, &error), error);
    }
}

static void
fill_inputs(Subject *s, const Shape *shape)
{
    for (RkRef ref = 0; ref < rk_graph_size(s->graph); ref++) {
        const RkNode *node = rk_graph_node(s->graph, ref);
        size_t bytes = 0;
        void *to = node->kind == RK_NODE_INPUT ? rk_plan_input(s->plan, ref, &bytes) : NULL;
        RkTensor flat = {RK_U32, 1, {(uint32_t)(bytes / 4)}};
        if (to != NULL)
            fill(&flat, shape->n, ref, to);
    }
}

static void
describe(Subject *s)
{
    g_autoptr(GError) error = NULL;
    uint32_t n = rk_plan_n_steps(s->plan);
    g_autofree RkPlanStep *steps = g_new(RkPlanStep, n + 1);
    must(rk_plan_steps(s->plan, steps, &error), error);
    s->variant = g_strdup(n > 0 ? steps[n - 1].variant : "");
    for (uint32_t i = 0; i < n; i++) {
        s->cost.flops += steps[i].cost.flops;
        s->cost.bytes += steps[i].cost.bytes;
    }
}

static Subject *
new_subject(const char *name, Timing timing)
{
    Subject *s = g_new0(Subject, 1);
    s->name = g_strdup(name);
    s->timing = timing;
    s->round_ns = g_array_new(FALSE, FALSE, sizeof(double));
    s->best_cpu_ns = INFINITY;
    return s;
}

Subject *
subject_new(RkDevice *device, const char *name, BuildFn build, const Shape *shape,
            const char *variant, Timing timing)
{
    g_autoptr(GError) error = NULL;
    Subject *s = new_subject(name, timing);
    s->graph = rk_graph_new();
    RkRef y = build(s->graph, shape);
    must(rk_graph_check(s->graph, &error), error);
    s->state = rk_state_new(device);
    must(rk_state_add_graph(s->state, s->graph, &error), error);
    fill_params(s);
    RkPlanOptions options = {.batch = 1,
                             .n_outputs = 1,
                             .outputs = &y,
                             .variant = variant,
                             .profile = timing == TIME_DEVICE};
    s->plan = rk_plan_new(device, s->graph, s->state, &options, &error);
    must(s->plan != NULL, error);
    fill_inputs(s, shape);
    must(rk_plan_run(s->plan, &error), error); // compiles
    describe(s);
    return s;
}

Subject *
subject_new_copy(RkDevice *device, size_t bytes)
{
    g_autoptr(GError) error = NULL;
    Subject *s = new_subject("copy command", TIME_DEVICE);
    s->variant = g_strdup("");
    must((s->from = rk_buffer_new(device, RK_BUFFER_DEVICE, bytes, &error)) != NULL, error);
    must((s->to = rk_buffer_new(device, RK_BUFFER_DEVICE, bytes, &error)) != NULL, error);
    must((s->record = rk_record_new(device, 2, &error)) != NULL, error);
    rk_record_timestamp(s->record);
    rk_record_copy(s->record, (RkBinding){s->from, 0, bytes}, (RkBinding){s->to, 0, bytes});
    rk_record_timestamp(s->record);
    must(rk_record_end(s->record, &error), error);
    s->cost.bytes = 2.0 * (double)bytes; // read and written
    return s;
}

void
subject_free(Subject *s)
{
    g_free(s->name);
    g_free(s->variant);
    rk_plan_free(s->plan);
    if (s->record != NULL)
        rk_record_free(s->record);
    g_clear_pointer(&s->from, rk_buffer_free);
    g_clear_pointer(&s->to, rk_buffer_free);
    g_clear_pointer(&s->state, rk_state_free);
    g_clear_pointer(&s->graph, rk_graph_free);
    g_array_unref(s->round_ns);
    g_free(s);
}

char **
subject_variants(RkDevice *device, BuildFn build, const Shape *shape)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkGraph) graph = rk_graph_new();
    g_autoptr(RkArena) arena = rk_arena_new();
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    RkRef y = build(graph, shape);
    RkOpArgs args;
    must(rk_graph_check(graph, &error) && rk_graph_bind(graph, y, 1, arena, &args, &error), error);
    for (uint32_t i = 0; i < args.op->n_kernels; i++) {
        const RkKernel *kernel = &args.op->kernels[i];
        if (kernel->supports(kernel, rk_device_caps(device), &args))
            g_strv_builder_add(names, kernel->name);
    }
    return g_strv_builder_end(names);
}

// --- timing --------------------------------------------------------------------------------------

static double
median(double *values, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) // few values: insertion
        for (uint32_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double t = values[j];
            values[j] = values[j - 1];
            values[j - 1] = t;
        }
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double
device_ns(Subject *s, double call_ns)
{
    g_autoptr(GError) error = NULL;
    double sum = 0;
    if (s->record != NULL) {
        double stamps[2];
        must(rk_record_times_ns(s->record, stamps, &error), error);
        return stamps[1];
    }
    RkPlanStep steps[16];
    uint32_t n = rk_plan_n_steps(s->plan);
    g_assert_cmpuint(n, <=, G_N_ELEMENTS(steps));
    must(rk_plan_steps(s->plan, steps, &error), error);
    for (uint32_t i = 0; i < n; i++)
        sum += steps[i].ns;
    return isnan(sum) ? call_ns : sum;
}

// Of every thread of this process, the driver's too.
static double
cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double
run_once(Subject *s)
{
    g_autoptr(GError) error = NULL;
    uint64_t start = rk_clock_ns();
    if (s->record != NULL)
        must(rk_record_submit(s->record, &error) && rk_record_wait(s->record, &error), error);
    else
        must(rk_plan_run(s->plan, &error), error);
    double call_ns = (double)(rk_clock_ns() - start);
    return s->timing == TIME_CALL ? call_ns : device_ns(s, call_ns);
}

static void
take_turn(Subject *s)
{
    enum { MOST = 31 };
    const uint64_t TURN_NS = 2000000;
    double ns[MOST];
    uint32_t n = 0;
    uint64_t start = rk_clock_ns();
    double cpu = cpu_ns();
    do
        ns[n++] = run_once(s);
    while (n < MOST && rk_clock_ns() - start < TURN_NS);
    s->best_cpu_ns = MIN(s->best_cpu_ns, (cpu_ns() - cpu) / n);
    double one = median(ns, n);
    g_array_append_val(s->round_ns, one);
}

void
subjects_run(GPtrArray *subjects, uint32_t rounds)
{
    for (uint32_t i = 0; i < subjects->len; i++) // once more beforehand: caches, page faults
        run_once(subjects->pdata[i]);
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < subjects->len; i++)
            take_turn(subjects->pdata[i]);
}

// --- results -------------------------------------------------------------------------------------

const char *
subject_name(const Subject *s)
{
    return s->name;
}

const char *
subject_variant(const Subject *s)
{
    return s->variant;
}

uint32_t
subject_n_dispatches(const Subject *s)
{
    return rk_plan_n_dispatches(s->plan);
}

double
subject_median_us(const Subject *s)
{
    g_autofree double *ns = g_memdup2(s->round_ns->data, s->round_ns->len * sizeof *ns);
    return median(ns, s->round_ns->len) * 1e-3;
}

double
subject_best_us(const Subject *s)
{
    double best = INFINITY;
    for (uint32_t i = 0; i < s->round_ns->len; i++)
        best = MIN(best, g_array_index(s->round_ns, double, i));
    return best * 1e-3;
}

double
subject_cpu_us(const Subject *s)
{
    return s->best_cpu_ns * 1e-3;
}

double
subject_gflops(const Subject *s)
{
    return s->cost.flops / subject_best_us(s) * 1e-3;
}

double
subject_gb_s(const Subject *s)
{
    return s->cost.bytes / subject_best_us(s) * 1e-3;
}

double
subject_speed_over(const Subject *s, const Subject *other)
{
    uint32_t n = s->round_ns->len;
    g_autofree double *ratio = g_new(double, n);
    for (uint32_t i = 0; i < n; i++)
        ratio[i] =
            g_array_index(other->round_ns, double, i) / g_array_index(s->round_ns, double, i);
    return median(ratio, n);
}
