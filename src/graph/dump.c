// SPDX-License-Identifier: GPL-3.0-or-later
//
// Graphs for people: text, and dot for Graphviz (https://graphviz.org/doc/info/lang.html).
#include "graph/graph.h"

#include <string.h>

static void
append_attributes(GString *text, const RkNode *node)
{
    const char *const *spec = node->op->attribute;
    for (uint32_t i = 0; spec != NULL && spec[i] != NULL && i < node->n_attr; i++) {
        g_string_append_printf(text, "%s%s ", i ? ", " : " {", spec[i] + 2);
        if (spec[i][0] == 'f')
            g_string_append_printf(text, "%g", (double)node->attr[i].f);
        else
            g_string_append_printf(text, "%d", node->attr[i].i);
    }
    if (spec != NULL && spec[0] != NULL && node->n_attr > 0)
        g_string_append_c(text, '}');
}

static void
append_node(GString *text, const RkNode *node)
{
    switch (node->kind) {
    case RK_NODE_INPUT:
        g_string_append_printf(text, "input %s", node->name);
        break;
    case RK_NODE_PARAM:
        g_string_append_printf(text, "param %s", node->name);
        break;
    case RK_NODE_FILL:
        g_string_append_printf(text, "fill %g", node->value);
        break;
    case RK_NODE_OP:
        g_string_append(text, node->op->name);
        append_attributes(text, node);
        if (node->name != NULL)
            g_string_append_printf(text, " \"%s\"", node->name);
        break;
    }
}

char *
rk_graph_dump_text(const RkGraph *graph)
{
    GString *text = g_string_new(NULL);
    for (uint32_t ref = 0; ref < rk_graph_size(graph); ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        g_autofree char *type = rk_type_text(&node->type);
        g_string_append_printf(text, "%%%u: %s = ", ref, type);
        append_node(text, node);
        for (uint32_t i = 0; i < node->n_in; i++)
            if (node->in[i] != RK_NONE)
                g_string_append_printf(text, "%s%%%u", i ? ", " : "(", node->in[i]);
            else
                g_string_append_printf(text, "%s-", i ? ", " : "(");
        g_string_append(text, node->n_in ? ")\n" : "\n");
    }
    return g_string_free(text, FALSE);
}

char *
rk_graph_dump_dot(const RkGraph *graph)
{
    static const char *const SHAPES[] = {[RK_NODE_OP] = "box",
                                         [RK_NODE_INPUT] = "ellipse",
                                         [RK_NODE_PARAM] = "cylinder",
                                         [RK_NODE_FILL] = "plaintext"};
    GString *dot = g_string_new("digraph model {\n  node [fontname=\"sans\"];\n");
    for (uint32_t ref = 0; ref < rk_graph_size(graph); ref++) {
        const RkNode *node = rk_graph_node(graph, ref);
        g_autofree char *type = rk_type_text(&node->type);
        g_autoptr(GString) label = g_string_new(NULL);
        append_node(label, node);
        g_autofree char *escaped = g_strescape(label->str, NULL);
        g_string_append_printf(dot, "  n%u [shape=%s, label=\"%s\\n%s\"];\n", ref,
                               SHAPES[node->kind], escaped, type);
        for (uint32_t i = 0; i < node->n_in; i++)
            if (node->in[i] != RK_NONE)
                g_string_append_printf(dot, "  n%u -> n%u;\n", node->in[i], ref);
    }
    return g_string_free(g_string_append(dot, "}\n"), FALSE);
}
