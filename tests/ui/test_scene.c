// SPDX-License-Identifier: GPL-3.0-or-later
//
// The trade-off space's camera and places: plain numbers, no window.
#include "ui/scene.h"

#include <math.h>
#include <string.h>

#define WIDTH  800.0
#define HEIGHT 600.0
#define EPS    1e-4 // of floats of size 1

static RkResults *
results_new(void)
{
    static const struct {
        const char *name;
        double p99_ms, qps, auc;
    } TRIALS[] = {{"slow", 40, 500, 0.80}, {"fast", 10, 2000, 0.78}, {"bad", 45, 400, 0.70}};
    RkResults *results = rk_results_new();
    results->pareto_metric = g_strdup("auc");
    for (size_t i = 0; i < G_N_ELEMENTS(TRIALS); i++) {
        RkTrialResult *t = rk_trial_result_new();
        t->id = g_strdup(TRIALS[i].name);
        t->status = RK_TRIAL_OK;
        t->valid = TRUE;
        t->throughput_qps = rk_estimate(TRIALS[i].qps);
        t->latency_ms[RK_LATENCY_P99] = rk_estimate(TRIALS[i].p99_ms);
        rk_nameds_add(t->metrics, "auc", rk_estimate(TRIALS[i].auc));
        rk_settings_add_text(t->config, "name", TRIALS[i].name);
        t->n_axes = 1;
        g_ptr_array_add(results->trials, t);
    }
    g_ptr_array_add(results->pareto, g_strdup("fast"));
    g_ptr_array_add(results->pareto, g_strdup("slow"));
    return results;
}

static void
middle(void)
{
    static const double ORIGIN[3] = {0}, UP[3] = {0, 0.5, 0}, RIGHT[3] = {0.5, 0, 0};
    const RkCamera front = {.yaw = 0, .pitch = 0, .zoom = 1};
    const RkView view = rk_view_new(&front, WIDTH, HEIGHT);
    const RkProjected o = rk_view_project(&view, ORIGIN);
    g_assert_cmpfloat_with_epsilon(o.x, WIDTH / 2, 1e-3);
    g_assert_cmpfloat_with_epsilon(o.y, HEIGHT / 2, 1e-3);
    g_assert_cmpfloat_with_epsilon(o.depth, 0.5, EPS);
    g_assert_cmpfloat_with_epsilon(o.radius, 1, EPS);
    const RkProjected up = rk_view_project(&view, UP), right = rk_view_project(&view, RIGHT);
    g_assert_cmpfloat(up.y, <, o.y); // up on the screen
    g_assert_cmpfloat_with_epsilon(up.x, o.x, 1e-3);
    g_assert_cmpfloat(right.x, >, o.x);
    g_assert_cmpfloat_with_epsilon(right.x - o.x, o.y - up.y, 1e-2); // nothing is stretched
}

// From every side, in every shape of window, the whole box is in the picture.
static void
whole_box(void)
{
    static const double SIZES[][2] = {{800, 600}, {360, 600}, {1600, 300}};
    for (size_t s = 0; s < G_N_ELEMENTS(SIZES); s++)
        for (double yaw = -3; yaw < 3; yaw += 0.5)
            for (double pitch = -1.4; pitch < 1.5; pitch += 0.4) {
                const RkCamera camera = {(float)yaw, (float)pitch, 1};
                const RkView view = rk_view_new(&camera, SIZES[s][0], SIZES[s][1]);
                for (int corner = 0; corner < 8; corner++) {
                    const double at[3] = {corner & 1 ? 0.5 : -0.5, corner & 2 ? 0.5 : -0.5,
                                          corner & 4 ? 0.5 : -0.5};
                    const RkProjected p = rk_view_project(&view, at);
                    g_assert_true(p.x > 0 && p.x < SIZES[s][0]);
                    g_assert_true(p.y > 0 && p.y < SIZES[s][1]);
                    g_assert_true(p.depth >= 0 && p.depth <= 1);
                }
            }
}

static void
orbit(void)
{
    RkCamera camera = {0, 0, 1};
    static const double NEAR_RIGHT[3] = {0.5, 0, 0.5};
    const RkView before = rk_view_new(&camera, WIDTH, HEIGHT);
    rk_camera_orbit(&camera, 0.1, 0);
    const RkView after = rk_view_new(&camera, WIDTH, HEIGHT);
    // The eye goes right, so what is near goes left.
    g_assert_cmpfloat(rk_view_project(&after, NEAR_RIGHT).x, <,
                      rk_view_project(&before, NEAR_RIGHT).x);
    for (int i = 0; i < 1000; i++)
        rk_camera_orbit(&camera, 0.7, 0.3);
    g_assert_cmpfloat(camera.pitch, ==, RK_CAMERA_STEEPEST);
    g_assert_true(fabsf(camera.yaw) <= 3.1416f); // doesn't lose digits by going round
    RkCamera turned = {0.5f, 0.2f, 1}, round = turned;
    rk_camera_orbit(&round, 2 * G_PI, 0);
    g_assert_cmpfloat_with_epsilon(round.yaw, turned.yaw, EPS);
    rk_camera_zoom(&camera, 1e9);
    g_assert_cmpfloat(camera.zoom, ==, RK_CAMERA_NEAREST);
    rk_camera_zoom(&camera, 1e-9);
    g_assert_cmpfloat(camera.zoom, ==, RK_CAMERA_FARTHEST);
}

