// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/run_item.h"

G_DEFINE_FINAL_TYPE(RkRunItem, rk_run_item, G_TYPE_OBJECT)

enum { PROP_PICKED = 1, PROP_TITLE, PROP_DETAIL, N_PROPS };
static GParamSpec *props[N_PROPS];
static guint opened_signal;

static void
get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const RkRunItem *item = RK_RUN_ITEM(object);
    if (id == PROP_PICKED)
        g_value_set_boolean(value, item->picked);
    else
        g_value_set_string(value, id == PROP_TITLE ? item->title : item->detail);
}

static void
set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    rk_run_item_set_picked(RK_RUN_ITEM(object), g_value_get_boolean(value));
}

static void
item_finalize(GObject *object)
{
    RkRunItem *item = RK_RUN_ITEM(object);
    g_clear_object(&item->children);
    rk_loaded_run_unref(item->run);
    g_free(item->title);
    g_free(item->detail);
    G_OBJECT_CLASS(rk_run_item_parent_class)->finalize(object);
}

static void
rk_run_item_class_init(RkRunItemClass *class)
{
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->get_property = get_property;
    object->set_property = set_property;
    object->finalize = item_finalize;
    props[PROP_PICKED] =
        g_param_spec_boolean("picked", NULL, NULL, FALSE,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
    props[PROP_TITLE] =
        g_param_spec_string("title", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    props[PROP_DETAIL] =
        g_param_spec_string("detail", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object, N_PROPS, props);
    opened_signal = g_signal_new("opened", RK_TYPE_RUN_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
rk_run_item_init(RkRunItem *item)
{
}

RkRunItem *
rk_run_item_new(int64_t id, guint trial, const char *title, const char *detail)
{
    RkRunItem *item = g_object_new(RK_TYPE_RUN_ITEM, NULL);
    item->id = id;
    item->trial = trial;
    item->title = g_strdup(title);
    item->detail = g_strdup(detail);
    return item;
}

void
rk_run_item_set_picked(RkRunItem *item, gboolean picked)
{
    if (item->picked == picked)
        return;
    item->picked = picked;
    g_object_notify_by_pspec(G_OBJECT(item), props[PROP_PICKED]);
}

void
rk_run_item_set_detail(RkRunItem *item, const char *detail)
{
    g_free(item->detail);
    item->detail = g_strdup(detail);
    g_object_notify_by_pspec(G_OBJECT(item), props[PROP_DETAIL]);
}

void
rk_run_item_open(RkRunItem *item)
{
    g_signal_emit(item, opened_signal, 0);
}
