// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/select.h"

#include <math.h>
#include <string.h>

static gboolean
is_above(float a, float b)
{
    return a > b || (isnan(b) && !isnan(a));
}

// Most scores of a random order don't reach the list, so keeping it sorted costs next to nothing.
uint32_t
rk_select_top(const float *score, uint32_t n, uint32_t k, uint32_t *place, float *best)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; k > 0 && i < n; i++) {
        if (kept == k && !is_above(score[i], best[k - 1]))
            continue;
        uint32_t at = kept < k ? kept++ : k - 1;
        for (; at > 0 && is_above(score[i], best[at - 1]); at--) {
            best[at] = best[at - 1];
            place[at] = place[at - 1];
        }
        best[at] = score[i];
        place[at] = i;
    }
    return kept;
}

RkAgreement
rk_lists_agree(const uint32_t *served, uint32_t n_served, const uint32_t *now, uint32_t n_now)
{
    double gained = 0, ideal = 0;
    uint32_t n_both = 0;
    for (uint32_t i = 0; i < n_now; i++)
        ideal += (double)(n_now - i) / log2((double)i + 2);
    for (uint32_t s = 0; s < n_served; s++)
        for (uint32_t i = 0; i < n_now; i++)
            if (served[s] == now[i]) {
                gained += (double)(n_now - i) / log2((double)s + 2);
                n_both++;
                break;
            }
    return (RkAgreement){.overlap = n_now > 0 ? (double)n_both / n_now : 1,
                         .ndcg = ideal > 0 ? gained / ideal : 1,
                         .same_first = n_now == 0 || (n_served > 0 && served[0] == now[0])};
}
