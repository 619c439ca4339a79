// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu-fixture.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

static char *cache_folder;

static void
missing_shader(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    const RkPipelineKey key = {.shader = "no-such-kernel"};
    g_assert_null(rk_pipeline_get(device, &key, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "no-such-kernel"));
}

static void
damaged_shader(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    const RkPipelineKey key = {.shader = "test-damaged"};
    g_assert_null(rk_pipeline_get(device, &key, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_NOT_FOUND);
}

static void
too_many_push_constants(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    const RkPipelineKey key = {.shader = "test-affine",
                               .push_bytes = rk_device_caps(device)->max_push_bytes + 4};
    g_assert_null(rk_pipeline_get(device, &key, &error));
    g_assert_error(error, RK_ERROR, RK_ERROR_UNSUPPORTED);
}

// The same key is the same pipeline, whatever lies in its unused tail; any part that counts isn't.
static void
keys(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autofree char *name = g_strdup("test-affine");
    const RkPipelineKey base = {.shader = "test-affine",
                                .n_bindings = 2,
                                .n_spec = 2,
                                .spec = {AFFINE_LOCAL, 0},
                                .push_bytes = sizeof(AffinePush)};
    RkPipeline *first = rk_pipeline_get(device, &base, &error);
    g_assert_no_error(error);
    RkPipelineKey same = base;
    same.shader = name;
    same.spec[2] = 77;
    same.binding[2] = RK_BIND_SAMPLED_F32;
    g_assert_true(rk_pipeline_get(device, &same, &error) == first);
    RkPipelineKey other = base;
    other.spec[1] = 1;
    g_assert_true(rk_pipeline_get(device, &other, &error) != first);
    other = base;
    other.push_bytes += 4;
    g_assert_true(rk_pipeline_get(device, &other, &error) != first);
    other = base;
    other.n_spec = 1;
    g_assert_true(rk_pipeline_get(device, &other, &error) != first);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < 100; i++) { // the table grows
        other.n_spec = 2;
        other.spec[1] = i + 10;
        g_assert_nonnull(rk_pipeline_get(device, &other, &error));
    }
    g_assert_true(rk_pipeline_get(device, &base, &error) == first);
}

// Opens a device, makes a pipeline, runs it, closes: writes the cache file.
static void
use_cache(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) x = new_buffer(device, RK_BUFFER_UPLOAD, 256);
    g_autoptr(RkBuffer) y = new_buffer(device, RK_BUFFER_READBACK, 256);
    g_autoptr(RkRecord) record = rk_record_new(device, 0, &error);
    RkPipeline *pipeline = affine_pipeline(device, RK_BIND_STORAGE, 2.0f, &error);
    ((float *)rk_buffer_map(x))[63] = 4.0f;
    g_assert_true(affine_dispatch(record, pipeline, x, y, 64, 1.0f, &error));
    g_assert_true(rk_record_end(record, &error));
    run(record);
    g_assert_cmpfloat(((const float *)rk_buffer_map(y))[63], ==, 9.0f);
}

// The one file in the cache folder.
static char *
cache_file(void)
{
    g_autoptr(GDir) dir = g_dir_open(cache_folder, 0, NULL);
    g_assert_nonnull(dir);
    const char *name = g_dir_read_name(dir);
    g_assert_nonnull(name);
    g_assert_true(g_str_has_suffix(name, ".bin"));
    char *path = g_build_filename(cache_folder, name, NULL);
    g_assert_null(g_dir_read_name(dir)); // no temporary file is left either
    return path;
}

static void
cache_is_kept(void)
{
    use_cache();
    g_autofree char *path = cache_file();
    g_autofree char *first = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &first, &n, NULL));
    g_assert_cmpuint(n, >, 32 + sizeof(VkPipelineCacheHeaderVersionOne) - 1);
    use_cache();
}

// Damage of every sort: the device opens, works, and leaves a good file behind.
static void
damaged_cache(void)
{
    use_cache();
    g_autofree char *path = cache_file();
    g_autofree char *good = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &good, &n, NULL));
    const gsize lengths[] = {0, 1, 31, 32, 33, 50, n - 1, n};
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *bad = g_memdup2(good, n);
        if (lengths[i] == n)
            bad[n / 2] ^= 1;
        g_assert_true(g_file_set_contents(path, bad, (gssize)lengths[i], NULL));
        use_cache();
        g_autofree char *again = NULL;
        gsize n_again;
        g_assert_true(g_file_get_contents(path, &again, &n_again, NULL));
        g_assert_cmpuint(n_again, >, 50);
    }
    // Intact, but another device's: the checksum is right, the header isn't.
    g_autofree char *other = g_memdup2(good, n);
    other[32 + 8] ^= 1; // vendorID
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize digest_bytes = 32;
    g_checksum_update(checksum, (const guchar *)other + 32, (gssize)n - 32);
    g_checksum_get_digest(checksum, (guint8 *)other, &digest_bytes);
    g_assert_true(g_file_set_contents(path, other, (gssize)n, NULL));
    use_cache();
}

static void
cache_folder_unusable(void)
{
    g_autofree char *file = g_build_filename(cache_folder, "file", NULL);
    g_autofree char *below = g_build_filename(file, "below", NULL);
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_setenv("RANKINE_CACHE_DIR", below, TRUE);
    use_cache(); // slower next time, nothing else
    g_setenv("RANKINE_CACHE_DIR", cache_folder, TRUE);
    g_assert_cmpint(g_unlink(file), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cache_folder = g_dir_make_tmp("rankine-pipeline-XXXXXX", NULL);
    g_setenv("RANKINE_CACHE_DIR", cache_folder, TRUE);
    g_test_add_func("/gpu/pipeline/the cache is kept in one file", cache_is_kept);
    g_test_add_func("/gpu/pipeline/a damaged or foreign cache is ignored", damaged_cache);
    g_test_add_func("/gpu/pipeline/a cache folder that can't be made", cache_folder_unusable);
    g_test_add_func("/gpu/pipeline/a missing shader is an error", missing_shader);
    g_test_add_func("/gpu/pipeline/a shader that isn't SPIR-V is an error", damaged_shader);
    g_test_add_func("/gpu/pipeline/more push constants than the device has",
                    too_many_push_constants);
    g_test_add_func("/gpu/pipeline/one pipeline for one key", keys);
    int failed = g_test_run();
    g_autofree char *file = cache_file();
    g_unlink(file);
    g_rmdir(cache_folder);
    g_free(cache_folder);
    return failed;
}
