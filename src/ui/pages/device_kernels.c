// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/device_kernels.h"

#include <glib/gi18n.h>
#include <string.h>

#include "job/kernel_jobs.h"
#include "report/charts.h"
#include "ui/asked.h"
#include "ui/chart_view.h"
#include "ui/widgets.h"

#define BUDGET_S     40.0
#define CHART_HEIGHT 420

struct _RkDeviceKernels {
    AdwBin parent;
    RkAppSession *session;
    AdwPreferencesGroup *tunings;
    GtkWidget *charts, *note;
    RkChartView *roofline, *ops;
    guint asked; // counts what was asked for: an answer for another device is late
};

G_DEFINE_FINAL_TYPE(RkDeviceKernels, rk_device_kernels, ADW_TYPE_BIN)

// ---- tunings -------------------------------------------------------------------------------

static void
show_tunings(RkDeviceKernels *view, const GPtrArray *all)
{
    GtkWidget *expander = NULL;
    const char *op = NULL;
    guint n = 0;
    rk_group_clear(view->tunings);
    for (guint i = 0; i < all->len; i++) {
        const RkTuned *tuned = g_ptr_array_index(all, i);
        if (g_strcmp0(op, tuned->op) != 0) {
            op = tuned->op;
            n = 0;
            expander = adw_expander_row_new();
            adw_preferences_row_set_title(ADW_PREFERENCES_ROW(expander), op);
            rk_group_add(view->tunings, expander);
        }
        GtkWidget *row = rk_fact_row(tuned->kernel, tuned->shapes);
        g_autofree char *count =
            g_strdup_printf(ngettext("%u class of shapes", "%u classes of shapes", n + 1), n + 1);
        adw_expander_row_add_row(ADW_EXPANDER_ROW(expander), row);
        adw_expander_row_set_subtitle(ADW_EXPANDER_ROW(expander), count);
        n++;
    }
    if (all->len == 0)
        rk_group_add(view->tunings,
                     rk_fact_row(_("Nothing yet"), _("It chooses when kernels are timed or models "
                                                     "are first run")));
}

static void
tunings_read(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkDeviceKernels) view = g_weak_ref_get(&asked->by);
    g_autoptr(GPtrArray) all = rk_job_take_result(job);
    if (view != NULL && view->session != NULL && view->asked == asked->n && all != NULL)
        show_tunings(view, all);
}

static void
read_tunings(RkDeviceKernels *view)
{
    const RkDeviceInfo *info = rk_app_session_device(view->session);
    view->asked++;
    if (info == NULL)
        return;
    RkJobSpec spec = rk_tunings_job(rk_app_session_workspace(view->session), info->index);
    rk_asked(&spec, tunings_read, view, view->session, NULL, view->asked);
    rk_jobs_start(rk_app_session_jobs(view->session), &spec);
}

// ---- timing --------------------------------------------------------------------------------

static void
show_times(RkDeviceKernels *view, const RkKernelTimes *times)
{
    g_autofree RkOpTime *ops = g_new0(RkOpTime, MAX(times->ops->len, 1));
    g_autofree char *note =
        g_strdup_printf(ngettext("%u op had no time left; time the kernels again for all of them.",
                                 "%u ops had no time left; time the kernels again for all of them.",
                                 times->n_left_out),
                        times->n_left_out);
    for (guint i = 0; i < times->ops->len; i++) {
        const RkKernelTime *one = &g_array_index(times->ops, RkKernelTime, i);
        ops[i] = (RkOpTime){one->op, one->seconds, one->flops, one->bytes};
    }
    rk_chart_view_set_chart(
        view->roofline,
        rk_chart_roofline(ops, times->ops->len, times->peak_flops, times->peak_bytes));
    rk_chart_view_set_chart(view->ops, rk_chart_ops(ops, times->ops->len));
    gtk_label_set_text(GTK_LABEL(view->note), note);
    gtk_widget_set_visible(view->note, times->n_left_out > 0);
    gtk_widget_set_visible(view->charts, times->ops->len > 0);
}

static void
timed(RkJob *job, const RkJobSnapshot *last, gpointer data)
{
    RkAsked *asked = data;
    g_autoptr(RkDeviceKernels) view = g_weak_ref_get(&asked->by);
    g_autoptr(RkKernelTimes) times = rk_job_take_result(job);
    if (view == NULL || view->session == NULL)
        return;
    if (last->state == RK_JOB_FAILED)
        rk_app_session_toast(view->session, last->error->message);
    gtk_widget_action_set_enabled(GTK_WIDGET(view), "kernels.time", TRUE);
    if (times != NULL && view->asked == asked->n) {
        show_times(view, times);
        read_tunings(view);
    }
}

