// SPDX-License-Identifier: GPL-3.0-or-later
//
// The cursor: a crosshair, rings around the points there, and their exact values, all as plain
// nodes over what is kept.
#include "ui/chart_plot-private.h"

#include <glib/gi18n.h>
#include <math.h>

#define TIP_PAD   8.0
#define TIP_GAP   14.0 // px between cursor and tip
#define SWATCH    12.0 // px of the colour before a line of the tip
#define MAX_LINES 12u  // of the tip
#define SAME_X    24.0 // px that points may lie apart and still be told together
#define RING      5.0

static gboolean
is_line(const RkSeries *s)
{
    return s->kind == RK_SERIES_LINE || s->kind == RK_SERIES_BAND;
}

static void
append_axis_value(GString *out, const RkChartAxis *axis, double value)
{
    if (axis->scale == RK_SCALE_CATEGORY) {
        if (value >= 0 && value < axis->categories->len)
            g_string_append(out, g_ptr_array_index(axis->categories, (guint)value));
        return;
    }
    g_autofree char *text = rk_quantity(value, axis->unit);
    if (axis->title[0] != '\0')
        g_string_append_printf(out, "%s ", axis->title);
    g_string_append(out, text);
}

// Plain numbers have two digits more than on an axis, where the picture tells the rest.
static char *
exact(double value, RkUnit unit)
{
    if (unit == RK_UNIT_NONE && isfinite(value))
        return g_strdup_printf("%.5g", value);
    return rk_quantity(value, unit);
}

static void
append_hit(GString *out, const RkPanel *panel, const RkHit *hit)
{
    const RkSeries *s = hit->series;
    const char *name = s->name[0] != '\0' ? s->name : panel->y.title;
    g_autofree char *value =
        s->kind == RK_SERIES_BAND
            ? rk_quantity_range(s->low[hit->index], s->y[hit->index], panel->y.unit)
            : exact(s->y[hit->index], panel->y.unit);
    g_string_append_printf(out, "\n%s: %s", name, value);
}

// The points of every line at the cursor's x, whichever panel they are in.
static void
collect(RkChartPlot *plot)
{
    for (guint p = 0; p < plot->layout->panels->len; p++) {
        g_autoptr(GArray) hits = rk_layout_hits_at_x(plot->layout, p, plot->hit.at.x);
        for (guint i = 0; i < hits->len; i++) {
            const RkHit *hit = &g_array_index(hits, RkHit, i);
            if (fabs(hit->at.x - plot->hit.at.x) <= SAME_X)
                g_array_append_vals(plot->hits, hit, 1);
        }
    }
}

static char *
text_of(RkChartPlot *plot)
{
    const RkHit *hit = &plot->hit;
    plot->tip_header = 0;
    if (!is_line(hit->series))
        return rk_hit_text(plot->layout, hit);
    collect(plot);
    GString *out = g_string_new(NULL);
    append_axis_value(out, &plot->chart->x, hit->series->x[hit->index]);
    plot->tip_header = 1;
    const guint n = plot->hits->len > MAX_LINES ? MAX_LINES - 1 : plot->hits->len;
    for (guint i = 0; i < n; i++) {
        const RkHit *each = &g_array_index(plot->hits, RkHit, i);
        append_hit(out, rk_chart_panel(plot->chart, each->panel), each);
    }
    if (n < plot->hits->len)
        g_string_append_printf(out, ngettext("\n+ %u more", "\n+ %u more", plot->hits->len - n),
                               plot->hits->len - n);
    return g_string_free(out, FALSE);
}

static void
describe(RkChartPlot *plot)
{
    const char *title = plot->chart != NULL ? plot->chart->title : "";
    const char *summary = plot->chart != NULL ? plot->chart->summary : "";
    g_autofree char *line = plot->tip != NULL ? g_strdup(plot->tip) : NULL;
    if (line != NULL)
        g_strdelimit(line, "\n", ' ');
    gtk_accessible_update_property(GTK_ACCESSIBLE(plot), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                   GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                   line != NULL ? line : summary, -1);
}

