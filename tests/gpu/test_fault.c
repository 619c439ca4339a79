// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every Vulkan call that can fail is made to fail, each in turn, by a layer between Rankine and the
// driver: the outcome is an error of the right kind (or the right numbers, where there is another
// way), never a crash or a leak, and the next device opened works.
#include "fault.h"
#include "gpu-fixture.h"

#include "gpu/ceilings.h"

#include <glib/gstdio.h>
#include <vulkan/vulkan.h>

enum { N = 500, N_DISPATCHES = 20 /* more than one descriptor pool holds */ };

static Fault fault;

typedef struct {
    RkDevice *device;
    RkBuffer *x, *y, *z;
    RkRecord *record;
    float *values;
} Job;

static gboolean
record_job(Job *job, GError **error)
{
    RkPipeline *pipeline = affine_pipeline(job->device, RK_BIND_SAMPLED_F32X4, 1.0f, error);
    job->record = pipeline ? rk_record_new(job->device, 2, error) : NULL;
    if (job->record == NULL)
        return FALSE;
    rk_record_timestamp(job->record);
    for (int i = 0; i < N_DISPATCHES; i++) {
        if (!affine_dispatch(job->record, pipeline, i == 0 ? job->x : job->y,
                             i == N_DISPATCHES - 1 ? job->z : job->y, N, 1.0f, error))
            return FALSE;
        rk_record_barrier(job->record, NULL, 0);
    }
    rk_record_timestamp(job->record);
    return rk_record_end(job->record, error);
}

// Everything that the layer's users do, once.
static gboolean
run_job(Job *job, GError **error)
{
    double ns[2];
    const size_t bytes = N * sizeof(float);
    job->device = rk_device_open(NULL, error);
    job->x = job->device ? rk_buffer_new(job->device, RK_BUFFER_UPLOAD, bytes, error) : NULL;
    job->y = job->x ? rk_buffer_new(job->device, RK_BUFFER_DEVICE, bytes, error) : NULL;
    job->z = job->y ? rk_buffer_new(job->device, RK_BUFFER_READBACK, bytes, error) : NULL;
    return job->z != NULL && record_job(job, error) &&
           rk_buffer_write(job->x, 0, job->values, bytes, error) &&
           rk_record_submit(job->record, error) &&
           // waits for what is in flight
           rk_buffer_write(job->y, 0, job->values, bytes, error) &&
           rk_record_wait(job->record, error) && rk_record_times_ns(job->record, ns, error) &&
           rk_buffer_read(job->z, 0, job->values, bytes, error);
}

static void
clear_job(Job *job)
{
    g_clear_pointer(&job->record, rk_record_free);
    g_clear_pointer(&job->x, rk_buffer_free);
    g_clear_pointer(&job->y, rk_buffer_free);
    g_clear_pointer(&job->z, rk_buffer_free);
    g_clear_pointer(&job->device, rk_device_close);
}

static gboolean
try_job(gboolean *lost, GError **error)
{
    float values[N];
    for (int i = 0; i < N; i++)
        values[i] = (float)i;
    Job job = {.values = values};
    gboolean ok = run_job(&job, error);
    *lost = job.device != NULL && rk_device_is_lost(job.device);
    clear_job(&job);
    for (int i = 0; ok && i < N; i++)
        g_assert_cmpfloat(values[i], ==, (float)(i + N_DISPATCHES)); // exact: whole numbers
    return ok;
}

static void
works(void)
{
    g_autoptr(GError) error = NULL;
    gboolean lost;
    fault.arm(NULL);
    try_job(&lost, &error);
    g_assert_no_error(error);
    g_assert_false(lost);
}

// What a call may return. `absorbed`: nothing is lost by it, so the work may go on.
typedef struct {
    const char *call;
    VkResult results[3];
    gboolean absorbed;
} CallRow;

#define MEMORY                                                                                     \
    {                                                                                              \
        VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY                                 \
    }
#define LOSS                                                                                       \
    {                                                                                              \
        VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_DEVICE_LOST                                        \
    }
