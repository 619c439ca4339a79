// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every chart of charts.def: its golden drawing, the same bytes again, and data at the edge.
// RANKINE_WRITE_GOLDEN=1 writes the drawings anew; look at them (draw-samples) before you commit.
#include "report/draw.h"
#include "report/hit.h"
#include "samples.h"

#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 2.0 // px: another version of the font or of Pango moves texts by less

static RkMeasure *measure;

static char *
svg_of(gsize i)
{
    g_autoptr(RkChart) chart = SAMPLES[i].make();
    return rk_chart_to_svg(chart, measure, RK_THEME_LIGHT, 720,
                           rk_layout_natural_height(chart, 720));
}

// Both walk on over a number, or a byte.
static gboolean
same_token(const char **a, const char **b)
{
    const char *number = "-.0123456789";
    size_t n = strspn(*a, number), m = strspn(*b, number);
    if (n == 0 || m == 0)
        return n == m && *(*a)++ == *(*b)++;
    double x = g_ascii_strtod(*a, NULL), y = g_ascii_strtod(*b, NULL);
    *a += n;
    *b += m;
    return fabs(x - y) <= TOLERANCE;
}

static void
compare_golden(const char *word, const char *svg)
{
    g_autofree char *file = g_strdup_printf("%s.svg", word);
    g_autofree char *path =
        g_build_filename(g_getenv("RANKINE_TEST_SOURCE"), "tests", "report", "golden", file, NULL);
    g_autofree char *golden = NULL;
    if (g_getenv("RANKINE_WRITE_GOLDEN") != NULL)
        g_assert_true(g_file_set_contents(path, svg, -1, NULL));
    if (!g_file_get_contents(path, &golden, NULL, NULL))
        g_error("%s is missing: look at the chart and write it with RANKINE_WRITE_GOLDEN=1", path);
    const char *a = svg, *b = golden;
    while (*a != '\0' && *b != '\0')
        if (!same_token(&a, &b)) {
            g_autofree char *got = g_strndup(a, 60);
            g_error("%s differs from its golden drawing at byte %d: %s", word, (int)(a - svg), got);
        }
    g_assert_cmpint(*a, ==, *b);
}

static void
golden_drawings(void)
{
    for (gsize i = 0; i < N_SAMPLES; i++) {
        g_autofree char *svg = svg_of(i);
        g_autofree char *again = svg_of(i);
        g_assert_cmpstr(svg, ==, again);
        compare_golden(SAMPLES[i].word, svg);
    }
}

static void
words_and_figures(void)
{
    for (gsize i = 0; i < N_SAMPLES; i++) {
        g_autoptr(RkChart) chart = SAMPLES[i].make();
        g_assert_cmpuint(strlen(chart->summary), >, 10);
        g_assert_true(g_str_has_suffix(chart->summary, "."));
        g_autoptr(RkFigureTable) table = rk_chart_table(chart, 10000);
        g_assert_cmpuint(table->rows->len, >, 3);
        g_assert_cmpuint(table->n_left_out, ==, 0);
        g_autoptr(RkFigureTable) part = rk_chart_table(chart, 3);
        g_assert_cmpuint(part->rows->len, ==, 3);
        g_assert_cmpuint(part->n_left_out, ==, table->rows->len - 3);
        g_autofree char *csv = rk_table_to_csv(table);
        g_assert_cmpuint(strlen(csv), >, 30);
    }
}

// Names near the limit's line stand beside it, not across.
static void
names_beside_the_limit(void)
{
    const RkTradeoff points[] = {
        {.name = "far", .p99_ms = 2, .qps = 100, .on_front = TRUE, .valid = TRUE},
        {.name = "just under it", .p99_ms = 9.5, .qps = 400, .on_front = TRUE, .valid = TRUE},
        {.name = "beyond", .p99_ms = 30, .qps = 700, .on_front = TRUE, .valid = TRUE}};
    g_autoptr(RkChart) chart = rk_chart_pareto(points, G_N_ELEMENTS(points), NULL, 10);
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 500, 320, RK_LAYOUT_TITLE);
    const RkPanelLayout *panel = rk_layout_panel(layout, 0);
    const double limit = panel->plot.x + rk_axis_place(&chart->x, 0.010) * panel->plot.width;
    g_assert_cmpuint(panel->labels->len, ==, 4); // each name, and the limit's
    for (guint i = 0; i < panel->labels->len; i++) {
        const RkPlaced *label = &g_array_index(panel->labels, RkPlaced, i);
        const double width = rk_measure_width(measure, label->text, RK_TEXT_SMALL, FALSE);
        g_assert_true(label->at.x > limit || label->at.x + width < limit);
    }
}

