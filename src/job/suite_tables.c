// SPDX-License-Identifier: GPL-3.0-or-later
#include "job/suite_passes.h"
#include "job/suite_served.h"

#include "bench/settings.h"
#include "bench/suite.h"
#include "compress/compress.h"
#include "serve/session.h"

#include <string.h>

// Words that stand for settings of passes, as suites have them.
static const RkParam ALIASES[] = {
    {.name = "precision",
     .type = RK_PARAM_CHOICE,
     .initial = "fp32",
     .choices = "fp32|fp16|int8|int4",
     .help = "Format of dense layers and tables; fp32 leaves the model as it is"},
    {.name = "prune",
     .type = RK_PARAM_REAL,
     .min = 0,
     .max = 0.999,
     .initial = "0",
     .help = "Share that is pruned away; 0 leaves the model as it is"},
};

RkSuiteTables *
rk_suite_tables_new(void)
{
    RkSuiteTables *tables = g_new0(RkSuiteTables, 1);
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(RkParam));
    for (size_t i = 0; i < G_N_ELEMENTS(ALIASES); i++) {
        RkParam row = ALIASES[i];
        row.name = g_strdup(row.name);
        g_array_append_val(rows, row);
    }
    const RkPass *pass;
    for (size_t p = 0; (pass = rk_pass_at(p)) != NULL; p++)
        for (size_t i = 0; i < pass->n_params; i++) {
            RkParam row = pass->params[i];
            row.name = g_strdup_printf("%s.%s", pass->name, row.name);
            g_array_append_val(rows, row);
        }
    tables->n_compress = rows->len;
    tables->compress = (RkParam *)(void *)g_array_free(g_steal_pointer(&rows), FALSE);
    tables->tables[tables->n++] = (RkAxisTable){RK_PLACE_LOAD, rk_load_params, rk_n_load_params};
    tables->tables[tables->n++] =
        (RkAxisTable){RK_PLACE_SERVE, rk_session_params, rk_n_session_params};
    tables->tables[tables->n++] =
        (RkAxisTable){RK_PLACE_COMPRESS, tables->compress, tables->n_compress};
    return tables;
}

void
rk_suite_tables_free(RkSuiteTables *tables)
{
    if (tables == NULL)
        return;
    for (size_t i = 0; i < tables->n_compress; i++)
        g_free((char *)tables->compress[i].name);
    g_free(tables->compress);
    g_free(tables);
}

// ---- passes --------------------------------------------------------------------------------

static const struct {
    const char *precision, *format;
} FORMATS[] = {{"fp32", NULL}, {"fp16", "f16"}, {"int8", "i8"}, {"int4", "i4"}};

// The settings that an alias gives the pass: NULL when it isn't in the trial; "" when it leaves the
// model as it is, as RK_NO_PASS does.
static char *
alias_of(const GArray *settings, const char *pass)
{
    if (strcmp(pass, "prune") == 0) {
        const RkSetting *prune = rk_settings_find(settings, "prune");
        if (prune == NULL)
            return NULL;
        return strcmp(prune->text, RK_NO_PASS) != 0 && prune->number > 0
                   ? g_strdup_printf("ratio=%s", prune->text)
                   : g_strdup("");
    }
    const char *precision =
        strcmp(pass, "quantize") == 0 ? rk_settings_text(settings, "precision") : NULL;
    for (size_t i = 0; precision != NULL && i < G_N_ELEMENTS(FORMATS); i++)
        if (strcmp(FORMATS[i].precision, precision) == 0)
            return FORMATS[i].format != NULL
                       ? g_strdup_printf("dense=%s,tables=%s", FORMATS[i].format, FORMATS[i].format)
                       : g_strdup("");
    return precision != NULL ? g_strdup("") : NULL;
}

GStrv
rk_suite_passes(const GArray *settings)
{
    g_autoptr(GPtrArray) calls = g_ptr_array_new();
    const RkPass *pass;
    for (size_t p = 0; (pass = rk_pass_at(p)) != NULL; p++) {
        g_autofree char *alias = alias_of(settings, pass->name);
        g_autofree char *prefix = g_strconcat(pass->name, ".", NULL);
        g_autoptr(GString) call = g_string_new(alias);
        gboolean off = alias != NULL && *alias == '\0';
        for (guint i = 0; i < settings->len; i++) {
            const RkSetting *one = &g_array_index(settings, RkSetting, i);
            if (!g_str_has_prefix(one->name, prefix))
                continue;
            off |= strcmp(one->text, RK_NO_PASS) == 0;
            g_string_append_printf(call, "%s%s=%s", call->len > 0 ? "," : "",
                                   one->name + strlen(prefix), one->text);
        }
        // An alias that leaves the model as it is, or a setting without a pass, switches it off.
        if (call->len > 0 && !off)
            g_ptr_array_add(calls, g_strdup_printf("%s:%s", pass->name, call->str));
    }
    g_ptr_array_add(calls, NULL);
    return (GStrv)g_ptr_array_steal(calls, NULL);
}
