// SPDX-License-Identifier: GPL-3.0-or-later
//
// Texts inside the plots. Names at lines' ends are spread until none covers another; names of
// points take the first free place around their point, and go without when there is none.
#include "report/layout-private.h"

#include <math.h>

static void
add(RkPanelLayout *panel, RkPoint at, char *text, RkAnchor anchor, RkInk ink, RkPoint from)
{
    RkPlaced placed = {at, text, anchor, ink, from};
    g_array_append_val(panel->labels, placed);
}

// ---- at the ends of lines ------------------------------------------------------------------

typedef struct {
    const RkSeries *series;
    RkPoint end;
    double y; // middle of the text
} End;

static int
compare_ends(gconstpointer a, gconstpointer b)
{
    const End *p = a, *q = b;
    return p->y < q->y ? -1 : p->y > q->y;
}

static gboolean
last_point(const RkLayout *layout, const RkPanelLayout *panel, const RkSeries *s, RkPoint *end)
{
    for (gsize k = s->n; k-- > 0;) {
        RkPoint p = rk_layout_point(layout, panel, s->x[k], s->y[k]);
        if (!isnan(p.y) && p.x <= panel->plot.x + panel->plot.width + 0.5 && p.x >= panel->plot.x) {
            *end = p;
            return TRUE;
        }
    }
    return FALSE;
}

static GArray *
line_ends(const RkLayout *layout, const RkPanelLayout *panel)
{
    GArray *ends = g_array_new(FALSE, FALSE, sizeof(End));
    double top = panel->plot.y, bottom = top + panel->plot.height;
    for (guint i = 0; i < panel->panel->series->len; i++) {
        const RkSeries *s = g_ptr_array_index(panel->panel->series, i);
        End end = {.series = s};
        if (s->kind != RK_SERIES_LINE || s->quiet || s->hidden ||
            !last_point(layout, panel, s, &end.end))
            continue;
        end.y = CLAMP(end.end.y, top, bottom);
        g_array_append_val(ends, end);
    }
    g_array_sort(ends, compare_ends);
    return ends;
}

// Down until none overlap, then up from the bottom.
static void
spread(GArray *ends, double top, double bottom, double height)
{
    for (guint i = 0; i < ends->len; i++) {
        End *end = &g_array_index(ends, End, i);
        double least = i > 0 ? g_array_index(ends, End, i - 1).y + height : top;
        end->y = MAX(end->y, least);
    }
    for (guint i = ends->len; i-- > 0;) {
        End *end = &g_array_index(ends, End, i);
        double most = i + 1 < ends->len ? g_array_index(ends, End, i + 1).y - height : bottom;
        end->y = MIN(end->y, most);
    }
}

static void
label_lines(RkLayout *layout, RkPanelLayout *panel)
{
    g_autoptr(GArray) ends = line_ends(layout, panel);
    double line = rk_layout_line_height(layout);
    double right = panel->plot.x + panel->plot.width;
    spread(ends, panel->plot.y, panel->plot.y + panel->plot.height, line);
    for (guint i = 0; i < ends->len; i++) {
        const End *end = &g_array_index(ends, End, i);
        char *text = rk_measure_fit(layout->measure, end->series->name, RK_TEXT_SMALL, FALSE,
                                    layout->width - right - 14);
        add(panel, (RkPoint){right + 10, end->y + RK_TEXT_SMALL * 0.36}, text, RK_ANCHOR_START,
            RK_INK_TEXT, (RkPoint){end->end.x, end->end.y});
    }
}

// ---- at points -----------------------------------------------------------------------------

static gboolean
overlap(const RkRect *a, const RkRect *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

typedef struct {
    RkLayout *layout;
    RkPanelLayout *panel;
    GArray *taken; // of RkRect
    GArray *lines; // of RkRect: the marks, which a text may cross where there is no better place
} Room;

static gboolean
is_crossed(const Room *room, const RkRect *box)
{
    for (guint i = 0; i < room->lines->len; i++)
        if (overlap(box, &g_array_index(room->lines, RkRect, i)))
            return TRUE;
    return FALSE;
}

static gboolean
is_free(const Room *room, const RkRect *box)
{
    const RkRect *plot = &room->panel->plot;
    if (box->x < plot->x || box->y < plot->y - 4 ||
        box->x + box->width > plot->x + plot->width + 6 ||
        box->y + box->height > plot->y + plot->height)
        return FALSE;
    for (guint i = 0; i < room->taken->len; i++)
        if (overlap(box, &g_array_index(room->taken, RkRect, i)))
            return FALSE;
    return TRUE;
}

// What a point takes, with the ring around it.
static double
reach_of(const RkPanelLayout *panel, const RkSeries *s, gsize k)
{
    gboolean ring = s->flags != NULL && (s->flags[k] & RK_POINT_OUTLINE);
    return rk_layout_radius(panel, s, k) + (ring ? 5 : 0);
}

static void
take_points(Room *room, const RkSeries *s)
{
    for (gsize k = 0; k < s->n; k++) {
        RkPoint p = rk_layout_point(room->layout, room->panel, s->x[k], s->y[k]);
        double r = reach_of(room->panel, s, k);
        RkRect box = {p.x - r, p.y - r, 2 * r, 2 * r};
        if (!isnan(p.y))
            g_array_append_val(room->taken, box);
    }
}

// Right, left, above, below; clear of the marks' lines if there is such a place.
static void
label_point(Room *room, const RkSeries *s, gsize k)
{
    static const struct {
        double dx, dy, shift; // from the point; share of the text's width to its left
    } PLACES[] = {{1, 0, 0},    {-1, 0, 1},  {0, -1, 0.5}, {0, 1, 0.5},
                  {0, -1, 0.1}, {0, 1, 0.1}, {0, -1, 0.9}, {0, 1, 0.9}};
    RkPoint p = rk_layout_point(room->layout, room->panel, s->x[k], s->y[k]);
    const char *name = g_ptr_array_index(s->labels, k);
    if (isnan(p.y) || name == NULL)
        return;
    double line = rk_layout_line_height(room->layout), r = reach_of(room->panel, s, k);
    g_autofree char *text = rk_measure_fit(room->layout->measure, name, RK_TEXT_SMALL, FALSE,
                                           MAX(room->panel->plot.width * 0.4, 60));
    double width = rk_measure_width(room->layout->measure, text, RK_TEXT_SMALL, FALSE);
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(PLACES); i++) {
        const size_t at = i % G_N_ELEMENTS(PLACES);
        double x = p.x + PLACES[at].dx * (r + 4) - PLACES[at].shift * width;
        double middle = p.y + PLACES[at].dy * (r + line / 2);
        RkRect box = {x, middle - line / 2, width, line};
        if (!is_free(room, &box) || (i == at && is_crossed(room, &box)))
            continue;
        g_array_append_val(room->taken, box);
        add(room->panel, (RkPoint){x, middle + RK_TEXT_SMALL * 0.36}, g_steal_pointer(&text),
            RK_ANCHOR_START, RK_INK_TEXT, (RkPoint){NAN, NAN});
        return;
    }
}

