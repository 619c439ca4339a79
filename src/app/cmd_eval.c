// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine eval NAME --data NAME`: measures a stored model, alone or against another.
#include "app/cli_model.h"
#include "app/cli_store.h"

#include "base/json.h"
#include "train/compare.h"
#include "train/opened.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    RkCli *cli;
    // Options.
    char *data, *protocol, *against, *part, *metric;
    char **slices;
    int64_t k;
    // What they name.
    RkStore *store;
    RkDevice *device;
    RkDataset *dataset;
    RkPart which;
} Command;

static void
clear_command(Command *c)
{
    g_free(c->data);
    g_free(c->protocol);
    g_free(c->against);
    g_free(c->part);
    g_free(c->metric);
    g_strfreev(c->slices);
    g_clear_pointer(&c->dataset, rk_dataset_unref);
    g_clear_pointer(&c->store, rk_store_unref);
    if (c->device != NULL)
        rk_device_close(c->device);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Command, clear_command)

static gboolean
find_part(Command *c, GError **error)
{
    const char *name = c->part != NULL ? c->part : "test";
    for (int p = 0; p < RK_PART_NONE; p++)
        if (strcmp(rk_part_name((RkPart)p), name) == 0) {
            c->which = (RkPart)p;
            return TRUE;
        }
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't evaluate on the part \"%s\": it is train, valid or test.", name);
    return FALSE;
}

static const char *
read_command_line(Command *c, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_STRING, &c->data,
         "The dataset (default: what the model was trained on)", "NAME"},
        {"protocol", 0, 0, G_OPTION_ARG_STRING, &c->protocol,
         "auto, predict, full, sampled:100 (so many negatives) or file", "P"},
        {"k", 0, 0, G_OPTION_ARG_INT64, &c->k, "Length of the lists (default 10)", "K"},
        {"metric", 0, 0, G_OPTION_ARG_STRING, &c->metric, "Only this one, such as ndcg@20", "M"},
        {"part", 0, 0, G_OPTION_ARG_STRING, &c->part, "train, valid or test (default)", "PART"},
        {"against", 0, 0, G_OPTION_ARG_STRING, &c->against,
         "Another model: differences with paired bootstrap intervals", "NAME"},
        {"slice", 0, 0, G_OPTION_ARG_STRING_ARRAY, &c->slices,
         "Each metric by slices: user or item (how often trained on), or a categorical field",
         "FIELD"},
        G_OPTION_ENTRY_NULL};
    c->k = 10;
    if (!rk_cli_parse(c->cli, &argc, &argv, entries, "NAME - measure a stored model",
                      "Protocols:\n"
                      "  predict    scores against labels: click-through, ratings\n"
                      "  full       a user's items among all that the user hasn't had\n"
                      "  sampled:C  an event's item among C others drawn uniformly\n"
                      "  file       an event's item among those that the data lists for it",
                      error) ||
        !find_part(c, error))
        return NULL;
    if (c->k < 1 || c->k > 1000) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't evaluate: --k is from 1 to 1000, not %" G_GINT64_FORMAT ".", c->k);
        return NULL;
    }
    return rk_cli_one_argument(c->cli, argc, argv, "model", error);
}

static void
show_progress(void *data, uint64_t done, uint64_t total)
{
    rk_cli_progress(data, "rank", done, total, "users");
}

// A model on the dataset, and what it was measured to be.
typedef struct {
    RkOpened *opened;
    RkEvaluation *evaluation;
} Measured;

