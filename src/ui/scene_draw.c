// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing the trade-off space on a canvas: the three walls behind the data with their grid, ticks
// and titles on the outer edges, a stem from each point of the front to the floor, and the points
// from the farthest to the nearest, smaller and paler with distance.
#include "ui/scene.h"

#include <math.h>

#define TEXT        11.0
#define N_TICKS     5.0
#define RADIUS      5.0 // px of a point in the middle of the box
#define LABEL_SPACE 12.0
#define TITLE_SPACE 6.0 // between tick labels and the title

typedef struct {
    const RkScene *scene;
    const RkView *view;
    RkCanvas *canvas;
    double side[3]; // -0.5 or 0.5 in each direction: where the walls behind the data are
} Drawing;

// Which axis of the scene a direction of the box shows, and back to a place in it.
static const int AXIS_OF[3] = {RK_SCENE_LATENCY, RK_SCENE_ACCURACY, RK_SCENE_THROUGHPUT};

static double
place_of(const RkChartAxis *axis, int direction, double value)
{
    const double place = rk_axis_place(axis, value);
    return direction == 2 ? 0.5 - place : place - 0.5;
}

static void
line(const Drawing *d, const double a[3], const double b[3], const RkStyle *style)
{
    const RkProjected p = rk_view_project(d->view, a), q = rk_view_project(d->view, b);
    const RkPoint points[] = {{p.x, p.y}, {q.x, q.y}};
    if (!isnan(p.x) && !isnan(q.x))
        d->canvas->class->path(d->canvas, points, 2, FALSE, style);
}

// ---- walls ---------------------------------------------------------------------------------

// Grid lines of one direction on the two walls that it runs along.
static void
grid(const Drawing *d, int direction)
{
    static const RkStyle GRID = {.stroke = RK_INK_GRID, .width = 1};
    const RkChartAxis *axis = &d->scene->axis[AXIS_OF[direction]];
    g_autoptr(GArray) ticks = rk_axis_ticks(axis, N_TICKS);
    const int u = (direction + 1) % 3, v = (direction + 2) % 3;
    for (guint i = 0; i < ticks->len; i++) {
        const RkTick *tick = &g_array_index(ticks, RkTick, i);
        double a[3], b[3];
        if (tick->label == NULL)
            continue;
        a[direction] = b[direction] = place_of(axis, direction, tick->value);
        a[u] = b[u] = d->side[u];
        a[v] = -0.5;
        b[v] = 0.5;
        line(d, a, b, &GRID);
        a[v] = b[v] = d->side[v];
        a[u] = -0.5;
        b[u] = 0.5;
        line(d, a, b, &GRID);
    }
}

static void
walls(const Drawing *d)
{
    static const RkStyle EDGE = {.stroke = RK_INK_AXIS, .width = 1};
    for (int k = 0; k < 3; k++)
        grid(d, k);
    for (int k = 0; k < 3; k++) { // the edges of the three walls
        const int u = (k + 1) % 3, v = (k + 2) % 3;
        for (int e = 0; e < 4; e++) {
            double a[3], b[3];
            a[u] = b[u] = e & 1 ? 0.5 : -0.5;
            a[v] = b[v] = e & 2 ? 0.5 : -0.5;
            if (a[u] != d->side[u] && a[v] != d->side[v])
                continue; // in front of the data
            a[k] = -0.5;
            b[k] = 0.5;
            line(d, a, b, &EDGE);
        }
    }
}

// ---- ticks ---------------------------------------------------------------------------------

// Of the edges along a direction the one that is outside of all others: the lowest of floor or
// ceiling's, the leftmost upright one.
static void
outer_edge(const Drawing *d, int direction, double at[3])
{
    const int u = (direction + 1) % 3, v = (direction + 2) % 3;
    double best = -INFINITY;
    for (int e = 0; e < 4; e++) {
        double middle[3];
        middle[direction] = 0;
        middle[u] = e & 1 ? 0.5 : -0.5;
        middle[v] = e & 2 ? 0.5 : -0.5;
        const RkProjected p = rk_view_project(d->view, middle);
        // An edge where a wall meets the open: ticks on others would lie in front of the data.
        const gboolean border = (middle[u] == d->side[u]) != (middle[v] == d->side[v]);
        const double score = direction == 1 ? -p.x : p.y;
        if (border && score > best) {
            best = score;
            at[u] = middle[u];
            at[v] = middle[v];
        }
    }
}