static const CallRow CALLS[] = {
    {"vkCreateInstance", {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_INITIALIZATION_FAILED}, FALSE},
    {"vkEnumeratePhysicalDevices", MEMORY, FALSE},
    {"vkCreateDevice",
     {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_DEVICE_LOST, VK_ERROR_FEATURE_NOT_PRESENT},
     FALSE},
    {"vkCreatePipelineCache", MEMORY, FALSE},
    {"vkCreateBuffer", MEMORY, FALSE},
    {"vkAllocateMemory",
     {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_TOO_MANY_OBJECTS},
     TRUE}, // a smaller block is tried
    {"vkBindBufferMemory", MEMORY, FALSE},
    {"vkMapMemory", {VK_ERROR_MEMORY_MAP_FAILED, VK_ERROR_OUT_OF_HOST_MEMORY}, FALSE},
    {"vkCreateShaderModule", {VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_INVALID_SHADER_NV}, FALSE},
    {"vkCreateDescriptorSetLayout", MEMORY, FALSE},
    {"vkCreatePipelineLayout", MEMORY, FALSE},
    {"vkCreateComputePipelines",
     {VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_INVALID_SHADER_NV, VK_ERROR_UNKNOWN},
     FALSE},
    {"vkCreateCommandPool", MEMORY, FALSE},
    {"vkAllocateCommandBuffers", MEMORY, FALSE},
    {"vkBeginCommandBuffer", MEMORY, FALSE},
    {"vkEndCommandBuffer", MEMORY, FALSE},
    {"vkCreateFence", MEMORY, FALSE},
    {"vkCreateQueryPool", MEMORY, FALSE},
    {"vkCreateDescriptorPool", MEMORY, FALSE},
    {"vkAllocateDescriptorSets", {VK_ERROR_OUT_OF_POOL_MEMORY, VK_ERROR_FRAGMENTED_POOL}, FALSE},
    {"vkCreateBufferView", MEMORY, FALSE},
    {"vkResetFences", MEMORY, FALSE},
    {"vkQueueSubmit", LOSS, FALSE},
    {"vkQueueWaitIdle", LOSS, FALSE},
    {"vkGetFenceStatus", LOSS, FALSE},
    {"vkWaitForFences", LOSS, FALSE},
    {"vkGetQueryPoolResults", LOSS, FALSE},
    {"vkDeviceWaitIdle", LOSS, TRUE},         // closing goes on
    {"vkGetPipelineCacheData", MEMORY, TRUE}, // compiled again next time
};

static int
code_of(VkResult result)
{
    switch (result) {
    case VK_ERROR_DEVICE_LOST:
        return RK_ERROR_DEVICE_LOST;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_FRAGMENTED_POOL:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED:
        return RK_ERROR_MEMORY;
    default:
        return RK_ERROR_DEVICE;
    }
}

// Fails call n, and with `later` every one after it. Returns whether there was such a call.
static gboolean
fail_one(const CallRow *row, VkResult result, int n, gboolean later)
{
    g_autofree char *spec =
        g_strdup_printf("%s:%d%s:%d", row->call, n, later ? "+" : "", (int)result);
    g_autoptr(GError) error = NULL;
    gboolean lost;
    fault.arm(spec);
    gboolean ok = try_job(&lost, &error);
    gboolean fired = fault.fired() > 0;
    fault.arm(NULL);
    if (ok && fired && !row->absorbed)
        g_error("%s had no effect", spec);
    if (ok)
        return fired;
    g_test_message("%s: %s", spec, error->message);
    g_assert_true(fired);
    g_assert_error(error, RK_ERROR, code_of(result));
    g_assert_cmpuint(strlen(error->message), >, 40); // says more than a code
    g_assert_true(g_str_has_suffix(error->message, "."));
    if (strcmp(row->call, "vkCreateDevice") != 0) // there is no device then
        g_assert_cmpint(lost, ==, result == VK_ERROR_DEVICE_LOST);
    return TRUE;
}

// Which rows of CALLS a job ever reached, mapped and staged together.
static gboolean reached[G_N_ELEMENTS(CALLS)];

static void
fail_every_call(void)
{
    enum { MAX_CALLS = 4 }; // of one function: later ones are the same place again
    for (size_t i = 0; i < G_N_ELEMENTS(CALLS); i++) {
        const CallRow *row = &CALLS[i];
        for (int r = 0; r < 3 && row->results[r] != VK_SUCCESS; r++) {
            int n = 1;
            int max = r == 0 ? MAX_CALLS : 1; // the place matters more than the code
            while (n <= max && fail_one(row, row->results[r], n, FALSE))
                n++;
            reached[i] = reached[i] || n > 1;
            if (r == 0)
                fail_one(row, row->results[r], 1, TRUE);
        }
    }
    works();
}

