// SPDX-License-Identifier: GPL-3.0-or-later
//
// Singular values against Jacobi rotations in double precision.
#include "compress/lowrank_values.h"

#include "base/rng.h"

#include <math.h>

enum { SEED = 9 };

static float *
sample(uint32_t rows, uint32_t cols)
{
    float *x = g_new(float, (size_t)rows *cols);
    for (uint32_t i = 0; i < rows * cols; i++)
        x[i] = (float)(rk_rng_normal(SEED, rows, i) / (1 + i % cols));
    return x;
}

// Eigenvalues of x^T x [cols, cols] by cyclic Jacobi rotations, the largest first.
static double *
squared_singular_values(const float *x, uint32_t rows, uint32_t n)
{
    g_autofree double *a = g_new0(double, (size_t)n *n);
    double *value = g_new(double, n);
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                a[i * n + j] += (double)x[r * n + i] * (double)x[r * n + j];
    for (int sweep = 0; sweep < 30; sweep++)
        for (uint32_t p = 0; p < n; p++)
            for (uint32_t q = p + 1; q < n; q++) {
                double theta = 0.5 * atan2(2 * a[p * n + q], a[q * n + q] - a[p * n + p]);
                double c = cos(theta), s = sin(theta);
                for (uint32_t k = 0; k < n; k++) {
                    double u = a[k * n + p], v = a[k * n + q];
                    a[k * n + p] = c * u - s * v;
                    a[k * n + q] = s * u + c * v;
                }
                for (uint32_t k = 0; k < n; k++) {
                    double u = a[p * n + k], v = a[q * n + k];
                    a[p * n + k] = c * u - s * v;
                    a[q * n + k] = s * u + c * v;
                }
            }
    for (uint32_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (value[j] > value[i]) {
                double t = value[i];
                value[i] = value[j];
                value[j] = t;
            }
    return value;
}

static double
distance(const float *x, const RkSvd *svd, uint32_t rank)
{
    g_autofree float *left = NULL, *right = NULL;
    double sum = 0;
    rk_svd_factors(svd, rank, &left, &right);
    for (uint32_t r = 0; r < svd->rows; r++)
        for (uint32_t c = 0; c < svd->cols; c++) {
            double is = 0;
            for (uint32_t i = 0; i < rank; i++)
                is += (double)left[r * rank + i] * (double)right[i * svd->cols + c];
            sum += (is - (double)x[r * svd->cols + c]) * (is - (double)x[r * svd->cols + c]);
        }
    return sum;
}

static void
test_svd(void)
{
    const uint32_t shapes[][2] = {{40, 12}, {12, 12}, {9, 12}, {1, 5}, {5, 1}};
    for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
        uint32_t rows = shapes[s][0], cols = shapes[s][1];
        g_autofree float *x = sample(rows, cols);
        g_autofree double *square = squared_singular_values(x, rows, cols);
        g_auto(RkSvd) svd;
        GError *error = NULL;
        g_assert_true(rk_svd(x, rows, cols, &svd, &error));
        g_assert_no_error(error);
        double all = 0;
        for (uint32_t i = 0; i < cols; i++)
            all += square[i];
        // Single precision: 1e-6 of the largest, squared values 1e-5 of all.
        for (uint32_t i = 0; i < svd.rank_max; i++)
            g_assert_cmpfloat_with_epsilon((double)(svd.value[i] * svd.value[i]), square[i],
                                           all * 1e-5);
        // Eckart and Young: what is left is the sum of the values that are dropped.
        for (uint32_t rank = 1; rank <= svd.rank_max; rank++) {
            double dropped = 0;
            for (uint32_t i = rank; i < cols; i++)
                dropped += square[i];
            g_assert_cmpfloat_with_epsilon(distance(x, &svd, rank), dropped, all * 1e-5);
            g_assert_cmpfloat_with_epsilon(rk_svd_energy(&svd, rank), 1 - dropped / all, 1e-5);
        }
    }
}

static void
test_ranks(void)
{
    float x[] = {3, 0, 0, 0, 2, 0, 0, 0, 1};
    g_auto(RkSvd) svd;
    g_assert_true(rk_svd(x, 3, 3, &svd, NULL));
    g_assert_cmpuint(rk_svd_rank_of_energy(&svd, 0), ==, 1);
    g_assert_cmpuint(rk_svd_rank_of_energy(&svd, 9 / 14.0 - 1e-5), ==, 1);
    g_assert_cmpuint(rk_svd_rank_of_energy(&svd, 9 / 14.0 + 1e-5), ==, 2);
    g_assert_cmpuint(rk_svd_rank_of_energy(&svd, 1), ==, 3);
    g_assert_cmpuint(rk_svd_rank_of_size(1000, 32, 0.5), ==, 15); // 15 * 1032 <= 16000
    g_assert_cmpuint(rk_svd_rank_of_size(4, 4, 0.1), ==, 0);
}

static void
test_not_finite(void)
{
    float x[] = {1, 2, NAN, 4};
    g_auto(RkSvd) svd;
    GError *error = NULL;
    g_assert_false(rk_svd(x, 2, 2, &svd, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_DATA);
    g_clear_error(&error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compress/lowrank/as Jacobi rotations have it", test_svd);
    g_test_add_func("/compress/lowrank/ranks of energy and size", test_ranks);
    g_test_add_func("/compress/lowrank/what is not finite is refused", test_not_finite);
    return g_test_run();
}
