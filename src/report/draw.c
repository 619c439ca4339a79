// SPDX-License-Identifier: GPL-3.0-or-later
//
// Grid, axes, legend, marks; the series are in draw_series.c.
#include "report/draw-private.h"

#include <math.h>

static const RkTextStyle MUTED = {.size = RK_TEXT_SMALL, .ink = RK_INK_MUTED};

static RkTextStyle
anchored(RkTextStyle style, RkAnchor anchor)
{
    style.anchor = anchor;
    return style;
}

void
rk_draw_line(RkCanvas *canvas, RkPoint from, RkPoint to, const RkStyle *style)
{
    const RkPoint points[] = {from, to};
    canvas->class->path(canvas, points, 2, FALSE, style);
}

// Half pixels keep lines of 1 px sharp.
static double
sharp(double px)
{
    return floor(px) + 0.5;
}

static void
draw_y_axis(const RkLayout *layout, const RkPanelLayout *p, RkCanvas *canvas)
{
    const RkChartAxis *y = &p->panel->y;
    const RkStyle grid = {.stroke = RK_INK_GRID, .width = 1};
    gboolean rows = y->scale == RK_SCALE_CATEGORY;
    for (guint i = 0; i < p->ticks->len; i++) {
        const RkTick *tick = &g_array_index(p->ticks, RkTick, i);
        double place = rk_axis_place(y, tick->value);
        double at = p->plot.y + (rows ? place : 1 - place) * p->plot.height;
        double left = p->plot.x, right = left + p->plot.width;
        if (!rows && tick->label != NULL)
            rk_draw_line(canvas, (RkPoint){left, sharp(at)}, (RkPoint){right, sharp(at)}, &grid);
        RkTextStyle style = anchored(MUTED, RK_ANCHOR_END);
        if (rows)
            style.ink = RK_INK_TEXT;
        if (tick->label != NULL)
            canvas->class->text(canvas, (RkPoint){left - 7, at + RK_TEXT_SMALL * 0.36}, tick->label,
                                &style);
    }
    if (p->title[0] != '\0')
        canvas->class->text(canvas, (RkPoint){8, p->baseline}, p->title, &MUTED);
}

static void
draw_x_axis(const RkLayout *layout, RkCanvas *canvas)
{
    const RkChartAxis *x = &layout->chart->x;
    const RkStyle grid = {.stroke = RK_INK_GRID, .width = 1};
    const RkStyle axis = {.stroke = RK_INK_AXIS, .width = 1};
    guint last = layout->panels->len - 1;
    for (guint k = 0; k <= last; k++) {
        const RkRect *plot = &rk_layout_panel(layout, k)->plot;
        double bottom = plot->y + plot->height;
        for (guint i = 0; i < layout->x_ticks->len; i++) {
            const RkTick *tick = &g_array_index(layout->x_ticks, RkTick, i);
            double at = sharp(plot->x + rk_axis_place(x, tick->value) * plot->width);
            gboolean cells = x->scale == RK_SCALE_CATEGORY;
            if (tick->label != NULL && !cells)
                rk_draw_line(canvas, (RkPoint){at, plot->y}, (RkPoint){at, bottom}, &grid);
            if (!cells)
                rk_draw_line(canvas, (RkPoint){at, bottom},
                             (RkPoint){at, bottom + (tick->label != NULL ? 5 : 3)}, &axis);
            const RkTextStyle style = anchored(MUTED, RK_ANCHOR_MIDDLE);
            if (k == last && tick->label != NULL)
                canvas->class->text(canvas, (RkPoint){at, layout->x_label_y}, tick->label, &style);
        }
        rk_draw_line(canvas, (RkPoint){plot->x, sharp(bottom)},
                     (RkPoint){plot->x + plot->width, sharp(bottom)}, &axis);
    }
    const RkTextStyle style = anchored(MUTED, RK_ANCHOR_MIDDLE);
    if (layout->x_title[0] != '\0')
        canvas->class->text(canvas, layout->x_title_at, layout->x_title, &style);
}

static void
draw_legend(const RkLayout *layout, RkCanvas *canvas)
{
    for (guint i = 0; i < layout->legend->len; i++) {
        const RkLegendEntry *e = &g_array_index(layout->legend, RkLegendEntry, i);
        RkTextStyle style = {.size = RK_TEXT_SMALL,
                             .ink = e->series->hidden ? RK_INK_MUTED : RK_INK_TEXT};
        rk_draw_swatch(e->series, (RkRect){e->box.x, e->box.y, RK_SWATCH_WIDTH, e->box.height},
                       canvas);
        canvas->class->text(
            canvas, (RkPoint){e->box.x + RK_SWATCH_WIDTH + 6, e->box.y + e->box.height * 0.75},
            e->text, &style);
        if (e->series->hidden) { // struck through, for eyes that don't tell the greys apart
            const RkStyle strike = {.stroke = RK_INK_MUTED, .width = 1};
            const double y = floor(e->box.y + e->box.height * 0.5) + 0.5;
            rk_draw_line(canvas, (RkPoint){e->box.x + RK_SWATCH_WIDTH + 4, y},
                         (RkPoint){e->box.x + e->box.width + 2, y}, &strike);
        }
    }
    if (layout->legend_more != NULL)
        canvas->class->text(canvas, layout->legend_more_at, layout->legend_more, &MUTED);
}