static void
mapped(void)
{
    g_setenv("RANKINE_STAGING", "never", TRUE);
    fail_every_call();
}

static void
staged(void)
{
    g_setenv("RANKINE_STAGING", "always", TRUE);
    fail_every_call();
    g_unsetenv("RANKINE_STAGING");
    for (size_t i = 0; i < G_N_ELEMENTS(CALLS); i++) {
        if (!reached[i])
            g_error("no job ever called %s", CALLS[i].call);
    }
}

static void
initialization_fails_as_no_driver(void)
{
    g_autoptr(GError) error = NULL;
    fault.arm("vkEnumeratePhysicalDevices:1:-3"); // VK_ERROR_INITIALIZATION_FAILED
    g_assert_null(rk_device_open(NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "mesa-vulkan-drivers"));
    g_clear_error(&error);
    fault.arm("vkCreateInstance:1:-9"); // VK_ERROR_INCOMPATIBLE_DRIVER
    g_assert_null(rk_device_list(&error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    fault.arm(NULL);
}

static void
a_lost_device_stays_lost(void)
{
    g_autoptr(GError) error = NULL;
    float values[N] = {0};
    Job job = {.values = values};
    g_assert_true(run_job(&job, &error));
    fault.arm("vkQueueSubmit:1:-4");
    g_assert_false(rk_record_submit(job.record, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_assert_nonnull(strstr(error->message, "Open it again"));
    fault.arm(NULL);
    g_assert_true(rk_device_is_lost(job.device));
    // Whatever is asked of it after that says so again, and does nothing.
    g_clear_error(&error);
    g_assert_false(rk_record_submit(job.record, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_clear_error(&error);
    g_assert_null(rk_buffer_new(job.device, RK_BUFFER_DEVICE, 64, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_clear_error(&error);
    g_assert_null(rk_record_new(job.device, 0, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_clear_error(&error);
    g_assert_false(rk_buffer_write(job.y, 0, values, sizeof values, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_clear_error(&error);
    g_assert_false(rk_buffer_read(job.y, 0, values, sizeof values, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    g_clear_error(&error);
    g_assert_null(rk_device_ceilings(job.device, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    clear_job(&job);
    works();
}

static void
lost_while_in_flight(void)
{
    g_autoptr(GError) error = NULL;
    float values[N] = {0};
    Job job = {.values = values};
    g_assert_true(run_job(&job, &error));
    g_assert_true(rk_record_submit(job.record, &error));
    fault.arm("vkGetFenceStatus:1:-4");
    g_assert_true(rk_record_is_done(job.record)); // there is nothing more to wait for
    fault.arm("vkGetFenceStatus:1:-4");
    g_assert_false(rk_record_wait(job.record, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DEVICE_LOST);
    fault.arm(NULL);
    clear_job(&job); // with the record still in flight
    works();
}

static void
no_timestamps(void)
{
    g_autoptr(GError) error = NULL;
    fault.limits("timestampValidBits:0");
    g_autoptr(RkDevice) device = open_device();
    g_assert_null(rk_record_new(device, 1, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED);
    g_clear_error(&error);
    const RkCeilings *ceilings = rk_device_ceilings(device, &error); // by the host's clock
    g_assert_no_error(error);
    g_assert_cmpfloat(ceilings->fp32_gflops, >, 0);
    g_assert_true(ceilings == rk_device_ceilings(device, NULL)); // measured once
    fault.limits(NULL);
}

static void
few_allocations(void)
{
    g_autoptr(GError) error = NULL;
    fault.limits("maxMemoryAllocationCount:2");
    g_autoptr(RkDevice) device = open_device();
    fault.limits(NULL);
    const size_t LARGE = 40u << 20; // past half a block, so it gets its own allocation
    g_autoptr(RkBuffer) a = new_buffer(device, RK_BUFFER_DEVICE, LARGE);
    g_autoptr(RkBuffer) b = new_buffer(device, RK_BUFFER_DEVICE, LARGE);
    g_assert_null(rk_buffer_new(device, RK_BUFFER_DEVICE, LARGE, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_MEMORY);
    g_assert_nonnull(strstr(error->message, "maxMemoryAllocationCount"));
    g_clear_pointer(&a, rk_buffer_free); // its allocation goes back to the driver
    a = new_buffer(device, RK_BUFFER_DEVICE, LARGE);
}

static void
a_small_heap(void)
{
    g_autoptr(GError) error = NULL;
    fault.limits("heapSize:16777216");
    g_autoptr(RkDevice) device = open_device();
    g_assert_cmpuint(rk_device_caps(device)->device_bytes, ==, 16u << 20);
    g_assert_null(rk_buffer_new(device, RK_BUFFER_DEVICE, 32u << 20, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_MEMORY);
    g_clear_error(&error);
    // Filled to the last block, then full, then usable again.
    g_autoptr(GPtrArray) buffers = g_ptr_array_new_with_free_func((GDestroyNotify)rk_buffer_free);
    RkBuffer *buffer;
    while ((buffer = rk_buffer_new(device, RK_BUFFER_DEVICE, 3u << 20, &error)) != NULL)
        g_ptr_array_add(buffers, buffer);
    g_assert_error(error, RK_ERROR, RK_ERROR_MEMORY);
    g_assert_nonnull(strstr(error->message, "Lower the batch size"));
    g_assert_cmpuint(buffers->len, ==, 5);
    g_ptr_array_set_size(buffers, 0);
    g_autoptr(RkBuffer) again = new_buffer(device, RK_BUFFER_DEVICE, 12u << 20);
    fault.limits(NULL);
}

static void
an_old_device(void)
{
    g_autoptr(GError) error = NULL;
    fault.limits("apiVersion:4194304"); // 1.0
    g_assert_null(rk_device_open(NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    fault.limits("apiVersion:4198400"); // 1.1, the floor
    works();
    fault.limits(NULL);
}

static void
small_bindings(void)
{
    g_autoptr(GError) error = NULL;
    fault.limits("maxStorageBufferRange:1024,maxTexelBufferElements:64");
    g_autoptr(RkDevice) device = open_device();
    fault.limits(NULL);
    g_autoptr(RkBuffer) x = new_buffer(device, RK_BUFFER_DEVICE, 8192);
    g_autoptr(RkBuffer) y = new_buffer(device, RK_BUFFER_DEVICE, 8192);
    g_autoptr(RkRecord) record = rk_record_new(device, 0, &error);
    RkPipeline *storage = affine_pipeline(device, RK_BIND_STORAGE, 1.0f, &error);
    RkPipeline *texel = affine_pipeline(device, RK_BIND_TEXEL_F32X4, 1.0f, &error);
    g_assert_true(affine_dispatch(record, storage, x, y, 256, 0.0f, &error));
    g_assert_false(affine_dispatch(record, storage, x, y, 257, 0.0f, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_nonnull(strstr(error->message, "maxStorageBufferRange"));
    g_clear_error(&error);
    const RkBinding wide[] = {{x, 0, 64 * 16 + 4}, {y, 0, 1024}};
    const AffinePush push = {256, 0.0f};
    const uint32_t grid[3] = {4, 1, 1};
    g_assert_false(rk_record_dispatch(record, texel, wide, &push, grid, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
    g_assert_nonnull(strstr(error->message, "maxTexelBufferElements"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fault = fault_load();
    g_autofree char *cache = g_dir_make_tmp("rankine-fault-XXXXXX", NULL);
    g_setenv("RANKINE_CACHE_DIR", cache, TRUE);
    g_test_add_func("/gpu/fault/every call fails in turn, mapped memory", mapped);
    g_test_add_func("/gpu/fault/every call fails in turn, staged memory", staged); // after mapped
    g_test_add_func("/gpu/fault/a driver that doesn't start is as none",
                    initialization_fails_as_no_driver);
    g_test_add_func("/gpu/fault/a lost device stays lost and can be opened again",
                    a_lost_device_stays_lost);
    g_test_add_func("/gpu/fault/a device lost with work in flight closes", lost_while_in_flight);
    g_test_add_func("/gpu/fault/a queue without timestamps", no_timestamps);
    g_test_add_func("/gpu/fault/a driver with few allocations", few_allocations);
    g_test_add_func("/gpu/fault/a heap that fills up", a_small_heap);
    g_test_add_func("/gpu/fault/a device of Vulkan 1.0 or 1.1", an_old_device);
    g_test_add_func("/gpu/fault/bindings past the device's limits", small_bindings);
    int failed = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", cache);
    return g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL) ? failed : 1;
}
