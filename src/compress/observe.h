// SPDX-License-Identifier: GPL-3.0-or-later
//
// Calibration: which range of real numbers the integers of a quantized tensor stand for, chosen
// from a sample of the numbers. Affine: value = q * scale + offset. Owner's thread.
#pragma once

#include <glib.h>
#include <stdint.h>

typedef enum {
    RK_RANGE_MIN_MAX,
    RK_RANGE_AVERAGE,    // exponential moving average of each batch's extremes
    RK_RANGE_PERCENTILE, // the tails beyond it are clipped
    RK_RANGE_KL,         // the least Kullback-Leibler divergence of the histograms before and after
                         // (Migacz, "8-bit inference with TensorRT", GTC 2017)
    RK_RANGE_MSE,        // the least squared error; asymmetric by the greedy search of Guan et al.,
                         // https://arxiv.org/abs/1911.02079
    RK_N_RANGE_METHODS,
} RkRangeMethod;

typedef struct {
    RkRangeMethod method;
    uint32_t bits;      // 2 to 8
    gboolean symmetric; // offset 0, q from -(2^(bits-1) - 1); else all 2^bits values
    double percentile;  // of PERCENTILE: share of the numbers kept, 0.5 to 1
    double momentum;    // of AVERAGE: weight of what was before, 0 to 1
} RkRangeOptions;

typedef struct {
    double low, high;
} RkRange;

#define RK_RANGE_DEFAULTS                                                                          \
    {                                                                                              \
        .bits = 8, .percentile = 0.999, .momentum = 0.9                                            \
    }

const char *rk_range_method_name(RkRangeMethod method); // "min-max"
RkRangeMethod rk_range_method_find(const char *name); // of such a name, as a table's CHOICE has it

// Bins of the histogram that KL compares.
#define RK_RANGE_BINS 2048u

// The range for an array, all of one batch; [0, 0] when n is 0. Values must be finite.
RkRange rk_range_of(const RkRangeOptions *options, const float *values, uint64_t n);

// A stream of batches. What the methods search in is a systematic sample of at most 2^18 numbers
// of it; extremes are of all.
typedef struct RkObserver RkObserver;
RkObserver *rk_observer_new(const RkRangeOptions *options);
void rk_observer_free(RkObserver *observer);
void rk_observer_add(RkObserver *observer, const float *values, uint64_t n);
RkRange rk_observer_range(const RkObserver *observer);

// How integers stand for such a range. A range of one number has scale 0 and is exact.
typedef struct {
    float scale, offset;
    int32_t least, most; // of q
} RkQuantizer;
RkQuantizer rk_quantizer_of(const RkRangeOptions *options, RkRange range);

// The nearest q, halves to even.
int32_t rk_quantizer_encode(const RkQuantizer *quantizer, float value);

// Sum of squares of what quantizing changes.
double rk_quantizer_error(const RkQuantizer *quantizer, const float *values, uint64_t n);

// The divergence that KL minimizes: of `count` [n_bins] from what is left of it when bins `first`
// to `last` (exclusive) are shared out among so many levels and the rest is clipped to their ends.
double rk_range_divergence(const double *count, uint32_t n_bins, uint32_t first, uint32_t last,
                           uint32_t levels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkObserver, rk_observer_free)
