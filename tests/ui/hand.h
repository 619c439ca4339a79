// SPDX-License-Identifier: GPL-3.0-or-later
//
// A hand at the test's X server: pointer, wheel and keys are real events, made by xdotool (XTEST),
// that come in through the server. Xvfb has no touch screen: fingers are XInput events put into
// this client's own queue, so that all from GDK on is as with a real one. Main thread.
#pragma once

#include <gtk/gtk.h>

// FALSE, after a skip that says why, where there is no xdotool.
gboolean rk_hand_is_there(void);

// px within the widget. Each returns when the window has had its frames for it.
void rk_hand_move(GtkWidget *widget, double x, double y);
void rk_hand_press(GtkWidget *widget, double x, double y); // the first button, and holds it
void rk_hand_release(void);
void rk_hand_click(GtkWidget *widget, double x, double y);

// Presses, moves there in some steps, and releases; `between` (may be NULL) is called before that.
typedef void (*RkHandFunc)(gpointer data);
void rk_hand_drag(GtkWidget *widget, double x, double y, double dx, double dy, RkHandFunc between,
                  gpointer data);

// Presses at a place of the screen, moves into the widget, and holds it there.
void rk_hand_carry(int screen_x, int screen_y, GtkWidget *widget, double x, double y);

// Notches of the wheel where the pointer is, up when positive; `held` is a key ("ctrl") or NULL.
void rk_hand_wheel(int notches, const char *held);

// Gives the widget's window the keyboard, and presses a key by its name of xdotool ("shift+Right").
void rk_hand_focus(GtkWidget *widget);
void rk_hand_key(const char *key);

// Two fingers on a level line around x, y, whose distance goes from one to the other.
void rk_hand_pinch(GtkWidget *widget, double x, double y, double from, double to);

// One finger is put down there, moves, and is lifted.
void rk_hand_swipe(GtkWidget *widget, double x, double y, double dx, double dy);

// Moves the widget's window to a place of the screen.
void rk_hand_place_window(GtkWidget *widget, int x, int y);
