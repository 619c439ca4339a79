// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu-fixture.h"

// Odd, so that the last texel and the last workgroup are partly used.
enum { N = 1001 };

static void
dispatch_as(RkBindKind kind)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) x = new_buffer(device, RK_BUFFER_UPLOAD, N * sizeof(float));
    g_autoptr(RkBuffer) y = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
    g_autoptr(RkBuffer) z = new_buffer(device, RK_BUFFER_READBACK, N * sizeof(float));
    RkPipeline *times3 = affine_pipeline(device, kind, 3.0f, &error);
    g_assert_no_error(error);
    g_assert_true(affine_pipeline(device, kind, 3.0f, &error) == times3);
    g_assert_true(affine_pipeline(device, kind, 2.0f, &error) != times3);
    g_autoptr(RkRecord) record = rk_record_new(device, 3, &error);
    g_assert_no_error(error);
    rk_record_timestamp(record);
    g_assert_true(affine_dispatch(record, times3, x, y, N, 1.0f, &error));
    rk_record_timestamp(record);
    const RkBinding written = {y, 0, N * sizeof(float)};
    rk_record_barrier(record, &written, 1);
    g_assert_true(affine_dispatch(record, times3, y, z, N, -2.0f, &error));
    rk_record_timestamp(record);
    rk_record_end(record, &error);
    g_assert_no_error(error);

    float *in = rk_buffer_map(x);
    const float *out = rk_buffer_map(z);
    for (int step = 0; step < 3; step++) { // replayed with other inputs
        for (int i = 0; i < N; i++)
            in[i] = (float)(i + step);
        run(record);
        for (int i = 0; i < N; i++) // small whole numbers: exact in fp32
            g_assert_cmpfloat(out[i], ==, 3.0f * (3.0f * in[i] + 1.0f) - 2.0f);
    }
    double ns[3];
    g_assert_true(rk_record_times_ns(record, ns, &error));
    g_assert_cmpfloat(ns[0], ==, 0);
    g_assert_cmpfloat(ns[1], <=, ns[2]);
}

static void
every_binding_kind(void)
{
    for (RkBindKind kind = 0; kind < RK_N_BIND_KINDS; kind++)
        dispatch_as(kind);
}

// Records with their own buffers, all submitted before the first is waited for, in mixed order.
static void
several_in_flight(void)
{
    enum { N_RECORDS = 8, ROUNDS = 5 };
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    RkPipeline *pipeline = affine_pipeline(device, RK_BIND_SAMPLED_F32X4, 2.0f, &error);
    RkBuffer *x[N_RECORDS];
    RkBuffer *y[N_RECORDS];
    RkRecord *records[N_RECORDS];
    for (int r = 0; r < N_RECORDS; r++) {
        x[r] = new_buffer(device, RK_BUFFER_UPLOAD, N * sizeof(float));
        y[r] = new_buffer(device, RK_BUFFER_READBACK, N * sizeof(float));
        records[r] = rk_record_new(device, 0, &error);
        rk_record_set_independent(records[r]);
        g_assert_true(affine_dispatch(records[r], pipeline, x[r], y[r], N, (float)r, &error));
        g_assert_true(rk_record_end(records[r], &error));
        g_assert_true(rk_record_is_done(records[r])); // idle
        g_assert_true(rk_record_wait(records[r], &error));
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int r = 0; r < N_RECORDS; r++) {
            ((float *)rk_buffer_map(x[r]))[N - 1] = (float)round;
            g_assert_true(rk_record_submit(records[r], &error));
        }
        for (int i = 0; i < N_RECORDS; i++) {
            int r = (i * 3 + round) % N_RECORDS;
            while (i % 2 && !rk_record_is_done(records[r]))
                g_usleep(10);
            g_assert_true(rk_record_wait(records[r], &error));
            float last = ((const float *)rk_buffer_map(y[r]))[N - 1];
            g_assert_cmpfloat(last, ==, 2.0f * (float)round + (float)r);
        }
    }
    g_assert_true(rk_record_submit(records[0], &error)); // freed while in flight: waits
    for (int r = 0; r < N_RECORDS; r++) {
        rk_record_free(records[r]);
        rk_buffer_free(x[r]);
        rk_buffer_free(y[r]);
    }
}

