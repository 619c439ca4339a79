// SPDX-License-Identifier: GPL-3.0-or-later
//
// The trade-off space as a widget. Dragging and the arrow keys orbit, the wheel, pinching, + and -
// zoom, Home or 0 goes back; Page Up and Page Down step through the points, Escape leaves them.
// Hovering and stepping show exact values. Main thread.
//
// Signal "activated" (guint): a point was clicked, or Enter was pressed on it.
#pragma once

#include "ui/scene.h"

#include <adwaita.h>

#define RK_TYPE_SCENE_VIEW (rk_scene_view_get_type())
G_DECLARE_FINAL_TYPE(RkSceneView, rk_scene_view, RK, SCENE_VIEW, GtkWidget)

GtkWidget *rk_scene_view_new(void);

// Takes the scene over; NULL shows nothing. The camera stays where it is.
void rk_scene_view_set_scene(RkSceneView *view, RkScene *scene);
const RkScene *rk_scene_view_scene(RkSceneView *view);

RkCamera rk_scene_view_camera(RkSceneView *view);
void rk_scene_view_reset(RkSceneView *view);

// The point that stands out: index, or -1.
int rk_scene_view_cursor(RkSceneView *view);
