// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/specialize.h"
#include "gpu/spirv.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

static uint32_t *
embedded(const char *name, size_t *n_words)
{
    g_autofree char *path = g_strdup_printf("/org/rankine/shaders/%s", name);
    g_autoptr(GBytes) data = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert_nonnull(data);
    *n_words = g_bytes_get_size(data) / 4;
    return g_memdup2(g_bytes_get_data(data, NULL), g_bytes_get_size(data));
}

static uint32_t
count(uint32_t *words, size_t n_words, SpvOp opcode)
{
    RkSpirv module;
    g_autoptr(GError) error = NULL;
    rk_spirv_init(&module, words, n_words, "test", &error);
    g_assert_no_error(error);
    uint32_t n = 0;
    for (uint32_t i = 0; i < module.n; i++)
        n += module.list[i].opcode == opcode;
    rk_spirv_clear(&module);
    return n;
}

// Every embedded shader, at its defaults but for a local size of 64: what comes out is valid by the
// reference validator, holds no specialization constant and is no longer than what went in.
static void
every_shader(void)
{
    g_autofree char *tool = g_find_program_in_path("spirv-val");
    if (tool == NULL) {
        g_test_skip("there is no spirv-val (package spirv-tools)");
        return;
    }
    g_autofree char *folder = g_dir_make_tmp("rankine-spirv-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "out.spv", NULL);
    g_auto(GStrv) names =
        g_resources_enumerate_children("/org/rankine/shaders", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert_cmpuint(g_strv_length(names), >, 100);
    for (char **name = names; *name != NULL; name++) {
        size_t n_words, n_out;
        g_autoptr(GError) error = NULL;
        g_autofree uint32_t *words = embedded(*name, &n_words);
        const uint32_t local = 64;
        g_autofree uint32_t *out =
            rk_spirv_specialize(words, n_words, &local, 1, TRUE, *name, &n_out, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(n_out, <=, n_words + 8); // with the constants that it adds
        g_assert_cmpuint(count(out, n_out, SpvOpSpecConstant), ==, 0);
        g_assert_cmpuint(count(out, n_out, SpvOpSpecConstantTrue), ==, 0);
        g_assert_true(g_file_set_contents(file, (char *)out, (gssize)(4 * n_out), &error));
        // Modules of SPIR-V 1.6 are for Vulkan 1.3.
        const char *target = out[1] >= 0x10600 ? "vulkan1.3" : "vulkan1.1";
        const char *const call[] = {tool, "--target-env", target, file, NULL};
        g_autofree char *said = NULL;
        int status = -1;
        g_assert_true(g_spawn_sync(NULL, (char **)call, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                                   &said, &status, &error));
        if (status != 0)
            g_error("%s: %s", *name, said);
    }
    g_remove(file);
    g_rmdir(folder);
}

// Of the switch over all functions one case is left, and of the ways to load one.
static void
one_function(void)
{
    size_t n_words, n_out;
    g_autoptr(GError) error = NULL;
    g_autofree uint32_t *words = embedded("pointwise.spv", &n_words);
    const uint32_t before = count(words, n_words, SpvOpExtInst);
    // Local size, modes of the four inputs (the first whole, the others unused), last slot, two
    // that are free, then the slot's code: the first line of pointwise.def.
    const uint32_t value[] = {64, 0, 5, 5, 5, 0, 0, 0, 0};
    g_autofree uint32_t *out = rk_spirv_specialize(words, n_words, value, G_N_ELEMENTS(value), TRUE,
                                                   "pointwise", &n_out, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(before, >, 20); // exp, log, tanh ..
    g_assert_cmpuint(count(out, n_out, SpvOpExtInst), <=, 2);
    g_assert_cmpuint(count(out, n_out, SpvOpStore), >, 0);
    g_assert_cmpuint(n_out, <, n_words / 5);
}

static void
damaged(void)
{
    size_t n_words, n_out;
    const uint32_t local = 64;
    g_autofree uint32_t *words = embedded("pointwise.spv", &n_words);
    // No header, a header alone, and a first instruction of no length or beyond the end.
    const struct {
        size_t n_words;
        uint32_t first;
    } CASES[] = {{0, words[5]}, {5, words[5]}, {n_words, 0}, {n_words, 0xffff0000u}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint32_t *copy = g_memdup2(words, 4 * n_words);
        copy[5] = CASES[i].first;
        g_assert_null(rk_spirv_specialize(copy, CASES[i].n_words, &local, 1, TRUE, "pointwise",
                                          &n_out, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
        g_assert_nonnull(strstr(error->message, "pointwise"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/specialize/every shader stays valid", every_shader);
    g_test_add_func("/gpu/specialize/one function of many is left", one_function);
    g_test_add_func("/gpu/specialize/what isn't SPIR-V is refused", damaged);
    return g_test_run();
}
