// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/quality.h"

#include "base/rng.h"
#include "bench/follow.h"
#include "bench/settings.h"
#include "train/metric.h"

#include <math.h>
#include <string.h>

// Streams of the generator.
#define STREAM_EVENT 0x6c640700u
#define STREAM_OTHER 0x6c640800u

#define N_STEPS  20u // of the events, after each of which a running estimate is told
#define ATTEMPTS 64u // draws of an item that the user never had

static const char *const RANKS[] = {"recall", "ndcg", "hr", "precision", "map"};
static const char *const LABELS[] = {"auc", "logloss"};

typedef struct {
    const RkQualityOptions *options;
    gboolean labels;
    uint64_t n;
    const RkTrafficEvent **event; // [n] what is asked about
    RkLoadSchedule *schedule;
} Asking;

static gboolean
asks(const Asking *a, const RkTrafficEvent *e)
{
    const RkTraffic *t = a->options->traffic;
    return e->part == RK_PART_TEST && e->item < t->n_items && !isnan(e->label) &&
           (a->labels || e->label >= t->positive_from);
}

static gboolean
has_both_labels(const RkTraffic *t)
{
    gboolean zero = FALSE, one = FALSE;
    for (uint64_t i = 0; t->labelled && i < t->n_events; i++) {
        if (t->event[i].part != RK_PART_TEST || isnan(t->event[i].label))
            continue;
        if (t->event[i].label != 0 && t->event[i].label != 1)
            return FALSE;
        zero |= t->event[i].label == 0;
        one |= t->event[i].label == 1;
    }
    return zero && one;
}

// A sample of the test events without replacement, by a permutation of all that may be asked.
static void
choose_events(Asking *a)
{
    const RkQualityOptions *o = a->options;
    const RkTraffic *t = o->traffic;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (uint64_t i = 0; i < t->n_events; i++)
        if (asks(a, &t->event[i]))
            g_ptr_array_add(all, &t->event[i]);
    a->n = MIN(all->len, (uint64_t)rk_params_int(o->load, "quality.n"));
    a->event = g_new(const RkTrafficEvent *, MAX(a->n, 1));
    for (uint64_t i = 0; i < a->n; i++)
        a->event[i] = all->pdata[rk_rng_permute(o->seed, STREAM_EVENT, all->len, i)];
}

// The event's item first, then others that its user never had, all distinct.
static uint32_t
fill_candidates(const Asking *a, uint64_t query, uint32_t n, uint32_t *candidate)
{
    const RkQualityOptions *o = a->options;
    const RkTrafficEvent *e = a->event[query];
    uint64_t draw = query << 24;
    candidate[0] = e->item;
    uint32_t filled = 1;
    while (filled < n) {
        uint32_t item = 0;
        gboolean good = FALSE;
        for (uint32_t attempt = 0; attempt < ATTEMPTS && !good; attempt++) {
            item = rk_rng_below(o->seed, STREAM_OTHER, draw++, o->traffic->n_items);
            good = !rk_seen_items_has(o->traffic->seen, e->user, item);
            for (uint32_t c = 0; c < filled && good; c++)
                good = candidate[c] != item;
        }
        if (!good)
            break; // the user has had nearly all
        candidate[filled++] = item;
    }
    return filled;
}

static void
plan_queries(Asking *a)
{
    const RkParams *load = a->options->load;
    uint32_t width = a->labels ? 1 : (uint32_t)rk_params_int(load, "quality.candidates");
    width = MIN(width, a->options->traffic->n_items);
    RkLoadSchedule *s = a->schedule = g_new0(RkLoadSchedule, 1);
    s->n = a->n;
    s->arrival = g_new0(RkArrival, MAX(a->n, 1));
    s->candidate = g_new(uint32_t, MAX(a->n * width, 1));
    for (uint64_t i = 0; i < a->n; i++) {
        RkArrival *arrival = &s->arrival[i];
        *arrival = (RkArrival){.first = s->n_candidates, .user = a->event[i]->user};
        arrival->n_candidates = fill_candidates(a, i, width, s->candidate + arrival->first);
        s->n_candidates += arrival->n_candidates;
    }
}

// ---- figures -------------------------------------------------------------------------------

static gboolean
add_figures(GArray *to, const char *const *names, size_t n, uint32_t k, const RkAnswers *answers,
            GError **error)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text = k > 0 ? g_strdup_printf("%s@%u", names[i], k) : g_strdup(names[i]);
        RkQualityFigure figure = {.value = NAN};
        uint32_t own_k = 0;
        const RkMetric *metric = rk_metric_find(text, &own_k, error);
        if (metric == NULL || !rk_metric_value(metric, own_k, answers, &figure.value, error))
            return FALSE;
        figure.name = rk_metric_text(metric, own_k);
        g_array_append_val(to, figure);
    }
    return TRUE;
}

// Where the event's item stands among the answered ones; below all candidates when it isn't there,
// which counts the same in every metric at k.
static RkRankCounts
rank_of(const RkAnswerSample *s, uint32_t item, uint32_t n_candidates)
{
    RkRankCounts rank = {.greater = MAX(n_candidates, RK_SAMPLE_ITEMS + 1)};
    uint32_t at = 0;
    while (at < s->n && s->item[at] != item)
        at++;
    if (at == s->n)
        return rank;
    rank.greater = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        rank.greater += s->score[i] > s->score[at];
        rank.equal += i != at && s->score[i] == s->score[at];
    }
    return rank;
}

