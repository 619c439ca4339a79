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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/record/every binding kind computes and replays", every_binding_kind);
    return g_test_run();
}
