// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tensor types: dtype and shape, dense and row-major. A dimension is a constant or a multiple of
// the batch size, which stays symbolic until a plan binds it. f16, i8 and i4 are packed into
// 32-bit words, low bits first, each row (innermost dimension) padded to a whole word, so every
// device can read them. Plain data; any thread.
#pragma once

#include "base/error.h"

#include <stdint.h>

#define RK_MAX_RANK 4u

typedef enum {
    RK_F32,
    RK_F16, // IEEE half, two in a word
    RK_I8,  // two's complement, four in a word
    RK_I4,  // two's complement, eight in a word
    RK_U32, // indices, offsets, counters
    RK_N_DTYPES,
} RkDtype;

typedef struct {
    uint32_t n;         // the extent, or its multiple of the batch size
    gboolean per_batch; // extent is n * batch
} RkDim;

// A type with the batch size still open.
typedef struct {
    RkDtype dtype;
    uint32_t rank; // 0 is a scalar
    RkDim dim[RK_MAX_RANK];
} RkType;

// A type with every extent known.
typedef struct {
    RkDtype dtype;
    uint32_t rank;
    uint32_t dim[RK_MAX_RANK];
} RkTensor;

#define RK_DIM(extent)  ((RkDim){(extent), FALSE})
#define RK_BATCH(times) ((RkDim){(times), TRUE})

// rk_type(RK_F32, 2, RK_BATCH(1), RK_DIM(64)): an f32 [B, 64].
RkType rk_type(RkDtype dtype, uint32_t rank, ...);
gboolean rk_dim_equal(RkDim a, RkDim b);
gboolean rk_type_equal(const RkType *a, const RkType *b); // dtype and every extent

// The type at a batch size. Fails with RK_ERROR_SHAPE when it has 2^32 elements or more.
gboolean rk_type_bind(const RkType *type, uint32_t batch, RkTensor *tensor, GError **error);

const char *rk_dtype_name(RkDtype dtype); // "f32"
uint32_t rk_dtype_bits(RkDtype dtype);
char *rk_type_text(const RkType *type);       // "f32 [B, 64]"; caller frees
char *rk_tensor_text(const RkTensor *tensor); // "f32 [128, 64]"; caller frees

uint64_t rk_tensor_numel(const RkTensor *tensor);     // elements
uint64_t rk_tensor_rows(const RkTensor *tensor);      // all dimensions but the innermost
uint32_t rk_tensor_cols(const RkTensor *tensor);      // the innermost; 1 for a scalar
uint32_t rk_tensor_row_words(const RkTensor *tensor); // 32-bit words a row takes
uint64_t rk_tensor_bytes(const RkTensor *tensor);

// Between doubles [numel] and the packed form [rk_tensor_bytes()]. Packing rounds to nearest even
// (f16) or clamps to the integer range; indices must be whole numbers in range.
void rk_tensor_pack(const RkTensor *tensor, const double *values, void *packed);
void rk_tensor_unpack(const RkTensor *tensor, const void *packed, double *values);

uint16_t rk_f16_from_float(float value);
float rk_f16_to_float(uint16_t half);