static void
between(void)
{
    const RkCamera a = {3, 0.2f, 1}, b = {-3, 0.6f, 4};
    const RkCamera half = rk_camera_between(&a, &b, 0.5);
    g_assert_cmpfloat_with_epsilon(fabsf(half.yaw), G_PI, EPS); // the short way, through pi
    g_assert_cmpfloat_with_epsilon(half.pitch, 0.4, EPS);
    g_assert_cmpfloat_with_epsilon(half.zoom, 2, EPS); // zooms by factors
    const RkCamera end = rk_camera_between(&a, &b, 1);
    g_assert_cmpfloat_with_epsilon(end.yaw, b.yaw, EPS);
}

static void
hits(void)
{
    g_autoptr(RkResults) results = results_new();
    g_autoptr(RkScene) scene = rk_scene_new(results, 0);
    const RkCamera camera = rk_camera_default();
    const RkView view = rk_view_new(&camera, WIDTH, HEIGHT);
    g_assert_cmpuint(scene->points->len, ==, 3);
    for (guint i = 0; i < 3; i++) {
        double at[3];
        g_assert_true(rk_scene_place(scene, i, at));
        for (int k = 0; k < 3; k++)
            g_assert_true(fabs(at[k]) <= 0.5);
        const RkProjected p = rk_view_project(&view, at);
        g_assert_cmpint(rk_scene_hit(scene, &view, p.x + 2, p.y - 2, 10), ==, (int)i);
    }
    g_assert_cmpint(rk_scene_hit(scene, &view, 1, 1, 10), ==, -1);
    g_autoptr(GArray) order = rk_scene_order(scene, &view);
    double last = 2;
    g_assert_cmpuint(order->len, ==, 3);
    for (guint i = 0; i < order->len; i++) {
        double at[3];
        rk_scene_place(scene, g_array_index(order, guint, i), at);
        const double depth = rk_view_project(&view, at).depth;
        g_assert_cmpfloat(depth, <=, last); // from far to near
        last = depth;
    }
}

static void
texts(void)
{
    g_autoptr(RkResults) results = results_new();
    g_autoptr(RkScene) scene = rk_scene_new(results, 0);
    g_autofree char *text = rk_scene_point_text(scene, 1);
    g_assert_cmpstr(text, ==,
                    "name=fast: p99 latency 10 ms, throughput 2 k/s, auc 0.7800; on the Pareto "
                    "front");
    g_assert_nonnull(strstr(scene->summary, "3 trials over p99 latency, throughput and auc"));
    g_assert_nonnull(strstr(scene->summary, "2 on the Pareto front"));
    g_clear_pointer(&results->pareto_metric, g_free);
    g_autoptr(RkScene) none = rk_scene_new(results, 0);
    g_assert_cmpuint(none->points->len, ==, 0);
    g_assert_nonnull(strstr(none->summary, "no third axis"));
}

// Every angle can be drawn, ticks and titles have their text, and what is drawn has its units.
static void
drawn(void)
{
    g_autoptr(RkResults) results = results_new();
    g_autoptr(RkScene) scene = rk_scene_new(results, 0);
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    for (double yaw = -3; yaw < 3; yaw += 0.7)
        for (double pitch = -1.5; pitch <= 1.5; pitch += 0.5) {
            const RkCamera camera = {(float)yaw, (float)pitch, 1};
            const RkView view = rk_view_new(&camera, WIDTH, HEIGHT);
            g_autoptr(GString) svg = g_string_new(NULL);
            RkSvgCanvas canvas = rk_svg_canvas(svg, measure);
            rk_scene_draw(scene, &view, 1, &canvas.base);
            g_assert_nonnull(strstr(svg->str, "p99 latency (ms)"));
            g_assert_nonnull(strstr(svg->str, "Throughput"));
            g_assert_nonnull(strstr(svg->str, ">auc<"));
            g_assert_nonnull(strstr(svg->str, "on the Pareto front"));
            g_assert_null(strstr(svg->str, "nan"));
        }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/scene/the middle of the box is the middle of the picture", middle);
    g_test_add_func("/ui/scene/the whole box is seen from every side", whole_box);
    g_test_add_func("/ui/scene/orbiting and zooming stay within bounds", orbit);
    g_test_add_func("/ui/scene/a camera on its way takes the shorter one", between);
    g_test_add_func("/ui/scene/a point is found under the pointer", hits);
    g_test_add_func("/ui/scene/points are told in words", texts);
    g_test_add_func("/ui/scene/it is drawn from every angle", drawn);
    return g_test_run();
}
