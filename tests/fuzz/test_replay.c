// SPDX-License-Identifier: GPL-3.0-or-later
//
// Without libFuzzer: every target over its corpus, each file as it is and then changed at random a
// number of times, the same way on every run.
#include "base/rng.h"
#include "target.h"

#include <string.h>

#define SEED        20260101u
#define N_MUTATIONS 60u   // of each file
#define MAX_BYTES   4096u // of a mutated file

typedef struct {
    uint32_t stream; // the mutation
    uint64_t n;      // draws made of it
} Dice;

static uint32_t
roll(Dice *dice, uint32_t bound)
{
    return rk_rng_below(SEED, dice->stream, dice->n++, bound);
}

// Bytes that formats give a meaning.
static uint8_t
telling_byte(Dice *dice)
{
    static const uint8_t BYTES[] = "\n\r\t ,;:|\"'\\0192.-+eE{}[]#\0\x01\x7f\x80\xc3\xed\xf0\xff";
    return BYTES[roll(dice, sizeof BYTES - 1)];
}

static void
mutate(GByteArray *text, Dice *dice)
{
    const uint32_t at = text->len > 0 ? roll(dice, text->len) : 0;
    const uint32_t n_wanted = 1 + roll(dice, 24);
    const uint32_t n = MIN(text->len - at, n_wanted);
    guint8 piece[24];
    guint8 byte = telling_byte(dice);
    switch (roll(dice, 6)) {
    case 0: // a bit
        if (text->len > 0)
            text->data[at] ^= (guint8)(1u << roll(dice, 8));
        break;
    case 1: // a byte
        if (text->len > 0)
            text->data[at] = byte;
        break;
    case 2: // one more
        g_byte_array_append(text, &byte, 1);
        memmove(text->data + at + 1, text->data + at, text->len - 1 - at);
        text->data[at] = byte;
        break;
    case 3: // some less
        if (n > 0)
            g_byte_array_remove_range(text, at, n);
        break;
    case 4: // some of it again, at the end
        memcpy(piece, text->data + at, n);
        g_byte_array_append(text, piece, n);
        break;
    default: // cut off
        g_byte_array_set_size(text, at);
        break;
    }
}

static void
replay_file(const char *target, const char *path)
{
    g_autofree char *seed = NULL;
    gsize n_seed = 0;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &seed, &n_seed, &error);
    g_assert_no_error(error);
    rk_fuzz_import(target, (const uint8_t *)seed, n_seed);
    for (uint32_t i = 0; i < N_MUTATIONS; i++) {
        Dice dice = {.stream = i};
        g_autoptr(GByteArray) text = g_byte_array_new();
        g_byte_array_append(text, (const guint8 *)seed, (guint)MIN(n_seed, MAX_BYTES));
        const uint32_t n_changes = 1 + roll(&dice, 4);
        for (uint32_t k = 0; k < n_changes; k++)
            mutate(text, &dice);
        // Memory of its exact size, so that a sanitizer sees a step beyond it.
        g_autofree uint8_t *exact = g_memdup2(text->data, text->len);
        rk_fuzz_import(target, exact, text->len);
    }
}

static void
replay(gconstpointer data)
{
    const char *target = data;
    const char *source = g_getenv("RANKINE_TEST_SOURCE");
    g_autofree char *path =
        g_build_filename(source ? source : ".", "tests", "fuzz", "corpus", target, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) folder = g_dir_open(path, 0, &error);
    g_assert_no_error(error);
    guint n = 0;
    for (const char *name; (name = g_dir_read_name(folder)) != NULL; n++) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        replay_file(target, file);
    }
    g_assert_cmpuint(n, >, 0); // a target without seeds isn't fuzzed
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (const char *const *target = rk_fuzz_targets; *target != NULL; target++) {
        g_autofree char *path =
            g_strdup_printf("/fuzz/replay/%s reads its corpus and mutations of it", *target);
        g_test_add_data_func(path, *target, replay);
    }
    return g_test_run();
}
