// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/export.h"

#include <math.h>
#include <string.h>

static void
add_cell(GString *csv, const char *text)
{
    if (csv->len > 0 && csv->str[csv->len - 1] != '\n')
        g_string_append_c(csv, ',');
    if (strpbrk(text, ",\"\r\n") == NULL) {
        g_string_append(csv, text);
        return;
    }
    g_string_append_c(csv, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            g_string_append_c(csv, '"');
        g_string_append_c(csv, *text);
    }
    g_string_append_c(csv, '"');
}

// The first cell of a line may be empty, so a line begins with one that isn't: the id.
static void
add_number(GString *csv, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE] = "";
    if (isfinite(value))
        g_ascii_formatd(text, sizeof text, "%.9g", value);
    add_cell(csv, text);
}

// Every name that occurs in a list of one kind, in order of first sight.
static GPtrArray *
all_names(const RkResults *results, size_t offset, gboolean settings)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint t = 0; t < results->trials->len; t++) {
        const char *trial = g_ptr_array_index(results->trials, t);
        const GArray *list = *(GArray *const *)(const void *)(trial + offset);
        for (guint i = 0; i < list->len; i++) {
            char *name = settings ? g_array_index(list, RkSetting, i).name
                                  : g_array_index(list, RkNamed, i).name;
            if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
                g_ptr_array_add(names, name);
        }
    }
    return names;
}

static const struct {
    const char *prefix;
    size_t offset;
} LISTS[] = {
    {"stage_us.", offsetof(RkTrialResult, stages_us)},
    {"cache.", offsetof(RkTrialResult, cache)},
    {"lateness_us.", offsetof(RkTrialResult, lateness_us)},
    {"metric.", offsetof(RkTrialResult, metrics)},
};

// Columns that every trial has. A setting of the same name says the same and has no other.
static const char *const FIXED[] = {"id", "status", "model", "scenario", "valid", "n", NULL};

static GPtrArray *
setting_names(const RkResults *results)
{
    GPtrArray *names = all_names(results, offsetof(RkTrialResult, config), TRUE);
    for (guint i = names->len; i-- > 0;)
        if (g_strv_contains(FIXED, g_ptr_array_index(names, i)))
            g_ptr_array_remove_index(names, i);
    return names;
}

static void
add_head(GString *csv, const GPtrArray *settings, GPtrArray *const *names)
{
    for (size_t i = 0; FIXED[i] != NULL; i++)
        add_cell(csv, FIXED[i]);
    for (guint i = 0; i < settings->len; i++)
        add_cell(csv, g_ptr_array_index(settings, i));
    for (int s = -1; s < RK_N_LATENCIES; s++) {
        g_autofree char *name =
            s < 0 ? g_strdup("throughput_qps") : g_strdup_printf("%s_ms", rk_latency_stat_name(s));
        g_autofree char *low = g_strconcat(name, ".low", NULL);
        g_autofree char *high = g_strconcat(name, ".high", NULL);
        add_cell(csv, name);
        add_cell(csv, low);
        add_cell(csv, high);
    }
    add_cell(csv, "model_bytes");
    for (size_t l = 0; l < G_N_ELEMENTS(LISTS); l++)
        for (guint i = 0; i < names[l]->len; i++) {
            g_autofree char *name =
                g_strconcat(LISTS[l].prefix, g_ptr_array_index(names[l], i), NULL);
            add_cell(csv, name);
        }
    g_string_append(csv, "\r\n");
}

static void
add_estimate(GString *csv, const RkEstimate *estimate)
{
    add_number(csv, estimate->value);
    add_number(csv, estimate->low);
    add_number(csv, estimate->high);
}

static void
add_trial(GString *csv, const RkTrialResult *trial, const GPtrArray *settings,
          GPtrArray *const *names)
{
    g_autofree char *n = g_strdup_printf("%" G_GUINT64_FORMAT, trial->n);
    add_cell(csv, trial->id);
    add_cell(csv, rk_trial_status_name(trial->status));
    add_cell(csv, trial->model != NULL ? trial->model : "");
    add_cell(csv, trial->scenario != NULL ? trial->scenario : "");
    add_cell(csv, trial->valid ? "true" : "false");
    add_cell(csv, n);
    for (guint i = 0; i < settings->len; i++) {
        const char *text = rk_settings_text(trial->config, g_ptr_array_index(settings, i));
        add_cell(csv, text != NULL ? text : "");
    }
    add_estimate(csv, &trial->throughput_qps);
    for (int s = 0; s < RK_N_LATENCIES; s++)
        add_estimate(csv, &trial->latency_ms[s]);
    add_number(csv, trial->model_bytes);
    for (size_t l = 0; l < G_N_ELEMENTS(LISTS); l++) {
        const GArray *list =
            *(GArray *const *)(const void *)((const char *)trial + LISTS[l].offset);
        for (guint i = 0; i < names[l]->len; i++) {
            const RkNamed *named = rk_nameds_find(list, g_ptr_array_index(names[l], i));
            add_number(csv, named != NULL ? named->estimate.value : (double)NAN);
        }
    }
    g_string_append(csv, "\r\n");
}

char *
rk_export_csv(const RkResults *results)
{
    GString *csv = g_string_new(NULL);
    GPtrArray *names[G_N_ELEMENTS(LISTS)];
    g_autoptr(GPtrArray) settings = setting_names(results);
    for (size_t l = 0; l < G_N_ELEMENTS(LISTS); l++)
        names[l] = all_names(results, LISTS[l].offset, FALSE);
    add_head(csv, settings, names);
    for (guint t = 0; t < results->trials->len; t++)
        add_trial(csv, g_ptr_array_index(results->trials, t), settings, names);
    for (size_t l = 0; l < G_N_ELEMENTS(LISTS); l++)
        g_ptr_array_unref(names[l]);
    return g_string_free(csv, FALSE);
}
