// SPDX-License-Identifier: GPL-3.0-or-later
#include "compress/lowrank_values.h"

#include <lapacke.h>
#include <math.h>

void
rk_svd_clear(RkSvd *svd)
{
    g_clear_pointer(&svd->value, g_free);
    g_clear_pointer(&svd->left, g_free);
    g_clear_pointer(&svd->right, g_free);
}

// Rows of C are columns of LAPACK: it sees the transposed matrix, whose left vectors are our right.
gboolean
rk_svd(const float *values, uint32_t rows, uint32_t cols, RkSvd *svd, GError **error)
{
    uint32_t n = MIN(rows, cols);
    size_t numel = (size_t)rows * cols;
    *svd = (RkSvd){.rows = rows, .cols = cols, .rank_max = n};
    for (size_t i = 0; i < numel; i++)
        if (!isfinite(values[i])) {
            g_set_error(error, RK_ERROR, RK_ERROR_DATA, "element %zu is %g", i, (double)values[i]);
            return FALSE;
        }
    svd->value = g_new0(float, MAX(n, 1));
    svd->left = g_new0(float, MAX((size_t)rows * n, 1));
    svd->right = g_new0(float, MAX((size_t)n * cols, 1));
    if (n == 0)
        return TRUE;
    g_autofree float *copy = g_memdup2(values, numel * sizeof *values); // is overwritten
    lapack_int info = LAPACKE_sgesdd(LAPACK_COL_MAJOR, 'S', (lapack_int)cols, (lapack_int)rows,
                                     copy, (lapack_int)cols, svd->value, svd->right,
                                     (lapack_int)cols, svd->left, (lapack_int)n);
    if (info == 0)
        return TRUE;
    g_set_error(error, RK_ERROR, info < -1000 ? RK_ERROR_MEMORY : RK_ERROR_FAILED,
                "sgesdd of [%u, %u] says %d", rows, cols, (int)info);
    rk_svd_clear(svd);
    return FALSE;
}

double
rk_svd_energy(const RkSvd *svd, uint32_t rank)
{
    double kept = 0, all = 0;
    for (uint32_t i = 0; i < svd->rank_max; i++) {
        double square = (double)svd->value[i] * (double)svd->value[i];
        kept += i < rank ? square : 0;
        all += square;
    }
    return all > 0 ? kept / all : 1;
}

uint32_t
rk_svd_rank_of_energy(const RkSvd *svd, double share)
{
    uint32_t rank = 1;
    while (rank < svd->rank_max && rk_svd_energy(svd, rank) < share)
        rank++;
    return rank;
}

uint32_t
rk_svd_rank_of_size(uint32_t rows, uint32_t cols, double share)
{
    double rank = share * rows * cols / ((double)rows + cols);
    return (uint32_t)MIN(rank, MIN(rows, cols));
}

void
rk_svd_factors(const RkSvd *svd, uint32_t rank, float **left, float **right)
{
    *left = g_new(float, MAX((size_t)svd->rows * rank, 1));
    *right = g_new(float, MAX((size_t)rank * svd->cols, 1));
    for (uint32_t i = 0; i < rank; i++) {
        float root = sqrtf(svd->value[i]);
        for (uint32_t r = 0; r < svd->rows; r++)
            (*left)[(size_t)r * rank + i] = svd->left[(size_t)r * svd->rank_max + i] * root;
        for (uint32_t c = 0; c < svd->cols; c++)
            (*right)[(size_t)i * svd->cols + c] = svd->right[(size_t)i * svd->cols + c] * root;
    }
}
