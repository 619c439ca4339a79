// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/trial_list.h"

#include "bench/gate.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

struct _RkTrialItem {
    GObject parent;
    RkTrialList *list; // which holds the item
    guint index;
};

struct _RkTrialList {
    GObject parent;
    GArray *rows;       // of RkTrialRow
    GPtrArray *items;   // of RkTrialItem, NULL until it is asked for
    GPtrArray *axes;    // of char *, names
    GStringChunk *text; // of cells
    const char **cells; // [n_rows * n_axes]
    GHashTable *points; // point -> index + 1; NULL while a row's index is its point
    char *metric;
};

static void list_model_init(GListModelInterface *iface);

G_DEFINE_FINAL_TYPE(RkTrialItem, rk_trial_item, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE_WITH_CODE(RkTrialList, rk_trial_list, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, list_model_init))

static void
rk_trial_item_class_init(RkTrialItemClass *class)
{
}

static void
rk_trial_item_init(RkTrialItem *item)
{
}

// ---- the model -----------------------------------------------------------------------------

static GType
get_item_type(GListModel *model)
{
    return RK_TYPE_TRIAL_ITEM;
}

static guint
get_n_items(GListModel *model)
{
    return RK_TRIAL_LIST(model)->rows->len;
}

static gpointer
get_item(GListModel *model, guint i)
{
    RkTrialList *list = RK_TRIAL_LIST(model);
    if (i >= list->rows->len)
        return NULL;
    if (list->items->pdata[i] == NULL) {
        RkTrialItem *item = g_object_new(RK_TYPE_TRIAL_ITEM, NULL);
        item->list = list;
        item->index = i;
        list->items->pdata[i] = item;
    }
    return g_object_ref(list->items->pdata[i]);
}

static void
list_model_init(GListModelInterface *iface)
{
    iface->get_item_type = get_item_type;
    iface->get_n_items = get_n_items;
    iface->get_item = get_item;
}

static void
row_clear(gpointer data)
{
    g_free(((RkTrialRow *)data)->why);
}

static void
free_item(gpointer item)
{
    if (item != NULL) {
        RK_TRIAL_ITEM(item)->list = NULL;
        g_object_unref(item);
    }
}

static void
list_finalize(GObject *object)
{
    RkTrialList *list = RK_TRIAL_LIST(object);
    g_ptr_array_unref(list->items);
    g_array_unref(list->rows);
    g_ptr_array_unref(list->axes);
    g_clear_pointer(&list->points, g_hash_table_unref);
    g_string_chunk_free(list->text);
    g_free(list->cells);
    g_free(list->metric);
    G_OBJECT_CLASS(rk_trial_list_parent_class)->finalize(object);
}

static void
rk_trial_list_class_init(RkTrialListClass *class)
{
    G_OBJECT_CLASS(class)->finalize = list_finalize;
}

static void
rk_trial_list_init(RkTrialList *list)
{
    list->rows = g_array_new(FALSE, TRUE, sizeof(RkTrialRow));
    g_array_set_clear_func(list->rows, row_clear);
    list->items = g_ptr_array_new_with_free_func(free_item);
    list->axes = g_ptr_array_new_with_free_func(g_free);
    list->text = g_string_chunk_new(1024);
}

// ---- making --------------------------------------------------------------------------------

// Rows of n points, all waiting, with room for their cells.
static void
set_size(RkTrialList *list, guint n)
{
    g_array_set_size(list->rows, n);
    g_ptr_array_set_size(list->items, (gint)n);
    list->cells = g_new0(const char *, (gsize)n *MAX(list->axes->len, 1));
    for (guint i = 0; i < n; i++) {
        RkTrialRow *row = rk_trial_list_row(list, i);
        row->cells = list->cells + (gsize)i * list->axes->len;
        row->point = i;
        row->p50_ms = row->p99_ms = row->qps = row->accuracy = NAN;
    }
}

static gboolean
is_swept(const RkAxis *axis)
{
    return axis->values->len > 1;
}

// The last axis goes fastest.
static void
fill_cells(RkTrialList *list, const RkSuite *suite)
{
    guint column = list->axes->len;
    uint64_t stride = 1;
    for (guint a = suite->axes->len; a-- > 0;) {
        const RkAxis *axis = g_ptr_array_index(suite->axes, a);
        if (is_swept(axis)) {
            column--;
            for (guint i = 0; i < list->rows->len; i++) {
                RkTrialRow *row = rk_trial_list_row(list, i);
                const guint v = (guint)(row->point / stride % axis->values->len);
                row->cells[column] = g_string_chunk_insert_const(
                    list->text, g_array_index(axis->values, RkSetting, v).text);
            }
        }
        stride *= axis->values->len;
    }
}

RkTrialList *
rk_trial_list_new_for_suite(const RkSuite *suite)
{
    RkTrialList *list = g_object_new(RK_TYPE_TRIAL_LIST, NULL);
    g_autoptr(RkSearch) search = rk_search_new(suite);
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    gboolean in_order = TRUE;
    uint64_t point = 0;
    for (guint a = 0; a < suite->axes->len; a++) {
        const RkAxis *axis = g_ptr_array_index(suite->axes, a);
        if (is_swept(axis))
            g_ptr_array_add(list->axes, g_strdup(axis->name));
    }
    while (rk_search_next(search, NULL, &point)) {
        in_order &= point == points->len;
        g_array_append_val(points, point);
    }
    set_size(list, points->len);
    if (!in_order)
        list->points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, NULL);
    for (guint i = 0; i < points->len; i++) {
        RkTrialRow *row = rk_trial_list_row(list, i);
        row->point = g_array_index(points, uint64_t, i);
        if (!in_order)
            g_hash_table_insert(list->points, &row->point, GUINT_TO_POINTER(i + 1));
    }
    fill_cells(list, suite);
    return list;
}

