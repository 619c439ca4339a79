// SPDX-License-Identifier: GPL-3.0-or-later
//
// A profile as JSON and as text for people.
#include "dataset/profile.h"

#include "base/json.h"

#include <math.h>

static void
add_time(JsonBuilder *b, const char *name, int64_t time)
{
    if (time == INT64_MIN)
        rk_json_add_real(b, name, NAN);
    else
        rk_json_add_int(b, name, time);
}

static void
begin(JsonBuilder *b, const char *name)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
}

static void
add_field(JsonBuilder *b, const RkFieldProfile *f)
{
    gboolean number = f->kind == RK_FIELD_NUMBER || f->kind == RK_FIELD_LABEL;
    json_builder_begin_object(b);
    rk_json_add_text(b, "name", f->name);
    rk_json_add_text(b, "table", f->table);
    rk_json_add_text(b, "kind", rk_field_kind_name(f->kind));
    rk_json_add_text(b, "role", rk_table_role_name(f->role));
    rk_json_add_int(b, "cardinality", f->cardinality);
    rk_json_add_int(b, "missing", (int64_t)f->n_missing);
    rk_json_add_int(b, "values", (int64_t)f->n_values);
    if (number) {
        rk_json_add_real(b, "mean", f->mean);
        rk_json_add_real(b, "sd", f->sd);
        rk_json_add_reals(b, "quantiles", f->quantile, RK_PROFILE_N_QUANTILES);
    }
    if (f->kind == RK_FIELD_TIMESTAMP) {
        add_time(b, "first", f->first);
        add_time(b, "last", f->last);
    }
    for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++) {
        if (isnan(f->psi[part]))
            continue;
        begin(b, part == RK_PART_VALID ? "drift_valid" : "drift_test");
        rk_json_add_real(b, "psi", f->psi[part]);
        if (number)
            rk_json_add_real(b, "ks", f->ks[part]);
        json_builder_end_object(b);
    }
    json_builder_end_object(b);
}

