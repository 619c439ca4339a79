// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/scene.h"

#include <cglm/cglm.h>
#include <math.h>
#include <string.h>

#define FIELD_OF_VIEW 0.6f // radians, of the smaller side: flat enough to compare lengths
#define BOX_RADIUS    0.8660254f
#define ROOM          1.32f // around the box, for ticks and titles
#define LOG_FROM      12.0  // an axis that spans more than this factor is logarithmic

// ---- the scene -----------------------------------------------------------------------------

static void
point_clear(gpointer point)
{
    g_free(((RkScenePoint *)point)->name);
}

static gboolean
has_id(const GPtrArray *ids, const char *id)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)ids, id, g_str_equal, NULL);
}

static void
add_point(RkScene *scene, const RkResults *results, const RkTrialResult *t, gboolean base)
{
    const RkNamed *metric = rk_nameds_find(t->metrics, results->pareto_metric);
    if ((t->status != RK_TRIAL_OK && t->status != RK_TRIAL_INVALID) || metric == NULL ||
        !isfinite(metric->estimate.value))
        return;
    RkScenePoint point = {.name = rk_trial_result_label(t),
                          .value = {t->latency_ms[RK_LATENCY_P99].value * 1e-3,
                                    t->throughput_qps.value, metric->estimate.value},
                          .valid = t->valid,
                          .on_front = has_id(results->pareto, t->id),
                          .recommended = g_strcmp0(results->recommended.id, t->id) == 0,
                          .base = base};
    g_array_append_val(scene->points, point);
}

static void
fit_axes(RkScene *scene, const char *metric)
{
    static const char *const TITLES[] = {"p99 latency", "Throughput", NULL};
    static const RkUnit UNITS[] = {RK_UNIT_SECONDS, RK_UNIT_PER_SECOND, RK_UNIT_METRIC};
    for (int k = 0; k < RK_N_SCENE_AXES; k++) {
        double low = INFINITY, high = -INFINITY;
        for (guint i = 0; i < scene->points->len; i++) {
            const double v = g_array_index(scene->points, RkScenePoint, i).value[k];
            low = fmin(low, v);
            high = fmax(high, v);
        }
        const gboolean log_scale =
            k != RK_SCENE_ACCURACY && low > 0 && high / low > LOG_FROM && isfinite(high);
        rk_axis_set(&scene->axis[k], TITLES[k] != NULL ? TITLES[k] : metric,
                    log_scale ? RK_SCALE_LOG : RK_SCALE_LINEAR, UNITS[k]);
        scene->axis[k].pad = 0.06;
        rk_axis_fit(&scene->axis[k], low, high);
    }
}

static char *
summary_of(const RkScene *scene, const char *metric)
{
    g_autoptr(GString) front = g_string_new(NULL);
    guint n = 0;
    for (guint i = 0; i < scene->points->len; i++) {
        const RkScenePoint *p = &g_array_index(scene->points, RkScenePoint, i);
        n += p->on_front;
        if (p->on_front && n <= 3)
            g_string_append_printf(front, "%s%s", n > 1 ? "; " : "", p->name);
    }
    return g_strdup_printf("%u trials over p99 latency, throughput and %s; %u on the Pareto front%s"
                           "%s%s.",
                           scene->points->len, metric, n, n > 0 ? ": " : "", front->str,
                           n > 3 ? "; ..." : "");
}

RkScene *
rk_scene_new(const RkResults *results, guint base)
{
    RkScene *scene = g_new0(RkScene, 1);
    const char *metric = results->pareto_metric;
    scene->points = g_array_new(FALSE, TRUE, sizeof(RkScenePoint));
    g_array_set_clear_func(scene->points, point_clear);
    for (int k = 0; k < RK_N_SCENE_AXES; k++)
        rk_axis_init(&scene->axis[k], "", RK_SCALE_LINEAR, RK_UNIT_NONE);
    for (guint i = 0; metric != NULL && i < results->trials->len; i++)
        add_point(scene, results, g_ptr_array_index(results->trials, i), i == base);
    if (scene->points->len == 0) {
        scene->summary = g_strdup("None of these trials has a measured accuracy, so there is no "
                                  "third axis. The Pareto chart shows latency and throughput.");
        return scene;
    }
    fit_axes(scene, metric);
    scene->summary = summary_of(scene, metric);
    return scene;
}

void
rk_scene_free(RkScene *scene)
{
    if (scene == NULL)
        return;
    for (int k = 0; k < RK_N_SCENE_AXES; k++)
        rk_axis_clear(&scene->axis[k]);
    g_array_unref(scene->points);
    g_free(scene->summary);
    g_free(scene);
}

char *
rk_scene_point_text(const RkScene *scene, guint point)
{
    const RkScenePoint *p = &g_array_index(scene->points, RkScenePoint, point);
    GString *text = g_string_new(p->name);
    for (int k = 0; k < RK_N_SCENE_AXES; k++) {
        const RkChartAxis *axis = &scene->axis[k];
        g_autofree char *value = rk_quantity(p->value[k], axis->unit);
        g_autofree char *title =
            k == RK_SCENE_THROUGHPUT ? g_ascii_strdown(axis->title, -1) : g_strdup(axis->title);
        g_string_append_printf(text, "%s%s %s", k == 0 ? ": " : ", ", title, value);
    }
    if (p->on_front)
        g_string_append(text, "; on the Pareto front");
    if (p->recommended)
        g_string_append(text, "; recommended");
    if (p->base)
        g_string_append(text, "; the base");
    if (!p->valid)
        g_string_append(text, "; not a valid measurement");
    return g_string_free(text, FALSE);
}

// ---- the camera ----------------------------------------------------------------------------

RkCamera
rk_camera_default(void)
{
    return (RkCamera){.yaw = 0.62f, .pitch = 0.42f, .zoom = 1};
}