// Among so many points no name finds a place.
#define MANY_POINTS 2000

static gboolean
take_all_points(Room *room)
{
    const GPtrArray *series = room->panel->panel->series;
    gsize n = 0;
    for (guint i = 0; i < series->len; i++) {
        const RkSeries *s = g_ptr_array_index(series, i);
        n += s->kind == RK_SERIES_POINTS ? s->n : 0;
    }
    for (guint i = 0; i < series->len && n <= MANY_POINTS; i++) {
        const RkSeries *s = g_ptr_array_index(series, i);
        if (s->kind == RK_SERIES_POINTS && !s->hidden)
            take_points(room, s);
    }
    return n <= MANY_POINTS;
}

static void
label_points(Room *room)
{
    const GPtrArray *series = room->panel->panel->series;
    for (int pass = 0; pass < 2; pass++) // what stands out first
        for (guint i = 0; i < series->len; i++) {
            const RkSeries *s = g_ptr_array_index(series, i);
            for (gsize k = 0; s->flags != NULL && !s->hidden && k < s->n; k++)
                if ((s->flags[k] & RK_POINT_LABEL) &&
                    ((s->flags[k] & RK_POINT_OUTLINE) != 0) == (pass == 0))
                    label_point(room, s, k);
        }
}

// ---- at marks ------------------------------------------------------------------------------

// Beside an upright line, as far up as there is room on either side; the top where there is none.
static void
place_beside(const Room *room, double x, RkRect *box)
{
    const RkRect *plot = &room->panel->plot;
    const double sides[] = {x + 4, x - 4 - box->width};
    const gboolean fits = sides[0] + box->width <= plot->x + plot->width;
    for (double y = plot->y + 2; y + box->height < plot->y + plot->height; y += box->height)
        for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
            box->x = sides[i];
            box->y = y;
            if (is_free(room, box))
                return;
        }
    box->x = sides[fits ? 0 : 1];
    box->y = plot->y + 2;
}

static void
label_mark(Room *room, const RkMark *mark)
{
    const RkRect *plot = &room->panel->plot;
    const RkChartAxis *axis = mark->vertical ? &room->layout->chart->x : &room->panel->panel->y;
    double place = rk_axis_place(axis, mark->value);
    if (!(place >= 0 && place <= 1))
        return;
    double x = plot->x + place * plot->width, y = plot->y + (1 - place) * plot->height;
    RkRect stroke = mark->vertical ? (RkRect){x - 2, plot->y, 4, plot->height}
                                   : (RkRect){plot->x, y - 2, plot->width, 4};
    g_array_append_val(room->lines, stroke);
    if (mark->label[0] == '\0')
        return;
    double line = rk_layout_line_height(room->layout);
    g_autofree char *text =
        rk_measure_fit(room->layout->measure, mark->label, RK_TEXT_SMALL, FALSE, plot->width * 0.6);
    double width = rk_measure_width(room->layout->measure, text, RK_TEXT_SMALL, FALSE);
    RkRect box = {0, 0, width, line};
    if (mark->vertical) {
        place_beside(room, x, &box);
    } else {
        box.y = y - line - 1 < plot->y ? y + 2 : y - line - 1;
        box.x = plot->x + plot->width - width - 4;
        if (!is_free(room, &box) && box.y > plot->y)
            box.x = plot->x + 6;
    }
    g_array_append_val(room->taken, box);
    add(room->panel, (RkPoint){box.x, box.y + line * 0.76}, g_steal_pointer(&text), RK_ANCHOR_START,
        mark->ink, (RkPoint){NAN, NAN});
}

void
rk_layout_labels(RkLayout *layout)
{
    gboolean direct = rk_layout_labels_lines(layout);
    for (guint i = 0; i < layout->panels->len; i++) {
        RkPanelLayout *panel = g_ptr_array_index(layout->panels, i);
        g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(RkRect));
        g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(RkRect));
        Room room = {layout, panel, taken, lines};
        gboolean few = take_all_points(&room);
        for (guint m = 0; m < panel->panel->marks->len; m++)
            label_mark(&room, &g_array_index(panel->panel->marks, RkMark, m));
        if (direct)
            label_lines(layout, panel);
        if (few)
            label_points(&room);
    }
}
