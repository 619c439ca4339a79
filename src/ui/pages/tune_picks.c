// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_picks.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "bench/gate.h"
#include "models/model.h"
#include "store/model.h"
#include "ui/widgets.h"

// Texts that picks point to until the list is filled.
typedef struct {
    GArray *picks;   // of RkPickerItem
    GPtrArray *kept; // of char *
} Picks;

static Picks
picks_new(void)
{
    return (Picks){g_array_new(FALSE, FALSE, sizeof(RkPickerItem)),
                   g_ptr_array_new_with_free_func(g_free)};
}

static const char *
keep(Picks *picks, char *text)
{
    g_ptr_array_add(picks->kept, text);
    return text;
}

static void
fill(RkPicker *picker, Picks *picks)
{
    rk_picker_fill(picker, (const RkPickerItem *)(const void *)picks->picks->data,
                   picks->picks->len);
    g_array_unref(picks->picks);
    g_ptr_array_unref(picks->kept);
}

// ---- models --------------------------------------------------------------------------------

void
rk_tune_fill_models(RkPicker *picker, RkAppSession *session)
{
    const RkContents *contents = rk_app_session_contents(session);
    Picks picks = picks_new();
    for (guint i = 0; contents != NULL && i < contents->models->len; i++) {
        const RkStoredModel *model = g_ptr_array_index(contents->models, i);
        if (rk_app_session_is_removed(session, RK_KEPT_MODEL, model->name))
            continue;
        const RkPickerItem pick = {
            keep(&picks, g_strconcat("stored:", model->name, NULL)), model->name,
            keep(&picks,
                 g_strdup_printf(_("%s, trained on %s"), model->kind,
                                 model->dataset != NULL ? model->dataset : _("other data"))),
            _("Yours, as they are")};
        g_array_append_val(picks.picks, pick);
    }
    const RkModel *model;
    for (size_t i = 0; (model = rk_model_at(i)) != NULL; i++) {
        const RkPickerItem pick = {keep(&picks, g_strconcat("zoo:", model->name, NULL)),
                                   model->title, model->paper, _("Of the zoo, to train")};
        g_array_append_val(picks.picks, pick);
    }
    fill(picker, &picks);
}

// ---- axes ----------------------------------------------------------------------------------

static const char *
group_of(RkPlace place)
{
    static const char *const NAMES[RK_N_PLACES] = {
        [RK_PLACE_MODEL] = N_("Models"),
        [RK_PLACE_TRAIN] = N_("Training"),
        [RK_PLACE_COMPRESS] = N_("Compression"),
        [RK_PLACE_SERVE] = N_("Serving"),
        [RK_PLACE_LOAD] = N_("Load"),
        [RK_PLACE_RUN] = N_("Run"),
    };
    return _(NAMES[place]);
}

#define UNBOUNDED 1e9 // a limit that nobody meets

static char *
number_text(double value)
{
    if (fabs(value) < 1e6 && value == floor(value))
        return g_strdup_printf("%'.0f", value);
    return rk_short_number(value);
}

// "Most queries of a batch: 1 to 4,096 queries".
static char *
help_of(const RkParam *param)
{
    if (param->choices != NULL) {
        g_auto(GStrv) choices = g_strsplit(param->choices, "|", -1);
        g_autofree char *all = g_strjoinv(", ", choices);
        return g_strdup_printf("%s: %s", param->help, all);
    }
    if (param->type != RK_PARAM_INT && param->type != RK_PARAM_REAL)
        return g_strdup(param->help);
    g_autofree char *min = number_text(param->min);
    g_autofree char *max = number_text(param->max);
    const char *unit = param->unit != NULL ? param->unit : "";
    g_autofree char *range = param->max >= UNBOUNDED
                                 // Translators: a number or more of a unit.
                                 ? g_strdup_printf(_("%s or more %s"), min, unit)
                                 // Translators: the range of a setting and its unit.
                                 : g_strdup_printf(_("%s to %s %s"), min, max, unit);
    return g_strdup_printf("%s: %s", param->help, g_strchomp(range));
}

static gboolean
has_row(const RkSuiteDraft *draft, const char *name)
{
    return rk_suite_draft_find(draft, RK_DRAFT_SWEEP, name) != NULL ||
           rk_suite_draft_find(draft, RK_DRAFT_SERVE, name) != NULL ||
           rk_suite_draft_find(draft, RK_DRAFT_LOAD, name) != NULL;
}