void
rk_chart_plot_point_at(RkChartPlot *plot, const RkHit *hit)
{
    const gboolean same = hit->series == plot->hit.series && hit->index == plot->hit.index &&
                          hit->at.x == plot->hit.at.x && hit->at.y == plot->hit.at.y;
    if (same && hit->series != NULL)
        return;
    plot->hit = *hit;
    g_array_set_size(plot->hits, 0);
    g_clear_pointer(&plot->tip, g_free);
    g_clear_object(&plot->tip_layout);
    if (hit->series != NULL && plot->layout != NULL)
        plot->tip = text_of(plot);
    describe(plot);
    gtk_widget_queue_draw(GTK_WIDGET(plot));
}

const char *
rk_chart_plot_tip(RkChartPlot *plot)
{
    return plot->tip;
}

// ---- drawing -------------------------------------------------------------------------------

static GdkRGBA
color(const RkChartPlot *plot, RkInk ink, float alpha)
{
    const guint32 c = rk_theme_color(plot->theme, ink);
    return (GdkRGBA){(float)(c >> 16) / 255, (float)(c >> 8 & 255) / 255, (float)(c & 255) / 255,
                     alpha};
}

static void
append_ring(RkChartPlot *plot, GtkSnapshot *snapshot, const RkHit *hit, double radius)
{
    const GdkRGBA ink = color(plot, rk_series_ink(hit->series), 1);
    const GdkRGBA ground = color(plot, RK_INK_SURFACE, 1);
    const float widths[4] = {2, 2, 2, 2};
    const GdkRGBA inks[4] = {ink, ink, ink, ink};
    graphene_rect_t box =
        GRAPHENE_RECT_INIT((float)(hit->at.x - radius), (float)(hit->at.y - radius),
                           (float)radius * 2, (float)radius * 2);
    GskRoundedRect circle;
    gsk_rounded_rect_init_from_rect(&circle, &box, (float)radius);
    gtk_snapshot_push_rounded_clip(snapshot, &circle);
    gtk_snapshot_append_color(snapshot, &ground, &box);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_append_border(snapshot, &circle, widths, inks);
}

static void
append_crosshair(RkChartPlot *plot, GtkSnapshot *snapshot)
{
    const GdkRGBA ink = color(plot, RK_INK_AXIS, 1);
    for (guint p = 0; p < plot->layout->panels->len; p++) {
        const RkRect *box = &rk_layout_panel(plot->layout, p)->plot;
        gtk_snapshot_append_color(snapshot, &ink,
                                  &GRAPHENE_RECT_INIT((float)floor(plot->hit.at.x), (float)box->y,
                                                      1, (float)box->height));
    }
}

