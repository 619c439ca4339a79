// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/hit.h"

#include <math.h>

static RkSeries *
series_at(const RkLayout *layout, guint panel, guint i)
{
    return g_ptr_array_index(rk_layout_panel(layout, panel)->panel->series, i);
}

static gboolean
ascends(const RkSeries *s)
{
    return s->kind == RK_SERIES_LINE || s->kind == RK_SERIES_BAND;
}

static gboolean
inside(const RkRect *r, RkPoint p, double slack)
{
    return p.x >= r->x - slack && p.x <= r->x + r->width + slack && p.y >= r->y - slack &&
           p.y <= r->y + r->height + slack;
}

int
rk_layout_panel_at(const RkLayout *layout, RkPoint px)
{
    for (guint i = 0; i < layout->panels->len; i++)
        if (inside(&rk_layout_panel(layout, i)->plot, px, 0))
            return (int)i;
    return -1;
}

// The middle of what stands for a point.
static RkPoint
middle_of(const RkLayout *layout, const RkPanelLayout *p, const RkSeries *s, gsize i)
{
    RkPoint at = rk_layout_point(layout, p, s->x[i], s->y[i]);
    if (s->kind != RK_SERIES_BINS && s->kind != RK_SERIES_SPANS)
        return at;
    RkPoint from = rk_layout_point(layout, p, s->low[i], s->y[i]);
    return (RkPoint){(at.x + from.x) / 2, at.y};
}

// First index whose x lies at or right of a place in px.
static gsize
first_right_of(const RkLayout *layout, const RkPanelLayout *p, const RkSeries *s, double px)
{
    double value = rk_axis_value(&layout->chart->x, (px - p->plot.x) / p->plot.width);
    gsize from = 0, to = s->n;
    while (from < to) {
        gsize middle = from + (to - from) / 2;
        if (s->x[middle] < value)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

// Squared distance from px to a point, 0 inside a bar, bin or cell; infinite when it isn't shown.
static double
distance(const RkLayout *layout, const RkPanelLayout *p, const RkSeries *s, gsize i, RkPoint px)
{
    RkPoint at = rk_layout_point(layout, p, s->x[i], s->y[i]);
    if (isnan(at.y) || !inside(&p->plot, at, 6))
        return INFINITY;
    if (s->kind == RK_SERIES_CELLS) {
        double w = p->plot.width / MAX(layout->chart->x.hi - layout->chart->x.lo, 1);
        double h = p->plot.height / MAX(p->panel->y.hi - p->panel->y.lo, 1);
        return fabs(px.x - at.x) <= w / 2 && fabs(px.y - at.y) <= h / 2 ? 0 : INFINITY;
    }
    if (s->kind == RK_SERIES_SPANS || s->kind == RK_SERIES_BINS) {
        RkPoint from = rk_layout_point(layout, p, s->low[i], s->y[i]);
        double row = p->plot.height / MAX(p->panel->y.hi - p->panel->y.lo, 1);
        gboolean across = px.x >= MIN(from.x, at.x) && px.x <= MAX(from.x, at.x);
        gboolean up =
            s->kind == RK_SERIES_SPANS ? fabs(px.y - at.y) <= row / 2 : inside(&p->plot, px, 0);
        return across && up ? 0 : INFINITY;
    }
    double dx = at.x - px.x, dy = at.y - px.y;
    double away = MAX(0, sqrt(dx * dx + dy * dy) -
                             (s->kind == RK_SERIES_POINTS ? rk_layout_radius(p, s, i) : 0));
    return away * away;
}

// Nearest of one series; TRUE when it is nearer than *best.
static gboolean
nearest(const RkLayout *layout, guint panel, const RkSeries *s, RkPoint px, double reach,
        double *best, RkHit *hit)
{
    const RkPanelLayout *p = rk_layout_panel(layout, panel);
    gsize from = 0, to = s->n;
    gboolean found = FALSE;
    if (ascends(s)) {
        from = first_right_of(layout, p, s, px.x - reach);
        to = first_right_of(layout, p, s, px.x + reach + 1);
    }
    for (gsize i = from; i < to; i++) {
        double d = distance(layout, p, s, i, px);
        if (d < *best) {
            *best = d;
            *hit = (RkHit){s, panel, i, middle_of(layout, p, s, i)};
            found = TRUE;
        }
    }
    return found;
}

gboolean
rk_layout_hit(const RkLayout *layout, RkPoint px, double reach, RkHit *hit)
{
    gboolean found = FALSE;
    double best = reach * reach;
    *hit = (RkHit){0};
    for (guint panel = 0; panel < layout->panels->len; panel++) {
        const RkPanelLayout *p = rk_layout_panel(layout, panel);
        if (!inside(&p->plot, px, reach))
            continue;
        for (guint i = p->panel->series->len; i-- > 0;) { // what is drawn last lies on top
            const RkSeries *s = series_at(layout, panel, i);
            if (!s->hidden)
                found |= nearest(layout, panel, s, px, reach, &best, hit);
        }
    }
    return found;
}

GArray *
rk_layout_hits_at_x(const RkLayout *layout, guint panel, double px)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(RkHit));
    const RkPanelLayout *p = rk_layout_panel(layout, panel);
    for (guint i = 0; i < p->panel->series->len; i++) {
        const RkSeries *s = series_at(layout, panel, i);
        if (s->hidden || !ascends(s) || s->n == 0)
            continue;
        gsize right = first_right_of(layout, p, s, px);
        gsize left = right > 0 ? right - 1 : 0;
        right = MIN(right, s->n - 1);
        double to_left = fabs(rk_layout_point(layout, p, s->x[left], s->y[left]).x - px);
        double to_right = fabs(rk_layout_point(layout, p, s->x[right], s->y[right]).x - px);
        gsize at = !(to_left <= to_right) ? right : left; // NaN: what can't be shown loses
        RkHit hit = {s, panel, at, rk_layout_point(layout, p, s->x[at], s->y[at])};
        if (!isnan(hit.at.y))
            g_array_append_val(hits, hit);
    }
    return hits;
}