static void
clear_measured(Measured *m)
{
    g_clear_pointer(&m->evaluation, rk_evaluation_free);
    g_clear_pointer(&m->opened, rk_opened_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Measured, clear_measured)

static gboolean
measure(Command *c, const char *name, Measured *m, GError **error)
{
    const gint *cancelled = rk_cli_catch_interrupts();
    if (c->dataset == NULL && c->data != NULL &&
        (c->dataset = rk_dataset_open(c->store, c->data, error)) == NULL)
        return FALSE;
    m->opened = rk_opened_new(c->store, c->device, name, 0, c->dataset, cancelled, error);
    if (m->opened == NULL)
        return FALSE;
    if (c->dataset == NULL) { // another model is measured on the same
        c->dataset = rk_dataset_ref(m->opened->dataset);
        c->data = g_strdup(rk_dataset_name(c->dataset));
    }
    rk_cli_print_unseen(c->cli, m->opened->unseen,
                        "they are scored as a missing id is. "
                        "rankine train --from trains them");
    const RkEvaluateOptions options = {.device = c->device,
                                       .model = m->opened->trained->model,
                                       .settings = m->opened->trained->settings,
                                       .features = m->opened->features,
                                       .state = m->opened->state,
                                       .part = c->which,
                                       .protocol = c->protocol,
                                       .k = (uint32_t)c->k,
                                       .only = c->metric,
                                       .threshold = TRUE,
                                       .seed = (uint64_t)c->cli->seed,
                                       .cancelled = cancelled,
                                       .progress = show_progress,
                                       .progress_data = c->cli};
    m->evaluation = rk_evaluate(&options, error);
    rk_cli_progress_end(c->cli);
    return m->evaluation != NULL;
}

// ---- differences and slices ----------------------------------------------------------------

static gboolean
add_differences(const Command *c, const Measured *m, const Measured *other, JsonBuilder *json,
                GError **error)
{
    json_builder_set_member_name(json, "differences");
    json_builder_begin_object(json);
    if (!c->cli->json)
        printf("Difference to %s, with its 95 %% interval from 1000 paired resamples of users\n",
               c->against);
    for (guint i = 0; i < m->evaluation->figures->len; i++) {
        const RkFigure *f = &g_array_index(m->evaluation->figures, RkFigure, i);
        RkInterval interval;
        if (!rk_compare_evaluations(m->evaluation, other->evaluation, f, (uint64_t)c->cli->seed,
                                    &interval, error))
            return FALSE;
        json_builder_set_member_name(json, f->name);
        json_builder_begin_object(json);
        rk_json_add_real(json, "difference", interval.difference);
        rk_json_add_real(json, "low", interval.low);
        rk_json_add_real(json, "high", interval.high);
        rk_json_add_real(json, "p", interval.p);
        json_builder_end_object(json);
        if (!c->cli->json)
            printf("  %-14s %+10.5f  [%+.5f, %+.5f]%s\n", f->name, interval.difference,
                   interval.low, interval.high,
                   rk_interval_is_noise(&interval) ? "  within noise" : "");
    }
    json_builder_end_object(json);
    return TRUE;
}

static void
add_slice(const Command *c, const char *by, const RkFigure *f, const RkSlices *s, GPtrArray *names,
          JsonBuilder *json)
{
    if (!c->cli->json)
        printf("%s by %s\n", f->name, by);
    json_builder_begin_object(json);
    rk_json_add_text(json, "by", by);
    rk_json_add_text(json, "metric", f->name);
    json_builder_set_member_name(json, "slices");
    json_builder_begin_array(json);
    for (uint32_t i = 0; i < s->n_slices; i++) {
        if (s->n[i] == 0)
            continue;
        json_builder_begin_object(json);
        rk_json_add_text(json, "slice", g_ptr_array_index(names, i));
        rk_json_add_int(json, "n", (int64_t)s->n[i]);
        rk_json_add_real(json, "value", s->value[i]);
        json_builder_end_object(json);
        if (!c->cli->json && isfinite(s->value[i]))
            printf("  %-24s %10.5f  of %" G_GUINT64_FORMAT "\n",
                   (char *)g_ptr_array_index(names, i), s->value[i], s->n[i]);
        else if (!c->cli->json)
            printf("  %-24s %10s  of %" G_GUINT64_FORMAT "\n", (char *)g_ptr_array_index(names, i),
                   "-", s->n[i]);
    }
    json_builder_end_array(json);
    rk_json_add_real(json, "gap", s->gap);
    json_builder_end_object(json);
    if (!c->cli->json && isfinite(s->gap))
        printf("  gap %.5f, from %s to %s\n", s->gap, (char *)g_ptr_array_index(names, s->worst),
               (char *)g_ptr_array_index(names, s->best));
}

static gboolean
add_slices(const Command *c, const Measured *m, JsonBuilder *json, GError **error)
{
    json_builder_set_member_name(json, "slices");
    json_builder_begin_array(json);
    for (char **by = c->slices; by != NULL && *by != NULL; by++) {
        g_autoptr(GPtrArray) names = NULL;
        g_autofree uint32_t *slice =
            rk_slice_evaluation(m->evaluation, m->opened->features, *by, &names, error);
        if (slice == NULL)
            return FALSE;
        const RkFigure *f = &g_array_index(m->evaluation->figures, RkFigure, 0);
        g_autoptr(RkSlices) slices = rk_metric_slices(f->metric, f->k, &m->evaluation->answers,
                                                      slice, names->len, RK_SLICE_MIN, error);
        if (slices == NULL)
            return FALSE;
        add_slice(c, *by, f, slices, names, json);
    }
    json_builder_end_array(json);
    return TRUE;
}

static gboolean
report(const Command *c, const char *name, const Measured *m, const Measured *other, GError **error)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    rk_json_add_text(json, "model", name);
    rk_json_add_text(json, "data", c->data);
    rk_json_add_text(json, "part", rk_part_name(c->which));
    rk_json_add_text(json, "protocol", m->evaluation->protocol);
    rk_cli_add_figures(json, m->evaluation);
    rk_json_add_int(json, "n", (int64_t)m->evaluation->n);
    rk_json_add_text(json, "device", rk_device_info(c->device)->name);
    if (!c->cli->json) {
        printf("%s on the %s part of %s\n", name, rk_part_name(c->which), c->data);
        rk_cli_print_figures(m->evaluation);
    }
    if ((other != NULL && !add_differences(c, m, other, json, error)) ||
        (c->slices != NULL && !add_slices(c, m, json, error)))
        return FALSE;
    json_builder_end_object(json);
    g_autofree char *text = rk_json_text(json, TRUE);
    if (c->cli->json)
        puts(text);
    return TRUE;
}

gboolean
rk_command_eval(RkCli *cli, int argc, char **argv, GError **error)
{
    g_auto(Command) c = {.cli = cli};
    const char *name = read_command_line(&c, argc, argv, error);
    if (name == NULL || (c.store = rk_cli_store(cli, RK_STORE_EXISTING, error)) == NULL)
        return FALSE;
    g_auto(Measured) m = {0}, other = {0};
    c.device = rk_device_open(cli->device, error);
    gboolean done = c.device != NULL && measure(&c, name, &m, error) &&
                    (c.against == NULL || measure(&c, c.against, &other, error)) &&
                    report(&c, name, &m, c.against != NULL ? &other : NULL, error);
    clear_measured(&m); // before the device
    clear_measured(&other);
    return done;
}
