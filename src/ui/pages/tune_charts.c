// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/tune_charts.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/chart_view.h"

#define MAX_CURVES 64u // kept beside the pinned ones
#define WIDTH      270 // px that a chart needs ..
#define HEIGHT     270 // .. and is given
#define GAP        12  // px between them
#define MAX_PINNED 6u  // shown at once

enum { LATENCY, THROUGHPUT, ACCURACY, N_CHARTS };

struct _RkTuneCharts {
    GtkWidget parent;
    RkChartView *view[N_CHARTS];
    RkTrialList *list;
    double limit_ms;
    gboolean by_trial;
    guint shown;        // row whose curve is drawn; G_MAXUINT: none
    GHashTable *curves; // row -> GArray of RkLiveSample
    GQueue order;       // rows with curves, the oldest first
};

G_DEFINE_FINAL_TYPE(RkTuneCharts, rk_tune_charts, GTK_TYPE_WIDGET)

// ---- curves --------------------------------------------------------------------------------

static GArray *
curve_of(RkTuneCharts *charts, guint row)
{
    return g_hash_table_lookup(charts->curves, GUINT_TO_POINTER(row));
}

// The oldest go, unless they are pinned.
static void
drop_old(RkTuneCharts *charts)
{
    for (guint n = g_queue_get_length(&charts->order); n > MAX_CURVES; n--) {
        const guint row = GPOINTER_TO_UINT(g_queue_pop_head(&charts->order));
        if (rk_trial_list_row(charts->list, row)->pinned)
            g_queue_push_tail(&charts->order, GUINT_TO_POINTER(row));
        else
            g_hash_table_remove(charts->curves, GUINT_TO_POINTER(row));
    }
}

static GArray *
new_curve(RkTuneCharts *charts, guint row)
{
    GArray *curve = curve_of(charts, row);
    if (curve != NULL) {
        g_array_set_size(curve, 0); // the last repeat is the one that is seen
        return curve;
    }
    curve = g_array_new(FALSE, FALSE, sizeof(RkLiveSample));
    g_hash_table_insert(charts->curves, GUINT_TO_POINTER(row), curve);
    g_queue_push_tail(&charts->order, GUINT_TO_POINTER(row));
    drop_old(charts);
    return curve;
}

// ---- over time -----------------------------------------------------------------------------

static RkChart *
time_chart(const char *title, const char *axis, RkScale scale, RkUnit unit)
{
    RkChart *chart = rk_chart_new(title);
    rk_axis_set(&chart->x, _("Time in the trial"), RK_SCALE_TIME, RK_UNIT_SECONDS);
    chart->x.pad = 0;
    rk_axis_set(&rk_chart_panel(chart, 0)->y, axis, scale, unit);
    rk_chart_panel(chart, 0)->y.from_zero = scale == RK_SCALE_LINEAR;
    chart->legend = RK_LEGEND_TOP;
    return chart;
}

static void
add_sample(RkChart *chart, int which, RkSeries *first, RkSeries *second, const RkLiveSample *s)
{
    if (which == THROUGHPUT) {
        rk_series_add(first, s->t_s, s->qps);
    } else {
        rk_series_add(first, s->t_s, s->p99_ms * 1e-3);
        if (second != NULL)
            rk_series_add(second, s->t_s, s->p50_ms * 1e-3);
    }
}

static void
add_curve(RkTuneCharts *charts, RkChart *chart, int which, guint row, gboolean pinned)
{
    const GArray *curve = curve_of(charts, row);
    g_autofree char *label = rk_trial_list_label(charts->list, row);
    RkSeries *first = rk_chart_series(chart, 0,
                                      pinned             ? label
                                      : which == LATENCY ? "p99"
                                                         : _("this trial"),
                                      RK_SERIES_LINE);
    RkSeries *second =
        pinned || which == THROUGHPUT ? NULL : rk_chart_series(chart, 0, "p50", RK_SERIES_LINE);
    first->dashed = pinned;
    for (guint i = 0; curve != NULL && i < curve->len; i++)
        add_sample(chart, which, first, second, &g_array_index(curve, RkLiveSample, i));
}

