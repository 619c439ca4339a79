// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loss between a student and its teacher against formulas in double precision, for every way
// that an objective scores and for families of both; and on the device.
#include "rig.h"

#include "base/rng.h"
#include "train/settings.h"
#include "train/teacher.h"

#include <math.h>
#include <string.h>

enum { SEED = 5, C = 3, ITEMS = 13, HISTORY = 6 };

static RkDevice *device;

// A student in training and its teacher, side by side.
typedef struct {
    RkCompressed *student, *teacher;
    RkTrainSettings *settings;
    RkModelData data; // of the teacher
    RkModelBuild *build, *beside;
    RkScored scored;
    RkRef labels, loss;
    RkTeacher by;
} Pair;

static const float WEIGHTS[] = {1, 0.5f, 0, 2};

static void
fill(const char *name, const RkTensor *tensor, void *to)
{
    float *numbers = to;
    uint32_t *codes = to;
    for (uint64_t i = 0; i < rk_tensor_numel(tensor); i++)
        if (strcmp(name, "weight") == 0)
            numbers[i] = WEIGHTS[i % G_N_ELEMENTS(WEIGHTS)];
        else if (strcmp(name, "label") == 0)
            numbers[i] = (float)(i % 3 == 0);
        else if (strcmp(name, "log_q") == 0)
            numbers[i] = -1.5f;
        else if (strcmp(name, "items") == 0)
            codes[i] = (uint32_t)i;
        else if (strcmp(name, "candidates") == 0)
            codes[i] = rk_rng_below(SEED, 801, i, ITEMS);
        else if (strcmp(name, "target") == 0)
            codes[i] = i % HISTORY < i / HISTORY % (HISTORY + 1) ? (uint32_t)i % ITEMS : UINT32_MAX;
        else {
            rig_fill(name, tensor, to);
            return;
        }
}

static void
pair_init(Pair *p, const char *student, const char *teacher, const char *loss, gboolean sequences,
          const RkTeacher *how)
{
    g_autoptr(GError) error = NULL;
    *p = (Pair){.student = rig_model(student), .teacher = rig_model(teacher)};
    p->settings = rk_train_settings_new(p->student->model);
    for (size_t i = 0; i < p->student->model->n_params; i++) {
        const char *name = p->student->model->params[i].name;
        g_autofree char *value = rk_params_value_text(p->student->set, name);
        rk_params_set(p->settings->values, name, value, &error);
    }
    rk_params_set(p->settings->values, "loss", loss, &error);
    rk_params_set(p->settings->values, "negatives.n", "2", &error);
    rk_params_set(p->settings->values, "samples", sequences ? "sequences" : "rows", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < p->teacher->tensors->list->len; i++) { // unlike the student's
        RkWeight *w = g_ptr_array_index(p->teacher->tensors->list, i);
        for (uint64_t k = 0; k < rk_tensor_numel(&w->type); k++)
            ((float *)w->packed)[k] *= 1.7f;
    }
    p->data = p->teacher->data;
    p->by = *how;
    p->by.model = p->teacher->model;
    p->by.set = p->teacher->set;
    p->by.tensors = p->teacher->tensors;
    p->build = rk_model_build_new(p->student->model, &p->student->data, p->settings->values, FALSE,
                                  &error);
    g_assert_no_error(error);
    p->labels = rk_objective_build(rk_objective_find(loss), p->build, p->student->model,
                                   p->settings->values, &p->scored, &error);
    g_assert_no_error(error);
    p->loss =
        rk_teacher_loss(&p->by, p->build, &p->data, &p->scored, p->labels, &p->beside, &error);
    g_assert_no_error(error);
}