static void
take_result(RkTrialList *list, guint i, const RkTrialResult *trial, const RkResults *results)
{
    const char *metric = results->pareto_metric, *recommended = results->recommended.id;
    RkTrialRow *row = rk_trial_list_row(list, i);
    const RkNamed *accuracy = rk_trial_metric(trial, metric);
    row->state = trial->status == RK_TRIAL_PENDING ? RK_ROW_WAITING : RK_ROW_MEASURED;
    row->status = trial->status;
    row->saturated = trial->saturated;
    if (row->state == RK_ROW_MEASURED && row->order == 0)
        row->order = i + 1;
    row->recommended = g_strcmp0(trial->id, recommended) == 0;
    row->n_repeats = trial->repeats->len;
    row->p50_ms = trial->latency_ms[RK_LATENCY_P50].value;
    row->p99_ms = trial->latency_ms[RK_LATENCY_P99].value;
    row->qps = trial->throughput_qps.value;
    row->accuracy = accuracy != NULL ? accuracy->estimate.value : (double)NAN;
    g_free(row->why);
    row->why = trial->why != NULL ? g_strdup(trial->why)
               : trial->why_invalid != NULL && *trial->why_invalid != NULL
                   ? g_strjoinv(" ", trial->why_invalid)
                   : NULL;
    if (accuracy != NULL)
        rk_trial_list_set_metric(list, accuracy->name);
}

RkTrialList *
rk_trial_list_new_for_results(const RkResults *results)
{
    RkTrialList *list = g_object_new(RK_TYPE_TRIAL_LIST, NULL);
    const RkTrialResult *first = results->trials->len > 0 ? results->trials->pdata[0] : NULL;
    for (guint a = 0; first != NULL && a < first->n_axes; a++)
        g_ptr_array_add(list->axes, g_strdup(g_array_index(first->config, RkSetting, a).name));
    set_size(list, results->trials->len);
    for (guint i = 0; i < results->trials->len; i++) {
        const RkTrialResult *trial = g_ptr_array_index(results->trials, i);
        RkTrialRow *row = rk_trial_list_row(list, i);
        for (guint a = 0; a < list->axes->len; a++) {
            const char *text = rk_settings_text(trial->config, list->axes->pdata[a]);
            row->cells[a] = g_string_chunk_insert_const(list->text, text != NULL ? text : "");
        }
        take_result(list, i, trial, results);
    }
    return list;
}

gboolean
rk_trial_list_take(RkTrialList *list, const RkResults *results)
{
    const guint n = list->rows->len;
    if (results->trials->len != n)
        return FALSE;
    for (guint i = 0; i < n; i++)
        take_result(list, i, g_ptr_array_index(results->trials, i), results);
    g_list_model_items_changed(G_LIST_MODEL(list), 0, n, n);
    return TRUE;
}

// ---- reading -------------------------------------------------------------------------------

guint
rk_trial_list_n(RkTrialList *list)
{
    return list->rows->len;
}

guint
rk_trial_list_n_axes(RkTrialList *list)
{
    return list->axes->len;
}

const char *
rk_trial_list_axis(RkTrialList *list, guint axis)
{
    return g_ptr_array_index(list->axes, axis);
}

const char *
rk_trial_list_metric(RkTrialList *list)
{
    return list->metric;
}

void
rk_trial_list_set_metric(RkTrialList *list, const char *metric)
{
    if (g_strcmp0(metric, list->metric) == 0)
        return;
    g_free(list->metric);
    list->metric = g_strdup(metric);
}

RkTrialRow *
rk_trial_list_row(RkTrialList *list, guint i)
{
    return &g_array_index(list->rows, RkTrialRow, i);
}

void
rk_trial_list_changed(RkTrialList *list, guint i)
{
    g_list_model_items_changed(G_LIST_MODEL(list), i, 1, 1);
}

guint
rk_trial_list_find(RkTrialList *list, uint64_t point)
{
    if (list->points == NULL)
        return point < list->rows->len ? (guint)point : G_MAXUINT;
    const guint found = GPOINTER_TO_UINT(g_hash_table_lookup(list->points, &point));
    return found > 0 ? found - 1 : G_MAXUINT;
}

char *
rk_trial_list_label(RkTrialList *list, guint i)
{
    const RkTrialRow *row = rk_trial_list_row(list, i);
    GString *label = g_string_new(NULL);
    for (guint a = 0; a < list->axes->len; a++)
        g_string_append_printf(label, "%s%s=%s", a > 0 ? ", " : "",
                               (const char *)list->axes->pdata[a], row->cells[a]);
    if (label->len == 0)
        g_string_append(label, _("default"));
    return g_string_free(label, FALSE);
}

guint
rk_trial_item_index(RkTrialItem *item)
{
    return item->index;
}

RkTrialRow *
rk_trial_item_row(RkTrialItem *item)
{
    return rk_trial_list_row(item->list, item->index);
}

RkTrialList *
rk_trial_item_list(RkTrialItem *item)
{
    return item->list;
}