void
rk_camera_orbit(RkCamera *camera, double yaw, double pitch)
{
    camera->yaw = remainderf(camera->yaw + (float)yaw, 2 * GLM_PIf);
    camera->pitch =
        glm_clamp(camera->pitch + (float)pitch, -RK_CAMERA_STEEPEST, RK_CAMERA_STEEPEST);
}

void
rk_camera_zoom(RkCamera *camera, double factor)
{
    camera->zoom = glm_clamp(camera->zoom * (float)factor, RK_CAMERA_FARTHEST, RK_CAMERA_NEAREST);
}

RkCamera
rk_camera_between(const RkCamera *from, const RkCamera *to, double share)
{
    const float t = (float)share;
    const float turn = remainderf(to->yaw - from->yaw, 2 * GLM_PIf); // the shorter way round
    return (RkCamera){.yaw = remainderf(from->yaw + t * turn, 2 * GLM_PIf),
                      .pitch = glm_lerp(from->pitch, to->pitch, t),
                      .zoom = from->zoom * powf(to->zoom / from->zoom, t)};
}

static float
distance_of(const RkCamera *camera)
{
    return ROOM * BOX_RADIUS / sinf(FIELD_OF_VIEW / 2) / camera->zoom;
}

RkView
rk_view_new(const RkCamera *camera, double width, double height)
{
    RkView view = {.width = fmax(width, 1), .height = fmax(height, 1)};
    const float aspect = (float)(view.width / view.height);
    // The field of view is the smaller side's, so that a narrow window shows the whole box, too.
    const float fovy = aspect >= 1 ? FIELD_OF_VIEW : 2 * atanf(tanf(FIELD_OF_VIEW / 2) / aspect);
    const float distance = distance_of(camera);
    vec3 eye = {distance * cosf(camera->pitch) * sinf(camera->yaw), distance * sinf(camera->pitch),
                distance * cosf(camera->pitch) * cosf(camera->yaw)};
    mat4 look, projection, both;
    glm_lookat(eye, GLM_VEC3_ZERO, GLM_YUP, look);
    glm_perspective(fovy, aspect, fmaxf(0.05f, distance - 2), distance + 2, projection);
    glm_mat4_mul(projection, look, both);
    memcpy(view.matrix, both, sizeof view.matrix);
    memcpy(view.eye, eye, sizeof view.eye);
    return view;
}

RkProjected
rk_view_project(const RkView *view, const double at[3])
{
    mat4 matrix;
    vec4 clip, point = {(float)at[0], (float)at[1], (float)at[2], 1};
    vec3 eye = {view->eye[0], view->eye[1], view->eye[2]};
    memcpy(matrix, view->matrix, sizeof view->matrix);
    glm_mat4_mulv(matrix, point, clip);
    if (clip[3] <= 0.01f)
        return (RkProjected){NAN, NAN, 0, 0};
    const float distance = glm_vec3_norm(eye);
    return (RkProjected){
        .x = (1 + clip[0] / clip[3]) / 2 * view->width,
        .y = (1 - clip[1] / clip[3]) / 2 * view->height,
        .depth = glm_clamp((clip[3] - distance + BOX_RADIUS) / (2 * BOX_RADIUS), 0, 1),
        .radius = distance / clip[3],
    };
}

// ---- points --------------------------------------------------------------------------------

// Latency goes right, throughput towards the back, accuracy up.
gboolean
rk_scene_place(const RkScene *scene, guint point, double at[3])
{
    const RkScenePoint *p = &g_array_index(scene->points, RkScenePoint, point);
    at[0] = rk_axis_place(&scene->axis[RK_SCENE_LATENCY], p->value[RK_SCENE_LATENCY]) - 0.5;
    at[1] = rk_axis_place(&scene->axis[RK_SCENE_ACCURACY], p->value[RK_SCENE_ACCURACY]) - 0.5;
    at[2] = 0.5 - rk_axis_place(&scene->axis[RK_SCENE_THROUGHPUT], p->value[RK_SCENE_THROUGHPUT]);
    return isfinite(at[0]) && isfinite(at[1]) && isfinite(at[2]);
}

typedef struct {
    guint index;
    double depth;
} Seen;

static int
farther_first(gconstpointer a, gconstpointer b)
{
    const Seen *x = a, *y = b;
    return x->depth > y->depth   ? -1
           : x->depth < y->depth ? 1
                                 : (x->index > y->index) - (x->index < y->index);
}

GArray *
rk_scene_order(const RkScene *scene, const RkView *view)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    GArray *order = g_array_new(FALSE, FALSE, sizeof(guint));
    double at[3];
    for (guint i = 0; i < scene->points->len; i++) {
        if (!rk_scene_place(scene, i, at))
            continue;
        const RkProjected p = rk_view_project(view, at);
        const Seen one = {i, p.depth};
        if (!isnan(p.x))
            g_array_append_val(seen, one);
    }
    g_array_sort(seen, farther_first);
    for (guint i = 0; i < seen->len; i++)
        g_array_append_val(order, g_array_index(seen, Seen, i).index);
    return order;
}

int
rk_scene_hit(const RkScene *scene, const RkView *view, double x, double y, double reach)
{
    g_autoptr(GArray) order = rk_scene_order(scene, view);
    double best = reach, at[3];
    int found = -1;
    for (guint i = 0; i < order->len; i++) {
        const guint index = g_array_index(order, guint, i);
        rk_scene_place(scene, index, at);
        const RkProjected p = rk_view_project(view, at);
        const double distance = hypot(p.x - x, p.y - y);
        if (distance <= best + 1) { // of two under the pointer the nearer, which comes later
            best = fmin(best, distance);
            found = (int)index;
        }
    }
    return found;
}