// A record sees what one submitted before it wrote, with no wait and no barrier of its own between.
static void
records_are_ordered(void)
{
    enum { STEPS = 50 };
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) a = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
    g_autoptr(RkBuffer) b = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
    g_autoptr(RkRecord) there = rk_record_new(device, 0, &error);
    g_autoptr(RkRecord) back = rk_record_new(device, 0, &error);
    RkPipeline *add = affine_pipeline(device, RK_BIND_STORAGE, 1.0f, &error);
    g_assert_true(affine_dispatch(there, add, a, b, N, 1.0f, &error));
    g_assert_true(affine_dispatch(back, add, b, a, N, 1.0f, &error));
    g_assert_true(rk_record_end(there, &error));
    g_assert_true(rk_record_end(back, &error));
    for (int step = 0; step < STEPS; step++) {
        g_assert_true(rk_record_wait(there, &error));
        g_assert_true(rk_record_submit(there, &error));
        g_assert_true(rk_record_wait(back, &error));
        g_assert_true(rk_record_submit(back, &error));
    }
    float values[N];
    g_assert_true(rk_buffer_read(a, 0, values, sizeof values, &error)); // waits for both
    for (int i = 0; i < N; i++)
        g_assert_cmpfloat(values[i], ==, 2.0f * STEPS); // small whole numbers: exact
}

static void
copies_and_fills(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    size_t align = rk_device_caps(device)->storage_alignment;
    g_autoptr(RkBuffer) a = new_buffer(device, RK_BUFFER_DEVICE, 4 * align);
    g_autoptr(RkBuffer) b = new_buffer(device, RK_BUFFER_READBACK, 4 * align);
    g_autoptr(RkRecord) record = rk_record_new(device, 0, &error);
    const RkBinding whole = {a, 0, 4 * align};
    const RkBinding second = {a, align, align};
    rk_record_fill(record, whole, 0x11111111);
    rk_record_barrier(record, &whole, 1);
    rk_record_fill(record, second, 0x22222222);
    rk_record_barrier(record, &second, 1);
    // The lesser of both sizes counts: one part of two is copied.
    rk_record_copy(record, (RkBinding){a, align, 2 * align}, (RkBinding){b, 2 * align, align});
    g_assert_true(rk_record_end(record, &error));
    run(record);
    const uint32_t *words = rk_buffer_map(b);
    size_t n = align / 4;
    for (size_t i = 0; i < 4 * n; i++)
        g_assert_cmpuint(words[i], ==, i / n == 2 ? 0x22222222 : 0);
    uint32_t *from = g_newa(uint32_t, 4 * n);
    g_assert_true(rk_buffer_read(a, 0, from, 4 * align, &error));
    for (size_t i = 0; i < 4 * n; i++)
        g_assert_cmpuint(from[i], ==, i / n == 1 ? 0x22222222 : 0x11111111);
}

// Hundreds of dispatches: pools are added, views are shared, a barrier list longer than one call.
static void
a_long_record(void)
{
    enum { N_DISPATCHES = 700, N_BUFFERS = 40 };
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    RkPipeline *add = affine_pipeline(device, RK_BIND_TEXEL_F32X4, 1.0f, &error);
    RkBuffer *buffers[N_BUFFERS];
    RkBinding ranges[N_BUFFERS];
    for (int i = 0; i < N_BUFFERS; i++) {
        buffers[i] = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
        ranges[i] = (RkBinding){buffers[i], 0, N * sizeof(float)};
    }
    RkRecord *record = rk_record_new(device, 0, &error);
    for (int i = 0; i < N_DISPATCHES; i++) {
        g_assert_true(affine_dispatch(record, add, buffers[i % N_BUFFERS],
                                      buffers[(i + 1) % N_BUFFERS], N, 1.0f, &error));
        rk_record_barrier(record, ranges, N_BUFFERS);
    }
    g_assert_true(rk_record_end(record, &error));
    run(record);
    float values[N];
    g_assert_true(
        rk_buffer_read(buffers[N_DISPATCHES % N_BUFFERS], 0, values, sizeof values, &error));
    g_assert_cmpfloat(values[0], ==, N_DISPATCHES);
    g_assert_cmpfloat(values[N - 1], ==, N_DISPATCHES);
    rk_record_free(record);
    for (int i = 0; i < N_BUFFERS; i++)
        rk_buffer_free(buffers[i]);
}