static void
pair_clear(Pair *p)
{
    rk_model_build_free(p->beside);
    rk_model_build_free(p->build);
    rk_train_settings_free(p->settings);
    rk_compressed_free(p->student);
    rk_compressed_free(p->teacher);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static const RkWeight *
weight_of(const void *data, const char *name)
{
    const Pair *p = data;
    if (g_str_has_prefix(name, RK_TEACHER_PREFIX))
        return rk_weights_find(p->teacher->tensors, name + strlen(RK_TEACHER_PREFIX));
    return rk_weights_find(p->student->tensors, name);
}

// Every node in double precision.
static RkEval *
evaluate(const Pair *p, const RkGraph *graph)
{
    const RigSource source = {weight_of, fill, p};
    return rig_evaluate(graph, &source);
}

// ---- the reference -------------------------------------------------------------------------

// T^2 KL(softmax(t / T) || softmax(s / T)) by its definition.
static double
divergence(const double *s, const double *t, uint32_t n, double temperature)
{
    double sum_s = 0, sum_t = 0, kl = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum_s += exp(s[i] / temperature);
        sum_t += exp(t[i] / temperature);
    }
    for (uint32_t i = 0; i < n; i++) {
        double p = exp(t[i] / temperature) / sum_t, q = exp(s[i] / temperature) / sum_s;
        kl += p * log(p / q);
    }
    return temperature * temperature * kl;
}

static double
distance(const RkTeacher *by, gboolean apart, const double *s, const double *t, uint32_t n)
{
    double sum = 0;
    if (by->kl && !apart)
        return divergence(s, t, n, by->temperature);
    for (uint32_t i = 0; i < n; i++) {
        const double a[] = {0, s[i]}, b[] = {0, t[i]};
        sum += by->kl ? divergence(a, b, 2, by->temperature) : (s[i] - t[i]) * (s[i] - t[i]);
    }
    return sum / n;
}

// The teacher's scores in a graph of its own, [n]; of `items` u32 [B, T, C], as the teacher alone
// takes them.
static double *
teacher_scores(const Pair *p, uint64_t n)
{
    g_autoptr(GError) error = NULL;
    const RkModel *model = p->teacher->model;
    g_autoptr(RkModelBuild) build =
        rk_model_build_new(model, &p->teacher->data, p->teacher->set, FALSE, &error);
    g_assert_no_error(error);
    RkRef items = RK_NONE, score;
    if (p->scored.kind == RK_SCORED_ITEMS || p->scored.kind == RK_SCORED_TARGETS) {
        RkType type = *rk_graph_type(p->build->graph, p->scored.items);
        if (type.rank == 3 && !(model->needs & RK_NEEDS_HISTORY))
            type = rk_type(RK_U32, 2, RK_BATCH(1), RK_DIM(HISTORY * C));
        gboolean own = rk_graph_node(p->build->graph, p->scored.items)->kind != RK_NODE_INPUT;
        items = rk_graph_input(build->graph, own ? "item" : "candidates", type);
    }
    score =
        p->scored.kind == RK_SCORED_ALL ? rk_model_rank(model, build) : model->score(build, items);
    g_assert_true(rk_graph_check(build->graph, &error));
    Pair alone = *p;
    alone.student = p->teacher; // names without a prefix are the teacher's here
    g_autoptr(RkEval) eval = evaluate(&alone, build->graph);
    g_assert_cmpuint(rk_tensor_numel(rk_eval_tensor(eval, score)), ==, n);
    return g_memdup2(rk_eval_values(eval, score), n * sizeof(double));
}

static double
expected_loss(const Pair *p, RkEval *eval)
{
    const RkTensor *type = rk_eval_tensor(eval, p->scored.score);
    uint32_t rows = type->dim[0], cols = type->rank > 1 ? type->dim[1] : 1;
    const double *student = rk_eval_values(eval, p->scored.score);
    const double *weight = rk_eval_values(eval, p->scored.weight);
    g_autofree double *teacher = teacher_scores(p, rk_tensor_numel(type));
    double sum = 0, n = 0;
    for (uint32_t r = 0; r < rows; r++) {
        sum += weight[r] * distance(&p->by, p->scored.apart, student + (size_t)r * cols,
                                    teacher + (size_t)r * cols, cols);
        n += weight[r];
    }
    return sum / n;
}

// ---- the loss of a step ----------------------------------------------------------------------

