// SPDX-License-Identifier: GPL-3.0-or-later
//
// Measures a device's ceilings. Each kernel runs longer and longer until its time is well above the
// clock's and the submission's share; the best of a few runs counts, since a ceiling is what can be
// reached. Kernels compile before they are timed.
#include "gpu/ceilings.h"

#include "base/clock.h"
#include "gpu/gpu-private.h"
#include "gpu/record.h"

#include <stdlib.h>

enum {
    REPEATS = 3,
    N_SUBMITS = 101,
    MAX_ROUNDS = 1 << 24,
};

// Long against a submission (under 0.1 ms) and a time slice of the system.
static const double TARGET_NS = 8e6;
// Past every GPU's cache when this was written (an H100 has 50 MiB).
static const size_t COPY_BYTES = 128u << 20;

// What chains.comp reads at binding 0.
typedef struct {
    uint32_t rounds;
    float a, b;
    uint32_t word;
    float x[4];
    uint32_t packed_x[4];
} Parameters;
_Static_assert(sizeof(Parameters) == 48, "layout of binding 0 in chains.comp");

// How many vectors of 4 live in registers, and how often the loop's body is repeated: too few leave
// the units idle, too many spill.
typedef struct {
    uint32_t chains, unroll;
} ChainShape;

// A way to do a precision's arithmetic. `ops` are those of one vector in one step of the loop.
typedef struct {
    const char *shader;
    const char *how;
    size_t result; // which of RkCeilings
    size_t result_how;
    ChainShape shape[2]; // the better one counts
    double ops;
    uint32_t word;
    gboolean (*supported)(const RkCaps *caps);
} ChainRow;

static gboolean
has_f16(const RkCaps *caps)
{
    return caps->f16_arithmetic;
}

static gboolean
has_int_dot(const RkCaps *caps)
{
    return caps->int_dot;
}

#define RESULT(name) offsetof(RkCeilings, name)
static const ChainRow ROWS[] = {
    {"ceiling-fp32", NULL, RESULT(fp32_gflops), 0, {{3, 16}, {6, 8}}, 8, 0, NULL},
    {"ceiling-fp16",
     "16-bit arithmetic",
     RESULT(fp16_gflops),
     RESULT(fp16_how),
     {{2, 8}, {4, 8}},
     8,
     0,
     has_f16},
    // The halves 1.5 and 1.25.
    {"ceiling-fp16-unpack",
     "packed halves, 32-bit arithmetic",
     RESULT(fp16_gflops),
     RESULT(fp16_how),
     {{3, 8}, {8, 8}},
     16,
     0x3d003e00,
     NULL},
    {"ceiling-int8-unpack",
     "packed bytes, 32-bit float arithmetic",
     RESULT(int8_gops),
     RESULT(int8_how),
     {{3, 8}, {8, 8}},
     32,
     0x05030503,
     NULL},
    {"ceiling-int8-dot",
     "packed dot product",
     RESULT(int8_gops),
     RESULT(int8_how),
     {{2, 8}, {4, 8}},
     32,
     0,
     has_int_dot},
};

typedef struct {
    RkDevice *device;
    RkBuffer *parameters, *results;
    gboolean timed_on_device;
} Bench;

// One run of a record, in nanoseconds: by timestamps around its work, else by the host's clock.
static gboolean
time_once(const Bench *bench, RkRecord *record, double *ns, GError **error)
{
    uint64_t start_ns = rk_clock_ns();
    if (!rk_record_submit(record, error) || !rk_record_wait(record, error))
        return FALSE;
    double stamps[2] = {0, (double)(rk_clock_ns() - start_ns)};
    if (bench->timed_on_device && !rk_record_times_ns(record, stamps, error))
        return FALSE;
    *ns = MAX(stamps[1], 1);
    return TRUE;
}

static gboolean
time_best(const Bench *bench, RkRecord *record, double *best_ns, GError **error)
{
    *best_ns = G_MAXDOUBLE;
    for (int i = 0; i < REPEATS; i++) {
        double ns;
        if (!time_once(bench, record, &ns, error))
            return FALSE;
        *best_ns = MIN(*best_ns, ns);
    }
    return TRUE;
}