static void
time_kernels(GtkWidget *widget, const char *name, GVariant *budget_s)
{
    RkDeviceKernels *view = RK_DEVICE_KERNELS(widget);
    const RkDeviceInfo *info = rk_app_session_device(view->session);
    if (info == NULL)
        return;
    // Translators: %s is the name of a graphics device.
    g_autofree char *title = g_strdup_printf(_("Timing the kernels of %s"), info->name);
    RkJobSpec spec = rk_kernels_job(rk_app_session_workspace(view->session), info->index,
                                    g_variant_get_double(budget_s), title);
    rk_asked(&spec, timed, view, view->session, NULL, view->asked);
    gtk_widget_action_set_enabled(widget, "kernels.time", FALSE);
    rk_app_session_start(view->session, spec, title);
}

// Another device: what was shown is of the one before.
static void
device_changed(RkDeviceKernels *view)
{
    gtk_widget_set_visible(view->charts, FALSE);
    gtk_widget_set_visible(view->note, FALSE);
    read_tunings(view);
}

// ---- the class -----------------------------------------------------------------------------

static void
view_dispose(GObject *object)
{
    g_clear_object(&RK_DEVICE_KERNELS(object)->session);
    G_OBJECT_CLASS(rk_device_kernels_parent_class)->dispose(object);
}

static void
rk_device_kernels_class_init(RkDeviceKernelsClass *class)
{
    G_OBJECT_CLASS(class)->dispose = view_dispose;
    // Within so many seconds.
    gtk_widget_class_install_action(GTK_WIDGET_CLASS(class), "kernels.time", "d", time_kernels);
}

static AdwPreferencesGroup *
group_new(const char *title, const char *description)
{
    GtkWidget *group = adw_preferences_group_new();
    adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group), title);
    adw_preferences_group_set_description(ADW_PREFERENCES_GROUP(group), description);
    return ADW_PREFERENCES_GROUP(group);
}

static RkChartView *
chart_new(GtkWidget *box)
{
    GtkWidget *chart = rk_chart_view_new();
    gtk_widget_set_size_request(chart, -1, CHART_HEIGHT);
    gtk_widget_add_css_class(chart, "card");
    gtk_widget_set_overflow(chart, GTK_OVERFLOW_HIDDEN);
    gtk_box_append(GTK_BOX(box), chart);
    return RK_CHART_VIEW(chart);
}

static void
rk_device_kernels_init(RkDeviceKernels *view)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 24);
    AdwPreferencesGroup *group =
        group_new(_("Kernels"), _("Each op timed at one size, beside what the device reaches."));
    GtkWidget *button = gtk_button_new_with_mnemonic(_("_Time Kernels"));
    view->note = gtk_label_new(NULL);
    view->charts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    view->tunings = group_new(_("What autotuning chose"),
                              _("The fastest kernel of an op for a class of shapes, kept for this "
                                "device and driver."));
    gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
    gtk_widget_set_margin_start(button, 12);
    g_object_set(view->note, "wrap", TRUE, "xalign", 0.0F, "visible", FALSE, NULL);
    gtk_widget_add_css_class(view->note, "dim-label");
    adw_preferences_group_set_header_suffix(group, button);
    view->roofline = chart_new(view->charts);
    view->ops = chart_new(view->charts);
    gtk_widget_set_visible(view->charts, FALSE);
    adw_preferences_group_add(group, view->charts);
    adw_preferences_group_add(group, view->note);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(group));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(view->tunings));
    adw_bin_set_child(ADW_BIN(view), box);
    gtk_actionable_set_action_target(GTK_ACTIONABLE(button), "d", BUDGET_S);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(button), "kernels.time");
}

GtkWidget *
rk_device_kernels_new(RkAppSession *session)
{
    RkDeviceKernels *view = g_object_new(RK_TYPE_DEVICE_KERNELS, NULL);
    view->session = g_object_ref(session);
    g_signal_connect_object(session, "changed::devices", G_CALLBACK(device_changed), view,
                            G_CONNECT_SWAPPED);
    device_changed(view);
    return GTK_WIDGET(view);
}
