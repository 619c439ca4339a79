// SPDX-License-Identifier: GPL-3.0-or-later
//
// What cleaning did, in numbers.
#include "dataset/clean-private.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

void
rk_clean_step_free(RkCleanStep *step)
{
    g_free(step->step);
    g_free(step->field);
    g_free(step->detail);
    g_free(step);
}

void
rk_clean_add_step(RkClean *clean, const char *step, const char *field, uint64_t n_rows,
                  uint64_t n_cells, char *detail)
{
    RkCleanStep *s = g_new0(RkCleanStep, 1);
    *s = (RkCleanStep){g_strdup(step), g_strdup(field), n_rows, n_cells, detail};
    g_ptr_array_add(clean->report.steps, s);
}

static char *
describe_fill(const RkClean *clean, const RkRule *rule)
{
    static const char *const WAYS[] = {[RK_MISSING_MEAN] = "the mean",
                                       [RK_MISSING_MEDIAN] = "the median",
                                       [RK_MISSING_MOST_FREQUENT] = "the most frequent value",
                                       [RK_MISSING_CONSTANT] = "the constant"};
    const char *way = WAYS[rule->missing];
    if (rule->missing == RK_MISSING_CONSTANT)
        return g_strdup_printf("filled with %s %s", way, rule->constant);
    gboolean code = rk_field_column_type(rule->field->kind) == RK_COLUMN_CODE;
    if (code ? rule->fill_code == RK_CODE_MISSING : isnan(rule->fill))
        return g_strdup_printf("not filled: no training row has a value for %s", way);
    if (!code)
        return g_strdup_printf("filled with %s %.6g", way, rule->fill);
    char scratch[RK_VOCABULARY_SCRATCH];
    const RkWords *words = &g_array_index(clean->words, RkWords, rule->vocabulary);
    return g_strdup_printf("filled with %s \"%s\"", way,
                           rk_vocabulary_text(words->raw, rule->fill_code, scratch, NULL));
}

void
rk_clean_report_rule(RkClean *clean, const RkRule *rule)
{
    static const char *const WORDS[RK_N_OUTLIERS] = {[RK_OUTLIERS_CLIP] = "clipped to",
                                                     [RK_OUTLIERS_MISSING] = "made missing outside",
                                                     [RK_OUTLIERS_DROP] = "rows removed outside"};
    gboolean drop = rule->outliers == RK_OUTLIERS_DROP;
    if (rule->outliers != RK_OUTLIERS_KEEP)
        rk_clean_add_step(
            clean, "outliers", rule->name, drop ? rule->n_outliers : 0, drop ? 0 : rule->n_outliers,
            g_strdup_printf("%s [%.6g, %.6g]", WORDS[rule->outliers], rule->low, rule->high));
    if (rule->missing > RK_MISSING_DROP)
        rk_clean_add_step(clean, "missing", rule->name, 0, rule->n_filled,
                          describe_fill(clean, rule));
    if (rule->rare) {
        const RkWords *words = &g_array_index(clean->words, RkWords, rule->vocabulary);
        gint64 least = rk_params_int(clean->input.clean, "clean.rare.min");
        uint32_t n = 0;
        for (uint32_t code = 0; code < words->n; code++)
            n += words->count[code] < least;
        rk_clean_add_step(clean, "rare", rule->name, 0, rule->n_rare,
                          g_strdup_printf("%u of %u categories are in fewer than %" G_GINT64_FORMAT
                                          " training rows",
                                          n, words->n, least));
    }
}

// ---- users and items ---------------------------------------------------------------------------

typedef struct {
    const RkClean *clean;
    int column[2];
    uint32_t n_codes[2];
    uint8_t *seen[2];
    uint32_t n[2];
} CountPass;

