// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compress_result.h"

#include <glib/gi18n.h>

#include "ui/table_view.h"

enum { WHAT, BEFORE, AFTER, DIFFERENCE, INTERVAL };

static void
add_figure(RkFigureTable *table, const char *what, double before, double after, RkUnit unit)
{
    g_autofree char *was = rk_quantity(before, unit);
    g_autofree char *is = rk_quantity(after, unit);
    g_autofree char *difference = rk_quantity_difference(after - before, unit);
    rk_table_row(table);
    rk_table_set_text(table, WHAT, what);
    rk_table_set_figure(table, BEFORE, before, was);
    rk_table_set_figure(table, AFTER, after, is);
    rk_table_set_figure(table, DIFFERENCE, after - before, difference);
}

static void
add_metrics(RkFigureTable *table, const RkCompressResult *r)
{
    const RkEvaluation *before = r->before.evaluation, *after = r->after.evaluation;
    for (guint i = 0; before != NULL && after != NULL && i < after->figures->len; i++) {
        const RkFigure *is = &g_array_index(after->figures, RkFigure, i);
        const RkFigure *was = &g_array_index(before->figures, RkFigure, i);
        const RkInterval *d = &g_array_index(r->differences, RkInterval, i);
        g_autofree char *difference = g_strdup_printf("%+.5f", d->difference);
        g_autofree char *interval =
            rk_interval_is_noise(d)
                // Translators: an interval that holds 0, of a difference between two models.
                ? g_strdup_printf(_("%+.5f to %+.5f, within noise"), d->low, d->high)
                : g_strdup_printf(_("%+.5f to %+.5f"), d->low, d->high);
        add_figure(table, is->name, was->value, is->value, RK_UNIT_METRIC);
        rk_table_set_figure(table, DIFFERENCE, d->difference, difference);
        rk_table_set_text(table, INTERVAL, interval);
    }
}

static char *
summary_of(const RkCompressResult *r)
{
    const double share = (double)r->after.size.bytes / (double)MAX(r->before.size.bytes, 1);
    GString *text = g_string_new(NULL);
    g_autofree char *percent = rk_quantity(share, RK_UNIT_SHARE);
    // Translators: names of two models and a share such as 25 %.
    g_string_append_printf(text, _("%s takes %s of what %s takes."), r->name, percent, r->parent);
    if (rk_compress_collapsed(r))
        g_string_append_printf(text, " %s",
                               _("Its scores have collapsed: so many tie that ranks are luck."));
    if (r->after.evaluation == NULL)
        g_string_append_printf(text, " %s",
                               _("The data has no test part, so its accuracy was not measured."));
    return g_string_free(text, FALSE);
}

GtkWidget *
rk_compress_result_view_new(const RkCompressResult *r)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    g_autofree char *summary = summary_of(r);
    GtkWidget *label = gtk_label_new(summary);
    RkFigureTable *table = rk_table_new(_("Before and after"));
    rk_table_text_column(table, _("What"));
    rk_table_column(table, _("Before"), RK_UNIT_NONE);
    rk_table_column(table, _("After"), RK_UNIT_NONE);
    rk_table_column(table, _("Difference"), RK_UNIT_NONE);
    rk_table_text_column(table, _("95 % interval"));
    add_figure(table, _("Size"), (double)r->before.size.bytes, (double)r->after.size.bytes,
               RK_UNIT_BYTES);
    add_figure(table, _("Operations a sample"), r->before.size.flops, r->after.size.flops,
               RK_UNIT_COUNT);
    add_figure(table, _("Time of a batch of 256"), r->before.batch_ms * 1e-3,
               r->after.batch_ms * 1e-3, RK_UNIT_SECONDS);
    add_metrics(table, r);
    g_object_set(label, "wrap", TRUE, "xalign", 0.0F, "margin-start", 12, "margin-end", 12,
                 "margin-top", 12, NULL);
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), rk_table_view_new(table));
    gtk_widget_set_vexpand(gtk_widget_get_last_child(box), TRUE);
    return box;
}
