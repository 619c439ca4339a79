// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine devices`: every Vulkan device with its driver, limits, fast paths and measured ceilings.
#include "app/cli.h"

#include "base/json.h"
#include "gpu/caps-table.h"
#include "gpu/ceilings.h"
#include "gpu/choice.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

// One device and what was measured, or why nothing was.
typedef struct {
    const RkDeviceInfo *info;
    gboolean is_default;
    gboolean measured;
    RkCeilings ceilings;
    GError *error;
} Entry;

typedef struct {
    const char *name;
    const char *label;
    const char *unit;
    size_t offset;     // of a double in RkCeilings
    size_t how_offset; // of its `how`, or 0
} CeilingRow;

static const CeilingRow CEILINGS[] = {
    {"copy_gb_s", "copy", "GB/s, bytes read plus written", offsetof(RkCeilings, copy_gb_s), 0},
    {"fp32_gflops", "fp32", "GFLOPS", offsetof(RkCeilings, fp32_gflops), 0},
    {"fp16_gflops", "fp16", "GFLOPS", offsetof(RkCeilings, fp16_gflops),
     offsetof(RkCeilings, fp16_how)},
    {"int8_gops", "int8", "GOPS", offsetof(RkCeilings, int8_gops), offsetof(RkCeilings, int8_how)},
    {"submit_us", "submit", "us, an empty command buffer and its fence",
     offsetof(RkCeilings, submit_us), 0},
};

static double
ceiling_value(const CeilingRow *row, const RkCeilings *ceilings)
{
    return *(const double *)(const void *)((const char *)ceilings + row->offset);
}

static const char *
ceiling_how(const CeilingRow *row, const RkCeilings *ceilings)
{
    if (row->how_offset == 0)
        return NULL;
    return *(const char *const *)(const void *)((const char *)ceilings + row->how_offset);
}

static char *
uuid_text(const uint8_t uuid[16])
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 16; i++) {
        gboolean dash = i == 4 || i == 6 || i == 8 || i == 10;
        g_string_append_printf(text, "%s%02x", dash ? "-" : "", uuid[i]);
    }
    return g_string_free(text, FALSE);
}

static char *
api_text(uint32_t version)
{
    return g_strdup_printf("%u.%u.%u", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
                           VK_API_VERSION_PATCH(version));
}

static void
measure(Entry *entry)
{
    g_autofree char *index = g_strdup_printf("%u", entry->info->index);
    g_autoptr(RkDevice) device = rk_device_open(index, &entry->error);
    const RkCeilings *ceilings = device ? rk_device_ceilings(device, &entry->error) : NULL;
    entry->measured = ceilings != NULL;
    if (ceilings != NULL)
        entry->ceilings = *ceilings;
}

static void
put_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
ceilings_to_json(JsonBuilder *builder, const Entry *entry)
{
    json_builder_set_member_name(builder, "ceilings");
    json_builder_begin_object(builder);
    for (size_t i = 0; i < G_N_ELEMENTS(CEILINGS); i++) {
        json_builder_set_member_name(builder, CEILINGS[i].name);
        if (entry->measured)
            json_builder_add_double_value(builder, ceiling_value(&CEILINGS[i], &entry->ceilings));
        else
            json_builder_add_null_value(builder);
        const char *how = ceiling_how(&CEILINGS[i], &entry->ceilings);
        if (how != NULL) {
            g_autofree char *name = g_strdup_printf("%s_how", CEILINGS[i].label);
            put_string(builder, name, how);
        }
    }
    json_builder_end_object(builder);
}

static void
entry_to_json(JsonBuilder *builder, const Entry *entry)
{
    const RkDeviceInfo *info = entry->info;
    g_autofree char *uuid = uuid_text(info->uuid);
    g_autofree char *api = api_text(info->api_version);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "index");
    json_builder_add_int_value(builder, info->index);
    put_string(builder, "name", info->name);
    put_string(builder, "driver", info->driver);
    put_string(builder, "type", rk_device_type_name(info->type));
    put_string(builder, "uuid", uuid);
    put_string(builder, "api", api);
    json_builder_set_member_name(builder, "default");
    json_builder_add_boolean_value(builder, entry->is_default);
    json_builder_set_member_name(builder, "precisions");
    json_builder_begin_array(builder);
    for (const char *const *p = rk_device_precisions(&info->caps); *p != NULL; p++)
        json_builder_add_string_value(builder, *p);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "fast_paths");
    json_builder_begin_array(builder);
    for (const RkFastPathRow *row = RK_FAST_PATHS; row->name != NULL; row++) {
        if (rk_fast_path_has(row, &info->caps))
            json_builder_add_string_value(builder, row->name);
    }
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "limits");
    json_builder_begin_object(builder);
    for (const RkLimitRow *row = RK_LIMITS; row->name != NULL; row++) {
        json_builder_set_member_name(builder, row->name);
        json_builder_add_int_value(builder, (gint64)rk_limit_value(row, &info->caps));
    }
    json_builder_end_object(builder);
    ceilings_to_json(builder, entry);
    if (entry->error != NULL)
        put_string(builder, "error", entry->error->message);
    json_builder_end_object(builder);
}

