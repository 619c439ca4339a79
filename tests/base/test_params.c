// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/params.h"

static const RkParam TABLE[] = {
    {"epochs", RK_PARAM_INT, 1, 1000, "20", "epochs", NULL, "Passes over the training data"},
    {"lr", RK_PARAM_REAL, 0, 10, "0.001", NULL, NULL, "Learning rate"},
    {"header", RK_PARAM_BOOL, 0, 0, "true", NULL, NULL, "The first line names the columns"},
    {"split", RK_PARAM_CHOICE, 0, 0, "random", NULL, "random|temporal", "How rows are split"},
    {"label", RK_PARAM_TEXT, 0, 0, "", NULL, NULL, "The column to predict"},
};

static void
defaults_and_values(void)
{
    g_autoptr(RkParams) p = rk_params_new(TABLE, G_N_ELEMENTS(TABLE));
    g_assert_cmpint(rk_params_int(p, "epochs"), ==, 20);
    g_assert_cmpfloat(rk_params_real(p, "lr"), ==, 0.001);
    g_assert_true(rk_params_bool(p, "header"));
    g_assert_cmpstr(rk_params_text(p, "split"), ==, "random");
    g_assert_false(rk_params_is_set(p, "epochs"));
    g_autoptr(GError) error = NULL;
    g_assert_true(rk_params_assign(p, "epochs=3", &error));
    g_assert_true(rk_params_assign(p, "header=no", &error));
    g_assert_true(rk_params_assign(p, "label=a=b", &error));
    g_autoptr(RkParams) copy = rk_params_copy(p);
    g_assert_cmpint(rk_params_int(copy, "epochs"), ==, 3);
    g_assert_true(rk_params_is_set(copy, "epochs"));
    g_assert_false(rk_params_bool(copy, "header"));
    g_assert_cmpstr(rk_params_text(copy, "label"), ==, "a=b");
}

static void
refusals(void)
{
    static const struct {
        const char *assignment, *message;
    } rows[] = {
        {"epochs=0", "*epochs*whole number from 1 to 1000*"},
        {"epochs=2.5", "*whole number*"},
        {"epochs=2x", "*2x*"},
        {"lr=nan", "*lr*number from 0 to 10*"},
        {"header=perhaps", "*true or false*"},
        {"split=time", "*one of random|temporal*"},
        {"epoch=3", "*Did you mean epochs?*"},
        {"unrelated=3", "*There are: epochs, lr*"},
        {"epochs", "*name=value*"},
    };
    g_autoptr(RkParams) p = rk_params_new(TABLE, G_N_ELEMENTS(TABLE));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(rk_params_assign(p, rows[i].assignment, &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_USAGE);
        if (!g_pattern_match_simple(rows[i].message, error->message))
            g_error("%s: %s", rows[i].assignment, error->message);
    }
    g_assert_cmpint(rk_params_int(p, "epochs"), ==, 20); // a refused value changes nothing
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/params/values start at their defaults and can be set",
                    defaults_and_values);
    g_test_add_func("/base/params/a wrong name or value is refused with a hint", refusals);
    return g_test_run();
}