static double
run(const Pair *p)
{
    const RigSource source = {weight_of, fill, p};
    g_autofree float *loss = rig_compute(device, p->build->graph, p->loss, &source);
    return (double)*loss;
}

// Teachers of a student's own kind and of others, every way that an objective scores, both
// distances, with and without labels; each on the device too.
static void
the_loss_is_as_defined(void)
{
    static const struct {
        const char *student, *teacher, *loss;
        gboolean sequences, kl;
        double labels;
    } CASES[] = {
        {"mf", "mf", "bce", FALSE, FALSE, 0},
        {"mf", "mf", "bpr", FALSE, TRUE, 0.25},
        {"dlrm", "dlrm", "bce", FALSE, TRUE, 0.5},
        {"dlrm", "deepfm", "bce", FALSE, TRUE, 0},
        {"deepfm", "dcn", "mse", FALSE, FALSE, 0.5},
        {"mf", "wide-deep", "bce", FALSE, TRUE, 0}, // a student that sees less
        {"deepfm", "mf", "bce", FALSE, TRUE, 0.75}, // and one that sees more
        {"mf", "neumf", "bpr", FALSE, TRUE, 0},
        {"mf", "sasrec", "bpr", FALSE, FALSE, 0.5},
        {"gmf", "mf", "softmax", FALSE, TRUE, 0},
        {"two-tower", "mf", "in-batch", FALSE, TRUE, 0},
        {"mf", "two-tower", "sampled-softmax", FALSE, TRUE, 0},
        {"sasrec", "sasrec", "bce", TRUE, TRUE, 0.5},
        {"sasrec", "mf", "bpr", TRUE, TRUE, 0},
        {"sasrec", "sasrec", "sampled-softmax", TRUE, FALSE, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const RkTeacher how = {.kl = CASES[i].kl, .temperature = 1.5, .labels = CASES[i].labels};
        g_auto(Pair) p;
        pair_init(&p, CASES[i].student, CASES[i].teacher, CASES[i].loss, CASES[i].sequences, &how);
        g_autoptr(RkEval) eval = evaluate(&p, p.build->graph);
        double got = *rk_eval_values(eval, p.loss), expected = expected_loss(&p, eval);
        double labels = *rk_eval_values(eval, p.labels);
        g_test_message("%s from %s, %s: %g of the teacher, %g of the labels", CASES[i].student,
                       CASES[i].teacher, CASES[i].loss, expected, labels);
        g_assert_cmpfloat(expected, >, 1e-3);
        g_assert_cmpfloat(labels, >, 1e-3);
        expected = how.labels * labels + (1 - how.labels) * expected;
        // Sums in double, the shares as floats; on the device fp32 through two models.
        g_assert_cmpfloat_with_epsilon(got, expected,
                                       (how.labels > 0 ? 1e-7 : 1e-9) * (1 + expected));
        g_assert_cmpfloat_with_epsilon(run(&p), expected, 1e-3 * (1 + expected));
    }
}

// Half of each, and a teacher that is its student's equal costs nothing.
static void
labels_and_teacher_are_mixed(void)
{
    static const double SHARES[] = {0.25, 1e-9};
    for (size_t i = 0; i < G_N_ELEMENTS(SHARES); i++) {
        const RkTeacher none = {.kl = TRUE, .temperature = 1},
                        how = {.kl = TRUE, .temperature = 1, .labels = SHARES[i]};
        g_auto(Pair) p, q;
        pair_init(&p, "mf", "mf", "bce", FALSE, &none);
        pair_init(&q, "mf", "mf", "bce", FALSE, &how);
        g_autoptr(RkEval) a = evaluate(&p, p.build->graph);
        g_autoptr(RkEval) b = evaluate(&q, q.build->graph);
        double teacher = *rk_eval_values(a, p.loss), labels = 0, n = 0;
        const double *s = rk_eval_values(b, q.scored.score);
        for (int r = 0; r < RIG_B; r++) { // -log of the label's probability
            double w = (double)WEIGHTS[r % 4], y = r % 3 == 0, chance = 1 / (1 + exp(-s[r]));
            labels -= w * log(y > 0 ? chance : 1 - chance);
            n += w;
        }
        labels /= n;
        g_assert_cmpfloat_with_epsilon(*rk_eval_values(b, q.loss),
                                       SHARES[i] * labels + (1 - SHARES[i]) * teacher, 1e-6);
    }
}

// A compressed teacher teaches what it computes.
static void
a_compressed_teacher_teaches_in_its_form(void)
{
    static const char *const PASSES[] = {"quantize:dense=i4,tables=i4", "prune:what=rows",
                                         "low-rank:size=0.9"};
    for (size_t i = 0; i < G_N_ELEMENTS(PASSES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RkCompressed) student = rig_model("mf"), teacher = rig_model("deepfm");
        g_autofree double *whole = rig_reference(teacher);
        rig_apply(teacher, PASSES[i], NULL, &error);
        g_assert_no_error(error);
        g_autofree double *expected = rig_reference(teacher);
        g_assert_true(memcmp(whole, expected, RIG_B * sizeof *whole) != 0);
        g_autoptr(RkModelBuild) build =
            rk_model_build_new(student->model, &student->data, student->set, FALSE, &error);
        g_autoptr(RkModelBuild) beside = rk_model_build_beside(
            build, teacher->model, &teacher->data, teacher->set, RK_TEACHER_PREFIX, &error);
        g_assert_no_error(error);
        student->model->score(build, RK_NONE);
        RkRef score = teacher->model->score(beside, RK_NONE);
        g_assert_true(rk_graph_check(build->graph, &error));
        const Pair p = {.student = student, .teacher = teacher};
        g_autoptr(RkEval) eval = evaluate(&p, build->graph);
        g_assert_cmpmem(rk_eval_values(eval, score), RIG_B * sizeof(double), expected,
                        RIG_B * sizeof(double));
    }
}

static gboolean
no_distilling(RkPassContext *context, RkCompressed *model, const RkDistill *distill, GError **error)
{
    *(RkDistill *)context->data = *distill;
    return TRUE;
}

static void
settings_are_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkCompressed) model = rig_model("deepfm");
    RkDistill seen = {0};
    RkPassContext context = {.data = &seen, .distill = no_distilling};
    RkPassCall call;
    g_assert_true(rk_pass_parse(
        "distill:student=mf,dim=4,heads=2,blocks=1,loss=kl,lr=0.01,labels=0", &call, &error));
    g_assert_true(call.pass->apply(call.set, &context, model, &error));
    g_assert_cmpstr(seen.student->name, ==, "mf");
    g_assert_cmpstr(seen.dim, ==, "4");
    g_assert_cmpstr(seen.set, ==, "heads=2;blocks=1");
    g_assert_true(seen.kl);
    g_assert_cmpfloat(seen.labels, ==, 0);
    g_assert_cmpfloat(seen.lr, ==, 0.01);
    g_assert_cmpfloat(seen.temperature, ==, 2);
    rk_pass_call_clear(&call);
    static const struct {
        const char *pass, *says;
    } CASES[] = {{"distill:student=mff", "did you mean"},
                 {"distill:student=popularity", "counted, not trained"},
                 {"distill:labels=2", "labels"},
                 {"distill:student", "name=value"},
                 {"distill:temperature=3", "loss=kl"}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) failure = NULL;
        g_assert_false(rig_apply(model, CASES[i].pass, &context, &failure));
        g_test_message("%s", failure->message);
        g_assert_error(failure, RK_ERROR, RK_ERROR_USAGE);
        g_assert_nonnull(strstr(failure->message, CASES[i].says));
    }
}

int
main(int argc, char **argv)
{
    device = rig_begin(&argc, &argv);
    g_test_add_func("/compress/distill/the loss is as defined", the_loss_is_as_defined);
    g_test_add_func("/compress/distill/labels and teacher are mixed", labels_and_teacher_are_mixed);
    g_test_add_func("/compress/distill/a compressed teacher teaches in its form",
                    a_compressed_teacher_teaches_in_its_form);
    g_test_add_func("/compress/distill/settings are read", settings_are_read);
    return rig_end(device);
}
