// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/choice.h"

#include <string.h>

static const RkDeviceInfo DEVICES[] = {
    {.index = 0, .name = "llvmpipe (LLVM 15)", .type = RK_DEVICE_CPU, .uuid = {0x6d, 0x65}},
    {.index = 1, .name = "Iris Xe", .type = RK_DEVICE_INTEGRATED, .uuid = {0x86, 0x80}},
    {.index = 2, .name = "Radeon Pro", .type = RK_DEVICE_DISCRETE, .uuid = {0x02}},
    {.index = 3, .name = "Radeon Pro", .type = RK_DEVICE_DISCRETE, .uuid = {0x03}},
    {.index = 4, .name = "virtio", .type = RK_DEVICE_VIRTUAL, .uuid = {0x04}},
};

typedef struct {
    const char *wanted;
    int index; // -1: none
} ChoiceRow;

static const ChoiceRow ROWS[] = {
    {"0", 0},
    {"3", 3},
    {"9", -1},
    {"radeon", 2}, // the first of those that match
    {"IRIS", 1},
    {"pipe", 0},
    {"r", 2}, // of several types, the best
    {"03000000-0000-0000-0000-000000000000", 3},
    {"86800000000000000000000000000000", 1},
    {"86800000-0000-0000-0000-000000000001", -1},
    {"geforce", -1},
    {"\xff", -1},
    {"", 2},
};

static const RkDeviceInfo *
choose(const char *wanted, GError **error)
{
    return rk_device_choose(DEVICES, G_N_ELEMENTS(DEVICES), wanted, error);
}

static void
by_words(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        g_autoptr(GError) error = NULL;
        const RkDeviceInfo *info = choose(ROWS[i].wanted, &error);
        g_assert_cmpint(info ? (int)info->index : -1, ==, ROWS[i].index);
        if (info == NULL)
            g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    }
}

static void
best_by_itself(void)
{
    g_unsetenv("RANKINE_DEVICE");
    g_assert_cmpuint(choose(NULL, NULL)->index, ==, 2);
    g_assert_cmpuint(rk_device_choose(DEVICES, 2, NULL, NULL)->index, ==, 1);
    g_assert_cmpuint(rk_device_choose(DEVICES, 1, NULL, NULL)->index, ==, 0);
}

static void
by_environment(void)
{
    g_autoptr(GError) error = NULL;
    g_setenv("RANKINE_DEVICE", "iris", TRUE);
    g_assert_cmpuint(choose(NULL, NULL)->index, ==, 1);
    g_assert_cmpuint(choose("4", NULL)->index, ==, 4); // the command line comes first
    g_setenv("RANKINE_DEVICE", "", TRUE);
    g_assert_cmpuint(choose(NULL, NULL)->index, ==, 2);
    g_setenv("RANKINE_DEVICE", "voodoo", TRUE);
    g_assert_null(choose(NULL, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "voodoo"));
    g_assert_nonnull(strstr(error->message, "RANKINE_DEVICE"));
    g_unsetenv("RANKINE_DEVICE");
}

static void
error_lists_what_there_is(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(choose("geforce", &error));
    for (size_t i = 0; i < G_N_ELEMENTS(DEVICES); i++)
        g_assert_nonnull(strstr(error->message, DEVICES[i].name));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/choice/by index, name and UUID", by_words);
    g_test_add_func("/gpu/choice/the best type when nothing is asked", best_by_itself);
    g_test_add_func("/gpu/choice/RANKINE_DEVICE", by_environment);
    g_test_add_func("/gpu/choice/the error lists what there is", error_lists_what_there_is);
    return g_test_run();
}
