// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli_model.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static void
add_column(JsonBuilder *json, const char *name, const RkEvaluation *e, size_t offset)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    for (guint i = 0; e != NULL && i < e->figures->len; i++) {
        const RkFigure *figure = &g_array_index(e->figures, RkFigure, i);
        rk_json_add_real(json, figure->name, *(const double *)((const char *)figure + offset));
    }
    json_builder_end_object(json);
}

void
rk_cli_add_figures(JsonBuilder *json, const RkEvaluation *evaluation)
{
    add_column(json, "metrics", evaluation, G_STRUCT_OFFSET(RkFigure, value));
    json_builder_set_member_name(json, "ties");
    json_builder_begin_object(json);
    add_column(json, "optimistic", evaluation, G_STRUCT_OFFSET(RkFigure, optimistic));
    add_column(json, "pessimistic", evaluation, G_STRUCT_OFFSET(RkFigure, pessimistic));
    json_builder_end_object(json);
}

void
rk_cli_print_figures(const RkEvaluation *e)
{
    printf("Protocol %s, %" G_GUINT64_FORMAT " %s", e->protocol, e->n, e->n_are);
    if (g_str_has_prefix(e->protocol, "sampled") || strcmp(e->protocol, "file") == 0)
        printf(" (sampled candidates: not comparable with full ranking)");
    if (e->n_short > 0)
        printf("; %u of them had fewer candidates", e->n_short);
    if (e->n_without_auc > 0)
        printf("; gauc leaves out %u users with one kind of label", e->n_without_auc);
    putchar('\n');
    for (guint i = 0; i < e->figures->len; i++) {
        const RkFigure *f = &g_array_index(e->figures, RkFigure, i);
        printf("  %-14s %10.5f  %s", f->name, f->value, f->metric->title);
        if (f->metric->unit != NULL)
            printf(" [%s]", f->metric->unit);
        if (f->optimistic - f->pessimistic > 5e-6)
            printf("; ties: %.5f to %.5f", f->pessimistic, f->optimistic);
        putchar('\n');
    }
}

void
rk_cli_print_unseen(const RkCli *cli, const GArray *unseen, const char *then)
{
    for (guint i = 0; !cli->quiet && unseen != NULL && i < unseen->len; i++) {
        const RkUnseen *one = &g_array_index(unseen, RkUnseen, i);
        fprintf(stderr, "%u of %u ids of %s are unseen in the model's training: %s.\n",
                one->n_unknown, one->n, one->feature, then);
    }
}