static gboolean
count_chunk(const RkChunk *chunk, void *data, GError **error)
{
    CountPass *p = data;
    for (int k = 0; k < 2; k++) {
        if (p->column[k] < 0)
            continue;
        const uint32_t *code = chunk->columns[p->column[k]].code;
        for (uint32_t i = 0; i < chunk->n_rows; i++)
            if (code[i] < p->n_codes[k] && !p->seen[k][code[i]] &&
                rk_kept(p->clean->keep[0], chunk->first_row + i)) {
                p->seen[k][code[i]] = 1;
                p->n[k]++;
            }
    }
    return TRUE;
}

gboolean
rk_clean_count(RkClean *clean, GError **error)
{
    CountPass p = {.clean = clean, .column = {clean->user, clean->item}};
    const RkTable *events = rk_events_table(clean->schema);
    for (int k = 0; k < 2; k++) {
        const char *name =
            p.column[k] >= 0 ? rk_table_field(events, (uint32_t)p.column[k])->vocabulary : "";
        for (guint w = 0; w < clean->words->len; w++)
            if (strcmp(g_array_index(clean->words, RkWords, w).name, name) == 0)
                p.n_codes[k] = g_array_index(clean->words, RkWords, w).n;
        p.seen[k] = g_malloc0(MAX(p.n_codes[k], 1));
    }
    gboolean done = (p.column[0] < 0 && p.column[1] < 0) ||
                    rk_scan(clean->input.source, 0, p.column, 2, count_chunk, &p, error);
    g_free(p.seen[0]);
    g_free(p.seen[1]);
    RkCleanReport *r = &clean->report;
    if (clean->split == NULL) { // before anything was done
        r->n_users_in = p.n[0];
        r->n_items_in = p.n[1];
    }
    r->n_users_out = p.n[0];
    r->n_items_out = p.n[1];
    return done;
}

// ---- forms -------------------------------------------------------------------------------------

char *
rk_clean_to_json(const RkClean *clean)
{
    const RkCleanReport *r = &clean->report;
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_json_add_int(b, "rows_in", (int64_t)r->n_rows_in);
    rk_json_add_int(b, "rows_out", (int64_t)r->n_rows_out);
    rk_json_add_int(b, "users_in", r->n_users_in);
    rk_json_add_int(b, "users_out", r->n_users_out);
    rk_json_add_int(b, "items_in", r->n_items_in);
    rk_json_add_int(b, "items_out", r->n_items_out);
    json_builder_set_member_name(b, "steps");
    json_builder_begin_array(b);
    for (guint s = 0; s < r->steps->len; s++) {
        const RkCleanStep *step = r->steps->pdata[s];
        json_builder_begin_object(b);
        rk_json_add_text(b, "step", step->step);
        rk_json_add_text(b, "field", step->field);
        rk_json_add_int(b, "rows_removed", (int64_t)step->n_rows_removed);
        rk_json_add_int(b, "cells_changed", (int64_t)step->n_cells_changed);
        rk_json_add_text(b, "detail", step->detail);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "settings");
    rk_params_to_json(clean->input.clean, b);
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}

char *
rk_clean_to_text(const RkClean *clean)
{
    const RkCleanReport *r = &clean->report;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "Cleaning kept %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                           " rows, %u of %u users, %u of %u items\n",
                           r->n_rows_out, r->n_rows_in, r->n_users_out, r->n_users_in,
                           r->n_items_out, r->n_items_in);
    for (guint s = 0; s < r->steps->len; s++) {
        const RkCleanStep *step = r->steps->pdata[s];
        g_autofree char *what = step->field != NULL
                                    ? g_strdup_printf("%s %s", step->step, step->field)
                                    : g_strdup(step->step);
        g_string_append_printf(text,
                               "  %-28s %10" G_GUINT64_FORMAT " rows removed %10" G_GUINT64_FORMAT
                               " cells changed  %s\n",
                               what, step->n_rows_removed, step->n_cells_changed, step->detail);
    }
    return g_string_free(text, FALSE);
}