static void
summarize_time(RkTuneCharts *charts, RkChart *chart, int which)
{
    const GArray *curve = charts->shown != G_MAXUINT ? curve_of(charts, charts->shown) : NULL;
    if (curve == NULL || curve->len == 0)
        return;
    const RkLiveSample *last = &g_array_index(curve, RkLiveSample, curve->len - 1);
    g_autofree char *label = rk_trial_list_label(charts->list, charts->shown);
    g_autofree char *p50 = rk_quantity(last->p50_ms * 1e-3, RK_UNIT_SECONDS);
    g_autofree char *p99 = rk_quantity(last->p99_ms * 1e-3, RK_UNIT_SECONDS);
    g_autofree char *rate = rk_quantity(last->qps, RK_UNIT_PER_SECOND);
    if (which == LATENCY)
        rk_chart_set_summary(chart, _("%s: half within %s, 99 %% within %s, in its last second."),
                             label, p50, p99);
    else
        rk_chart_set_summary(chart, _("%s: %s answered in its last second."), label, rate);
}

static RkChart *
make_time(RkTuneCharts *charts, int which)
{
    RkChart *chart =
        which == LATENCY
            ? time_chart(_("Latency"), _("Latency"), RK_SCALE_LOG, RK_UNIT_SECONDS)
            : time_chart(_("Throughput"), _("Throughput"), RK_SCALE_LINEAR, RK_UNIT_PER_SECOND);
    guint n = 0;
    if (charts->list == NULL)
        return chart;
    if (charts->shown != G_MAXUINT)
        add_curve(charts, chart, which, charts->shown, FALSE);
    for (GList *one = charts->order.head; one != NULL && n < MAX_PINNED; one = one->next) {
        const guint row = GPOINTER_TO_UINT(one->data);
        if (row == charts->shown || !rk_trial_list_row(charts->list, row)->pinned)
            continue;
        add_curve(charts, chart, which, row, TRUE);
        n++;
    }
    g_free(chart->empty);
    chart->empty = g_strdup(_("Drawn while a trial runs"));
    summarize_time(charts, chart, which);
    return chart;
}

// ---- a point a trial -----------------------------------------------------------------------

static double
figure_of(const RkTrialRow *row, int which)
{
    return which == LATENCY ? row->p99_ms * 1e-3 : which == THROUGHPUT ? row->qps : row->accuracy;
}

// A measured value of a valid trial; what moves while it is measured isn't one yet.
static gboolean
is_firm(const RkTrialRow *row)
{
    return row->state == RK_ROW_MEASURED && row->status == RK_TRIAL_OK;
}

static void
add_points(RkTuneCharts *charts, RkChart *chart, int which)
{
    RkSeries *points = rk_chart_series(chart, 0,
                                       which == LATENCY      ? "p99"
                                       : which == THROUGHPUT ? _("throughput")
                                                             : _("accuracy"),
                                       RK_SERIES_POINTS);
    RkSeries *median = which == LATENCY ? rk_chart_series(chart, 0, "p50", RK_SERIES_POINTS) : NULL;
    const guint n = rk_trial_list_n(charts->list);
    for (guint i = 0; i < n; i++) {
        const RkTrialRow *row = rk_trial_list_row(charts->list, i);
        if (row->state == RK_ROW_WAITING || row->hidden || isnan(figure_of(row, which)))
            continue;
        g_autofree char *label = rk_trial_list_label(charts->list, i);
        const unsigned flags = (is_firm(row) ? 0 : RK_POINT_HOLLOW) |
                               (row->pinned || row->recommended ? RK_POINT_OUTLINE : 0);
        rk_series_add_point(points, i + 1, figure_of(row, which), 0,
                            flags | (row->pinned ? RK_POINT_LABEL : 0), label);
        if (median != NULL)
            rk_series_add_point(median, i + 1, row->p50_ms * 1e-3, 0, flags, label);
    }
}

static void
summarize_trials(RkTuneCharts *charts, RkChart *chart, int which)
{
    double best = NAN;
    guint at = 0, n = 0;
    for (guint i = 0; i < rk_trial_list_n(charts->list); i++) {
        const RkTrialRow *row = rk_trial_list_row(charts->list, i);
        const double value = figure_of(row, which);
        if (row->hidden || isnan(value))
            continue;
        n++;
        if (isnan(best) || (which == LATENCY ? value < best : value > best)) {
            best = value;
            at = i;
        }
    }
    if (n == 0)
        return;
    g_autofree char *label = rk_trial_list_label(charts->list, at);
    g_autofree char *text = rk_quantity(best, which == LATENCY      ? RK_UNIT_SECONDS
                                              : which == THROUGHPUT ? RK_UNIT_PER_SECOND
                                                                    : RK_UNIT_METRIC);
    rk_chart_set_summary(chart, _("Best of %u: %s, with %s."), n, text, label);
}

