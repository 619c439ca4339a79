// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/schedule.h"

#include <math.h>

enum { STEPS = 100, EPOCH = 10 };

static double
rate(const char *schedule, uint64_t step, ...)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkParams) set = rk_params_new(rk_schedule_params, rk_schedule_n_params);
    rk_params_set(set, "schedule", schedule, &error);
    va_list more;
    va_start(more, step);
    for (const char *one; (one = va_arg(more, const char *)) != NULL;)
        rk_params_assign(set, one, &error);
    va_end(more);
    g_assert_no_error(error);
    return rk_schedule_lr(set, 0.5, step, STEPS, EPOCH);
}

// Closed forms in double precision; 1e-12 is some thousand of their ulps.
#define SAME(a, b) g_assert_cmpfloat_with_epsilon(a, b, 1e-12)

static void
follow_their_formulas(void)
{
    SAME(rate("constant", 77, NULL), 0.5);
    SAME(rate("step", 9, NULL), 0.5);
    SAME(rate("step", 10, NULL), 0.25);
    SAME(rate("step", 35, "decay=0.1", "decay.every=3", NULL), 0.05);
    SAME(rate("exponential", 15, "decay=0.9", NULL), 0.5 * pow(0.9, 1.5));
    SAME(rate("cosine", 0, NULL), 0.5);
    SAME(rate("cosine", 50, NULL), 0.25);
    SAME(rate("cosine", 100, NULL), 0);
    SAME(rate("cosine", 100, "lr.final=0.1", NULL), 0.05);
    SAME(rate("cosine", 1000, "lr.final=0.1", NULL), 0.05); // past the end it stays
}

static void
warm_up_first(void)
{
    SAME(rate("constant", 0, "warmup=4", NULL), 0.125);
    SAME(rate("constant", 3, "warmup=4", NULL), 0.5);
    SAME(rate("cosine", 4, "warmup=4", NULL), 0.5); // the schedule begins where the warm-up ends
    SAME(rate("cosine", 52, "warmup=4", NULL), 0.25);
    SAME(rate("step", 13, "warmup=4", NULL), 0.5);
    SAME(rate("step", 14, "warmup=4", NULL), 0.25);
    SAME(rate("constant", 99, "warmup=1000", NULL), 0.05); // longer than the training
}

static void
never_rise_after_the_warm_up(void)
{
    static const char *const schedules[] = {"constant", "step", "cosine", "exponential"};
    for (size_t s = 0; s < G_N_ELEMENTS(schedules); s++)
        for (uint64_t step = 7; step + 1 < STEPS; step++) {
            double now = rate(schedules[s], step, "warmup=7", NULL);
            double next = rate(schedules[s], step + 1, "warmup=7", NULL);
            g_assert_cmpfloat(next, <=, now);
            g_assert_cmpfloat(next, >=, 0);
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/train/schedule/schedules follow their formulas", follow_their_formulas);
    g_test_add_func("/train/schedule/warm-up comes first", warm_up_first);
    g_test_add_func("/train/schedule/rates never rise after the warm-up",
                    never_rise_after_the_warm_up);
    return g_test_run();
}