static gboolean
is_seen(const RkLayout *layout, guint panel, const RkSeries *s, gsize i, RkHit *hit)
{
    const RkPanelLayout *p = rk_layout_panel(layout, panel);
    RkPoint at = middle_of(layout, p, s, i);
    if (isnan(at.y) || !inside(&p->plot, at, 1))
        return FALSE;
    *hit = (RkHit){s, panel, i, at};
    return TRUE;
}

static gboolean
first_seen(const RkLayout *layout, RkHit *hit)
{
    for (guint panel = 0; panel < layout->panels->len; panel++)
        for (guint i = 0; i < rk_layout_panel(layout, panel)->panel->series->len; i++) {
            const RkSeries *s = series_at(layout, panel, i);
            for (gsize k = 0; !s->hidden && k < s->n; k++)
                if (is_seen(layout, panel, s, k, hit))
                    return TRUE;
        }
    return FALSE;
}

gboolean
rk_layout_step(const RkLayout *layout, int direction, RkHit *hit)
{
    if (hit->series == NULL)
        return first_seen(layout, hit);
    const RkSeries *s = hit->series;
    gsize i = hit->index;
    while (direction > 0 ? i + 1 < s->n : i > 0) {
        i = direction > 0 ? i + 1 : i - 1;
        if (is_seen(layout, hit->panel, s, i, hit))
            return TRUE;
    }
    return FALSE;
}

gboolean
rk_layout_step_series(const RkLayout *layout, int direction, RkHit *hit)
{
    if (hit->series == NULL)
        return first_seen(layout, hit);
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(RkHit));
    guint at = 0;
    for (guint panel = 0; panel < layout->panels->len; panel++)
        for (guint i = 0; i < rk_layout_panel(layout, panel)->panel->series->len; i++) {
            RkHit each = {.series = series_at(layout, panel, i), .panel = panel};
            if (each.series == hit->series)
                at = order->len;
            g_array_append_val(order, each);
        }
    for (guint k = 1; k < order->len; k++) {
        guint next = (at + (direction > 0 ? k : order->len - k)) % order->len;
        const RkHit *each = &g_array_index(order, RkHit, next);
        const RkSeries *s = each->series;
        if (s->hidden || s->n == 0)
            continue;
        gsize from = ascends(s) ? MIN(first_right_of(layout, rk_layout_panel(layout, each->panel),
                                                     s, hit->at.x - 0.5),
                                      s->n - 1)
                                : 0;
        for (gsize i = 0; i < s->n; i++)
            if (is_seen(layout, each->panel, s, (from + i) % s->n, hit))
                return TRUE;
    }
    return FALSE;
}

char *
rk_hit_text(const RkLayout *layout, const RkHit *hit)
{
    g_return_val_if_fail(hit->series != NULL, NULL);
    return rk_point_text(layout->chart, rk_layout_panel(layout, hit->panel)->panel, hit->series,
                         hit->index);
}
