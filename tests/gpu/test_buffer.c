// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu-fixture.h"

#include "base/rng.h"

enum {
    // Several turns of the staging ring (4 slots of 4 MiB) and a bit.
    LARGE = (40 << 20) + 12345,
};

static uint8_t *
random_bytes(uint32_t seed, size_t n)
{
    uint8_t *bytes = g_malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)rk_rng_u32(seed, 0, i);
    return bytes;
}

// Writes and reads back pieces at awkward offsets; the rest of the buffer must stay as it was.
static void
pieces(RkDevice *device, RkBufferKind kind, size_t bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkBuffer) buffer = new_buffer(device, kind, bytes);
    g_autofree uint8_t *expected = g_malloc0(bytes);
    g_autofree uint8_t *found = g_malloc(bytes);
    g_autofree uint8_t *noise = random_bytes(1, bytes);
    g_assert_true(rk_buffer_read(buffer, 0, found, bytes, &error));
    g_assert_cmpmem(found, bytes, expected, bytes); // zeroed
    const size_t offsets[] = {0, 1, bytes / 3, bytes / 2 + 7, bytes - 5};
    for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
        size_t n = MIN(bytes - offsets[i], bytes / 4 + i);
        memcpy(expected + offsets[i], noise + i, MIN(n, bytes - i));
        g_assert_true(rk_buffer_write(buffer, offsets[i], noise + i, MIN(n, bytes - i), &error));
    }
    g_assert_true(rk_buffer_read(buffer, 0, found, bytes, &error));
    g_assert_cmpmem(found, bytes, expected, bytes);
    g_assert_true(rk_buffer_read(buffer, bytes / 3, found, 17, &error));
    g_assert_cmpmem(found, 17, expected + bytes / 3, 17);
    g_assert_no_error(error);
}

static void
all_pieces(gboolean staged)
{
    g_setenv("RANKINE_STAGING", staged ? "always" : "never", TRUE);
    g_autoptr(RkDevice) device = open_device();
    g_unsetenv("RANKINE_STAGING");
    for (RkBufferKind kind = RK_BUFFER_DEVICE; kind <= RK_BUFFER_READBACK; kind++) {
        g_autoptr(RkBuffer) buffer = new_buffer(device, kind, 100);
        g_assert_cmpuint(rk_buffer_bytes(buffer), ==, 100);
        g_assert_true(rk_buffer_map(buffer) != NULL || kind == RK_BUFFER_DEVICE);
        g_assert_true(rk_buffer_map(buffer) == NULL || kind != RK_BUFFER_DEVICE || !staged);
        pieces(device, kind, 1001);
    }
    pieces(device, RK_BUFFER_DEVICE, LARGE);
}

static void
mapped(void)
{
    all_pieces(FALSE);
}

static void
staged(void)
{
    all_pieces(TRUE);
}

static void
out_of_range(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) buffer = new_buffer(device, RK_BUFFER_DEVICE, 100);
    uint8_t bytes[128] = {0};
    const size_t bad[][2] = {{0, 101}, {100, 1}, {101, 0}, {G_MAXSIZE, 1}, {1, G_MAXSIZE}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(rk_buffer_write(buffer, bad[i][0], bytes, bad[i][1], &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
        g_clear_error(&error);
        g_assert_false(rk_buffer_read(buffer, bad[i][0], bytes, bad[i][1], &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_SHAPE);
        g_clear_error(&error);
    }
    g_assert_true(rk_buffer_write(buffer, 100, bytes, 0, &error)); // nothing, at the very end
}

static void
too_large(void)
{
    g_autoptr(RkDevice) device = open_device();
    const uint64_t limit = rk_device_caps(device)->max_buffer_bytes;
    const uint64_t sizes[] = {limit + 1, limit * 4, G_MAXSIZE - 8, G_MAXSIZE};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(rk_buffer_new(device, RK_BUFFER_DEVICE, sizes[i], &error));
        g_assert_error(error, RK_ERROR, RK_ERROR_MEMORY);
        g_assert_nonnull(strstr(error->message, "one buffer may have")); // the limit
        g_assert_nonnull(strstr(error->message, "are left"));            // what there is
        g_assert_nonnull(strstr(error->message, "Lower the batch size"));
    }
    size_t used;
    rk_device_memory_used(device, &used, NULL);
    g_assert_cmpuint(used, ==, 0);
}

// Many buffers of mixed sizes come and go; each keeps what was written, so none overlap, and in the
// end the memory is whole again: a buffer of a whole block fits.
static void
come_and_go(void)
{
    enum { N_LIVE = 64, N_STEPS = 1500, MAX_BYTES = 1 << 20, SEED = 7 };
    g_autoptr(RkDevice) device = open_device();
    RkBuffer *live[N_LIVE] = {NULL};
    size_t used;
    size_t peak;
    for (uint32_t step = 0; step < N_STEPS; step++) {
        uint32_t i = rk_rng_below(SEED, 1, step, N_LIVE);
        if (live[i] != NULL) {
            const uint32_t *words = rk_buffer_map(live[i]);
            size_t n = rk_buffer_bytes(live[i]) / 4;
            g_assert_cmpuint(words[0], ==, i);
            g_assert_cmpuint(words[n - 1], ==, i);
            g_clear_pointer(&live[i], rk_buffer_free);
            continue;
        }
        size_t bytes = 4 * (1 + rk_rng_below(SEED, 2, step, MAX_BYTES / 4));
        bytes >>= rk_rng_below(SEED, 3, step, 12); // mostly small
        bytes = MAX(bytes / 4, 1) * 4;
        live[i] = new_buffer(device, step % 3 ? RK_BUFFER_UPLOAD : RK_BUFFER_READBACK, bytes);
        uint32_t *words = rk_buffer_map(live[i]);
        for (size_t w = 0; w < bytes / 4; w++) {
            g_assert_cmpuint(words[w], ==, 0); // zeroed, whoever had it before
            words[w] = i;
        }
    }
    rk_device_memory_used(device, &used, &peak);
    g_assert_cmpuint(used, >, 0);
    g_assert_cmpuint(peak, >=, used);
    for (uint32_t i = 0; i < N_LIVE; i++)
        rk_buffer_free(live[i]);
    rk_device_memory_used(device, &used, NULL);
    g_assert_cmpuint(used, ==, 0);
}

static void
empty(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RkDevice) device = open_device();
    g_autoptr(RkBuffer) buffer = new_buffer(device, RK_BUFFER_DEVICE, 0);
    g_assert_cmpuint(rk_buffer_bytes(buffer), ==, 0);
    g_assert_true(rk_buffer_write(buffer, 0, "", 0, &error));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/buffer/zeroed, written and read in pieces, mapped", mapped);
    g_test_add_func("/gpu/buffer/zeroed, written and read in pieces, staged", staged);
    g_test_add_func("/gpu/buffer/a range past the end is an error", out_of_range);
    g_test_add_func("/gpu/buffer/too large says what to lower", too_large);
    g_test_add_func("/gpu/buffer/many come and go and never overlap", come_and_go);
    g_test_add_func("/gpu/buffer/one of no bytes", empty);
    return g_test_run();
}
