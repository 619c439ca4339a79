// SPDX-License-Identifier: GPL-3.0-or-later
//
// Choices are kept as a key file: a group an op, a key a shape class, the value a kernel's name.
#include "plan/tune.h"

#include "base/clock.h"
#include "base/rng.h"
#include "plan/plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct RkTuning {
    GKeyFile *file;
    char *path;
};

RkTuning *
rk_tuning_load(RkDevice *device)
{
    RkTuning *tuning = g_new0(RkTuning, 1);
    tuning->file = g_key_file_new();
    tuning->path = rk_device_cache_path(device, ".tuning");
    // A file that is missing or damaged costs speed, nothing else: it is measured again.
    g_key_file_load_from_file(tuning->file, tuning->path, G_KEY_FILE_NONE, NULL);
    return tuning;
}

gboolean
rk_tuning_save(const RkTuning *tuning, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(tuning->path);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED,
                    "Can't create the cache folder %s: %s. Name another in RANKINE_CACHE_DIR.",
                    folder, g_strerror(errno));
        return FALSE;
    }
    if (g_key_file_save_to_file(tuning->file, tuning->path, error))
        return TRUE;
    g_prefix_error(error, "Can't keep the tuning: ");
    return FALSE;
}

void
rk_tuning_free(RkTuning *tuning)
{
    if (tuning == NULL)
        return;
    g_key_file_unref(tuning->file);
    g_free(tuning->path);
    g_free(tuning);
}

static uint32_t
round_up_power_of_two(uint32_t n)
{
    uint32_t power = 1;
    while (power < n && power < 1u << 31)
        power *= 2;
    return n == 0 ? 0 : power;
}

static void
append_class(GString *key, const RkTensor *tensor)
{
    g_string_append_printf(key, "%s", rk_dtype_name(tensor->dtype));
    for (uint32_t i = 0; i < tensor->rank; i++)
        g_string_append_printf(key, "x%u", round_up_power_of_two(tensor->dim[i]));
}

// Shapes by powers of two, and whether rows are whole vec4s, which decides what loads work.
static char *
class_of(const RkOpArgs *args)
{
    GString *key = g_string_new(NULL);
    gboolean vectors = rk_tensor_cols(&args->out) % 4 == 0;
    for (uint32_t i = 0; i < args->n_in; i++) {
        if (!args->present[i]) {
            g_string_append(key, "none_");
            continue;
        }
        append_class(key, &args->in[i]);
        g_string_append_c(key, '_');
        vectors = vectors && rk_tensor_cols(&args->in[i]) % 4 == 0;
    }
    append_class(key, &args->out);
    for (uint32_t i = 0; i < args->n_attr; i++)
        g_string_append_printf(key, "_%x", (unsigned)args->attr[i].i);
    return g_string_free(g_string_append(key, vectors ? "_v4" : "_v1"), FALSE);
}

const RkKernel *
rk_tuning_find(const RkTuning *tuning, const RkOpArgs *args)
{
    g_autofree char *key = class_of(args);
    g_autofree char *name = g_key_file_get_string(tuning->file, args->op->name, key, NULL);
    for (uint32_t i = 0; name != NULL && i < args->op->n_kernels; i++)
        if (strcmp(args->op->kernels[i].name, name) == 0)
            return &args->op->kernels[i];
    return NULL;
}

void
rk_tuning_set(RkTuning *tuning, const RkOpArgs *args, const RkKernel *kernel)
{
    g_autofree char *key = class_of(args);
    g_key_file_set_string(tuning->file, args->op->name, key, kernel->name);
}

void
rk_tuning_each(const RkTuning *tuning, RkTuningFunc func, gpointer data)
{
    g_auto(GStrv) ops = g_key_file_get_groups(tuning->file, NULL);
    for (char **op = ops; *op != NULL; op++) {
        g_auto(GStrv) keys = g_key_file_get_keys(tuning->file, *op, NULL, NULL);
        for (char **key = keys; key != NULL && *key != NULL; key++) {
            g_autofree char *kernel = g_key_file_get_string(tuning->file, *op, *key, NULL);
            g_auto(GStrv) parts = g_strsplit(*key, "_", -1);
            g_autofree char *shapes = g_strjoinv(" ", parts);
            func(*op, shapes, kernel != NULL ? kernel : "", data);
        }
    }
}

uint32_t
rk_tuning_size(const RkTuning *tuning)
{
    g_auto(GStrv) groups = g_key_file_get_groups(tuning->file, NULL);
    uint32_t n = 0;
    for (char **group = groups; *group != NULL; group++) {
        gsize keys = 0;
        g_strfreev(g_key_file_get_keys(tuning->file, *group, &keys, NULL));
        n += (uint32_t)keys;
    }
    return n;
}

// --- timing
// -----------------------------------------------------------------------------------------

static RkType
constant_type(const RkTensor *tensor)
{
    RkType type = {.dtype = tensor->dtype, .rank = tensor->rank};
    for (uint32_t i = 0; i < tensor->rank; i++)
        type.dim[i] = RK_DIM(tensor->dim[i]);
    return type;
}

