// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_live.h"

#include "bench/gate.h"

#include <math.h>
#include <string.h>

struct RkSuiteLive {
    gint refs;
    gint stopping;
    GMutex lock; // of `news`
    RkSuiteNews *news;
};

static void
clear_trial(gpointer data)
{
    RkSuiteNewsTrial *trial = data;
    g_free(trial->metric);
    g_free(trial->why);
}

static void
clear_quality(gpointer data)
{
    g_free(((RkSuiteNewsQuality *)data)->metric);
}

// What stays true until something else happens, and empty lists.
static RkSuiteNews *
news_after(const RkSuiteNews *last)
{
    RkSuiteNews *news = g_new0(RkSuiteNews, 1);
    if (last != NULL) {
        *news = *last;
        news->began = FALSE;
        news->phase = g_strdup(last->phase);
    } else {
        news->left_s = NAN;
        news->point = UINT64_MAX;
    }
    news->samples = g_array_new(FALSE, FALSE, sizeof(RkLiveSample));
    news->quality = g_array_new(FALSE, FALSE, sizeof(RkSuiteNewsQuality));
    g_array_set_clear_func(news->quality, clear_quality);
    news->trials = g_array_new(FALSE, FALSE, sizeof(RkSuiteNewsTrial));
    g_array_set_clear_func(news->trials, clear_trial);
    return news;
}

void
rk_suite_news_free(RkSuiteNews *news)
{
    if (news == NULL)
        return;
    g_free(news->phase);
    g_array_unref(news->samples);
    g_array_unref(news->quality);
    g_array_unref(news->trials);
    g_free(news);
}

RkSuiteLive *
rk_suite_live_new(void)
{
    RkSuiteLive *live = g_new0(RkSuiteLive, 1);
    live->refs = 1;
    live->news = news_after(NULL);
    g_mutex_init(&live->lock);
    return live;
}

RkSuiteLive *
rk_suite_live_ref(RkSuiteLive *live)
{
    g_atomic_int_inc(&live->refs);
    return live;
}

void
rk_suite_live_unref(RkSuiteLive *live)
{
    if (live == NULL || !g_atomic_int_dec_and_test(&live->refs))
        return;
    rk_suite_news_free(live->news);
    g_mutex_clear(&live->lock);
    g_free(live);
}

RkSuiteNews *
rk_suite_live_take(RkSuiteLive *live)
{
    g_mutex_lock(&live->lock);
    RkSuiteNews *news = live->news;
    live->news = news_after(news);
    g_mutex_unlock(&live->lock);
    return news;
}

void
rk_suite_live_stop(RkSuiteLive *live)
{
    g_atomic_int_set(&live->stopping, 1);
}

gboolean
rk_suite_live_is_stopping(RkSuiteLive *live)
{
    return g_atomic_int_get(&live->stopping) != 0;
}

const gint *
rk_suite_live_stopping(const RkSuiteLive *live)
{
    return &live->stopping;
}

void
rk_suite_live_begin(RkSuiteLive *live, const RkTrialSpec *spec, uint32_t repeat, uint32_t n_done,
                    uint32_t n_all, double left_s)
{
    g_mutex_lock(&live->lock);
    RkSuiteNews *news = live->news;
    news->began = TRUE;
    news->point = spec->point;
    news->repeat = repeat;
    news->n_done = n_done;
    news->n_all = n_all;
    news->left_s = left_s;
    g_array_set_size(news->samples, 0);
    g_array_set_size(news->quality, 0);
    g_mutex_unlock(&live->lock);
}

void
rk_suite_live_phase(RkSuiteLive *live, const char *phase)
{
    g_mutex_lock(&live->lock);
    if (g_strcmp0(live->news->phase, phase) != 0) {
        g_free(live->news->phase);
        live->news->phase = g_strdup(phase);
    }
    g_mutex_unlock(&live->lock);
}

void
rk_suite_live_sample(RkSuiteLive *live, const RkLiveSample *sample)
{
    g_mutex_lock(&live->lock);
    g_array_append_val(live->news->samples, *sample);
    g_mutex_unlock(&live->lock);
}

// As rk_trial_metric() chooses: that one, or without a name the first.
void
rk_suite_live_quality(RkSuiteLive *live, const RkLiveQuality *quality, const char *metric)
{
    for (guint i = 0; i < quality->figures->len; i++) {
        const RkQualityFigure *figure = &g_array_index(quality->figures, RkQualityFigure, i);
        if ((metric != NULL && strcmp(figure->name, metric) != 0) || !isfinite(figure->value))
            continue;
        const RkSuiteNewsQuality one = {quality->n, quality->n_all, figure->value,
                                        g_strdup(figure->name)};
        g_mutex_lock(&live->lock);
        g_array_append_val(live->news->quality, one);
        g_mutex_unlock(&live->lock);
        return;
    }
}

void
rk_suite_live_end(RkSuiteLive *live, const RkTrialResult *trial, const char *metric)
{
    const RkNamed *accuracy = rk_trial_metric(trial, metric);
    RkSuiteNewsTrial one = {.n_repeats = trial->repeats->len,
                            .status = trial->status,
                            .saturated = trial->saturated,
                            .p50_ms = trial->latency_ms[RK_LATENCY_P50].value,
                            .p99_ms = trial->latency_ms[RK_LATENCY_P99].value,
                            .qps = trial->throughput_qps.value,
                            .accuracy = accuracy != NULL ? accuracy->estimate.value : (double)NAN,
                            .metric = g_strdup(accuracy != NULL ? accuracy->name : NULL),
                            .why = trial->why != NULL ? g_strdup(trial->why)
                                   : trial->why_invalid != NULL
                                       ? g_strjoinv(" ", trial->why_invalid)
                                       : NULL};
    g_mutex_lock(&live->lock);
    one.point = live->news->point; // it has just been measured
    g_array_append_val(live->news->trials, one);
    live->news->n_done++;
    g_mutex_unlock(&live->lock);
}
