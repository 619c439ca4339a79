// SPDX-License-Identifier: GPL-3.0-or-later
//
// `rankine devices` as scripts use it.
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

// Runs the program with the words after "rankine"; returns the exit status.
static int
rankine(const char *words, char **out, char **err)
{
    const char *build = g_getenv("RANKINE_TEST_BUILD");
    g_autofree char *program = g_build_filename(build ? build : "build", "rankine", NULL);
    g_autofree char *line = g_strdup_printf("'%s' %s", program, words);
    g_autoptr(GError) error = NULL;
    int wait_status;
    g_spawn_command_line_sync(line, out, err, &wait_status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(wait_status));
    return WEXITSTATUS(wait_status);
}

static void
json(void)
{
    static const char *const TEXTS[] = {"name", "driver", "type", "uuid", "api"};
    static const char *const CEILINGS[] = {"copy_gb_s", "fp32_gflops", "fp16_gflops", "int8_gops",
                                           "submit_us"};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(rankine("devices --json", &out, &err), ==, 0);
    g_autoptr(JsonNode) root = json_from_string(out, &error);
    g_assert_no_error(error); // one document and nothing else
    JsonArray *devices = json_object_get_array_member(json_node_get_object(root), "devices");
    g_assert_cmpuint(json_array_get_length(devices), >, 0);
    for (guint i = 0; i < json_array_get_length(devices); i++) {
        JsonObject *device = json_array_get_object_element(devices, i);
        g_assert_cmpint(json_object_get_int_member(device, "index"), ==, i);
        for (size_t t = 0; t < G_N_ELEMENTS(TEXTS); t++)
            g_assert_cmpuint(strlen(json_object_get_string_member(device, TEXTS[t])), >, 2);
        JsonArray *precisions = json_object_get_array_member(device, "precisions");
        g_assert_cmpstr(json_array_get_string_element(precisions, 0), ==, "fp32");
        JsonObject *ceilings = json_object_get_object_member(device, "ceilings");
        for (size_t c = 0; c < G_N_ELEMENTS(CEILINGS); c++)
            g_assert_cmpfloat(json_object_get_double_member(ceilings, CEILINGS[c]), >, 0);
    }
}

static void
text(void)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_assert_cmpint(rankine("devices --device 0 --quiet", &out, &err), ==, 0);
    static const char *const WORDS[] = {"0  ",      "(default)", "driver", "GFLOPS",
                                        "measured", "GB/s",      "memory", "fp32, fp16, int8"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++)
        g_assert_nonnull(strstr(out, WORDS[i]));
    g_assert_cmpstr(err, ==, "");
}

static void
errors(void)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_assert_cmpint(rankine("devices --device voodoo --json", &out, &err), ==, 1);
    g_assert_cmpstr(out, ==, "");
    g_assert_nonnull(strstr(err, "There is: 0 "));
    g_clear_pointer(&err, g_free);
    g_clear_pointer(&out, g_free);
    g_assert_cmpint(rankine("devices --nonsense", &out, &err), ==, 2);
    g_assert_nonnull(strstr(err, "--nonsense"));
}

static void
no_driver(void)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autofree char *files = g_strdup(g_getenv("VK_DRIVER_FILES"));
    g_setenv("VK_DRIVER_FILES", "/nonexistent.json", TRUE);
    int status = rankine("devices", &out, &err);
    if (files != NULL)
        g_setenv("VK_DRIVER_FILES", files, TRUE);
    else
        g_unsetenv("VK_DRIVER_FILES");
    g_assert_cmpint(status, ==, 1);
    g_assert_nonnull(strstr(err, "mesa-vulkan-drivers"));
    g_assert_nonnull(strstr(err, "/nonexistent.json"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/devices/one JSON document with every field", json);
    g_test_add_func("/gpu/devices/a table for people", text);
    g_test_add_func("/gpu/devices/an unknown device or option", errors);
    g_test_add_func("/gpu/devices/no driver at all says what to install", no_driver);
    return g_test_run();
}
