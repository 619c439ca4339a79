// SPDX-License-Identifier: GPL-3.0-or-later
//
// How fast the kernels are that models spend their time in, beside what they must reach. Every
// ratio is between subjects that took turns in this run; times are compared with those that
// prototypes took on two idle 2.6 GHz cores under lavapipe. Prints, never fails for a time.
//   kernels [--rounds N] [--only products|skinny|mlp|bags|large]
#include "kernels/subject.h"
#include "kernels/yardstick.h"

#include "gpu/ceilings.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    RkDevice *device;
    uint32_t rounds;
    uint32_t n_bars, n_reached;
} Bench;

typedef GPtrArray Subjects;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subjects, g_ptr_array_unref)

static Subjects *
subjects_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)subject_free);
}

static Subject *
add(Bench *b, Subjects *subjects, const char *name, BuildFn build, Shape shape, const char *variant,
    Timing timing)
{
    Subject *s = subject_new(b->device, name, build, &shape, variant, timing);
    g_ptr_array_add(subjects, s);
    return s;
}

// --- what is printed -----------------------------------------------------------------------------

static void
print_head(const char *title)
{
    printf("\n%s\n  %-26s %-22s %11s %11s %11s %9s %8s\n", title, "", "kernel", "best us",
           "median us", "CPU us", "GFLOPS", "GB/s");
}

static void
print_subjects(const Subjects *subjects)
{
    for (uint32_t i = 0; i < subjects->len; i++) {
        const Subject *s = subjects->pdata[i];
        printf("  %-26s %-22s %11.1f %11.1f %11.1f %9.2f %8.2f\n", subject_name(s),
               subject_variant(s), subject_best_us(s), subject_median_us(s), subject_cpu_us(s),
               subject_gflops(s), subject_gb_s(s));
    }
    fflush(stdout);
}

static void
judge(Bench *b, const char *what, double value, const char *relation, double limit,
      const char *unit)
{
    gboolean reached = relation[0] == '>' ? value >= limit : value <= limit;
    b->n_bars++;
    b->n_reached += reached;
    printf("    %-52s %9.2f %-6s (bar: %s %.4g)  %s\n", what, value, unit, relation, limit,
           reached ? "pass" : "SHORT");
    fflush(stdout);
}

// A software device shares its cores with all else that runs: CPU time says what is its own.
static void
note(const char *what, double value, const char *unit)
{
    g_autofree char *text = g_strdup_printf("%s, by CPU time", what);
    printf("    %-52s %9.2f %s\n", text, value, unit);
}

static void
judge_speed(Bench *b, const char *what, const Subject *s, const Subject *over, double least)
{
    judge(b, what, subject_speed_over(s, over), ">=", least, "times");
    if (rk_device_caps(b->device)->is_cpu)
        note(what, subject_cpu_us(over) / subject_cpu_us(s), "times");
}

// What a run would take were all cores its own and evenly used.
static double
cpu_share_us(const Subject *s)
{
    return subject_cpu_us(s) / g_get_num_processors();
}

static void
judge_gflops(Bench *b, const char *what, const Subject *s, double least)
{
    judge(b, what, subject_gflops(s), ">=", least, "GFLOPS");
    note(what, subject_gflops(s) * subject_best_us(s) / cpu_share_us(s), "GFLOPS");
}

static void
judge_prototype(Bench *b, const Subject *s, double prototype_us)
{
    const double WITHIN = 1.25;
    const char *what = "over the prototype's time";
    judge(b, what, subject_best_us(s) / prototype_us, "<=", WITHIN, "times");
    note(what, cpu_share_us(s) / prototype_us, "times");
}

// --- products ------------------------------------------------------------------------------------

static RkRef
matrix(RkGraph *g, const char *name, RkDtype dtype, uint32_t rows, uint32_t cols)
{
    return rk_graph_param(g, name, rk_type(dtype, 2, RK_DIM(rows), RK_DIM(cols)));
}

static RkRef
vector(RkGraph *g, const char *name, uint32_t n)
{
    return rk_graph_param(g, name, rk_type(RK_F32, 1, RK_DIM(n)));
}

static RkRef
build_yardstick(RkGraph *g, const Shape *s)
{
    const RkRef in[] = {matrix(g, "a", RK_F32, s->m, s->k), matrix(g, "b", RK_F32, s->k, s->n)};
    return rk_graph_op(g, &yardstick_op, 2, in, 0, NULL);
}