static void
print_json(const Entry *entries, guint n)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "devices");
    json_builder_begin_array(builder);
    for (guint i = 0; i < n; i++)
        entry_to_json(builder, &entries[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = rk_json_node_text(root, TRUE);
    puts(text);
}

static void
print_limits(const RkCaps *caps)
{
    puts("   limits");
    for (const RkLimitRow *row = RK_LIMITS; row->name != NULL; row++) {
        uint64_t value = rk_limit_value(row, caps);
        g_autofree char *text = rk_limit_is_bytes(row)
                                    ? g_format_size_full(value, G_FORMAT_SIZE_IEC_UNITS)
                                    : g_strdup_printf("%" G_GUINT64_FORMAT, value);
        printf("     %-30s%s\n", row->label, text);
    }
}

static void
print_ceilings(const Entry *entry)
{
    if (!entry->measured) {
        printf("   ceilings     not measured: %s\n", entry->error->message);
        return;
    }
    puts("   ceilings, measured");
    for (size_t i = 0; i < G_N_ELEMENTS(CEILINGS); i++) {
        const char *how = ceiling_how(&CEILINGS[i], &entry->ceilings);
        printf("     %-8s%10.1f %s%s%s\n", CEILINGS[i].label,
               ceiling_value(&CEILINGS[i], &entry->ceilings), CEILINGS[i].unit, how ? ", " : "",
               how ? how : "");
    }
}

static void
print_entry(const Entry *entry)
{
    const RkDeviceInfo *info = entry->info;
    g_autofree char *uuid = uuid_text(info->uuid);
    g_autofree char *api = api_text(info->api_version);
    g_autofree char *precisions =
        g_strjoinv(", ", (char **)(void *)rk_device_precisions(&info->caps));
    printf("%u  %s%s\n", info->index, info->name, entry->is_default ? "  (default)" : "");
    printf("   driver       %s\n", info->driver);
    printf("   type         %s\n", rk_device_type_name(info->type));
    printf("   uuid         %s\n", uuid);
    printf("   vulkan       %s\n", api);
    printf("   precisions   %s\n", precisions);
    fputs("   fast paths   ", stdout);
    gboolean any = FALSE;
    for (const RkFastPathRow *row = RK_FAST_PATHS; row->name != NULL; row++) {
        if (!rk_fast_path_has(row, &info->caps))
            continue;
        printf("%s%s", any ? ", " : "", row->name);
        any = TRUE;
    }
    puts(any ? "" : "none");
    print_limits(&info->caps);
    print_ceilings(entry);
}

gboolean
rk_command_devices(RkCli *cli, int argc, char **argv, GError **error)
{
    if (!rk_cli_parse(cli, &argc, &argv, NULL, "- every Vulkan device and what it can do", NULL,
                      error))
        return FALSE;
    g_autoptr(GArray) infos = rk_device_list(error);
    if (infos == NULL)
        return FALSE;
    const RkDeviceInfo *all = (const RkDeviceInfo *)(void *)infos->data;
    const RkDeviceInfo *chosen = rk_device_choose(all, infos->len, cli->device, error);
    if (chosen == NULL)
        return FALSE;
    g_autofree Entry *entries = g_new0(Entry, infos->len);
    guint n = 0;
    for (guint i = 0; i < infos->len; i++) {
        if (cli->device != NULL && &all[i] != chosen)
            continue;
        rk_cli_progress(cli, "Measuring", n, infos->len, "devices");
        entries[n] = (Entry){.info = &all[i], .is_default = &all[i] == chosen};
        measure(&entries[n++]);
    }
    rk_cli_progress_end(cli);
    if (cli->json)
        print_json(entries, n);
    // What could be measured is shown; the first that couldn't is what the command reports.
    GError *first = NULL;
    for (guint i = 0; i < n; i++) {
        if (!cli->json)
            print_entry(&entries[i]);
        if (first == NULL)
            first = g_steal_pointer(&entries[i].error);
        g_clear_error(&entries[i].error);
    }
    if (first != NULL)
        g_propagate_error(error, first);
    return first == NULL;
}
