// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/pseudonym.h"

#include <string.h>

struct RkPseudonym {
    gboolean items;
    size_t n;
    guchar *key;
};

static void
wipe(void *memory, size_t n)
{
    explicit_bzero(memory, n);
}

RkPseudonym *
rk_pseudonym_new(const char *key, size_t n, const char *name, gboolean items, GError **error)
{
    while (n > 0 && g_ascii_isspace(key[n - 1]))
        n--;
    if (n < RK_PSEUDONYM_MIN_KEY) {
        g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                    "Can't pseudonymize with the key in %s: it has %" G_GSIZE_FORMAT
                    " bytes, at least %u are needed. Make one with: head -c 32 /dev/urandom | "
                    "base64 > %s",
                    name, n, RK_PSEUDONYM_MIN_KEY, name);
        return NULL;
    }
    RkPseudonym *pseudonym = g_new0(RkPseudonym, 1);
    pseudonym->items = items;
    pseudonym->n = n;
    pseudonym->key = g_memdup2(key, n);
    return pseudonym;
}

RkPseudonym *
rk_pseudonym_load(const char *path, gboolean items, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = g_filename_display_name(path);
    char *key = NULL;
    gsize n = 0;
    if (!g_file_get_contents(path, &key, &n, &cause)) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND, "Can't read the key file: %s.",
                    cause->message);
        return NULL;
    }
    RkPseudonym *pseudonym = rk_pseudonym_new(key, n, name, items, error);
    wipe(key, n);
    g_free(key);
    return pseudonym;
}

void
rk_pseudonym_free(RkPseudonym *pseudonym)
{
    if (pseudonym == NULL)
        return;
    wipe(pseudonym->key, pseudonym->n);
    g_free(pseudonym->key);
    g_free(pseudonym);
}

gboolean
rk_pseudonym_wants(const RkPseudonym *pseudonym, const char *whose)
{
    return g_strcmp0(whose, "user") == 0 || (pseudonym->items && g_strcmp0(whose, "item") == 0);
}

void
rk_pseudonym_of(const RkPseudonym *pseudonym, const char *whose, const char *id, size_t n,
                char digits[RK_PSEUDONYM_DIGITS])
{
    static const char HEX[] = "0123456789abcdef";
    guint8 hash[32];
    gsize n_hash = sizeof hash;
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, pseudonym->key, pseudonym->n);
    g_hmac_update(hmac, (const guchar *)whose, (gssize)strlen(whose));
    g_hmac_update(hmac, (const guchar *)":", 1);
    if (n > 0)
        g_hmac_update(hmac, (const guchar *)id, (gssize)n);
    g_hmac_get_digest(hmac, hash, &n_hash);
    g_hmac_unref(hmac);
    for (uint32_t i = 0; i < RK_PSEUDONYM_DIGITS / 2; i++) {
        digits[2 * i] = HEX[hash[i] >> 4];
        digits[2 * i + 1] = HEX[hash[i] & 15];
    }
}