static RkRef
build_product(RkGraph *g, const Shape *s)
{
    gboolean scaled = s->weights == RK_I8 || s->weights == RK_I4;
    RkDenseOptions options = {
        .bias = RK_NONE, .scale = RK_NONE, .x_scale = RK_NONE, .group = s->group, .act = -1};
    if (scaled && s->group > 0)
        options.scale = matrix(g, "scale", RK_F32, s->n, (s->k + s->group - 1) / s->group);
    else if (scaled)
        options.scale = vector(g, "scale", s->n);
    if (s->activations == RK_I8)
        options.x_scale = matrix(g, "x_scale", RK_F32, s->m, 1);
    RkRef x = matrix(g, "x", s->activations, s->m, s->k);
    return rk_dense_with(g, x, matrix(g, "w", s->weights, s->n, s->k), &options);
}

static RkRef
build_sparse(RkGraph *g, const Shape *s)
{
    RkRef x = matrix(g, "x", RK_F32, s->m, s->k), values = matrix(g, "w", RK_F32, s->n, s->k / 2);
    RkRef places = matrix(g, "places", RK_U32, s->n, (s->k + 31) / 32);
    return rk_dense_24(g, x, values, places, RK_NONE, RK_ACT_NONE);
}

static Subject *
fastest(const Subjects *subjects, uint32_t first)
{
    Subject *best = subjects->pdata[first];
    for (uint32_t i = first + 1; i < subjects->len; i++)
        if (subject_median_us(subjects->pdata[i]) < subject_median_us(best))
            best = subjects->pdata[i];
    return best;
}

// The variants that tuning would time, on software without those many times slower.
static void
add_variants(Bench *b, Subjects *subjects, const char *name, BuildFn build, Shape shape)
{
    g_auto(GStrv) variants = subject_variants(b->device, build, &shape);
    for (char **v = variants; *v != NULL; v++)
        if (!rk_device_caps(b->device)->is_cpu || g_str_has_prefix(*v, "texel") ||
            g_str_has_prefix(*v, "spread"))
            add(b, subjects, name, build, shape, *v, TIME_DEVICE);
}

static void
bench_products(Bench *b)
{
    const Shape f32 = {.m = 768, .n = 768, .k = 768};
    Shape f16 = f32, i8 = f32, i8i8 = f32, i4 = f32;
    f16.weights = RK_F16;
    i8.weights = i8i8.weights = i8i8.activations = RK_I8;
    i4.weights = RK_I4;
    i4.group = 64;
    g_autoptr(Subjects) s = subjects_new();
    Subject *yard = add(b, s, "yardstick", build_yardstick, f32, NULL, TIME_DEVICE);
    Subject *plain = add(b, s, "f32, untuned", build_product, f32, NULL, TIME_DEVICE);
    Subject *half = add(b, s, "f16 weights, untuned", build_product, f16, NULL, TIME_DEVICE);
    Subject *bytes = add(b, s, "i8 weights, untuned", build_product, i8, NULL, TIME_DEVICE);
    Subject *both = add(b, s, "i8 by i8, untuned", build_product, i8i8, NULL, TIME_DEVICE);
    Subject *nibbles = add(b, s, "i4 weights by 64, untuned", build_product, i4, NULL, TIME_DEVICE);
    add(b, s, "2:4 sparse, untuned", build_sparse, f32, NULL, TIME_DEVICE);
    uint32_t tuned = s->len;
    add_variants(b, s, "f32", build_product, f32);
    subjects_run(s, b->rounds);
    print_head("Product, M = N = K = 768");
    print_subjects(s);
    judge_speed(b, "f32 untuned over the yardstick", plain, yard, 12);
    if (rk_device_caps(b->device)->is_cpu) {
        judge_gflops(b, "f32 untuned", plain, 45);
        judge_gflops(b, "f32 tuned", fastest(s, tuned), 60);
    }
    judge_speed(b, "f16 weights over f32", half, plain, 1);
    judge_speed(b, "i8 weights over f32", bytes, plain, 1.3);
    judge_speed(b, "i8 by i8 over f32", both, plain, 1);
    judge_speed(b, "i4 weights over f32", nibbles, plain, 1);
}

// --- small batches -------------------------------------------------------------------------------

// Medians of the prototypes, microseconds a call.
static const struct {
    uint32_t m;
    double product_us, mlp_us;
} PROTOTYPE[] = {{1, 76, 87}, {32, 165, 185}, {256, 379, 530}, {2048, 2335, 3200}};

