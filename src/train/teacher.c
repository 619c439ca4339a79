// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/teacher.h"

#include "ops/ops.h"

// The teacher's scores of what the student scored, in the same shape.
static RkRef
score_again(const RkTeacher *t, RkModelBuild *b, const RkScored *scored)
{
    RkGraph *g = b->graph;
    RkType type = *rk_graph_type(g, scored->score);
    if (scored->kind == RK_SCORED_ALL)
        return rk_model_rank(t->model, b);
    if (scored->kind != RK_SCORED_TARGETS)
        return rk_reshape(g, t->model->score(b, scored->items), type);
    RkType items = *rk_graph_type(g, scored->items);
    if (t->model->needs & RK_NEEDS_HISTORY)
        return rk_reshape(g, t->model->score(b, scored->items), type);
    // What looks at no place of the history scores all places' items at once.
    RkType flat = rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(items.dim[1].n * items.dim[2].n));
    return rk_reshape(g, t->model->score(b, rk_reshape(g, scored->items, flat)), type);
}

// Each score x as the logits (0, x) of no and yes, f32 [.., 2].
static RkRef
two_classes(RkGraph *g, RkRef x)
{
    RkType type = *rk_graph_type(g, x);
    type.dim[type.rank++] = RK_DIM(1);
    RkRef column = rk_reshape(g, x, type);
    const RkRef parts[] = {rk_graph_fill(g, type, 0), column};
    return rk_concat(g, type.rank - 1, 2, parts);
}

// Of each sample or target, f32 [B] or [B T].
static RkRef
each_loss(const RkTeacher *t, RkGraph *g, const RkScored *scored, RkRef teacher)
{
    RkRef student = scored->score;
    uint32_t rank = rk_graph_type(g, student)->rank;
    RkRef each;
    if (!t->kl)
        each = rk_squared_error(g, student, teacher);
    else if (scored->apart)
        each = rk_distill_kl(g, two_classes(g, student), two_classes(g, teacher),
                             (float)t->temperature);
    else
        return rk_distill_kl(g, student, teacher, (float)t->temperature);
    return rank > 1 ? rk_mean(g, each, -1, FALSE) : each;
}

RkRef
rk_teacher_loss(const RkTeacher *teacher, RkModelBuild *student, const RkModelData *data,
                const RkScored *scored, RkRef labels, RkModelBuild **beside, GError **error)
{
    RkGraph *g = student->graph;
    *beside = rk_model_build_beside(student, teacher->model, data, teacher->set, RK_TEACHER_PREFIX,
                                    error);
    if (*beside == NULL)
        return RK_NONE;
    RkRef each = each_loss(teacher, g, scored, score_again(teacher, *beside, scored));
    RkRef loss = rk_mean_loss(g, each, scored->weight);
    if (teacher->labels > 0)
        loss = rk_add(g, rk_scale(g, labels, (float)teacher->labels),
                      rk_scale(g, loss, (float)(1 - teacher->labels)));
    return rk_graph_check(g, error) ? loss : RK_NONE;
}