static RkChart *
make_trials(RkTuneCharts *charts, int which)
{
    static const struct {
        const char *title;
        RkScale scale;
        RkUnit unit;
    } KINDS[N_CHARTS] = {{N_("Latency"), RK_SCALE_LOG, RK_UNIT_SECONDS},
                         {N_("Throughput"), RK_SCALE_LINEAR, RK_UNIT_PER_SECOND},
                         {N_("Accuracy"), RK_SCALE_LINEAR, RK_UNIT_METRIC}};
    const char *metric = charts->list != NULL ? rk_trial_list_metric(charts->list) : NULL;
    RkChart *chart = rk_chart_new(_(KINDS[which].title));
    rk_axis_set(&chart->x, _("Trial"), RK_SCALE_LINEAR, RK_UNIT_COUNT);
    rk_axis_set(&rk_chart_panel(chart, 0)->y,
                which == ACCURACY && metric != NULL ? metric : _(KINDS[which].title),
                KINDS[which].scale, KINDS[which].unit);
    rk_chart_panel(chart, 0)->y.from_zero = which == THROUGHPUT;
    chart->legend = which == LATENCY ? RK_LEGEND_TOP : RK_LEGEND_NONE;
    g_free(chart->empty);
    chart->empty = g_strdup(_("Each trial is a point here once it ended"));
    if (charts->list == NULL)
        return chart;
    add_points(charts, chart, which);
    summarize_trials(charts, chart, which);
    return chart;
}

// ---- showing -------------------------------------------------------------------------------

static void
make(RkTuneCharts *charts, int which)
{
    RkChart *chart = charts->by_trial || which == ACCURACY ? make_trials(charts, which)
                                                           : make_time(charts, which);
    if (which == LATENCY && isfinite(charts->limit_ms)) {
        g_autofree char *limit = rk_quantity(charts->limit_ms * 1e-3, RK_UNIT_SECONDS);
        // Translators: %s is a latency.
        g_autofree char *label = g_strdup_printf(_("limit %s"), limit);
        rk_chart_mark(chart, 0, FALSE, charts->limit_ms * 1e-3, RK_INK_LIMIT, label);
    }
    rk_chart_view_set_chart(charts->view[which], chart);
}

static void
make_all(RkTuneCharts *charts)
{
    for (int which = 0; which < N_CHARTS; which++)
        make(charts, which);
}

void
rk_tune_charts_set(RkTuneCharts *charts, RkTrialList *list, double limit_ms)
{
    g_hash_table_remove_all(charts->curves);
    g_queue_clear(&charts->order);
    g_set_object(&charts->list, list);
    charts->limit_ms = limit_ms;
    charts->shown = G_MAXUINT;
    make_all(charts);
}

void
rk_tune_charts_set_by_trial(RkTuneCharts *charts, gboolean by_trial)
{
    if (by_trial == charts->by_trial)
        return;
    charts->by_trial = by_trial;
    make_all(charts);
}

void
rk_tune_charts_keep(RkTuneCharts *charts, guint row, const RkLiveSample *samples, guint n)
{
    g_array_append_vals(new_curve(charts, row), samples, n);
}

void
rk_tune_charts_begin(RkTuneCharts *charts, guint row)
{
    charts->shown = row;
    new_curve(charts, row);
    if (charts->by_trial)
        return;
    make(charts, LATENCY);
    make(charts, THROUGHPUT);
}

void
rk_tune_charts_sample(RkTuneCharts *charts, const RkLiveSample *samples, guint n)
{
    GArray *curve = charts->shown != G_MAXUINT ? curve_of(charts, charts->shown) : NULL;
    if (curve == NULL || n == 0)
        return;
    g_array_append_vals(curve, samples, n);
    for (int which = LATENCY; which <= THROUGHPUT && !charts->by_trial; which++) {
        RkChart *chart = rk_chart_view_chart(charts->view[which]);
        GPtrArray *series = rk_chart_panel(chart, 0)->series;
        for (guint i = 0; i < n; i++)
            add_sample(chart, which, g_ptr_array_index(series, 0),
                       which == LATENCY ? g_ptr_array_index(series, 1) : NULL, &samples[i]);
        summarize_time(charts, chart, which);
        rk_chart_view_changed(charts->view[which], TRUE);
    }
}

// Its point is moved, so that a part that is magnified stays.
void
rk_tune_charts_accuracy(RkTuneCharts *charts, guint row)
{
    RkChart *chart = rk_chart_view_chart(charts->view[ACCURACY]);
    const GPtrArray *series = rk_chart_panel(chart, 0)->series;
    RkSeries *points = series->len > 0 ? g_ptr_array_index(series, 0) : NULL;
    for (gsize i = points != NULL ? points->n : 0; i-- > 0;)
        if (points->x[i] == row + 1) {
            points->y[i] = rk_trial_list_row(charts->list, row)->accuracy;
            rk_chart_view_changed(charts->view[ACCURACY], FALSE);
            return;
        }
    make(charts, ACCURACY);
}