static void
bench_skinny(Bench *b)
{
    static const struct {
        const char *name;
        RkDtype weights;
        uint32_t group;
    } ROWS[] = {{"f32", RK_F32, 0}, {"f16", RK_F16, 0}, {"i8", RK_I8, 0}, {"i4", RK_I4, 64}};
    for (uint32_t i = 0; i < G_N_ELEMENTS(PROTOTYPE); i++) {
        g_autoptr(Subjects) s = subjects_new();
        uint32_t m = PROTOTYPE[i].m;
        for (uint32_t r = 0; r < G_N_ELEMENTS(ROWS); r++) {
            Shape shape = {m, 128, 256, .weights = ROWS[r].weights, .group = ROWS[r].group};
            add(b, s, ROWS[r].name, build_product, shape, NULL, TIME_CALL);
        }
        subjects_run(s, b->rounds);
        g_autofree char *title = g_strdup_printf("Product, M = %u, N = 128, K = 256, by call", m);
        print_head(title);
        print_subjects(s);
        if (rk_device_caps(b->device)->is_cpu)
            judge_prototype(b, s->pdata[0], PROTOTYPE[i].product_us);
        for (uint32_t r = 1; r < G_N_ELEMENTS(ROWS); r++) {
            g_autofree char *what = g_strdup_printf("%s weights over f32", ROWS[r].name);
            judge_speed(b, what, s->pdata[r], s->pdata[0], 1);
        }
    }
}

static RkRef
build_mlp(RkGraph *g, const Shape *s)
{
    RkRef x = matrix(g, "x", RK_F32, s->m, 256);
    RkRef h = rk_dense(g, x, matrix(g, "w0", RK_F32, 128, 256), vector(g, "b0", 128), RK_ACT_RELU);
    h = rk_relu(g, rk_add(g, rk_matmul(g, h, matrix(g, "w1", RK_F32, 64, 128), FALSE, TRUE),
                          vector(g, "b1", 64)));
    return rk_dense(g, h, matrix(g, "w2", RK_F32, 1, 64), vector(g, "b2", 1), RK_ACT_NONE);
}

static void
bench_mlp(Bench *b)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(PROTOTYPE); i++) {
        g_autoptr(Subjects) s = subjects_new();
        Shape shape = {.m = PROTOTYPE[i].m};
        Subject *mlp = add(b, s, "256-128-64-1", build_mlp, shape, NULL, TIME_CALL);
        subjects_run(s, b->rounds);
        g_autofree char *title = g_strdup_printf("MLP, batch %u, by call", shape.m);
        print_head(title);
        print_subjects(s);
        if (!rk_device_caps(b->device)->is_cpu)
            continue;
        judge(b, "dispatches", subject_n_dispatches(mlp), "<=", 1, "");
        judge_prototype(b, mlp, PROTOTYPE[i].mlp_us);
    }
}

// --- embedding bags ------------------------------------------------------------------------------

static RkRef
build_bag(RkGraph *g, const Shape *s)
{
    RkRef table = matrix(g, "table", s->weights, s->n, s->k), scale = RK_NONE;
    if (s->weights == RK_I8 || s->weights == RK_I4)
        scale = matrix(g, "scale", RK_F32, s->n, 2);
    RkRef index = rk_graph_input(g, "index", rk_type(RK_U32, 2, RK_DIM(s->m), RK_DIM(20)));
    return rk_embedding_bag(g, table, scale, index, RK_NONE, RK_NONE, RK_BAG_SUM);
}

static double
bytes_of(const Subject *s)
{
    return subject_gb_s(s) * subject_best_us(s);
}

static double
copy_gb_s(Bench *b, const Subject *copy)
{
    g_autoptr(GError) error = NULL;
    if (rk_device_caps(b->device)->is_cpu)
        return subject_gb_s(copy);
    const RkCeilings *ceilings = rk_device_ceilings(b->device, &error); // a kernel may be faster
    return ceilings == NULL ? subject_gb_s(copy) : MAX(ceilings->copy_gb_s, subject_gb_s(copy));
}

