// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/alias.h"

#include <math.h>

typedef struct {
    uint32_t threshold; // the slot's own code is drawn when 32 random bits are below this
    uint32_t other;     // the code that fills the rest of the slot; itself in a full slot
} Slot;

struct RkAlias {
    uint32_t n;
    Slot *slot; // [n]
};

RkAlias *
rk_alias_new(const double *weight, uint32_t n)
{
    g_assert(n > 0 && n < UINT32_MAX);
    double total = 0;
    uint32_t heaviest = 0;
    for (uint32_t i = 0; i < n; i++) {
        g_assert(weight[i] >= 0 && isfinite(weight[i]));
        total += weight[i];
        if (weight[i] > weight[heaviest])
            heaviest = i;
    }
    g_assert(total > 0 && isfinite(total));

    RkAlias *alias = g_new(RkAlias, 1);
    alias->n = n;
    alias->slot = g_new(Slot, n);
    // Slots that hold less than an even share from the left of `order`, the others from the right.
    g_autofree double *share = g_new(double, n);
    g_autofree uint32_t *order = g_new(uint32_t, n);
    uint32_t n_small = 0, n_large = 0;
    for (uint32_t i = 0; i < n; i++) {
        share[i] = weight[i] * (n / total);
        if (share[i] < 1)
            order[n_small++] = i;
        else
            order[n - ++n_large] = i;
    }
    while (n_small > 0 && n_large > 0) {
        uint32_t small = order[--n_small], large = order[n - n_large];
        alias->slot[small] = (Slot){(uint32_t)(share[small] * 0x1p32), large};
        share[large] = (share[large] + share[small]) - 1;
        if (share[large] < 1) {
            n_large--;
            order[n_small++] = large;
        }
    }
    // What is left holds an even share but for rounding, which the heaviest code makes up for (a
    // code of weight 0 must never be drawn).
    while (n_small > 0) {
        uint32_t i = order[--n_small];
        alias->slot[i] = (Slot){(uint32_t)(share[i] * 0x1p32), heaviest};
    }
    for (; n_large > 0; n_large--) {
        uint32_t i = order[n - n_large];
        alias->slot[i] = (Slot){UINT32_MAX, i};
    }
    return alias;
}

void
rk_alias_free(RkAlias *alias)
{
    if (alias == NULL)
        return;
    g_free(alias->slot);
    g_free(alias);
}

uint32_t
rk_alias_draw(const RkAlias *alias, uint64_t random)
{
    uint32_t i = (uint32_t)(((random >> 32) * alias->n) >> 32);
    const Slot *slot = &alias->slot[i];
    return (uint32_t)random < slot->threshold ? i : slot->other;
}

uint32_t
rk_alias_n(const RkAlias *alias)
{
    return alias->n;
}