// A text `space` px away from the box's middle, beside a place of an edge.
static void
beside(const Drawing *d, const double at[3], RkPoint away, double space, const char *text,
       gboolean bold)
{
    const RkProjected p = rk_view_project(d->view, at);
    const RkPoint to = {p.x + away.x * space, p.y + away.y * space + TEXT * 0.35};
    const RkTextStyle style = {.size = TEXT,
                               .bold = bold,
                               .ink = bold ? RK_INK_TEXT : RK_INK_MUTED,
                               .anchor = away.x > 0.35    ? RK_ANCHOR_START
                                         : away.x < -0.35 ? RK_ANCHOR_END
                                                          : RK_ANCHOR_MIDDLE,
                               .halo = TRUE};
    if (!isnan(p.x))
        d->canvas->class->text(d->canvas, to, text, &style);
}

// A title beyond tick labels of a width, kept inside of the picture: no corner of it is nearer to
// the edge than the labels are far.
static void
title_beside(const Drawing *d, const double at[3], RkPoint away, double widest, const char *text)
{
    const RkProjected p = rk_view_project(d->view, at);
    const double half = rk_measure_width(d->canvas->measure, text, TEXT, TRUE) / 2;
    const double space =
        LABEL_SPACE + TITLE_SPACE + (widest + half) * fabs(away.x) + 1.5 * TEXT * fabs(away.y);
    const RkTextStyle style = {
        .size = TEXT, .bold = TRUE, .ink = RK_INK_TEXT, .anchor = RK_ANCHOR_MIDDLE, .halo = TRUE};
    const double x =
        fmin(fmax(p.x + away.x * space, half + 4), fmax(d->view->width - half - 4, half + 4));
    const double y = fmin(fmax(p.y + away.y * space + TEXT * 0.35, TEXT + 4), d->view->height - 6);
    if (!isnan(p.x))
        d->canvas->class->text(d->canvas, (RkPoint){x, y}, text, &style);
}

// Away from the middle of the box, at right angles to the edge.
static RkPoint
outwards(const Drawing *d, const double edge[3], int direction)
{
    double a[3] = {edge[0], edge[1], edge[2]}, b[3] = {edge[0], edge[1], edge[2]};
    static const double MIDDLE[3] = {0};
    a[direction] = -0.5;
    b[direction] = 0.5;
    const RkProjected p = rk_view_project(d->view, a), q = rk_view_project(d->view, b);
    const RkProjected m = rk_view_project(d->view, MIDDLE);
    RkPoint normal = {p.y - q.y, q.x - p.x};
    const double length = hypot(normal.x, normal.y);
    if (!(length > 1e-6))
        return (RkPoint){0, 1};
    const double sign =
        normal.x * ((p.x + q.x) / 2 - m.x) + normal.y * ((p.y + q.y) / 2 - m.y) < 0 ? -1 : 1;
    return (RkPoint){sign * normal.x / length, sign * normal.y / length};
}

static void
ticks(const Drawing *d, int direction)
{
    static const RkStyle TICK = {.stroke = RK_INK_AXIS, .width = 1};
    const RkChartAxis *axis = &d->scene->axis[AXIS_OF[direction]];
    g_autoptr(GArray) all = rk_axis_ticks(axis, N_TICKS);
    g_autofree char *title = rk_axis_full_title(axis);
    double at[3], widest = 0;
    outer_edge(d, direction, at);
    const RkPoint away = outwards(d, at, direction);
    for (guint i = 0; i < all->len; i++) {
        const RkTick *tick = &g_array_index(all, RkTick, i);
        if (tick->label == NULL)
            continue;
        at[direction] = place_of(axis, direction, tick->value);
        const RkProjected p = rk_view_project(d->view, at);
        const RkPoint mark[] = {{p.x, p.y}, {p.x + away.x * 5, p.y + away.y * 5}};
        if (isnan(p.x))
            continue;
        d->canvas->class->path(d->canvas, mark, 2, FALSE, &TICK);
        beside(d, at, away, LABEL_SPACE, tick->label, FALSE);
        widest = fmax(widest, rk_measure_width(d->canvas->measure, tick->label, TEXT, FALSE));
    }
    at[direction] = 0;
    title_beside(d, at, away, widest, title);
}

// ---- points --------------------------------------------------------------------------------

// From the point straight down, so that the eye finds its place on the floor.
static void
stem(const Drawing *d, const double at[3], gboolean strong)
{
    const RkStyle style = {.stroke = strong ? RK_INK_NEUTRAL : RK_INK_GRID,
                           .width = 1,
                           .dash = strong ? RK_DASH_NONE : RK_DASH_DOT};
    const double floor[3] = {at[0], -0.5, at[2]};
    const RkProjected foot = rk_view_project(d->view, floor);
    line(d, at, floor, &style);
    if (!isnan(foot.x))
        d->canvas->class->marker(d->canvas, RK_MARKER_CROSS, (RkPoint){foot.x, foot.y},
                                 2.5 * foot.radius, &style);
}

