// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/reservoir.h"

#include "base/rng.h"
#include "dataset/streams.h"

#include <math.h>
#include <stdlib.h>

void
rk_reservoir_init(RkReservoir *reservoir, uint32_t capacity, uint64_t seed)
{
    *reservoir = (RkReservoir){.capacity = capacity, .seed = seed};
}

void
rk_reservoir_clear(RkReservoir *reservoir)
{
    g_clear_pointer(&reservoir->value, g_free);
}

void
rk_reservoir_add(RkReservoir *reservoir, double value)
{
    g_assert(!reservoir->sorted);
    if (isnan(value))
        return;
    uint64_t seen = reservoir->n_seen++;
    if (seen < reservoir->capacity) {
        if ((seen & (seen - 1)) == 0 || seen == 0) // grow at powers of two
            reservoir->value =
                g_renew(double, reservoir->value, MIN(reservoir->capacity, MAX(1, seen * 2)));
        reservoir->value[reservoir->n++] = value;
        return;
    }
    uint64_t random = rk_rng_u64(reservoir->seed, RK_STREAM_SAMPLE, seen);
    uint64_t place = (uint64_t)(((unsigned __int128)random * (seen + 1)) >> 64);
    if (place < reservoir->capacity)
        reservoir->value[place] = value;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

const double *
rk_reservoir_sorted(RkReservoir *reservoir)
{
    if (!reservoir->sorted && reservoir->n > 0)
        qsort(reservoir->value, reservoir->n, sizeof(double), compare);
    reservoir->sorted = TRUE;
    return reservoir->value;
}

double
rk_reservoir_quantile(RkReservoir *reservoir, double q)
{
    const double *value = rk_reservoir_sorted(reservoir);
    if (reservoir->n == 0)
        return NAN;
    double at = q * (reservoir->n - 1);
    uint32_t i = (uint32_t)floor(at);
    if (i + 1 >= reservoir->n)
        return value[reservoir->n - 1];
    return value[i] + (at - i) * (value[i + 1] - value[i]);
}

double
rk_reservoir_mode(RkReservoir *reservoir)
{
    const double *value = rk_reservoir_sorted(reservoir);
    double mode = NAN;
    uint32_t most = 0;
    for (uint32_t i = 0, run = 0; i < reservoir->n; i++) {
        run = i > 0 && value[i] == value[i - 1] ? run + 1 : 1;
        if (run > most) {
            most = run;
            mode = value[i];
        }
    }
    return mode;
}