void
rk_tune_charts_end(RkTuneCharts *charts)
{
    make(charts, ACCURACY);
    if (!charts->by_trial)
        return;
    make(charts, LATENCY);
    make(charts, THROUGHPUT);
}

void
rk_tune_charts_settle(RkTuneCharts *charts)
{
    for (int which = 0; which < N_CHARTS; which++)
        rk_chart_view_changed(charts->view[which], FALSE);
}

void
rk_tune_charts_show(RkTuneCharts *charts, guint row)
{
    if (row == charts->shown || (row != G_MAXUINT && curve_of(charts, row) == NULL))
        return;
    charts->shown = row;
    if (charts->by_trial)
        return;
    make(charts, LATENCY);
    make(charts, THROUGHPUT);
}

void
rk_tune_charts_marked(RkTuneCharts *charts)
{
    make_all(charts);
}

// ---- layout --------------------------------------------------------------------------------

// Beside each other as far as there is room, below each other for the rest.
static int
n_columns(int width)
{
    return width < 0 ? N_CHARTS : CLAMP((width + GAP) / (WIDTH + GAP), 1, N_CHARTS);
}

static void
charts_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
               int *natural, int *minimum_baseline, int *natural_baseline)
{
    const RkTuneCharts *charts = RK_TUNE_CHARTS(widget);
    const int columns = n_columns(for_size);
    const int rows = (N_CHARTS + columns - 1) / columns;
    int least = WIDTH, unused;
    *minimum_baseline = *natural_baseline = -1;
    for (int i = 0; i < N_CHARTS; i++) // asked, as GTK wants it
        gtk_widget_measure(GTK_WIDGET(charts->view[i]), GTK_ORIENTATION_HORIZONTAL, -1, &least,
                           &unused, NULL, NULL);
    if (orientation == GTK_ORIENTATION_HORIZONTAL) {
        *minimum = MAX(WIDTH, least);
        *natural = N_CHARTS * WIDTH + (N_CHARTS - 1) * GAP;
    } else {
        *minimum = *natural = rows * HEIGHT + (rows - 1) * GAP;
    }
}

static void
charts_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    const RkTuneCharts *charts = RK_TUNE_CHARTS(widget);
    const int columns = n_columns(width);
    const int each = (width - (columns - 1) * GAP) / columns;
    for (int i = 0; i < N_CHARTS; i++) {
        // The last one takes the rest of its line.
        const int column = i % columns, wide = i == N_CHARTS - 1 ? columns - column : 1;
        const GtkAllocation at = {column * (each + GAP), i / columns * (HEIGHT + GAP),
                                  wide * each + (wide - 1) * GAP, HEIGHT};
        gtk_widget_size_allocate(GTK_WIDGET(charts->view[i]), &at, -1);
    }
}

static GtkSizeRequestMode
charts_request_mode(GtkWidget *widget)
{
    return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

// ---- the class -----------------------------------------------------------------------------

static void
charts_dispose(GObject *object)
{
    RkTuneCharts *charts = RK_TUNE_CHARTS(object);
    for (int i = 0; i < N_CHARTS; i++)
        if (charts->view[i] != NULL)
            gtk_widget_unparent(GTK_WIDGET(g_steal_pointer(&charts->view[i])));
    g_clear_object(&charts->list);
    g_clear_pointer(&charts->curves, g_hash_table_unref);
    g_queue_clear(&charts->order);
    G_OBJECT_CLASS(rk_tune_charts_parent_class)->dispose(object);
}

static void
rk_tune_charts_class_init(RkTuneChartsClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = charts_dispose;
    widget->measure = charts_measure;
    widget->size_allocate = charts_allocate;
    widget->get_request_mode = charts_request_mode;
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
rk_tune_charts_init(RkTuneCharts *charts)
{
    charts->curves = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    charts->shown = G_MAXUINT;
    charts->limit_ms = NAN;
    for (int i = 0; i < N_CHARTS; i++) {
        charts->view[i] = RK_CHART_VIEW(rk_chart_view_new());
        gtk_widget_set_parent(GTK_WIDGET(charts->view[i]), GTK_WIDGET(charts));
    }
    make_all(charts);
}

GtkWidget *
rk_tune_charts_new(void)
{
    return g_object_new(RK_TYPE_TUNE_CHARTS, NULL);
}
