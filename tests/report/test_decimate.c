// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/rng.h"
#include "report/decimate.h"

#include <math.h>

#define WIDTH  300.0
#define HEIGHT 100.0

typedef struct {
    RkChartAxis x, y;
    double *xs, *ys;
    gsize n;
} Data;

static double
value_at(guint64 i)
{
    double u = rk_rng_double(3, 1, i);
    if (u < 0.001)
        return NAN;                                               // an interruption
    return u > 0.9995 ? 1000 * u : 1 + sin((double)i * 1e-3) + u; // and now and then a spike
}

static Data
data_of(gsize n, RkScale x_scale)
{
    Data d = {.xs = g_new(double, n), .ys = g_new(double, n), .n = n};
    double low = INFINITY, high = -INFINITY;
    for (gsize i = 0; i < n; i++) {
        d.xs[i] = (i == 0 ? 0 : d.xs[i - 1]) + rk_rng_double(3, 2, i) + (x_scale == RK_SCALE_LOG);
        d.ys[i] = value_at(i);
        low = isnan(d.ys[i]) ? low : MIN(low, d.ys[i]);
        high = isnan(d.ys[i]) ? high : MAX(high, d.ys[i]);
    }
    rk_axis_init(&d.x, "", x_scale, RK_UNIT_NONE);
    rk_axis_init(&d.y, "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    rk_axis_fit(&d.x, d.xs[0], d.xs[n - 1]);
    rk_axis_fit(&d.y, low, high);
    return d;
}

static void
data_clear(Data *d)
{
    rk_axis_clear(&d->x);
    rk_axis_clear(&d->y);
    g_free(d->xs);
    g_free(d->ys);
}

// The lowest and highest y in px of each column, from all points or from those that were kept.
static void
extremes(const RkPoint *points, gsize n, double *low, double *high)
{
    for (int c = 0; c < WIDTH; c++) {
        low[c] = INFINITY;
        high[c] = -INFINITY;
    }
    for (gsize i = 0; i < n; i++) {
        int c = (int)floor(points[i].x + 1e-7);
        if (isnan(points[i].y) || c < 0 || c >= WIDTH)
            continue;
        low[c] = MIN(low[c], points[i].y);
        high[c] = MAX(high[c], points[i].y);
    }
}

static void
check_against_all(const Data *d)
{
    g_autoptr(GArray) kept =
        rk_decimate_line(&d->x, &d->y, d->xs, d->ys, d->n, 0, 0, WIDTH, HEIGHT);
    g_autofree RkPoint *all = g_new(RkPoint, d->n);
    for (gsize i = 0; i < d->n; i++)
        all[i] = (RkPoint){rk_axis_place(&d->x, d->xs[i]) * WIDTH,
                           HEIGHT - rk_axis_place(&d->y, d->ys[i]) * HEIGHT};
    double low[2][(int)WIDTH], high[2][(int)WIDTH];
    extremes(all, d->n, low[0], high[0]);
    extremes((const RkPoint *)(const void *)kept->data, kept->len, low[1], high[1]);
    for (int c = 0; c < WIDTH; c++) {
        g_assert_cmpfloat(low[0][c], ==, low[1][c]);
        g_assert_cmpfloat(high[0][c], ==, high[1][c]);
    }
}

static void
extremes_are_never_lost(void)
{
    static const gsize COUNTS[] = {1, 2, 299, 1000, 50000};
    for (size_t i = 0; i < G_N_ELEMENTS(COUNTS); i++)
        for (RkScale scale = RK_SCALE_LINEAR; scale <= RK_SCALE_LOG; scale++) {
            Data d = data_of(COUNTS[i], scale);
            check_against_all(&d);
            if (COUNTS[i] > 2) { // and of a part
                rk_axis_zoom(&d.x, 0.4, 7);
                check_against_all(&d);
            }
            data_clear(&d);
        }
}

static void
a_million_points_become_few(void)
{
    Data d = data_of(1000000, RK_SCALE_LINEAR);
    g_autoptr(GArray) kept = rk_decimate_line(&d.x, &d.y, d.xs, d.ys, d.n, 0, 0, WIDTH, HEIGHT);
    gsize n_gaps = 0;
    for (guint i = 0; i < kept->len; i++)
        n_gaps += isnan(g_array_index(kept, RkPoint, i).y);
    // Four a column; each interruption begins a stretch of its own.
    g_assert_cmpuint(kept->len, <=, 4 * (guint)(WIDTH + 2) + 5 * n_gaps);
    data_clear(&d);
}

static void
few_points_stay_as_they_are(void)
{
    const double x[] = {0, 1, 2, 3}, y[] = {1, NAN, INFINITY, 2};
    RkChartAxis across, up;
    rk_axis_init(&across, "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    rk_axis_init(&up, "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    rk_axis_fit(&across, 0, 3);
    rk_axis_fit(&up, 1, 2);
    g_autoptr(GArray) kept = rk_decimate_line(&across, &up, x, y, 4, 0, 0, WIDTH, HEIGHT);
    g_assert_cmpuint(kept->len, ==, 3); // point, interruption, point
    g_assert_true(isnan(g_array_index(kept, RkPoint, 1).y));
    g_autoptr(GArray) none = rk_decimate_line(&across, &up, x, y, 0, 0, 0, WIDTH, HEIGHT);
    g_assert_cmpuint(none->len, ==, 0);
    rk_axis_clear(&across);
    rk_axis_clear(&up);
}

static void
every_pixel_with_a_point_keeps_one(void)
{
    Data d = data_of(50000, RK_SCALE_LINEAR);
    g_autoptr(GArray) kept = rk_decimate_points(&d.x, &d.y, d.xs, d.ys, d.n, WIDTH, HEIGHT);
    g_autoptr(GHashTable) pixels = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (gsize i = 0; i < d.n; i++)
        if (!isnan(d.ys[i])) {
            gsize c = (gsize)(rk_axis_place(&d.x, d.xs[i]) * WIDTH);
            gsize r = (gsize)(rk_axis_place(&d.y, d.ys[i]) * HEIGHT);
            g_hash_table_add(pixels, GSIZE_TO_POINTER(r * 1000 + c + 1));
        }
    g_assert_cmpuint(kept->len, ==, g_hash_table_size(pixels));
    data_clear(&d);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/decimate/extremes are never lost", extremes_are_never_lost);
    g_test_add_func("/report/decimate/a million points become few", a_million_points_become_few);
    g_test_add_func("/report/decimate/few points stay as they are", few_points_stay_as_they_are);
    g_test_add_func("/report/decimate/every pixel with a point keeps one",
                    every_pixel_with_a_point_keeps_one);
    return g_test_run();
}
