// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/fit-private.h"

#include <math.h>

static gboolean
is_trained(const RkModel *model, GError **error)
{
    if (model->fit == NULL)
        return TRUE;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't look for a learning rate: %s is counted, not trained.", model->title);
    return FALSE;
}

gboolean
rk_find_lr(const RkFitOptions *options, double low, double high, uint32_t n, GArray **points,
           double *suggested, GError **error)
{
    const double KEPT = 0.9; // of the running mean, a step
    Fit f = {
        .options = options, .set = options->settings->values, .since_checkpoint = g_timer_new()};
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(RkLrPoint));
    double mean = 0, least = INFINITY;
    gboolean fine = is_trained(options->model, error) && rk_fit_prepare(&f, error);
    const RkTrainOptions trainer = rk_fit_trainer_options(&f);
    fine = fine && (f.trainer = rk_trainer_new(&trainer, error)) != NULL;
    for (uint32_t i = 0; fine && i < n; i++) {
        g_autoptr(GError) blown = NULL;
        RkTrainProgress progress;
        RkLrPoint point = {.lr = low * pow(high / low, (double)i / (n - 1))};
        rk_trainer_set_lr(f.trainer, point.lr);
        int more = rk_trainer_step(f.trainer, &progress, &blown);
        if (more < 0 && !g_error_matches(blown, RK_ERROR, RK_ERROR_DATA)) {
            g_propagate_error(error, g_steal_pointer(&blown));
            fine = FALSE;
        }
        if (more != 1)
            break;
        mean = KEPT * mean + (1 - KEPT) * progress.step_loss;
        point.loss = mean / (1 - pow(KEPT, (double)i + 1));
        g_array_append_val(found, point);
        if (point.loss < least) {
            least = point.loss;
            *suggested = point.lr / 10;
        }
        if (point.loss > 4 * least)
            break;
    }
    rk_fit_clear(&f);
    if (fine)
        *points = g_steal_pointer(&found);
    return fine;
}