// Doubles the rounds, at most eightfold a step, until a run takes TARGET_NS.
static gboolean
find_rounds(const Bench *bench, RkRecord *record, GError **error)
{
    Parameters *parameters = rk_buffer_map(bench->parameters);
    parameters->rounds = 16;
    for (int warm = 0; warm < 2; warm++) { // the first run compiles on some drivers
        double ns;
        if (!time_once(bench, record, &ns, error))
            return FALSE;
    }
    for (;;) {
        double ns;
        if (!time_once(bench, record, &ns, error))
            return FALSE;
        if (ns >= TARGET_NS || parameters->rounds >= MAX_ROUNDS)
            return TRUE;
        double factor = CLAMP(1.2 * TARGET_NS / ns, 1.5, 8);
        parameters->rounds = (uint32_t)MIN((double)parameters->rounds * factor, MAX_ROUNDS);
    }
}

static gboolean
record_dispatch(const Bench *bench, RkRecord *record, const RkPipelineKey *key,
                const RkBinding *bindings, const void *push, const uint32_t grid[3], GError **error)
{
    RkPipeline *pipeline = rk_pipeline_get(bench->device, key, error);
    if (pipeline == NULL)
        return FALSE;
    if (bench->timed_on_device)
        rk_record_timestamp(record);
    if (!rk_record_dispatch(record, pipeline, bindings, push, grid, error))
        return FALSE;
    if (bench->timed_on_device)
        rk_record_timestamp(record);
    return rk_record_end(record, error);
}

static RkRecord *
new_record(const Bench *bench, GError **error)
{
    return rk_record_new(bench->device, bench->timed_on_device ? 2 : 0, error);
}

static gboolean
measure_chain(const Bench *bench, const ChainRow *row, ChainShape shape, double *gops,
              GError **error)
{
    const RkCaps *caps = rk_device_caps(bench->device);
    // A software driver wants one vector of lanes and some workgroups a core; a GPU many warps.
    uint32_t local = caps->is_cpu ? 8 : MIN(256, caps->max_invocations);
    const uint32_t grid[3] = {caps->is_cpu ? 64 : 4096, 1, 1};
    const RkPipelineKey key = {.shader = row->shader,
                               .n_bindings = 2,
                               .n_spec = 3,
                               .spec = {local, shape.chains, shape.unroll}};
    const RkBinding bindings[] = {{bench->parameters, 0, sizeof(Parameters)},
                                  {bench->results, 0, rk_buffer_bytes(bench->results)}};
    Parameters *parameters = rk_buffer_map(bench->parameters);
    *parameters = (Parameters){.a = 0.75f, // chains of a and b converge on 1
                               .b = 0.25f,
                               .word = row->word,
                               .x = {0.5f, 0.75f, 1.0f, 1.25f},
                               .packed_x = {0x01020304, 0x02030401, 0x03040102, 0x04010203}};
    g_autoptr(RkRecord) record = new_record(bench, error);
    double ns;
    if (record == NULL || !record_dispatch(bench, record, &key, bindings, NULL, grid, error) ||
        !find_rounds(bench, record, error) || !time_best(bench, record, &ns, error))
        return FALSE;
    *gops = row->ops * shape.chains * shape.unroll * parameters->rounds * local * grid[0] / ns;
    return TRUE;
}

static gboolean
measure_chains(const Bench *bench, RkCeilings *ceilings, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        const ChainRow *row = &ROWS[i];
        double *best = (double *)(void *)((char *)ceilings + row->result);
        if (row->supported != NULL && !row->supported(rk_device_caps(bench->device)))
            continue;
        for (size_t j = 0; j < G_N_ELEMENTS(row->shape); j++) {
            double gops;
            if (!measure_chain(bench, row, row->shape[j], &gops, error))
                return FALSE;
            if (gops <= *best)
                continue;
            *best = gops;
            if (row->how != NULL)
                *(const char **)(void *)((char *)ceilings + row->result_how) = row->how;
        }
    }
    return TRUE;
}

// One way to copy: a kernel over storage buffers or texels, or the device's own copy command. A
// software driver's command is a memcpy(); a kernel's scattered stores reach a sixth of it.
typedef struct {
    const char *shader; // NULL: the copy command
    RkBindKind kind;
} CopyRow;

static const CopyRow COPIES[] = {
    {NULL, RK_BIND_STORAGE},
    {"ceiling-copy", RK_BIND_STORAGE},
    {"ceiling-copy-texel", RK_BIND_TEXEL_U32X4},
};