// Random words: finite floats around 0, indices that are in range, any small integers.
static void
fill_random(const RkTensor *tensor, uint32_t limit, uint32_t stream, void *packed)
{
    uint64_t words = rk_tensor_bytes(tensor) / 4;
    uint32_t *word = packed;
    float *real = packed;
    for (uint64_t i = 0; i < words; i++) {
        if (tensor->dtype == RK_F32)
            real[i] = rk_rng_float(1, stream, i) - 0.5f;
        else if (tensor->dtype == RK_U32)
            word[i] = limit ? rk_rng_below(1, stream, i, limit) : 0;
        else if (tensor->dtype == RK_F16) // exponents that keep both halves below 2
            word[i] = rk_rng_u32(1, stream, i) & 0xbfffbfffu;
        else
            word[i] = rk_rng_u32(1, stream, i);
    }
}

// The op alone in a graph, its inputs as parameters so that no upload is timed.
static RkRef
build(RkGraph *graph, const RkOpArgs *args, RkState *state, GError **error)
{
    RkRef in[32];
    g_assert(args->n_in <= G_N_ELEMENTS(in));
    for (uint32_t i = 0; i < args->n_in; i++) {
        g_autofree char *name = g_strdup_printf("in%u", i);
        in[i] =
            args->present[i] ? rk_graph_param(graph, name, constant_type(&args->in[i])) : RK_NONE;
    }
    RkRef y = rk_graph_op(graph, args->op, args->n_in, in, args->n_attr, args->attr);
    if (!rk_graph_check(graph, error) || !rk_state_add_graph(state, graph, error))
        return RK_NONE;
    for (uint32_t i = 0; i < args->n_in; i++) {
        if (!args->present[i])
            continue;
        size_t bytes = rk_tensor_bytes(&args->in[i]);
        g_autofree void *packed = g_malloc(bytes + 1);
        uint32_t limit = args->op->index_limit ? args->op->index_limit(args, i) : 0;
        fill_random(&args->in[i], limit, i, packed);
        if (!rk_state_write(state, rk_graph_node(graph, in[i])->name, packed, bytes, error))
            return RK_NONE;
    }
    return y;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static gboolean
time_plan(RkPlan *plan, uint32_t runs, double *ns, double *first_ns, GError **error)
{
    g_autofree double *times = g_new(double, runs);
    g_autofree RkPlanStep *steps = g_new(RkPlanStep, rk_plan_n_steps(plan) + 1);
    uint64_t start = rk_clock_ns();
    if (!rk_plan_run(plan, error))
        return FALSE;
    if (first_ns != NULL)
        *first_ns = (double)(rk_clock_ns() - start);
    for (uint32_t i = 0; i < runs; i++) {
        if (!rk_plan_run(plan, error) || !rk_plan_steps(plan, steps, error))
            return FALSE;
        times[i] = 0;
        for (uint32_t k = 0; k < rk_plan_n_steps(plan); k++)
            times[i] += steps[k].ns;
    }
    qsort(times, runs, sizeof *times, compare_doubles);
    *ns = times[runs / 2];
    return TRUE;
}

gboolean
rk_tune_time(RkDevice *device, const RkKernel *kernel, const RkOpArgs *args, uint32_t runs,
             double *ns, double *compile_ns, GError **error)
{
    g_autoptr(RkGraph) graph = rk_graph_new();
    g_autoptr(RkState) state = rk_state_new(device);
    RkRef y = build(graph, args, state, error);
    if (y == RK_NONE)
        return FALSE;
    RkPlanOptions options = {.batch = 1,
                             .n_effects = 1,
                             .effects = &y,
                             .no_fusion = TRUE,
                             .profile = TRUE,
                             .variant = kernel->name};
    g_autoptr(RkPlan) plan = rk_plan_new(device, graph, state, &options, error);
    return plan != NULL && time_plan(plan, MAX(runs, 1), ns, compile_ns, error);
}

gboolean
rk_tune_op(RkTuning *tuning, RkDevice *device, const RkOpArgs *args, double budget_s,
           GError **error)
{
    const RkCaps *caps = rk_device_caps(device);
    const RkKernel *best = NULL;
    double best_ns = INFINITY;
    uint64_t deadline = rk_clock_ns() + (uint64_t)(budget_s * 1e9);
    for (uint32_t i = 0; i < args->op->n_kernels; i++) {
        const RkKernel *kernel = &args->op->kernels[i];
        double ns = 0;
        if (!kernel->supports(kernel, caps, args) || (best != NULL && rk_clock_ns() > deadline))
            continue;
        if (!rk_tune_time(device, kernel, args, 3, &ns, NULL, error))
            return FALSE;
        if (ns < 2 * best_ns && !rk_tune_time(device, kernel, args, 15, &ns, NULL, error))
            return FALSE;
        if (ns < best_ns) {
            best = kernel;
            best_ns = ns;
        }
    }
    if (best != NULL)
        rk_tuning_set(tuning, args, best);
    return TRUE;
}
