// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/divide.h"

// With l the bits that hold by - 1: multiplier = floor(2^32 (2^l - by) / by) + 1, shifts
// min(l, 1) and max(l - 1, 0). q = (h + ((n - h) >> first)) >> second, h the high word of
// n * multiplier.
void
rk_divisor_words(uint32_t by, uint32_t words[3])
{
    by = MAX(by, 1);
    uint32_t l = 0;
    while (l < 32 && (1ull << l) < by)
        l++;
    words[0] = by;
    words[1] = (uint32_t)((((1ull << l) - by) << 32) / by) + 1;
    words[2] = MIN(l, 1) | (l > 0 ? l - 1 : 0) << 8;
}

void
rk_dispatch_push_divisor(RkDispatch *d, uint32_t by)
{
    uint32_t words[3];
    rk_divisor_words(by, words);
    for (uint32_t i = 0; i < 3; i++)
        rk_dispatch_push(d, words[i]);
}