static void
add_label(JsonBuilder *b, const RkProfile *p)
{
    begin(b, "label");
    rk_json_add_real(b, "positive_share", p->positive_share);
    json_builder_set_member_name(b, "values");
    json_builder_begin_array(b);
    for (uint32_t i = 0; i < p->n_label_values && p->n_label_values <= 20; i++) {
        json_builder_begin_object(b);
        rk_json_add_real(b, "value", p->label_value[i]);
        rk_json_add_int(b, "rows", (int64_t)p->label_count[i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

static void
add_splits(JsonBuilder *b, const RkProfile *p)
{
    begin(b, "splits");
    if (p->has_split) {
        rk_json_add_text(b, "split", p->split);
        for (int part = 0; part < RK_N_PARTS; part++)
            rk_json_add_int(b, rk_part_name((RkPart)part), (int64_t)p->n_part[part]);
        for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++) {
            begin(b, part == RK_PART_VALID ? "cold_valid" : "cold_test");
            rk_json_add_real(b, "users", p->cold_users[part]);
            rk_json_add_real(b, "items", p->cold_items[part]);
            json_builder_end_object(b);
        }
    }
    json_builder_end_object(b);
}

void
rk_profile_add_json(const RkProfile *p, JsonBuilder *b)
{
    rk_json_add_int(b, "rows", (int64_t)p->n_rows);
    rk_json_add_int(b, "users", p->n_users);
    rk_json_add_int(b, "items", p->n_items);
    rk_json_add_real(b, "density", p->density);
    add_label(b, p);
    begin(b, "popularity");
    rk_json_add_real(b, "gini_items", p->gini_items);
    rk_json_add_real(b, "gini_users", p->gini_users);
    rk_json_add_real(b, "head_1_percent", p->head_share[0]);
    rk_json_add_real(b, "head_10_percent", p->head_share[1]);
    rk_json_add_real(b, "head_20_percent", p->head_share[2]);
    json_builder_end_object(b);
    begin(b, "history");
    rk_json_add_real(b, "mean", p->history_mean);
    rk_json_add_reals(b, "at", rk_profile_quantiles, RK_PROFILE_N_QUANTILES);
    rk_json_add_reals(b, "quantiles", p->history, RK_PROFILE_N_QUANTILES);
    json_builder_end_object(b);
    begin(b, "time");
    add_time(b, "first", p->first);
    add_time(b, "last", p->last);
    json_builder_end_object(b);
    add_splits(b, p);
    json_builder_set_member_name(b, "fields");
    json_builder_begin_array(b);
    for (guint i = 0; i < p->fields->len; i++)
        add_field(b, p->fields->pdata[i]);
    json_builder_end_array(b);
}

char *
rk_profile_to_json(const RkProfile *profile)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    rk_profile_add_json(profile, b);
    json_builder_end_object(b);
    return rk_json_text(b, FALSE);
}

// ---- text --------------------------------------------------------------------------------------

static char *
time_text(int64_t seconds)
{
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(seconds);
    return t != NULL ? g_date_time_format(t, "%Y-%m-%d %H:%M")
                     : g_strdup_printf("%" G_GINT64_FORMAT " s", seconds);
}

static void
append_labels(GString *s, const RkProfile *p)
{
    if (p->n_label_values == 0)
        return;
    g_string_append(s, "Labels      ");
    if (!isnan(p->positive_share))
        g_string_append_printf(s, "%.2f %% positive\n", p->positive_share * 100);
    else if (p->n_label_values > 20)
        g_string_append(s, "more than 20 values\n");
    else {
        for (uint32_t i = 0; i < p->n_label_values; i++)
            g_string_append_printf(s, "%s%g: %.1f %%", i > 0 ? ", " : "", p->label_value[i],
                                   100.0 * (double)p->label_count[i] / (double)p->n_rows);
        g_string_append(s, "\n");
    }
}

static void
append_splits(GString *s, const RkProfile *p)
{
    if (!p->has_split)
        return;
    g_string_append_printf(s, "Split       %s: ", p->split);
    for (int part = 0; part < RK_N_PARTS; part++)
        if (p->n_part[part] > 0)
            g_string_append_printf(s, "%" G_GUINT64_FORMAT " %s  ", p->n_part[part],
                                   rk_part_name((RkPart)part));
    g_string_append(s, "\n");
    for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++)
        if (!isnan(p->cold_users[part]) || !isnan(p->cold_items[part]))
            g_string_append_printf(
                s,
                "Cold        %s: %.2f %% of rows name a user, %.2f %% an item, that never trains\n",
                rk_part_name((RkPart)part),
                isnan(p->cold_users[part]) ? 0 : 100 * p->cold_users[part],
                isnan(p->cold_items[part]) ? 0 : 100 * p->cold_items[part]);
}

static void
append_field(GString *s, const RkFieldProfile *f)
{
    g_string_append_printf(s, "  %-24s %-12s", f->name, rk_field_kind_name(f->kind));
    if (f->cardinality > 0)
        g_string_append_printf(s, "%10u values", f->cardinality);
    else
        g_string_append_printf(s, "%17s", "");
    g_string_append_printf(s, "%10" G_GUINT64_FORMAT " missing", f->n_missing);
    if (!isnan(f->sd) || !isnan(f->quantile[0]))
        g_string_append_printf(s, "  mean %.4g, sd %.4g, %.4g .. %.4g .. %.4g", f->mean, f->sd,
                               f->quantile[0], f->quantile[RK_PROFILE_N_QUANTILES / 2],
                               f->quantile[RK_PROFILE_N_QUANTILES - 1]);
    for (int part = RK_PART_VALID; part <= RK_PART_TEST; part++)
        if (!isnan(f->psi[part])) {
            g_string_append_printf(s, "  %s PSI %.3f", rk_part_name((RkPart)part), f->psi[part]);
            if (!isnan(f->ks[part]))
                g_string_append_printf(s, " KS %.3f", f->ks[part]);
        }
    g_string_append(s, "\n");
}

char *
rk_profile_to_text(const RkProfile *p)
{
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "Events      %" G_GUINT64_FORMAT "\n", p->n_rows);
    if (p->n_users > 0 || p->n_items > 0)
        g_string_append_printf(s, "Users       %u\nItems       %u\n", p->n_users, p->n_items);
    if (!isnan(p->density))
        g_string_append_printf(s, "Density     %.4g %%\n", p->density * 100);
    append_labels(s, p);
    if (!isnan(p->gini_items))
        g_string_append_printf(
            s,
            "Popularity  Gini %.3f; the top 1 / 10 / 20 %% of items have %.1f / %.1f / %.1f %%\n",
            p->gini_items, 100 * p->head_share[0], 100 * p->head_share[1], 100 * p->head_share[2]);
    if (!isnan(p->history_mean))
        g_string_append_printf(s,
                               "Histories   mean %.1f events a user; min %.0f, median %.0f, 90 %% "
                               "%.0f, max %.0f; Gini %.3f\n",
                               p->history_mean, p->history[0], p->history[4], p->history[6],
                               p->history[8], p->gini_users);
    if (p->first != INT64_MIN) {
        g_autofree char *first = time_text(p->first), *last = time_text(p->last);
        g_string_append_printf(s, "Time        %s to %s UTC, %.1f days\n", first, last,
                               (double)(p->last - p->first) / 86400);
    }
    append_splits(s, p);
    const char *table = NULL;
    for (guint i = 0; i < p->fields->len; i++) {
        const RkFieldProfile *f = p->fields->pdata[i];
        if (table == NULL || g_strcmp0(table, f->table) != 0)
            g_string_append_printf(s, "%s\n", f->table);
        table = f->table;
        append_field(s, f);
    }
    return g_string_free(s, FALSE);
}