// The front is filled diamonds, the rest circles, what isn't valid is hollow.
static void
point(const Drawing *d, guint index, gboolean cursor)
{
    const RkScenePoint *p = &g_array_index(d->scene->points, RkScenePoint, index);
    double at[3];
    rk_scene_place(d->scene, index, at);
    const RkProjected to = rk_view_project(d->view, at);
    const double radius = RADIUS * to.radius * (p->on_front ? 1.35 : 1);
    const RkInk ink = p->on_front ? RK_INK_SERIES + 1 : RK_INK_SERIES;
    const RkStyle style = {.stroke = p->valid ? RK_INK_SURFACE : ink,
                           .fill = p->valid ? ink : RK_INK_NONE,
                           .width = p->valid ? 1 : 1.5,
                           .fill_alpha = 1 - 0.55 * to.depth}; // what is far is paler
    const RkStyle ring = {.stroke = RK_INK_TEXT, .width = 1.5};
    const RkPoint middle = {to.x, to.y};
    d->canvas->class->marker(d->canvas, p->on_front ? RK_MARKER_DIAMOND : RK_MARKER_CIRCLE, middle,
                             radius, &style);
    if (p->recommended || cursor)
        d->canvas->class->marker(d->canvas, RK_MARKER_CIRCLE, middle, radius + (cursor ? 5 : 3),
                                 &ring);
    if (p->base)
        d->canvas->class->marker(d->canvas, RK_MARKER_SQUARE, middle, radius + 4, &ring);
}

static void
points(const Drawing *d, int cursor)
{
    g_autoptr(GArray) order = rk_scene_order(d->scene, d->view);
    double at[3];
    for (guint i = 0; i < order->len; i++) {
        const guint index = g_array_index(order, guint, i);
        const gboolean strong = (int)index == cursor;
        const RkScenePoint *p = &g_array_index(d->scene->points, RkScenePoint, index);
        rk_scene_place(d->scene, index, at);
        if (strong || p->on_front || p->base)
            stem(d, at, strong);
    }
    for (guint i = 0; i < order->len; i++) {
        const guint index = g_array_index(order, guint, i);
        point(d, index, (int)index == cursor);
    }
}

// ---- the key -------------------------------------------------------------------------------

static void
key(const Drawing *d)
{
    static const struct {
        RkMarker marker;
        gboolean front, outline;
        const char *text;
    } ENTRIES[] = {{RK_MARKER_DIAMOND, TRUE, FALSE, "on the Pareto front"},
                   {RK_MARKER_CIRCLE, FALSE, FALSE, "another trial"},
                   {RK_MARKER_CIRCLE, FALSE, TRUE, "recommended"},
                   {RK_MARKER_SQUARE, FALSE, TRUE, "the base"}};
    gboolean recommended = FALSE;
    const RkTextStyle text = {
        .size = TEXT, .ink = RK_INK_TEXT, .anchor = RK_ANCHOR_START, .halo = TRUE};
    double x = 14, y = 18;
    for (guint i = 0; i < d->scene->points->len; i++)
        recommended |= g_array_index(d->scene->points, RkScenePoint, i).recommended;
    for (size_t i = 0; i < G_N_ELEMENTS(ENTRIES); i++) {
        if (i == 2 && !recommended)
            continue;
        const RkInk ink = ENTRIES[i].front ? RK_INK_SERIES + 1 : RK_INK_SERIES;
        const RkStyle filled = {.fill = ink};
        const RkStyle outline = {.stroke = RK_INK_TEXT, .width = 1.5};
        const double width =
            rk_measure_width(d->canvas->measure, ENTRIES[i].text, TEXT, FALSE) + 34;
        if (x > 14 && x + width > d->view->width) { // the next line
            x = 14;
            y += TEXT * 1.7;
        }
        d->canvas->class->marker(d->canvas, ENTRIES[i].marker, (RkPoint){x, y - TEXT * 0.35},
                                 RADIUS, ENTRIES[i].outline ? &outline : &filled);
        d->canvas->class->text(d->canvas, (RkPoint){x + 12, y}, ENTRIES[i].text, &text);
        x += width;
    }
}

void
rk_scene_draw(const RkScene *scene, const RkView *view, int cursor, RkCanvas *canvas)
{
    Drawing d = {.scene = scene, .view = view, .canvas = canvas};
    const RkRect all = {0, 0, view->width, view->height};
    const RkStyle surface = {.fill = RK_INK_SURFACE};
    for (int k = 0; k < 3; k++)
        d.side[k] = view->eye[k] > 0 ? -0.5 : 0.5;
    canvas->class->rect(canvas, &all, &surface);
    if (scene->points->len == 0)
        return;
    canvas->class->clip(canvas, &all);
    walls(&d);
    for (int k = 0; k < 3; k++)
        ticks(&d, k);
    points(&d, cursor);
    key(&d);
    canvas->class->unclip(canvas);
}