// "Metric" alone says nothing: the axis has the name.
static void
training_names_its_metrics(void)
{
    static const double step[] = {1, 2}, value[] = {0.5, 0.6};
    const RkTrainingCurve curves[] = {{"a", "loss", 2, step, value},
                                      {"a", "valid.auc", 2, step, value},
                                      {"b", "valid.auc", 2, step, value},
                                      {"b", "valid.ndcg@10", 2, step, value}};
    const struct {
        gsize from, n;
        const char *upper, *lower;
    } CASES[] = {{0, 3, "Loss", "auc"}, {0, 4, "Loss", "auc, ndcg@10"}, {1, 2, "auc", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(RkChart) chart = rk_chart_training(curves + CASES[i].from, CASES[i].n, "Steps");
        g_assert_cmpuint(chart->panels->len, ==, CASES[i].lower != NULL ? 2 : 1);
        g_assert_cmpstr(rk_chart_panel(chart, 0)->y.title, ==, CASES[i].upper);
        if (CASES[i].lower != NULL)
            g_assert_cmpstr(rk_chart_panel(chart, 1)->y.title, ==, CASES[i].lower);
    }
}

// Lays out and draws at all sizes in all themes; nothing may be out of the picture.
static void
draw_everywhere(RkChart *chart)
{
    static const double SIZES[][2] = {{0, 0}, {120, 80}, {320, 200}, {760, 340}, {3000, 90}};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 800, 400);
    cairo_t *cr = cairo_create(surface);
    for (size_t k = 0; k < G_N_ELEMENTS(SIZES); k++) {
        rk_chart_fit(chart);
        g_autoptr(RkLayout) layout =
            rk_layout_new(chart, measure, SIZES[k][0], SIZES[k][1], RK_LAYOUT_TITLE);
        RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, (RkTheme)(k % RK_N_THEMES));
        rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
        for (guint p = 0; p < layout->panels->len; p++) {
            const RkRect *plot = &rk_layout_panel(layout, p)->plot;
            g_assert_cmpfloat(plot->width, >, 0);
            g_assert_cmpfloat(plot->height, >, 0);
        }
        RkHit hit;
        rk_layout_hit(layout, (RkPoint){SIZES[k][0] / 2, SIZES[k][1] / 2}, 30, &hit);
    }
    g_assert_cmpint(cairo_status(cr), ==, CAIRO_STATUS_SUCCESS);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    g_autofree char *svg = rk_chart_to_svg(chart, measure, RK_THEME_DARK, 500, 300);
    const char *nan_at = strstr(svg, "nan");
    if (nan_at != NULL)
        g_error("%s: %.200s", chart->title, nan_at - 100);
    g_assert_null(strstr(svg, "inf\""));
    g_autoptr(RkFigureTable) table = rk_chart_table(chart, 100);
    g_autofree char *csv = rk_table_to_csv(table);
}

static void
data_at_the_edge(void)
{
    static const double VALUES[] = {NAN,    INFINITY, -INFINITY, 0,      -1,  1,
                                    5e-324, 1e308,    -1e308,    1e-308, 0.5, 1e18};
    g_autofree char *endless = g_strnfill(20000, 'x');
    const char *const names[] = {"",         "a", endless, "\xff\xfe not UTF-8", "line\nbreak",
                                 "שלום עולם"};
    for (size_t i = 0; i < G_N_ELEMENTS(VALUES); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(VALUES); k++) {
            const char *name = names[(i + k) % G_N_ELEMENTS(names)];
            double a = VALUES[i], b = VALUES[k];
            const double xs[] = {0, 1, 2}, ys[] = {a, b, a};
            const RkTimePoint time[] = {{0, a, b, a, b}, {1, b, a, b, a}};
            const RkLoadPoint load[] = {{name, a, b, TRUE}, {name, b, a, FALSE}};
            const RkTradeoff trade[] = {{name, a, b, a, TRUE, TRUE, TRUE},
                                        {name, b, a, b, FALSE, TRUE, FALSE}};
            const RkStageBar bars[] = {{name, 3, names, ys}};
            const RkOpTime ops[] = {{name, a, b, a}, {name, b, a, b}};
            const RkCachePoint cache[] = {{name, a, b, FALSE}, {name, b, a, TRUE}};
            const RkTrainingCurve curves[] = {{name, "loss", 3, xs, ys}, {name, "auc", 3, xs, ys}};
            const RkSizePoint sizes[] = {{name, name, a, b, TRUE}, {name, "x", b, a, FALSE}};
            const RkDistribution d[] = {{name, 3, xs, ys, 3, ys, xs}};
            RkChart *charts[] = {rk_chart_latency_time(time, 2, a),
                                 rk_chart_distribution(d, 1, b),
                                 rk_chart_throughput(load, 2, a),
                                 rk_chart_pareto(trade, 2, k % 2 ? name : NULL, b),
                                 rk_chart_stages(bars, 1),
                                 rk_chart_ops(ops, 2),
                                 rk_chart_roofline(ops, 2, a, b),
                                 rk_chart_cache(cache, 2),
                                 rk_chart_training(curves, 2, name),
                                 rk_chart_size(sizes, 2, name),
                                 rk_chart_sensitivity(names, 1, names, 3, ys, name)};
            for (size_t c = 0; c < G_N_ELEMENTS(charts); c++) {
                if ((i + k + c) % 3 == 0) // a third of the pairs: drawing is the slow part
                    draw_everywhere(charts[c]);
                rk_chart_free(charts[c]);
            }
        }
}

