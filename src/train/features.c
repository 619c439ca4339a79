// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/features.h"

#include "dataset/schema.h"
#include "store/parts.h"
#include "train/trained.h"

#include <math.h>
#include <string.h>

static void
add_feature(GArray *list, RkTrainFeatures *f, const RkField *field, uint32_t capacity)
{
    static const struct {
        RkFieldKind from;
        RkModelFeatureKind to;
    } kinds[] = {{RK_FIELD_USER, RK_FEATURE_CODE},
                 {RK_FIELD_ITEM, RK_FEATURE_CODE},
                 {RK_FIELD_CATEGORICAL, RK_FEATURE_CODE},
                 {RK_FIELD_MULTI, RK_FEATURE_BAG},
                 {RK_FIELD_NUMBER, RK_FEATURE_NUMBER}};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].from != field->kind)
            continue;
        char *name = g_strdup(field->name);
        g_ptr_array_add(f->names, name);
        RkModelFeature feature = {.name = name, .kind = kinds[i].to};
        if (field->vocabulary != NULL)
            feature.rows = rk_dataset_vocabulary_size(f->dataset, field->vocabulary);
        g_ptr_array_add(f->vocabulary_of, field->vocabulary);
        if (feature.kind == RK_FEATURE_BAG)
            feature.capacity = capacity;
        if (field->kind == RK_FIELD_USER)
            f->data.user = (int)list->len;
        if (field->kind == RK_FIELD_ITEM)
            f->data.item = (int)list->len;
        g_array_append_val(list, feature);
        return;
    }
}

// What was fitted stands for its field or, under a name of its own, beside it.
static void
add_fitted(GArray *list, RkTrainFeatures *f)
{
    for (uint32_t i = 0; i < rk_features_n(f->fitted); i++) {
        RkFeatureInfo info = rk_features_info(f->fitted, i);
        RkModelFeature feature = {.kind = info.is_code ? RK_FEATURE_CODE : RK_FEATURE_NUMBER,
                                  .rows = info.is_code ? info.n_codes : 0};
        guint at = 0;
        while (at < list->len &&
               strcmp(g_array_index(list, RkModelFeature, at).name, info.name) != 0)
            at++;
        if (at < list->len) {
            feature.name = g_array_index(list, RkModelFeature, at).name;
            f->vocabulary_of->pdata[at] = NULL; // the codes are ranges of numbers now
            g_array_index(list, RkModelFeature, at) = feature;
            continue;
        }
        char *name = g_strdup(info.name);
        g_ptr_array_add(f->names, name);
        g_ptr_array_add(f->vocabulary_of, NULL);
        feature.name = name;
        g_array_append_val(list, feature);
    }
}

