// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/weights-private.h"

static const struct {
    const char *suffix;
    RkWeights *(*read)(const char *path, GError **error);
    gboolean (*write)(const RkWeights *weights, const char *path, GError **error);
} FORMATS[] = {
    {".npz", rk_weights_read_npz, rk_weights_write_npz},
    {".json", rk_weights_read_json, rk_weights_write_json},
};

static int
find_format(const char *path, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++)
        if (g_str_has_suffix(path, FORMATS[i].suffix))
            return (int)i;
    g_set_error(error, RK_ERROR, RK_ERROR_USAGE,
                "Can't tell the format of %s: name a file that ends in .npz or .json.", path);
    return -1;
}

RkWeights *
rk_weights_read(const char *path, GError **error)
{
    int format = find_format(path, error);
    return format >= 0 ? FORMATS[format].read(path, error) : NULL;
}

gboolean
rk_weights_write(const RkWeights *weights, const char *path, GError **error)
{
    int format = find_format(path, error);
    return format >= 0 && FORMATS[format].write(weights, path, error);
}