static gboolean
record_copy(const Bench *bench, RkRecord *record, const CopyRow *row, RkBinding from, RkBinding to,
            GError **error)
{
    const RkCaps *caps = rk_device_caps(bench->device);
    if (row->shader == NULL) {
        if (bench->timed_on_device)
            rk_record_timestamp(record);
        rk_record_copy(record, from, to);
        if (bench->timed_on_device)
            rk_record_timestamp(record);
        return rk_record_end(record, error);
    }
    const RkPipelineKey key = {.shader = row->shader,
                               .n_bindings = 2,
                               .binding = {row->kind, row->kind},
                               .n_spec = 1,
                               .spec = {caps->is_cpu ? 8 : MIN(256, caps->max_invocations)},
                               .push_bytes = sizeof(uint32_t)};
    const RkBinding bindings[] = {from, to};
    const uint32_t vectors = (uint32_t)(from.bytes / 16);
    const uint32_t grid[3] = {caps->is_cpu ? 64 : 4096, 1, 1};
    return record_dispatch(bench, record, &key, bindings, &vectors, grid, error);
}

static gboolean
measure_copy(const Bench *bench, RkCeilings *ceilings, GError **error)
{
    const RkCaps *caps = rk_device_caps(bench->device);
    size_t bytes = MIN(COPY_BYTES, MIN(caps->max_buffer_bytes, caps->device_bytes / 8));
    g_autoptr(RkBuffer) from = rk_buffer_new(bench->device, RK_BUFFER_DEVICE, bytes, error);
    if (from == NULL)
        return FALSE;
    g_autoptr(RkBuffer) to = rk_buffer_new(bench->device, RK_BUFFER_DEVICE, bytes, error);
    if (to == NULL)
        return FALSE;
    for (size_t i = 0; i < G_N_ELEMENTS(COPIES); i++) {
        if (COPIES[i].shader != NULL && (caps->is_cpu || bytes > caps->max_storage_range))
            continue;
        if (COPIES[i].kind != RK_BIND_STORAGE && bytes / 16 > caps->max_texel_elements)
            continue;
        g_autoptr(RkRecord) record = new_record(bench, error);
        const RkBinding source = {from, 0, bytes};
        const RkBinding target = {to, 0, bytes};
        double ns;
        if (record == NULL || !record_copy(bench, record, &COPIES[i], source, target, error) ||
            !time_once(bench, record, &ns, error) || !time_best(bench, record, &ns, error))
            return FALSE;
        ceilings->copy_gb_s = MAX(ceilings->copy_gb_s, 2.0 * (double)bytes / ns);
    }
    return TRUE;
}

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static gboolean
measure_submit(const Bench *bench, RkCeilings *ceilings, GError **error)
{
    g_autoptr(RkRecord) record = rk_record_new(bench->device, 0, error);
    if (record == NULL || !rk_record_end(record, error))
        return FALSE;
    double us[N_SUBMITS];
    for (int i = -10; i < N_SUBMITS; i++) { // the first ten warm up
        uint64_t start_ns = rk_clock_ns();
        if (!rk_record_submit(record, error) || !rk_record_wait(record, error))
            return FALSE;
        if (i >= 0)
            us[i] = (double)(rk_clock_ns() - start_ns) * 1e-3;
    }
    qsort(us, N_SUBMITS, sizeof us[0], compare_doubles);
    ceilings->submit_us = us[N_SUBMITS / 2];
    return TRUE;
}

const RkCeilings *
rk_device_ceilings(RkDevice *device, GError **error)
{
    if (device->ceilings != NULL)
        return device->ceilings;
    g_autofree RkCeilings *ceilings = g_new0(RkCeilings, 1);
    g_autoptr(RkBuffer) parameters =
        rk_buffer_new(device, RK_BUFFER_UPLOAD, sizeof(Parameters), error);
    if (parameters == NULL)
        return NULL;
    g_autoptr(RkBuffer) results = rk_buffer_new(device, RK_BUFFER_DEVICE, 64, error);
    if (results == NULL)
        return NULL;
    const Bench bench = {device, parameters, results, device->timestamp_bits > 0};
    if (!measure_submit(&bench, ceilings, error) || !measure_copy(&bench, ceilings, error) ||
        !measure_chains(&bench, ceilings, error))
        return NULL;
    device->ceilings = g_steal_pointer(&ceilings);
    return device->ceilings;
}