static void
no_data_says_so(void)
{
    RkChart *charts[] = {rk_chart_latency_time(NULL, 0, 1),
                         rk_chart_distribution(NULL, 0, 1),
                         rk_chart_throughput(NULL, 0, 1),
                         rk_chart_pareto(NULL, 0, "auc", 1),
                         rk_chart_stages(NULL, 0),
                         rk_chart_ops(NULL, 0),
                         rk_chart_roofline(NULL, 0, NAN, NAN),
                         rk_chart_cache(NULL, 0),
                         rk_chart_training(NULL, 0, "Epoch"),
                         rk_chart_size(NULL, 0, "auc"),
                         rk_chart_sensitivity(NULL, 0, NULL, 0, NULL, "auc")};
    for (size_t i = 0; i < G_N_ELEMENTS(charts); i++) {
        g_assert_true(rk_chart_is_empty(charts[i]));
        g_autofree char *svg = rk_chart_to_svg(charts[i], measure, RK_THEME_LIGHT, 400, 300);
        g_assert_nonnull(strstr(svg, "Nothing to show yet"));
        draw_everywhere(charts[i]);
        rk_chart_free(charts[i]);
    }
}

// A name that tries to be markup, an attribute or a new direction.
static void
names_stay_names(void)
{
    const char *const nasty =
        "</text><script>alert(1)</script>\" onload='x' \xE2\x80\xAE&#x3c;\n]]>";
    const RkLoadPoint points[] = {{nasty, 1, 2, TRUE}, {"other", 3, 4, TRUE}};
    g_autoptr(RkChart) chart = rk_chart_throughput(points, 2, 5);
    g_autofree char *svg = rk_chart_to_svg(chart, measure, RK_THEME_LIGHT, 720, 300);
    g_assert_null(strstr(svg, "<script"));
    g_assert_null(strstr(svg, "onload='"));
    g_assert_null(strstr(svg, "\xE2\x80\xAE"));
    g_assert_nonnull(strstr(svg, "&lt;script&gt;"));
    g_autoptr(GError) error = NULL;
    const GMarkupParser nothing = {0};
    g_autoptr(GMarkupParseContext) parser = g_markup_parse_context_new(&nothing, 0, NULL, NULL);
    g_markup_parse_context_parse(parser, svg, -1, &error);
    g_assert_no_error(error);
}

static void
nearest_points_by_pointer_and_keys(void)
{
    g_autoptr(RkChart) chart = SAMPLES[1].make();
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 720, 330, 0);
    const RkPanelLayout *panel = rk_layout_panel(layout, 0);
    for (guint i = 0; i < panel->panel->series->len; i++) {
        const RkSeries *s = g_ptr_array_index(panel->panel->series, i);
        for (gsize k = 0; k < s->n; k++) {
            RkPoint at = rk_layout_point(layout, panel, s->x[k], s->y[k]);
            RkHit hit;
            g_assert_true(rk_layout_hit(layout, (RkPoint){at.x + 1, at.y - 1}, 10, &hit));
            double d = hypot(hit.at.x - at.x - 1, hit.at.y - at.y + 1);
            g_assert_cmpfloat(d, <=, 1.5); // it or a nearer one
            g_autofree char *text = rk_hit_text(layout, &hit);
            g_assert_nonnull(strstr(text, "ms"));
        }
    }
    RkHit hit = {0};
    gsize n = 0;
    while (rk_layout_step(layout, 1, &hit))
        n++;
    g_assert_cmpuint(n, ==, 9);
    g_assert_true(rk_layout_step_series(layout, 1, &hit));
    g_assert_cmpstr(hit.series->name, ==, "fp16");
    g_autoptr(GArray) across = rk_layout_hits_at_x(layout, 0, hit.at.x);
    g_assert_cmpuint(across->len, ==, 4);
    g_assert_false(rk_layout_hit(layout, (RkPoint){-500, -500}, 5, &hit));
}

