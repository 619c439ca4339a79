// SPDX-License-Identifier: GPL-3.0-or-later
//
// The trade-off space without a widget: trials as points over latency, throughput and accuracy, a
// camera that orbits them, and where all of it falls on a plane. The box around the data has edges
// of length 1 and its middle at the origin; accuracy goes up. Owner's thread.
#pragma once

#include "report/canvas.h"
#include "report/chart.h"
#include "report/results.h"

enum { RK_SCENE_LATENCY, RK_SCENE_THROUGHPUT, RK_SCENE_ACCURACY, RK_N_SCENE_AXES };

typedef struct {
    char *name;
    double value[RK_N_SCENE_AXES]; // s, a second, metric
    gboolean valid, on_front, recommended, base;
} RkScenePoint;

typedef struct {
    RkChartAxis axis[RK_N_SCENE_AXES];
    GArray *points; // of RkScenePoint
    char *summary;  // a sentence: how many, which are on the front
} RkScene;

// The measured trials of results. Empty of points, with the reason as its summary, where no
// accuracy was measured. `base` is an index of results->trials, or G_MAXUINT.
RkScene *rk_scene_new(const RkResults *results, guint base);
void rk_scene_free(RkScene *scene);

// "precision=int8: p99 latency 1.25 ms, throughput 12.4 k/s, auc 0.8012; on the Pareto front". Free
// it.
char *rk_scene_point_text(const RkScene *scene, guint point);

// ---- the camera ----------------------------------------------------------------------------

// It looks at the origin from a sphere around it.
typedef struct {
    float yaw;   // radians around the upright axis, -pi .. pi
    float pitch; // radians above the floor, within RK_CAMERA_STEEPEST
    float zoom;  // 1 shows the whole box, RK_CAMERA_FARTHEST .. RK_CAMERA_NEAREST
} RkCamera;

#define RK_CAMERA_STEEPEST 1.5f // short of straight down, where yaw would turn the picture
#define RK_CAMERA_FARTHEST 0.4f
#define RK_CAMERA_NEAREST  6.0f

RkCamera rk_camera_default(void);
void rk_camera_orbit(RkCamera *camera, double yaw, double pitch); // by radians
void rk_camera_zoom(RkCamera *camera, double factor);
RkCamera rk_camera_between(const RkCamera *from, const RkCamera *to, double share);

// Puts a view of width x height px onto the plane.
typedef struct {
    float matrix[16]; // column-major, box to clip space
    float eye[3];
    double width, height;
} RkView;

RkView rk_view_new(const RkCamera *camera, double width, double height);

typedef struct {
    double x, y;   // px; NaN behind the camera
    double depth;  // 0 at the box's nearest, 1 at its farthest
    double radius; // how large a length of 1 px in the middle of the box is here
} RkProjected;

RkProjected rk_view_project(const RkView *view, const double at[3]); // of the box, -0.5 .. 0.5

// Where a point of the scene lies in the box; FALSE where an axis can't show it.
gboolean rk_scene_place(const RkScene *scene, guint point, double at[3]);

// Indices [n points] from the farthest to the nearest; those that can't be shown are left out. Free
// it with g_array_unref(); of guint.
GArray *rk_scene_order(const RkScene *scene, const RkView *view);

// The point under a place in px, the nearer one of two; -1 without one within `reach` px.
int rk_scene_hit(const RkScene *scene, const RkView *view, double x, double y, double reach);

// ---- drawing -------------------------------------------------------------------------------

// `cursor` is the point that stands out, or -1.
void rk_scene_draw(const RkScene *scene, const RkView *view, int cursor, RkCanvas *canvas);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkScene, rk_scene_free)