static void
bench_bags(Bench *b)
{
    const size_t COPY_BYTES = 128u << 20; // past every cache, as the ceilings are measured
    static const struct {
        const char *size;
        uint32_t rows;
        double share;
    } TABLES[] = {{"256 MB", 1000000, 0.45}, {"25.6 MB", 100000, 0.7}};
    for (uint32_t t = 0; t < G_N_ELEMENTS(TABLES); t++) {
        g_autoptr(Subjects) s = subjects_new();
        Shape shape = {.m = 4096, .n = TABLES[t].rows, .k = 64};
        Subject *copy = subject_new_copy(b->device, COPY_BYTES);
        g_ptr_array_add(s, copy);
        for (RkDtype dtype = RK_F32; dtype <= RK_I4; dtype++) {
            shape.weights = dtype;
            add(b, s, rk_dtype_name(dtype), build_bag, shape, NULL, TIME_DEVICE);
        }
        subjects_run(s, b->rounds);
        g_autofree char *title = g_strdup_printf(
            "Embedding bag, 4096 bags x 20 x 64 from %u rows (%s in f32)", shape.n, TABLES[t].size);
        print_head(title);
        print_subjects(s);
        Subject *f32 = s->pdata[1];
        const char *what = "f32, share of the copy bandwidth";
        judge(b, what, subject_gb_s(f32) / copy_gb_s(b, copy), ">=", TABLES[t].share, "");
        if (rk_device_caps(b->device)->is_cpu) // whose copy is one thread's memcpy()
            note(what, bytes_of(f32) / cpu_share_us(f32) / (bytes_of(copy) / subject_cpu_us(copy)),
                 "");
        judge_speed(b, "i8 rows over f32", s->pdata[3], f32, 1);
        judge_speed(b, "i4 rows over f32", s->pdata[4], f32, 1);
    }
}

// --- large products, not for software ------------------------------------------------------------

static void
bench_large(Bench *b)
{
    if (rk_device_caps(b->device)->is_cpu) {
        printf("\nProduct, M = N = K = 4096: only on a GPU; this device is software.\n");
        return;
    }
    g_autoptr(GError) error = NULL;
    const RkCeilings *ceilings = rk_device_ceilings(b->device, &error);
    if (ceilings == NULL) {
        g_printerr("Can't bench large products: %s\n", error->message);
        return;
    }
    Shape f32 = {4096, 4096, 4096}, f16 = f32;
    f16.weights = RK_F16;
    g_autoptr(Subjects) s = subjects_new();
    Subject *plain = add(b, s, "f32, untuned", build_product, f32, NULL, TIME_DEVICE);
    add(b, s, "f16 weights, untuned", build_product, f16, NULL, TIME_DEVICE);
    uint32_t tuned = s->len;
    add_variants(b, s, "f32", build_product, f32);
    subjects_run(s, b->rounds);
    print_head("Product, M = N = K = 4096");
    print_subjects(s);
    printf("    fp32 multiply-add ceiling %.0f GFLOPS\n", ceilings->fp32_gflops);
    judge(b, "f32 untuned, share of the ceiling", subject_gflops(plain) / ceilings->fp32_gflops,
          ">=", 0.8, "");
    judge(b, "f32 tuned, share of the ceiling",
          subject_gflops(fastest(s, tuned)) / ceilings->fp32_gflops, ">=", 0.8, "");
}

// -------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    void (*run)(Bench *bench);
} PARTS[] = {{"products", bench_products},
             {"skinny", bench_skinny},
             {"mlp", bench_mlp},
             {"bags", bench_bags},
             {"large", bench_large}};

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *only = NULL;
    int rounds = 15;
    const GOptionEntry entries[] = {
        {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "Turns of each (default 15)", "N"},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, "products, skinny, mlp, bags or large", "PART"},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || rounds < 1) {
        g_printerr("Can't bench: %s\n", error ? error->message : "--rounds must be at least 1.");
        return 2;
    }
    gboolean known = only == NULL;
    for (uint32_t i = 0; i < G_N_ELEMENTS(PARTS); i++)
        known = known || strcmp(only, PARTS[i].name) == 0;
    if (!known) {
        g_printerr("Can't bench %s: the parts are products, skinny, mlp, bags and large.\n", only);
        return 2;
    }
    g_autoptr(RkDevice) device = rk_device_open(NULL, &error);
    if (device == NULL) {
        g_printerr("Can't bench: %s\n", error->message);
        return 1;
    }
    Bench b = {.device = device, .rounds = (uint32_t)rounds};
    const RkDeviceInfo *info = rk_device_info(device);
    printf("Kernels on %s (%s), %d rounds by turns\n", info->name, info->driver, rounds);
    for (uint32_t i = 0; i < G_N_ELEMENTS(PARTS); i++)
        if (only == NULL || strcmp(only, PARTS[i].name) == 0)
            PARTS[i].run(&b);
    printf("\n%u of %u bars reached\n", b.n_reached, b.n_bars);
    return 0;
}
