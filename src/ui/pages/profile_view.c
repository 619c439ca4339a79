// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/profile_view.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/widgets.h"

static AdwPreferencesGroup *
add_group(AdwPreferencesPage *page, const char *title)
{
    GtkWidget *group = adw_preferences_group_new();
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    adw_preferences_page_add(page, ADW_PREFERENCES_GROUP(group));
    return ADW_PREFERENCES_GROUP(group);
}

static void
add_count(AdwPreferencesGroup *group, const char *title, uint64_t n)
{
    g_autofree char *text = rk_grouped_number(n);
    adw_preferences_group_add(group, rk_fact_row(title, text));
}

static void
add_share(AdwPreferencesGroup *group, const char *title, double share)
{
    g_autofree char *text = g_strdup_printf("%.4g %%", share * 100);
    if (!isnan(share))
        adw_preferences_group_add(group, rk_fact_row(title, text));
}

static char *
time_text(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time != NULL ? g_date_time_format(time, "%x") : g_strdup("?");
}

static void
add_bars(AdwPreferencesGroup *group, RkBar *bars, guint n, const char *summary)
{
    GtkWidget *card = rk_bars_new(bars, n, summary);
    gtk_widget_add_css_class(card, "card");
    gtk_widget_set_margin_start(card, 0);
    gtk_widget_set_margin_end(card, 0);
    adw_preferences_group_add(group, card);
    for (guint i = 0; i < n; i++) {
        g_free(bars[i].label);
        g_free(bars[i].value);
    }
}

static void
add_labels(AdwPreferencesPage *page, const RkProfile *profile)
{
    const guint n = profile->n_label_values;
    RkBar bars[20] = {0};
    uint64_t most = 1, all = 0;
    if (n < 2 || n > 20) // none, or more than are counted one by one
        return;
    for (guint i = 0; i < n; i++) {
        most = MAX(most, profile->label_count[i]);
        all += profile->label_count[i];
    }
    for (guint i = 0; i < n; i++) {
        g_autofree char *count = rk_grouped_number(profile->label_count[i]);
        bars[i].label = g_strdup_printf("%g", profile->label_value[i]);
        bars[i].value = g_strdup_printf("%s (%.1f %%)", count,
                                        100.0 * (double)profile->label_count[i] / (double)all);
        bars[i].share = (double)profile->label_count[i] / (double)most;
    }
    add_bars(add_group(page, _("Labels")), bars, n, _("Histogram of the labels"));
}

static void
add_history(AdwPreferencesPage *page, const RkProfile *profile)
{
    RkBar bars[RK_PROFILE_N_QUANTILES] = {0};
    const double most = profile->history[RK_PROFILE_N_QUANTILES - 1];
    if (profile->n_users == 0 || !(most > 0))
        return;
    for (int i = 0; i < RK_PROFILE_N_QUANTILES; i++) {
        bars[i].label = g_strdup_printf("%g %%", rk_profile_quantiles[i] * 100);
        bars[i].value = g_strdup_printf("%.0f", profile->history[i]);
        bars[i].share = profile->history[i] / most;
    }
    AdwPreferencesGroup *group = add_group(page, _("Events a user"));
    adw_preferences_group_set_description(group,
                                          _("That share of the users has at most so many events."));
    add_bars(group, bars, RK_PROFILE_N_QUANTILES, _("Quantiles of the events a user"));
}

static void
add_overview(AdwPreferencesPage *page, const RkProfile *profile)
{
    AdwPreferencesGroup *group = add_group(page, _("Overview"));
    add_count(group, _("Rows"), profile->n_rows);
    add_count(group, _("Users"), profile->n_users);
    add_count(group, _("Items"), profile->n_items);
    add_share(group, _("Density"), profile->density);
    add_share(group, _("Positive labels"), profile->positive_share);
    add_share(group, _("Events of the top 1 % of items"), profile->head_share[0]);
    if (profile->first != INT64_MIN) {
        g_autofree char *first = time_text(profile->first);
        g_autofree char *last = time_text(profile->last);
        // Translators: the first and the last day.
        g_autofree char *span = g_strdup_printf(_("%s to %s"), first, last);
        adw_preferences_group_add(group, rk_fact_row(_("Time"), span));
    }
}