// The colour of each line of the tip.
static void
append_swatches(RkChartPlot *plot, GtkSnapshot *snapshot, float x, float y)
{
    PangoLayoutIter *iter = pango_layout_get_iter(plot->tip_layout);
    guint line = 0;
    do {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(iter, NULL, &box);
        if (line >= plot->tip_header && line - plot->tip_header < plot->hits->len &&
            line < MAX_LINES) {
            const RkHit *hit = &g_array_index(plot->hits, RkHit, line - plot->tip_header);
            const GdkRGBA ink = color(plot, rk_series_ink(hit->series), 1);
            const float middle = y + (float)(box.y + box.height / 2) / PANGO_SCALE;
            gtk_snapshot_append_color(snapshot, &ink,
                                      &GRAPHENE_RECT_INIT(x, middle - 1.5F, (float)SWATCH - 4, 3));
        }
        line++;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

static void
append_tip(RkChartPlot *plot, GtkSnapshot *snapshot)
{
    const double indent = plot->hits->len > 0 ? SWATCH : 0;
    const double most = MAX(plot->width - 4 * TIP_PAD, 60);
    int width, height;
    if (plot->tip_layout == NULL) {
        plot->tip_layout = gtk_widget_create_pango_layout(GTK_WIDGET(plot), plot->tip);
        pango_layout_get_pixel_size(plot->tip_layout, &width, NULL);
        if (width + indent > most)
            pango_layout_set_width(plot->tip_layout, (int)((most - indent) * PANGO_SCALE));
        pango_layout_set_wrap(plot->tip_layout, PANGO_WRAP_WORD_CHAR);
    }
    pango_layout_get_pixel_size(plot->tip_layout, &width, &height);
    const double w = width + indent + 2 * TIP_PAD, h = height + 2 * TIP_PAD;
    double x = plot->hit.at.x + TIP_GAP, y = plot->hit.at.y - h / 2;
    if (x + w > plot->width - 2)
        x = plot->hit.at.x - TIP_GAP - w;
    x = CLAMP(x, 2, MAX(plot->width - w - 2, 2));
    y = CLAMP(y, 2, MAX(plot->height - h - 2, 2));
    const graphene_rect_t box = GRAPHENE_RECT_INIT((float)x, (float)y, (float)w, (float)h);
    const GdkRGBA ground = color(plot, RK_INK_SURFACE, 0.94F);
    const GdkRGBA edge = color(plot, RK_INK_AXIS, 1), ink = color(plot, RK_INK_TEXT, 1);
    const GdkRGBA edges[4] = {edge, edge, edge, edge};
    const float widths[4] = {1, 1, 1, 1};
    GskRoundedRect rounded;
    gsk_rounded_rect_init_from_rect(&rounded, &box, 6);
    gtk_snapshot_push_rounded_clip(snapshot, &rounded);
    gtk_snapshot_append_color(snapshot, &ground, &box);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_append_border(snapshot, &rounded, widths, edges);
    append_swatches(plot, snapshot, (float)(x + TIP_PAD), (float)(y + TIP_PAD));
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(
        snapshot, &GRAPHENE_POINT_INIT((float)(x + TIP_PAD + indent), (float)(y + TIP_PAD)));
    gtk_snapshot_append_layout(snapshot, plot->tip_layout, &ink);
    gtk_snapshot_restore(snapshot);
}

static void
append_box(RkChartPlot *plot, GtkSnapshot *snapshot)
{
    const graphene_rect_t box = GRAPHENE_RECT_INIT((float)plot->box.x, (float)plot->box.y,
                                                   (float)plot->box.width, (float)plot->box.height);
    const GdkRGBA ground = color(plot, RK_INK_SERIES, 0.18F);
    const GdkRGBA edge = color(plot, RK_INK_SERIES, 1);
    const GdkRGBA edges[4] = {edge, edge, edge, edge};
    const float widths[4] = {1, 1, 1, 1};
    GskRoundedRect outline;
    gsk_rounded_rect_init_from_rect(&outline, &box, 0);
    gtk_snapshot_append_color(snapshot, &ground, &box);
    gtk_snapshot_append_border(snapshot, &outline, widths, edges);
}

void
rk_chart_plot_snapshot_tip(RkChartPlot *plot, GtkSnapshot *snapshot)
{
    if (plot->box.width > 0)
        append_box(plot, snapshot);
    if (plot->tip == NULL)
        return;
    if (plot->hits->len > 0)
        append_crosshair(plot, snapshot);
    for (guint i = 0; i < plot->hits->len; i++) {
        const RkHit *hit = &g_array_index(plot->hits, RkHit, i);
        append_ring(plot, snapshot, hit, hit->series == plot->hit.series ? RING + 1 : RING - 1);
    }
    if (plot->hits->len == 0)
        append_ring(plot, snapshot, &plot->hit, RING + 1);
    append_tip(plot, snapshot);
}
