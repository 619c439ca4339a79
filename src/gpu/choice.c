// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which device: by index, part of the name or UUID, else the first of the best type.
#include "gpu/choice.h"

#include <stdlib.h>
#include <string.h>

// "6d657361-3232-..." or 32 digits without dashes.
static gboolean
parse_uuid(const char *text, uint8_t uuid[16])
{
    uint32_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '-')
            continue;
        int digit = g_ascii_xdigit_value(*p);
        if (digit < 0 || n == 32)
            return FALSE;
        uuid[n / 2] = (uint8_t)((n % 2 ? uuid[n / 2] : 0) << 4 | digit);
        n++;
    }
    return n == 32;
}

static gboolean
name_contains(const char *name, const char *part)
{
    g_autofree char *folded_name = g_utf8_casefold(name, -1);
    g_autofree char *folded_part = g_utf8_casefold(part, -1);
    return strstr(folded_name, folded_part) != NULL;
}

static gboolean
matches(const RkDeviceInfo *info, const char *wanted)
{
    uint8_t uuid[16];
    char *end;
    unsigned long index = strtoul(wanted, &end, 10);
    if (g_ascii_isdigit(wanted[0]) && *end == '\0' && strlen(wanted) < 6)
        return info->index == index;
    if (parse_uuid(wanted, uuid))
        return memcmp(uuid, info->uuid, sizeof uuid) == 0;
    return g_utf8_validate(wanted, -1, NULL) && name_contains(info->name, wanted);
}

const RkDeviceInfo *
rk_device_choose(const RkDeviceInfo *infos, uint32_t n, const char *wanted, GError **error)
{
    const char *source = wanted != NULL ? "" : " (from RANKINE_DEVICE)";
    if (wanted == NULL)
        wanted = g_getenv("RANKINE_DEVICE");
    if (wanted != NULL && wanted[0] == '\0')
        wanted = NULL;
    const RkDeviceInfo *best = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (wanted != NULL && !matches(&infos[i], wanted))
            continue;
        if (best == NULL || infos[i].type < best->type)
            best = &infos[i];
    }
    if (best != NULL)
        return best;
    g_autoptr(GString) there = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++)
        g_string_append_printf(there, "%s%u %s (%s)", i ? ", " : "", infos[i].index, infos[i].name,
                               rk_device_type_name(infos[i].type));
    g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND,
                "Can't open device %s%s: no device has that index, name or UUID. There is: %s. See "
                "rankine devices.",
                wanted ? wanted : "(any)", wanted ? source : "", there->str);
    return NULL;
}
