// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/parts.h"

#define KEY      "split"
#define FEATURES "features"

gboolean
rk_dataset_writer_set_split(RkDatasetWriter *writer, const RkSplit *split, GError **error)
{
    g_autofree char *json = rk_split_to_json(split);
    g_autoptr(GBytes) bytes = rk_split_to_bytes(split);
    return rk_dataset_writer_set_meta(writer, KEY, json, error) &&
           (bytes == NULL || rk_dataset_writer_set_blob(writer, KEY, 0, bytes, error));
}

RkSplit *
rk_dataset_split(RkDataset *dataset, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *json = rk_dataset_meta(dataset, KEY, &failure);
    g_autoptr(GBytes) bytes = json != NULL ? rk_dataset_blob(dataset, KEY, 0, &failure) : NULL;
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    g_autoptr(RkSplit) split = json != NULL ? rk_split_from_json(json, bytes, error) : NULL;
    if (split != NULL && rk_split_n_rows(split) != rk_dataset_n_rows(dataset, 0)) {
        g_set_error(error, RK_ERROR, RK_ERROR_DATA,
                    "Can't read the split of %s: it is of %" G_GUINT64_FORMAT
                    " rows, the dataset has %" G_GUINT64_FORMAT ". Import the dataset again.",
                    rk_dataset_name(dataset), rk_split_n_rows(split),
                    rk_dataset_n_rows(dataset, 0));
        return NULL;
    }
    return g_steal_pointer(&split);
}

RkFeatures *
rk_dataset_features(RkDataset *dataset, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *json = rk_dataset_meta(dataset, FEATURES, &failure);
    g_autoptr(GBytes) bytes = json != NULL ? rk_dataset_blob(dataset, FEATURES, 0, &failure) : NULL;
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (json == NULL)
        return NULL;
    RkFeatures *features = rk_features_from_json(rk_dataset_schema(dataset), json, bytes, error);
    if (features == NULL)
        g_prefix_error(error, "%s: ", rk_dataset_name(dataset));
    return features;
}

// The description goes first and comes last, so that no description stands beside other totals.
static gboolean
keep_features(RkDataset *dataset, const RkFeatures *features, GError **error)
{
    g_autofree char *json = rk_features_to_json(features);
    g_autoptr(GBytes) bytes = rk_features_to_bytes(features);
    return rk_dataset_set_meta(dataset, FEATURES, NULL, error) &&
           rk_dataset_set_blob(dataset, FEATURES, 0, bytes, error) &&
           rk_dataset_set_meta(dataset, FEATURES, json, error);
}

RkFeatures *
rk_dataset_fit_features(RkDataset *dataset, const char *const *settings,
                        const RkPassProgress *progress, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(RkSplit) split = rk_dataset_split(dataset, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    g_autoptr(RkFeatures) features =
        rk_features_fit(rk_dataset_source(dataset), split, settings, progress, error);
    if (features == NULL || !keep_features(dataset, features, error))
        return NULL;
    return g_steal_pointer(&features);
}

RkFeatures *
rk_dataset_need_features(RkDataset *dataset, const RkPassProgress *progress, GError **error)
{
    g_autoptr(GError) failure = NULL;
    RkFeatures *features = rk_dataset_features(dataset, &failure);
    if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    else if (features == NULL)
        features = rk_dataset_fit_features(dataset, NULL, progress, error);
    return features;
}
