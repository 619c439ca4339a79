// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where a loss that isn't finite began. By the time that it is seen its step has updated the
// parameters, so the steps since the last checkpoint are done once more, which gives the same bits,
// and the last of them without its updates.
#include "train/fit-private.h"

#define MOST_STEPS 20000u // that are done again; beyond, what the step itself said has to do

// A trainer at the last checkpoint, or at the beginning when there is none.
static gboolean
go_back(Fit *f, GError **error)
{
    RkTrainOptions options = rk_fit_trainer_options(f);
    options.progress = NULL;
    f->trainer = rk_trainer_new(&options, error);
    if (f->trainer == NULL)
        return FALSE;
    f->features = rk_trainer_features(f->trainer);
    f->build = rk_trainer_build(f->trainer);
    f->state = rk_trainer_state(f->trainer);
    return f->checkpoint == NULL || rk_fit_restore_tensors(f, error);
}

void
rk_fit_trace(Fit *f, GError **error)
{
    g_autoptr(GError) found = NULL;
    RkTrainProgress progress;
    uint64_t step = rk_trainer_position(f->trainer).step;
    if (error == NULL || !g_error_matches(*error, RK_ERROR, RK_ERROR_DATA))
        return;
    g_clear_pointer(&f->checkpoint, rk_checkpoint_free);
    f->checkpoint = rk_run_last_checkpoint(f->options->store, f->run, UINT64_MAX, NULL);
    f->at = (RkTrainPosition){0};
    if ((f->checkpoint != NULL && !rk_fit_read_position(f, NULL)) || step < f->at.step ||
        step - f->at.step > MOST_STEPS)
        return;
    g_clear_pointer(&f->trainer, rk_trainer_free);
    gboolean going = go_back(f, NULL);
    while (going && rk_trainer_position(f->trainer).step < step)
        going = rk_trainer_step(f->trainer, &progress, NULL) == 1;
    if (!going || rk_trainer_trace(f->trainer, &found))
        return; // what is known has to do
    g_clear_error(error);
    g_propagate_error(error, g_steal_pointer(&found));
}