void
rk_tune_fill_axes(RkPicker *picker, const RkSuiteDraft *draft, const RkSuiteTables *tables,
                  gboolean load_only)
{
    g_autoptr(GArray) all = rk_suite_sweepables(draft, tables->tables, tables->n);
    Picks picks = picks_new();
    for (guint i = 0; i < all->len; i++) {
        const RkSweepable *one = &g_array_index(all, RkSweepable, i);
        if ((load_only && one->place != RK_PLACE_LOAD) || has_row(draft, one->param.name))
            continue;
        const RkPickerItem pick = {one->param.name, one->param.name,
                                   keep(&picks, help_of(&one->param)),
                                   load_only ? NULL : group_of(one->place)};
        g_array_append_val(picks.picks, pick);
    }
    fill(picker, &picks);
}

static gboolean
find_param(const RkSuiteDraft *draft, const RkSuiteTables *tables, const char *name, RkParam *param)
{
    g_autoptr(GArray) all = rk_suite_sweepables(draft, tables->tables, tables->n);
    for (guint i = 0; i < all->len; i++)
        if (strcmp(g_array_index(all, RkSweepable, i).param.name, name) == 0) {
            *param = g_array_index(all, RkSweepable, i).param;
            return TRUE;
        }
    return FALSE;
}

#define FEW 5u // choices that are all put in at first

char *
rk_tune_first_values(const RkSuiteDraft *draft, const RkSuiteTables *tables, const char *name)
{
    RkParam param;
    if (!find_param(draft, tables, name, &param))
        return g_strdup("");
    g_auto(GStrv) choices = param.choices != NULL ? g_strsplit(param.choices, "|", -1) : NULL;
    if (choices != NULL && g_strv_length(choices) <= FEW)
        return g_strjoinv(", ", choices);
    if (param.type == RK_PARAM_BOOL)
        return g_strdup("true, false");
    return g_strdup(param.initial);
}

// ---- limits --------------------------------------------------------------------------------

static const struct {
    const char *name, *help;
} LIMITS[] = {
    {"p99_ms", N_("99 % of the queries are answered within so many ms")},
    {"p50_ms", N_("Half of the queries are answered within so many ms")},
    {"p90_ms", N_("90 % of the queries are answered within so many ms")},
    {"p95_ms", N_("95 % of the queries are answered within so many ms")},
    {"p99.9_ms", N_("99.9 % of the queries are answered within so many ms")},
    {"max_ms", N_("Every query is answered within so many ms")},
    {"mean_ms", N_("The mean latency, in ms, at most")},
    {"throughput_qps", N_("Queries answered a second, at least")},
    {"memory_mib", N_("Memory of the served model in MiB, at most")},
    {"ndcg@10_drop", N_("NDCG@10 lost against the first setting, at most")},
    {"auc_drop", N_("AUC lost against the first setting, at most")},
    {"recall@10_drop", N_("Recall@10 lost against the first setting, at most")},
    {"ndcg@10", N_("NDCG@10, at least")},
    {"auc", N_("AUC, at least")},
    {"recall@10", N_("Recall@10, at least")},
    {"hr@10", N_("Hit rate@10, at least")},
};

void
rk_tune_fill_limits(RkPicker *picker, const RkSuiteDraft *draft)
{
    Picks picks = picks_new();
    for (size_t i = 0; i < G_N_ELEMENTS(LIMITS); i++) {
        const RkPickerItem pick = {LIMITS[i].name, LIMITS[i].name, _(LIMITS[i].help), NULL};
        if (rk_suite_draft_find(draft, RK_DRAFT_GATES, LIMITS[i].name) == NULL)
            g_array_append_val(picks.picks, pick);
    }
    fill(picker, &picks);
}

char *
rk_tune_row_help(const RkSuiteDraft *draft, const RkSuiteTables *tables, RkDraftPart part,
                 const char *name)
{
    RkParam param;
    for (size_t i = 0; part == RK_DRAFT_GATES && i < G_N_ELEMENTS(LIMITS); i++)
        if (strcmp(LIMITS[i].name, name) == 0)
            return g_strdup(_(LIMITS[i].help));
    return part != RK_DRAFT_GATES && find_param(draft, tables, name, &param) ? help_of(&param)
                                                                             : NULL;
}