static gboolean
is_known(const GArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++)
        if (strcmp(g_array_index(list, RkModelFeature, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

// Ids come once, from the event table; a side table's key is the same id again.
static void
find_features(RkTrainFeatures *f, const RkModel *model, uint32_t capacity)
{
    const RkSchema *schema = rk_dataset_schema(f->dataset);
    GArray *list = g_array_new(FALSE, FALSE, sizeof(RkModelFeature));
    for (uint32_t t = 0; t < schema->tables->len; t++) {
        const RkTable *table = rk_schema_table(schema, t);
        if (t > 0 && (model->candidates || table->role == RK_TABLE_OTHER))
            continue;
        for (uint32_t i = 0; i < table->fields->len; i++) {
            const RkField *field = rk_table_field(table, i);
            gboolean id = field->kind == RK_FIELD_USER || field->kind == RK_FIELD_ITEM;
            if (id ? t > 0 : (gboolean)model->candidates)
                continue;
            if (!is_known(list, field->name))
                add_feature(list, f, field, capacity);
        }
    }
    if (f->fitted != NULL)
        add_fitted(list, f);
    f->data.n_features = list->len;
    f->data.features = (const RkModelFeature *)(void *)g_array_free(list, FALSE);
}

// Of the labels as training sees them; 0 where negatives are drawn beside them.
static double
mean_of_labels(const RkTrainFeatures *f, const RkParams *set)
{
    double mean =
        rk_params_bool(set, "label.binary")
            ? rk_frame_label_share(f->frame, RK_PART_TRAIN, rk_params_real(set, "label.threshold"))
            : rk_frame_label_mean(f->frame, RK_PART_TRAIN, NULL);
    return isfinite(mean) && !rk_train_is_implicit(set) ? mean : 0;
}

RkTrainFeatures *
rk_train_features_new(const RkTrainFeaturesOptions *o, GError **error)
{
    g_autoptr(RkTrainFeatures) f = g_new0(RkTrainFeatures, 1);
    const RkModel *model = o->model;
    f->dataset = rk_dataset_ref(o->dataset);
    f->names = g_ptr_array_new_with_free_func(g_free);
    f->vocabulary_of = g_ptr_array_new();
    f->data.user = f->data.item = -1;
    if (!model->candidates) {
        f->fitted = o->like != NULL ? rk_trained_fitted(o->like, f->dataset, error)
                                    : rk_dataset_need_features(f->dataset, NULL, error);
        if (f->fitted == NULL)
            return NULL;
    }
    if (model->needs & RK_NEEDS_HISTORY)
        f->data.history = (uint32_t)rk_params_int(o->set, "history");
    find_features(f, model, (uint32_t)rk_params_int(o->set, "bag.capacity"));
    g_autofree const char **fields = g_new0(const char *, f->data.n_features + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->data.n_features; i++)
        if ((int)i != f->data.user && (int)i != f->data.item)
            fields[n++] = f->data.features[i].name;
    const RkFrameOptions options = {.source = rk_dataset_source(f->dataset),
                                    .split = o->split,
                                    .features = f->fitted,
                                    .vocabulary_size = rk_dataset_vocabulary_size_of,
                                    .vocabulary_data = f->dataset,
                                    .fields = fields,
                                    .n_fields = n,
                                    .history = o->history || (model->needs & RK_NEEDS_HISTORY) != 0,
                                    .positive_from = o->positive_from,
                                    .cancelled = o->cancelled};
    f->frame = rk_frame_new(&options, error);
    if (f->frame == NULL)
        return NULL;
    f->data.label_mean = mean_of_labels(f, o->set);
    return g_steal_pointer(&f);
}

void
rk_train_features_free(RkTrainFeatures *features)
{
    if (features == NULL)
        return;
    rk_frame_free(features->frame);
    rk_features_free(features->fitted);
    rk_dataset_unref(features->dataset);
    g_ptr_array_unref(features->names);
    g_ptr_array_unref(features->vocabulary_of);
    g_free((void *)features->data.features);
    g_free(features);
}

// What an input that is no feature is fed from, by name; derived ones name what from.
static const struct {
    const char *input;
    RkBatchKind kind;
    const char *from;
} OTHERS[] = {
    {"label", RK_BATCH_LABEL, NULL},
    {"weight", RK_BATCH_WEIGHT, NULL},
    {"candidates", RK_BATCH_CANDIDATES, NULL},
    {"history", RK_BATCH_HISTORY, NULL},
    {"target", RK_BATCH_TARGET, NULL},
    {"history.length", RK_BATCH_HISTORY_LENGTH, "history"},
    {"log_q", RK_BATCH_LOG_Q, "candidates"},
};

static gboolean
find_column(const GArray *columns, const char *name, uint32_t *at)
{
    for (guint i = 0; i < columns->len; i++)
        if (strcmp(g_array_index(columns, RkBatchColumn, i).name, name) == 0) {
            *at = i;
            return TRUE;
        }
    return FALSE;
}

static gboolean
feature_column(const RkTrainFeatures *f, const RkNode *node, const GArray *columns,
               RkBatchColumn *column)
{
    for (uint32_t i = 0; i < f->data.n_features; i++) {
        const RkModelFeature *feature = &f->data.features[i];
        static const RkBatchKind kinds[] = {[RK_FEATURE_CODE] = RK_BATCH_CODE,
                                            [RK_FEATURE_BAG] = RK_BATCH_BAG,
                                            [RK_FEATURE_NUMBER] = RK_BATCH_NUMBER};
        if (strcmp(node->name, feature->name) == 0) {
            // The item has no field of its own here, so that sampled negatives can stand for it.
            *column = (RkBatchColumn){.name = node->name,
                                      .kind = kinds[feature->kind],
                                      .field = (int)i == f->data.item ? NULL : feature->name,
                                      .width = feature->width,
                                      .capacity = feature->capacity};
            return TRUE;
        }
        size_t n = strlen(feature->name);
        if (feature->kind == RK_FEATURE_BAG && strncmp(node->name, feature->name, n) == 0 &&
            strcmp(node->name + n, ".ends") == 0) {
            *column = (RkBatchColumn){.name = node->name, .kind = RK_BATCH_ENDS, .n_of = 1};
            return find_column(columns, feature->name, &column->of[0]);
        }
    }
    return FALSE;
}

static gboolean
item_column(const GArray *columns, uint32_t *at)
{
    for (guint i = 0; i < columns->len; i++) {
        const RkBatchColumn *column = &g_array_index(columns, RkBatchColumn, i);
        if (column->kind == RK_BATCH_CODE && column->field == NULL) {
            *at = i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
other_column(const RkNode *node, const GArray *columns, RkBatchColumn *column)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OTHERS); i++) {
        if (strcmp(node->name, OTHERS[i].input) != 0)
            continue;
        *column = (RkBatchColumn){.name = node->name, .kind = OTHERS[i].kind};
        if (OTHERS[i].kind == RK_BATCH_CANDIDATES)
            column->width = node->type.dim[node->type.rank - 1].n - 1;
        if (OTHERS[i].kind == RK_BATCH_HISTORY || OTHERS[i].kind == RK_BATCH_TARGET)
            column->width = node->type.dim[1].n;
        if (OTHERS[i].from == NULL)
            return TRUE;
        column->n_of = 1;
        // Without candidates of its own a batch's items are each other's.
        return find_column(columns, OTHERS[i].from, &column->of[0]) ||
               (OTHERS[i].kind == RK_BATCH_LOG_Q && item_column(columns, &column->of[0]));
    }
    return FALSE;
}

gboolean
rk_train_features_columns(const RkTrainFeatures *features, const RkGraph *graph, uint32_t n_nodes,
                          RkPlan *plan, GArray **columns, GArray **inputs, GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(RkBatchColumn));
    g_autoptr(GArray) refs = g_array_new(FALSE, FALSE, sizeof(RkRef));
    // What others derive from comes first: a second round finds those.
    for (int round = 0; round < 2; round++)
        for (RkRef ref = 0; ref < n_nodes; ref++) {
            const RkNode *node = rk_graph_node(graph, ref);
            uint32_t at;
            if (node->kind != RK_NODE_INPUT || rk_plan_input(plan, ref, NULL) == NULL ||
                strcmp(node->name, "hyper") == 0 || strcmp(node->name, "rng") == 0 ||
                strcmp(node->name, "items") == 0 || find_column(found, node->name, &at))
                continue;
            RkBatchColumn column;
            if (feature_column(features, node, found, &column) ||
                other_column(node, found, &column)) {
                g_array_append_val(found, column);
                g_array_append_val(refs, ref);
            } else if (round == 1) {
                g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                            "Can't feed the model: nothing in the dataset is its input \"%s\"",
                            node->name);
                return FALSE;
            }
        }
    *columns = g_steal_pointer(&found);
    *inputs = g_steal_pointer(&refs);
    return TRUE;
}