// Figures of `n` answers; `n_used` of them weren't failures.
static gboolean
measure_ranks(const Asking *a, const RkAnswerSample *sample, uint64_t n, GArray *to,
              uint64_t *n_used, GError **error)
{
    g_autofree RkRankCounts *ranks = g_new0(RkRankCounts, MAX(n, 1));
    g_autofree uint32_t *ends = g_new(uint32_t, MAX(n, 1));
    uint32_t used = 0;
    for (uint64_t i = 0; i < n; i++) {
        const RkAnswerSample *s = &sample[i];
        if (s->n == 0)
            continue;
        ranks[used] =
            rank_of(s, a->event[s->query]->item, a->schedule->arrival[s->query].n_candidates);
        ends[used] = used + 1;
        used++;
    }
    const RkRankings rankings = {used, ends, ranks};
    const RkAnswers answers = {.rankings = &rankings};
    *n_used = used;
    return add_figures(to, RANKS, G_N_ELEMENTS(RANKS), a->options->k, &answers, error);
}

static gboolean
measure_labels(const Asking *a, const RkAnswerSample *sample, uint64_t n, GArray *to,
               uint64_t *n_used, GError **error)
{
    g_autofree float *score = g_new(float, MAX(n, 1));
    g_autofree float *label = g_new(float, MAX(n, 1));
    uint32_t used = 0;
    for (uint64_t i = 0; i < n; i++) {
        const RkAnswerSample *s = &sample[i];
        if (s->n == 0)
            continue;
        score[used] = s->score[0];
        label[used++] = a->event[s->query]->label;
    }
    g_autoptr(RkPredictions) predictions = rk_predictions_new(used, score, label, NULL, 0);
    const RkAnswers answers = {.predictions = predictions};
    *n_used = used;
    return add_figures(to, LABELS, G_N_ELEMENTS(LABELS), 0, &answers, error);
}

static gboolean
measure(const Asking *a, const RkAnswerSample *sample, uint64_t n, GArray *to, uint64_t *n_used,
        GError **error)
{
    return a->labels ? measure_labels(a, sample, n, to, n_used, error)
                     : measure_ranks(a, sample, n, to, n_used, error);
}

static void
clear_figure(gpointer figure)
{
    g_free(((RkQualityFigure *)figure)->name);
}

// What can't be told of so few isn't.
static void
tell_so_far(void *data, const RkAnswerSample *sample, uint64_t n_first)
{
    const Asking *a = data;
    g_autoptr(GArray) figures = g_array_new(FALSE, FALSE, sizeof(RkQualityFigure));
    uint64_t n_used = 0;
    g_array_set_clear_func(figures, clear_figure);
    if (!measure(a, sample, n_first, figures, &n_used, NULL) || n_used == 0)
        return;
    const RkLiveQuality so_far = {n_first, a->n, figures};
    a->options->live(a->options->live_data, &so_far);
}

static char *
protocol_of(const Asking *a)
{
    const uint32_t others = (uint32_t)rk_params_int(a->options->load, "quality.candidates") - 1;
    if (a->labels)
        return g_strdup("predict");
    return g_strdup_printf("sampled:%u", MIN(others, a->options->traffic->n_items - 1));
}

static gboolean
ask(Asking *a, RkBenchResult *to, GError **error)
{
    const RkQualityOptions *o = a->options;
    RkAnswerSample *samples = NULL; // atomic
    g_autoptr(RkParams) load = rk_params_copy(o->load);
    if (!rk_params_set(load, "scenario", "offline", error))
        return FALSE;
    const RkLoadOptions options = {.system = o->system,
                                   .timer = o->timer,
                                   .schedule = a->schedule,
                                   .load = load,
                                   .seconds = 3600, // all of them, however slow
                                   .n_samples = (uint32_t)a->n,
                                   .cancelled = o->cancelled,
                                   .n_done = o->n_done,
                                   .samples = &samples};
    g_auto(RkLoadRun) run = {0};
    RkFollow *follow =
        o->live != NULL ? rk_follow_start(&samples, a->n, N_STEPS, tell_so_far, a) : NULL;
    const gboolean done = rk_load_run(&options, &run, error);
    rk_follow_stop(follow);
    if (!done)
        return FALSE;
    if (run.cancelled) {
        g_set_error(error, RK_ERROR, RK_ERROR_CANCELLED, "The accuracy wasn't measured.");
        return FALSE;
    }
    to->protocol = protocol_of(a);
    return measure(a, run.sample, run.n_samples, to->quality, &to->n_quality, error);
}

gboolean
rk_quality_measure(const RkQualityOptions *options, RkBenchResult *result, GError **error)
{
    const char *how = rk_params_text(options->load, "quality");
    if (strcmp(how, "none") == 0)
        return TRUE;
    Asking a = {.options = options,
                .labels = strcmp(how, "labels") == 0 ||
                          (strcmp(how, "auto") == 0 && has_both_labels(options->traffic))};
    choose_events(&a);
    gboolean done = TRUE;
    if (a.n == 0) {
        g_ptr_array_add(result->notes,
                        g_strdup("No accuracy: the data has no test events to ask about. Split it "
                                 "when importing, or set quality=none."));
    } else {
        plan_queries(&a);
        done = ask(&a, result, error);
    }
    rk_load_schedule_free(a.schedule);
    g_free(a.event);
    return done;
}