static void
add_split(AdwPreferencesPage *page, const RkProfile *profile)
{
    static const char *const PARTS[] = {N_("Train"), N_("Valid"), N_("Test")};
    RkBar bars[3] = {0};
    const double all = (double)MAX(profile->n_rows, 1);
    if (!profile->has_split)
        return;
    for (int i = 0; i < 3; i++) {
        g_autofree char *count = rk_grouped_number(profile->n_part[i]);
        bars[i].label = g_strdup(_(PARTS[i]));
        bars[i].share = (double)profile->n_part[i] / all;
        bars[i].value = g_strdup_printf("%s (%.1f %%)", count, bars[i].share * 100);
    }
    // Translators: %s is how rows are split: random, temporal, leave-last.
    g_autofree char *title = g_strdup_printf(_("Split: %s"), profile->split);
    add_bars(add_group(page, title), bars, 3, _("Rows of each part"));
}

// Between quantiles lies a known share of the values; over an interval's width that is a density.
static GtkWidget *
number_bars(const RkFieldProfile *field)
{
    RkBar bars[RK_PROFILE_N_QUANTILES - 1] = {0};
    double density[RK_PROFILE_N_QUANTILES - 1];
    double most = 0;
    guint n = 0;
    for (int i = 0; i + 1 < RK_PROFILE_N_QUANTILES; i++) {
        const double from = field->quantile[i], to = field->quantile[i + 1];
        const double share = rk_profile_quantiles[i + 1] - rk_profile_quantiles[i];
        if (!(to > from)) // a value that many rows share has no width
            continue;
        density[n] = share / (to - from);
        most = MAX(most, density[n]);
        bars[n].label = g_strdup_printf("%.4g – %.4g", from, to);
        bars[n++].value = g_strdup_printf("%g %%", share * 100);
    }
    for (guint i = 0; i < n; i++)
        bars[i].share = density[i] / most;
    GtkWidget *widget = rk_bars_new(bars, n, _("Density between quantiles"));
    for (guint i = 0; i < n; i++) {
        g_free(bars[i].label);
        g_free(bars[i].value);
    }
    return widget;
}

static void
expand(AdwExpanderRow *row, const char *title, char *value)
{
    adw_expander_row_add_row(row, rk_fact_row(title, value));
    g_free(value);
}

static GtkWidget *
field_row(const RkFieldProfile *field)
{
    GtkWidget *widget = adw_expander_row_new();
    AdwExpanderRow *row = ADW_EXPANDER_ROW(widget);
    g_autofree char *subtitle =
        g_strdup_printf(_("%s of %s"), rk_field_kind_name(field->kind), field->table);
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(widget), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(widget), field->name);
    adw_expander_row_set_subtitle(row, subtitle);
    expand(row, _("Values"), rk_grouped_number(field->n_values));
    expand(row, _("Missing"), rk_grouped_number(field->n_missing));
    if (field->cardinality > 0)
        expand(row, _("Distinct"), rk_grouped_number(field->cardinality));
    if (field->first != INT64_MIN && field->kind == RK_FIELD_TIMESTAMP) {
        expand(row, _("First"), time_text(field->first));
        expand(row, _("Last"), time_text(field->last));
    }
    if (!isnan(field->mean)) {
        expand(row, _("Mean"), g_strdup_printf("%.5g", field->mean));
        expand(row, _("Standard deviation"), g_strdup_printf("%.5g", field->sd));
        expand(row, _("Median"),
               g_strdup_printf("%.5g", field->quantile[RK_PROFILE_N_QUANTILES / 2]));
        GtkWidget *holder = gtk_list_box_row_new();
        gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(holder), number_bars(field));
        gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(holder), FALSE);
        adw_expander_row_add_row(row, holder);
    }
    if (!isnan(field->psi[RK_PART_TEST]))
        expand(row, _("Drift of the test part (PSI; 0.25 is a shift)"),
               g_strdup_printf("%.3f", field->psi[RK_PART_TEST]));
    return widget;
}

void
rk_profile_view_add(AdwPreferencesPage *page, const RkProfile *profile)
{
    add_overview(page, profile);
    add_labels(page, profile);
    add_split(page, profile);
    add_history(page, profile);
    AdwPreferencesGroup *fields = add_group(page, _("Fields"));
    for (guint i = 0; i < profile->fields->len; i++)
        adw_preferences_group_add(fields, field_row(g_ptr_array_index(profile->fields, i)));
}
