// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_run-private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "report/quantity.h"
#include "ui/widgets.h"

static double
now_s(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

// ---- progress ------------------------------------------------------------------------------

static const char *
phase_text(const char *phase)
{
    static const struct {
        const char *phase, *text;
    } PHASES[] = {{"warm up", N_("Warming up")},
                  {"measure", N_("Measuring")},
                  {"audit", N_("Checking the measurement")},
                  {"quality", N_("Measuring accuracy")},
                  {"train", N_("Training")},
                  {"import", N_("Importing")}};
    for (size_t i = 0; phase != NULL && i < G_N_ELEMENTS(PHASES); i++)
        if (strcmp(PHASES[i].phase, phase) == 0)
            return _(PHASES[i].text);
    return phase != NULL ? phase : _("Preparing");
}

// "Measuring · 1.2 k/s, 99 % within 3.2 ms · 45 s left".
static void
show_left(RkTuneRun *run, const RkSuiteNews *news)
{
    GString *text = g_string_new(phase_text(news->phase));
    if (run->last.qps > 0 && g_strcmp0(news->phase, "measure") == 0) {
        g_autofree char *rate = rk_quantity(run->last.qps, RK_UNIT_PER_SECOND);
        g_autofree char *p99 = rk_quantity(run->last.p99_ms * 1e-3, RK_UNIT_SECONDS);
        // Translators: a rate of queries, and a latency.
        g_string_append_printf(text, _(" · %s, 99 %% within %s"), rate, p99);
    }
    if (run->quality.n > 0 && g_strcmp0(news->phase, "quality") == 0) {
        g_autofree char *value = rk_quantity(run->quality.value, RK_UNIT_METRIC);
        // Translators: a metric ("ndcg@10"), its value, and how many events were asked, of how
        // many.
        g_string_append_printf(text, _(" · %s %s after %u of %u"), rk_trial_list_metric(run->list),
                               value, (guint)run->quality.n, (guint)run->quality.n_all);
    }
    if (isfinite(news->left_s) && run->running != G_MAXUINT) {
        const double left = news->left_s - (now_s() - run->began_s);
        g_autofree char *duration = rk_duration_text(MAX(left, 0));
        g_string_append_printf(text, _(" · %s left"), duration);
    }
    gtk_label_set_text(run->left, text->str);
    g_string_free(text, TRUE);
}

static void
show_progress(RkTuneRun *run, const RkSuiteNews *news)
{
    if (news->n_all == 0) { // data and models come first
        g_autoptr(RkJobSnapshot) job = rk_job_snapshot(run->job);
        g_autofree char *doing = g_strdup_printf(_("%s: making data and models"), run->name);
        gtk_label_set_text(run->doing, doing);
        gtk_label_set_text(run->left, phase_text(news->phase));
        if (job->fraction > 0)
            gtk_progress_bar_set_fraction(run->bar, job->fraction);
        else
            gtk_progress_bar_pulse(run->bar);
        return;
    }
    const guint n = MIN(news->n_done + (run->running != G_MAXUINT), news->n_all);
    g_autofree char *label =
        run->running != G_MAXUINT ? rk_trial_list_label(run->list, run->running) : NULL;
    g_autofree char *doing =
        label != NULL ? g_strdup_printf(_("%s: %u of %u, %s"), run->name, n, news->n_all, label)
                      : g_strdup_printf(_("%s: %u of %u"), run->name, n, news->n_all);
    const double within =
        run->trial_s > 0 ? CLAMP((now_s() - run->began_s) / run->trial_s, 0, 1) : 0;
    gtk_label_set_text(run->doing, doing);
    gtk_progress_bar_set_fraction(run->bar, MIN((news->n_done + within) / news->n_all, 1));
    show_left(run, news);
}

// ---- news ----------------------------------------------------------------------------------

static void
begin_trial(RkTuneRun *run, const RkSuiteNews *news)
{
    run->running = rk_trial_list_find(run->list, news->point);
    run->began_s = now_s();
    run->last = (RkLiveSample){0};
    run->quality = (RkSuiteNewsQuality){0};
    if (isfinite(news->left_s) && news->n_all > news->n_done)
        run->trial_s = news->left_s / (news->n_all - news->n_done);
    if (run->running == G_MAXUINT) // of a guided search, which asks as it goes
        return;
    RkTrialRow *row = rk_trial_list_row(run->list, run->running);
    if (row->state == RK_ROW_WAITING) {
        row->state = RK_ROW_RUNNING;
        rk_trial_list_changed(run->list, run->running);
    }
    rk_tune_charts_begin(run->charts, run->running);
}

static void
end_trial(RkTuneRun *run, const RkSuiteNewsTrial *trial)
{
    const guint i = rk_trial_list_find(run->list, trial->point);
    if (i == run->running)
        run->running = G_MAXUINT;
    if (i == G_MAXUINT)
        return;
    RkTrialRow *row = rk_trial_list_row(run->list, i);
    if (row->order == 0)
        row->order = ++run->n_ended;
    row->state = RK_ROW_MEASURED;
    // While repeats lack, that is all there is to say against it.
    row->status = trial->n_repeats < run->repeats && trial->status == RK_TRIAL_PENDING
                      ? RK_TRIAL_OK
                      : trial->status;
    row->saturated = trial->saturated;
    row->n_repeats = trial->n_repeats;
    row->p50_ms = trial->p50_ms;
    row->p99_ms = trial->p99_ms;
    row->qps = trial->qps;
    row->accuracy = trial->accuracy;
    g_free(row->why);
    row->why = row->status != RK_TRIAL_OK && trial->why != NULL && *trial->why != '\0'
                   ? g_strdup(trial->why)
                   : NULL;
    if (trial->metric != NULL)
        rk_trial_list_set_metric(run->list, trial->metric);
    rk_trial_list_changed(run->list, i);
}

// A row that has been measured before keeps what that found.
static void
show_quality(RkTuneRun *run, const RkSuiteNewsQuality *quality)
{
    if (run->running == G_MAXUINT)
        return;
    RkTrialRow *row = rk_trial_list_row(run->list, run->running);
    if (row->state != RK_ROW_RUNNING)
        return;
    row->accuracy = quality->value;
    run->quality = (RkSuiteNewsQuality){quality->n, quality->n_all, quality->value, NULL};
    rk_trial_list_set_metric(run->list, quality->metric);
    rk_trial_list_changed(run->list, run->running);
    rk_tune_charts_accuracy(run->charts, run->running);
}

void
rk_tune_run_take_news(RkTuneRun *run)
{
    g_autoptr(RkSuiteNews) news = rk_suite_live_take(run->live);
    if (news->began)
        begin_trial(run, news);
    if (news->samples->len > 0) {
        run->last = g_array_index(news->samples, RkLiveSample, news->samples->len - 1);
        rk_tune_charts_sample(run->charts, (const RkLiveSample *)(void *)news->samples->data,
                              news->samples->len);
    }
    if (news->quality->len > 0)
        show_quality(run,
                     &g_array_index(news->quality, RkSuiteNewsQuality, news->quality->len - 1));
    for (guint i = 0; i < news->trials->len; i++)
        end_trial(run, &g_array_index(news->trials, RkSuiteNewsTrial, i));
    if (news->trials->len > 0) {
        rk_trial_table_retitle(run->table);
        rk_tune_charts_end(run->charts);
    }
    show_progress(run, news);
}