static void
layers_make_the_whole(void)
{
    g_autoptr(RkChart) chart = SAMPLES[3].make();
    rk_chart_fit(chart);
    for (guint p = 0; p < chart->panels->len; p++)
        for (guint i = 0; i < rk_chart_panel(chart, p)->series->len; i++)
            rk_series_settle(g_ptr_array_index(rk_chart_panel(chart, p)->series, i));
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 720, 330, 0);
    static const unsigned LAYERS[] = {RK_LAYER_GRID, RK_LAYER_DATA, RK_LAYER_TAIL, RK_LAYER_MARKS};
    gsize sum = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(LAYERS); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        RkSvgCanvas canvas = rk_svg_canvas(out, measure);
        rk_chart_draw(layout, &canvas.base, LAYERS[i]);
        sum += i == 2 ? 0 : out->len; // settled: the tail only repeats the last point
        g_assert_cmpuint(out->len, >, 0);
    }
    g_autoptr(GString) whole = g_string_new(NULL);
    RkSvgCanvas canvas = rk_svg_canvas(whole, measure);
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    g_assert_cmpuint(whole->len, ==, sum);
}

// One sample of a hundred thousand: its peak has a pixel of the line's colour.
static void
a_spike_is_seen(void)
{
    g_autoptr(RkChart) chart = rk_chart_new("Spike");
    RkSeries *line = rk_chart_series(chart, 0, "line", RK_SERIES_LINE);
    for (int i = 0; i < 100000; i++)
        rk_series_add(line, i, i == 56789 ? 50 : i % 2);
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 640, 320, 0);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 640, 320);
    cairo_t *cr = cairo_create(surface);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, RK_THEME_LIGHT);
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    cairo_surface_flush(surface);
    RkPoint peak = rk_layout_point(layout, rk_layout_panel(layout, 0), 56789, 50);
    const guint32 *row =
        (const guint32 *)(const void *)(cairo_image_surface_get_data(surface) +
                                        ((int)peak.y + 4) *
                                            cairo_image_surface_get_stride(surface));
    g_assert_cmphex(row[(int)peak.x] & 0xFFFFFF, ==,
                    rk_theme_color(RK_THEME_LIGHT, rk_series_ink(line)));
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
}

static cairo_surface_t *
dense_picture(const RkLayout *layout, gboolean in_pieces)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 640, 320);
    cairo_t *cr = cairo_create(surface);
    RkCairoCanvas canvas = rk_cairo_canvas(cr, measure, RK_THEME_LIGHT);
    g_assert_cmpuint(canvas.base.max_columns, >, 0);
    if (!in_pieces)
        canvas.base.max_columns = 0;
    rk_chart_draw(layout, &canvas.base, RK_LAYER_ALL);
    cairo_surface_flush(surface);
    cairo_destroy(cr);
    return surface;
}

// Filled a few columns at a time a dense line has no seams. Overlapping edges may round otherwise.
static void
pieces_make_the_whole_line(void)
{
    g_autoptr(RkChart) chart = rk_chart_new("Dense");
    RkSeries *line = rk_chart_series(chart, 0, "line", RK_SERIES_LINE);
    for (int i = 0; i < 20000; i++)
        rk_series_add(line, i, i % 5000 == 77 ? NAN : sin(i * 0.37) * (1 + i % 13));
    rk_chart_fit(chart);
    g_autoptr(RkLayout) layout = rk_layout_new(chart, measure, 640, 320, 0);
    cairo_surface_t *whole = dense_picture(layout, FALSE), *pieces = dense_picture(layout, TRUE);
    const unsigned char *a = cairo_image_surface_get_data(whole);
    const unsigned char *b = cairo_image_surface_get_data(pieces);
    const gsize n = (gsize)cairo_image_surface_get_stride(whole) * 320;
    for (gsize i = 0; i < n; i++)
        g_assert_cmpint(abs(a[i] - b[i]), <=, 1);
    cairo_surface_destroy(whole);
    cairo_surface_destroy(pieces);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    measure = rk_measure_new(NULL, 1);
    g_test_add_func("/report/charts/golden drawings", golden_drawings);
    g_test_add_func("/report/charts/points' names stand beside the limit", names_beside_the_limit);
    g_test_add_func("/report/charts/training curves name their metrics",
                    training_names_its_metrics);
    g_test_add_func("/report/charts/words and figures", words_and_figures);
    g_test_add_func("/report/charts/data at the edge", data_at_the_edge);
    g_test_add_func("/report/charts/no data says so", no_data_says_so);
    g_test_add_func("/report/charts/names stay names", names_stay_names);
    g_test_add_func("/report/charts/nearest points by pointer and keys",
                    nearest_points_by_pointer_and_keys);
    g_test_add_func("/report/charts/layers make the whole", layers_make_the_whole);
    g_test_add_func("/report/charts/a spike is seen", a_spike_is_seen);
    g_test_add_func("/report/charts/pieces make the whole line", pieces_make_the_whole_line);
    int status = g_test_run();
    rk_measure_free(measure);
    return status;
}