static void
draw_grid(const RkLayout *layout, RkCanvas *canvas)
{
    const RkStyle ground = {.fill = RK_INK_SURFACE};
    const RkTextStyle bold = {.size = RK_TEXT_TITLE, .bold = TRUE, .ink = RK_INK_TEXT};
    canvas->class->rect(canvas, &(RkRect){0, 0, layout->width, layout->height}, &ground);
    if (layout->title != NULL)
        canvas->class->text(canvas, layout->title_at, layout->title, &bold);
    draw_legend(layout, canvas);
    for (guint i = 0; i < layout->note->len; i++)
        canvas->class->text(
            canvas,
            (RkPoint){layout->note_at.x, layout->note_at.y + i * rk_layout_line_height(layout)},
            g_ptr_array_index(layout->note, i), &MUTED);
    if (rk_chart_is_empty(layout->chart))
        return;
    for (guint i = 0; i < layout->panels->len; i++)
        draw_y_axis(layout, rk_layout_panel(layout, i), canvas);
    draw_x_axis(layout, canvas);
}

static void
draw_empty(const RkLayout *layout, RkCanvas *canvas)
{
    const RkPanelLayout *first = rk_layout_panel(layout, 0);
    const RkPanelLayout *last = rk_layout_panel(layout, layout->panels->len - 1);
    RkPoint middle = {layout->width / 2, (first->plot.y + last->plot.y + last->plot.height) / 2};
    const RkTextStyle style = {
        .size = RK_TEXT_SMALL + 2, .ink = RK_INK_MUTED, .anchor = RK_ANCHOR_MIDDLE};
    g_autofree char *text = rk_measure_fit(layout->measure, layout->chart->empty, style.size, FALSE,
                                           layout->width - 16);
    canvas->class->text(canvas, middle, text, &style);
}

static void
draw_mark_lines(const RkLayout *layout, const RkPanelLayout *p, RkCanvas *canvas)
{
    for (guint i = 0; i < p->panel->marks->len; i++) {
        const RkMark *mark = &g_array_index(p->panel->marks, RkMark, i);
        double place =
            rk_axis_place(mark->vertical ? &layout->chart->x : &p->panel->y, mark->value);
        if (!(place >= 0 && place <= 1))
            continue;
        const RkRect *plot = &p->plot;
        const RkStyle style = {.stroke = mark->ink, .width = 1.5, .dash = RK_DASH_LONG};
        double x = plot->x + place * plot->width, y = plot->y + (1 - place) * plot->height;
        if (mark->vertical)
            rk_draw_line(canvas, (RkPoint){x, plot->y}, (RkPoint){x, plot->y + plot->height},
                         &style);
        else
            rk_draw_line(canvas, (RkPoint){plot->x, y}, (RkPoint){plot->x + plot->width, y},
                         &style);
    }
}

static void
draw_labels(const RkPanelLayout *p, RkCanvas *canvas)
{
    const RkStyle leader = {.stroke = RK_INK_AXIS, .width = 0.75};
    for (guint i = 0; i < p->labels->len; i++) {
        const RkPlaced *label = &g_array_index(p->labels, RkPlaced, i);
        RkPoint at = {label->at.x - 3, label->at.y - RK_TEXT_SMALL * 0.36};
        gboolean apart =
            !isnan(label->from.y) && (fabs(at.y - label->from.y) > 3 || at.x - label->from.x > 14);
        if (apart)
            rk_draw_line(canvas, (RkPoint){label->from.x + 3, label->from.y}, at, &leader);
        const RkTextStyle style = {.size = RK_TEXT_SMALL,
                                   .ink = label->ink,
                                   .anchor = label->anchor,
                                   .halo = isnan(label->from.y)};
        canvas->class->text(canvas, label->at, label->text, &style);
    }
}

void
rk_chart_draw(const RkLayout *layout, RkCanvas *canvas, unsigned layers)
{
    gboolean empty = rk_chart_is_empty(layout->chart);
    if (layers & RK_LAYER_GRID)
        draw_grid(layout, canvas);
    if (empty) {
        if (layers & RK_LAYER_MARKS)
            draw_empty(layout, canvas);
        return;
    }
    for (guint i = 0; i < layout->panels->len; i++) {
        const RkPanelLayout *p = rk_layout_panel(layout, i);
        if (layers & RK_LAYER_DATA)
            rk_draw_series(layout, p, FALSE, (layers & RK_LAYER_TAIL) != 0, canvas);
        else if (layers & RK_LAYER_TAIL)
            rk_draw_series(layout, p, TRUE, TRUE, canvas);
        if (layers & RK_LAYER_MARKS) {
            draw_mark_lines(layout, p, canvas);
            draw_labels(p, canvas);
        }
    }
}
