// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/schedule.h"

#include <math.h>
#include <string.h>

const RkParam rk_schedule_params[] = {
    {"schedule", RK_PARAM_CHOICE, 0, 0, "constant", NULL, "constant|step|cosine|exponential",
     "How the learning rate falls"},
    {"warmup", RK_PARAM_INT, 0, 1e9, "0", "steps", NULL, "Steps that it first rises over"},
    {"decay", RK_PARAM_REAL, 1e-6, 1, "0.5", NULL, NULL,
     "step, exponential: what it is multiplied with"},
    {"decay.every", RK_PARAM_INT, 1, 1e6, "1", "epochs", NULL,
     "step, exponential: how long until then"},
    {"lr.final", RK_PARAM_REAL, 0, 1, "0", NULL, NULL, "cosine: where it ends, as a share of lr"},
};
const size_t rk_schedule_n_params = G_N_ELEMENTS(rk_schedule_params);

// `step` and `n_steps` count from the end of the warm-up, `epochs` are those since.
typedef struct {
    const char *name;
    double (*share)(const RkParams *set, double progress, double epochs);
} Schedule;

static double
constant(const RkParams *set, double progress, double epochs)
{
    (void)set, (void)progress, (void)epochs;
    return 1;
}

static double
by_steps(const RkParams *set, double progress, double epochs)
{
    (void)progress;
    double every = (double)rk_params_int(set, "decay.every");
    return pow(rk_params_real(set, "decay"), floor(epochs / every));
}

static double
cosine(const RkParams *set, double progress, double epochs)
{
    (void)epochs;
    double last = rk_params_real(set, "lr.final");
    return last + (1 - last) * 0.5 * (1 + cos(G_PI * progress));
}

static double
exponential(const RkParams *set, double progress, double epochs)
{
    (void)progress;
    return pow(rk_params_real(set, "decay"), epochs / (double)rk_params_int(set, "decay.every"));
}

static const Schedule SCHEDULES[] = {
    {"constant", constant}, {"step", by_steps}, {"cosine", cosine}, {"exponential", exponential}};

double
rk_schedule_lr(const RkParams *set, double lr, uint64_t step, uint64_t n_steps,
               uint64_t epoch_steps)
{
    uint64_t warmup = (uint64_t)rk_params_int(set, "warmup");
    if (step < warmup)
        return lr * (double)(step + 1) / (double)warmup;
    uint64_t left = n_steps > warmup ? n_steps - warmup : 1;
    double progress = MIN((double)(step - warmup) / (double)left, 1);
    double epochs = (double)(step - warmup) / (double)MAX(epoch_steps, 1);
    const char *name = rk_params_text(set, "schedule");
    for (size_t i = 0; i < G_N_ELEMENTS(SCHEDULES); i++)
        if (strcmp(SCHEDULES[i].name, name) == 0)
            return lr * SCHEDULES[i].share(set, progress, epochs);
    g_assert_not_reached(); // the table of choices has no other
}