static void
what_does_not_fit(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    const RkCaps *caps = rk_device_caps(device);
    const size_t bytes = 4096;
    g_autoptr(RkBuffer) x = new_buffer(device, RK_BUFFER_DEVICE, bytes);
    g_autoptr(RkBuffer) y = new_buffer(device, RK_BUFFER_DEVICE, bytes);
    g_autoptr(RkRecord) record = rk_record_new(device, 0, &error);
    RkPipeline *pipeline = affine_pipeline(device, RK_BIND_STORAGE, 1.0f, &error);
    const AffinePush push = {64, 0.0f};
    const uint32_t one[3] = {1, 1, 1};
    const RkBinding good = {y, 0, bytes};
    const RkBinding bad[] = {{x, 0, bytes + 1},
                             {x, bytes, 16},
                             {x, 4, 64} /* not aligned */,
                             {x, 0, 0},
                             {x, G_MAXSIZE, bytes}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const RkBinding bindings[] = {bad[i], good};
        g_assert_false(rk_record_dispatch(record, pipeline, bindings, &push, one, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
        g_assert_nonnull(strstr(error->message, "binding 0"));
        g_clear_error(&error);
    }
    for (int axis = 0; axis < 3; axis++) {
        if (caps->max_grid[axis] == UINT32_MAX)
            continue;
        const RkBinding bindings[] = {{x, 0, bytes}, good};
        uint32_t grid[3] = {1, 1, 1};
        grid[axis] = caps->max_grid[axis] + 1;
        g_assert_false(rk_record_dispatch(record, pipeline, bindings, &push, grid, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
        g_clear_error(&error);
    }
    // What was refused left no trace: the record still ends and runs.
    g_assert_true(affine_dispatch(record, pipeline, x, y, 64, 3.0f, &error));
    g_assert_true(rk_record_end(record, &error));
    run(record);
    float value;
    g_assert_true(rk_buffer_read(y, 63 * sizeof value, &value, sizeof value, &error));
    g_assert_cmpfloat(value, ==, 3.0f);
}

static void
an_empty_record(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkRecord) record = rk_record_new(device, 2, &error);
    g_assert_true(rk_record_end(record, &error));
    run(record);
    double unused;
    g_assert_true(rk_record_times_ns(record, &unused, &error)); // none were written
    g_autoptr(RkRecord) never_ended = rk_record_new(device, 0, &error);
    g_assert_nonnull(never_ended);
}

// More timestamps than one query holds: all there, in order.
static void
many_timestamps(void)
{
    enum { N_STAMPS = 150 };
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) x = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
    g_autoptr(RkBuffer) y = new_buffer(device, RK_BUFFER_DEVICE, N * sizeof(float));
    RkPipeline *pipeline = affine_pipeline(device, RK_BIND_STORAGE, 1.0f, &error);
    g_autoptr(RkRecord) record = rk_record_new(device, N_STAMPS, &error);
    for (int i = 0; i < N_STAMPS; i++) {
        rk_record_timestamp(record);
        g_assert_true(affine_dispatch(record, pipeline, x, y, N, 1.0f, &error));
        rk_record_barrier(record, NULL, 0);
    }
    g_assert_true(rk_record_end(record, &error));
    for (int replay = 0; replay < 2; replay++) {
        double ns[N_STAMPS];
        run(record);
        g_assert_true(rk_record_times_ns(record, ns, &error));
        g_assert_cmpfloat(ns[0], ==, 0);
        for (int i = 1; i < N_STAMPS; i++)
            g_assert_cmpfloat(ns[i], >=, ns[i - 1]);
        // A minute for microseconds of work would be a wrong unit or an unmasked wrap.
        g_assert_cmpfloat(ns[N_STAMPS - 1], <, 6e10);
        g_assert_cmpfloat(ns[N_STAMPS - 1], >, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/record/every binding kind computes and replays", every_binding_kind);
    g_test_add_func("/gpu/record/several in flight", several_in_flight);
    g_test_add_func("/gpu/record/records are ordered", records_are_ordered);
    g_test_add_func("/gpu/record/copies and fills", copies_and_fills);
    g_test_add_func("/gpu/record/hundreds of dispatches", a_long_record);
    g_test_add_func("/gpu/record/what doesn't fit is refused", what_does_not_fit);
    g_test_add_func("/gpu/record/an empty one", an_empty_record);
    g_test_add_func("/gpu/record/many timestamps in order", many_timestamps);
    return g_test_run();
}
