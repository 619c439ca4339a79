// SPDX-License-Identifier: GPL-3.0-or-later
//
// A shader with values in place of its specialization constants, and without what they rule out:
// branches not taken, and what only those computed. Drivers do the same, but some after they have
// inlined and translated all of it: SwiftShader took 0.4 to 3 s a pipeline. Any thread.
#pragma once

#include "base/error.h"

#include <stdint.h>

// The module of `words` [n_words], whose constant i is value[i]; constants beyond n_values keep
// their defaults. With `unroll` FALSE loops lose their hint to be unrolled, which with constant
// trip counts takes some drivers forever. `words` is changed and stays the caller's; `what` names
// it in errors. Returns
// [*n_out] words to free, or NULL with RK_ERROR_DATA where they aren't SPIR-V.
uint32_t *rk_spirv_specialize(uint32_t *words, size_t n_words, const uint32_t *value,
                              uint32_t n_values, gboolean unroll, const char *what, size_t *n_out,
                              GError **error);
