// SPDX-License-Identifier: GPL-3.0-or-later
#include "compress/compress.h"

#include <string.h>

#define RK_PASS(id) extern const RkPass rk_pass_##id;
#include "compress/passes.def"
#undef RK_PASS

static const RkPass *const PASSES[] = {
#define RK_PASS(id) &rk_pass_##id,
#include "compress/passes.def"
#undef RK_PASS
};

const RkPass *
rk_pass_at(size_t i)
{
    return i < G_N_ELEMENTS(PASSES) ? PASSES[i] : NULL;
}

const RkPass *
rk_pass_find(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(PASSES)];
    for (size_t i = 0; i < G_N_ELEMENTS(PASSES); i++) {
        names[i] = PASSES[i]->name;
        if (strcmp(name, names[i]) == 0)
            return PASSES[i];
    }
    g_autofree char *all = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(PASSES); i++) {
        char *longer = all != NULL ? g_strconcat(all, ", ", names[i], NULL) : g_strdup(names[i]);
        g_free(all);
        all = longer;
    }
    const char *near = rk_nearest_word(name, names, G_N_ELEMENTS(names));
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE, "Can't find the pass \"%s\"%s%s%s There are %s.",
                name, near != NULL ? ": did you mean \"" : ".", near != NULL ? near : "",
                near != NULL ? "\"?" : "", all);
    return NULL;
}

void
rk_pass_call_clear(RkPassCall *call)
{
    g_clear_pointer(&call->set, rk_params_free);
}

static gboolean
has_row(const RkPass *pass, const char *assignment)
{
    size_t n = strcspn(assignment, "=");
    for (size_t i = 0; i < pass->n_params; i++)
        if (strlen(pass->params[i].name) == n && strncmp(pass->params[i].name, assignment, n) == 0)
            return TRUE;
    return FALSE;
}

static gboolean
assign(RkPassCall *call, const char *assignment, GError **error)
{
    const char *rest = call->pass->rest;
    if (rest == NULL || strchr(assignment, '=') == NULL || has_row(call->pass, assignment))
        return rk_params_assign(call->set, assignment, error);
    const char *before = rk_params_text(call->set, rest);
    g_autofree char *all =
        *before != '\0' ? g_strconcat(before, ";", assignment, NULL) : g_strdup(assignment);
    return rk_params_set(call->set, rest, all, error);
}

gboolean
rk_pass_parse(const char *text, RkPassCall *call, GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    *call = (RkPassCall){.pass = rk_pass_find(name, error)};
    if (call->pass == NULL)
        return FALSE;
    call->set = rk_params_new(call->pass->params, call->pass->n_params);
    g_auto(GStrv) assignments = g_strsplit(colon != NULL ? colon + 1 : "", ",", -1);
    for (char **one = assignments; *one != NULL; one++)
        if (**one != '\0' && !assign(call, *one, error)) {
            g_prefix_error(error, "Can't %s: ", name);
            rk_pass_call_clear(call);
            return FALSE;
        }
    return TRUE;
}
