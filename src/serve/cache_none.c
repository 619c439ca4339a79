// SPDX-License-Identifier: GPL-3.0-or-later
//
// Keeps nothing: what every other policy is compared with.
#include "serve/cache-private.h"

static RkCacheOutcome
request(RkCache *cache, uint64_t key, uint32_t at, RkCacheSlot *slot)
{
    return RK_CACHE_REFUSED;
}

static void
forget(RkCache *cache, uint32_t at)
{
}

const RkPolicy rk_policy_none = {.name = "none", .request = request, .remove = forget};
