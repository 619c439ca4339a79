// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tensors in the database: weights of a model, the state of a checkpoint. They come and go in
// pieces, so that none needs to be in memory whole. Any thread but the UI's.
#pragma once

#include "store/store.h"

#include <stdint.h>

#define RK_STORED_RANK 4u

typedef struct {
    const char *name;  // unique among its like
    const char *dtype; // as rk_dtype_name() says: "f32"
    uint32_t rank;
    uint32_t dim[RK_STORED_RANK];
    uint64_t n_bytes; // packed
} RkTensorInfo;

// Where tensors are taken from. read() fills `bytes` with `n` bytes from offset `at` of a tensor;
// pieces of each come in order, tensor after tensor.
typedef struct {
    uint32_t n_tensors;
    const RkTensorInfo *tensors;
    gboolean (*read)(gpointer data, uint32_t tensor, uint64_t at, void *bytes, size_t n,
                     GError **error);
    gpointer data;
} RkTensorSource;

// What is stored. Its infos' texts belong to the list.
typedef struct RkTensorList RkTensorList;

void rk_tensor_list_free(RkTensorList *list);
uint32_t rk_tensor_list_n(const RkTensorList *list);
const RkTensorInfo *rk_tensor_list_at(const RkTensorList *list, uint32_t i);
// The index of a name, -1 without.
int rk_tensor_list_find(const RkTensorList *list, const char *name);

// Hands the bytes of tensor i to write(), piece after piece, each checked against its checksum.
// Fails with RK_ERROR_DATA when the tensor is damaged, or as write() does.
gboolean rk_tensor_list_read(const RkTensorList *list, uint32_t i,
                             gboolean (*write)(gpointer data, uint64_t at, const void *bytes,
                                               size_t n, GError **error),
                             gpointer data, GError **error);

// The whole of tensor i. Free it with g_free().
void *rk_tensor_list_load(const RkTensorList *list, uint32_t i, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RkTensorList, rk_tensor_list_free)
