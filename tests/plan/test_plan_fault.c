// SPDX-License-Identifier: GPL-3.0-or-later
//
// A plan is built and run while each Vulkan call in turn fails, at its first, second and later
// occurrences: the outcome is an error or the right numbers, never a crash or a leak, and a device
// that is opened afterwards computes the same from the host's copy of the state.
#include "../gpu/fault.h"

#include "ops/ops.h"
#include "plan/plan.h"

#include <string.h>

enum { B = 5, D = 8 };

static Fault fault;

// One training-like step: a lookup, a chain, a sum. TRUE with the result, or an error.
static gboolean
run_step(float *result, GError **error)
{
    g_autoptr(RkDevice) device = rk_device_open(NULL, error);
    if (device == NULL)
        return FALSE;
    g_autoptr(RkGraph) g = rk_graph_new();
    RkRef table = rk_graph_param(g, "table", rk_type(RK_F32, 2, RK_DIM(16), RK_DIM(D)));
    RkRef ids = rk_graph_input(g, "ids", rk_type(RK_U32, 1, RK_BATCH(1)));
    RkRef y = rk_sum_all(g, rk_sigmoid(g, rk_scale(g, rk_gather(g, table, ids), 2)));
    g_autoptr(RkState) state = rk_state_new(device);
    RkPlanOptions options = {.batch = B, .n_outputs = 1, .outputs = &y};
    g_autoptr(RkPlan) plan = rk_plan_new(device, g, state, &options, error);
    if (plan == NULL)
        return FALSE;
    float rows[16 * D];
    for (int i = 0; i < 16 * D; i++)
        rows[i] = (float)(i % 7) * 0.25f - 0.5f;
    uint32_t *in = rk_plan_input(plan, ids, NULL);
    for (uint32_t i = 0; i < B; i++)
        in[i] = 3 * i;
    if (!rk_state_write(state, "table", rows, sizeof rows, error) || !rk_plan_run(plan, error))
        return FALSE;
    memcpy(result, rk_plan_output(plan, 0, NULL), sizeof *result);
    return TRUE;
}

static void
every_call_may_fail(void)
{
    static const struct {
        const char *call;
        int result;
        int code; // of the error; -1: any
    } rows[] = {
        {"vkCreateDevice", VK_ERROR_INITIALIZATION_FAILED, -1},
        {"vkAllocateMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY, RK_ERROR_MEMORY},
        {"vkAllocateMemory", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkMapMemory", VK_ERROR_MEMORY_MAP_FAILED, -1},
        {"vkCreateBuffer", VK_ERROR_OUT_OF_DEVICE_MEMORY, RK_ERROR_MEMORY},
        {"vkBindBufferMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY, RK_ERROR_MEMORY},
        {"vkCreateBufferView", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkCreateShaderModule", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkCreateComputePipelines", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkAllocateDescriptorSets", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkBeginCommandBuffer", VK_ERROR_OUT_OF_HOST_MEMORY, RK_ERROR_MEMORY},
        {"vkEndCommandBuffer", VK_ERROR_OUT_OF_DEVICE_MEMORY, RK_ERROR_MEMORY},
        {"vkQueueSubmit", VK_ERROR_DEVICE_LOST, RK_ERROR_DEVICE_LOST},
        {"vkWaitForFences", VK_ERROR_DEVICE_LOST, RK_ERROR_DEVICE_LOST},
        {"vkGetFenceStatus", VK_ERROR_DEVICE_LOST, RK_ERROR_DEVICE_LOST},
    };
    float expected = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(run_step(&expected, &error));
    int failures = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        for (int nth = 1; nth <= 6; nth++) {
            g_autofree char *spec = g_strdup_printf("%s:%d:%d", rows[i].call, nth, rows[i].result);
            float got = 0;
            fault.arm(spec);
            gboolean ok = run_step(&got, &error);
            int fired = fault.fired();
            fault.arm(NULL);
            if (ok) // not called that often, or there was another way
                g_assert_cmpfloat(got, ==, expected);
            else {
                g_assert_cmpint(fired, >, 0);
                g_assert_cmpint(error->domain, ==, (int)RK_ERROR);
                if (rows[i].code >= 0)
                    g_assert_cmpint(error->code, ==, rows[i].code);
                failures++;
            }
            g_clear_error(&error);
            if (fired == 0)
                break;
        }
    g_test_message("%d injected failures became errors", failures);
    g_assert_cmpint(failures, >, 15);
    float again = 0;
    g_assert_true(run_step(&again, &error));
    g_assert_cmpfloat(again, ==, expected);
}

int
main(int argc, char **argv)
{
    fault = fault_load();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/fault/every failing call ends in an error", every_call_may_fail);
    return g_test_run();
}
