// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/source.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define STORED_BYTES (256u * 1024u) // read at a time from a compressed file

typedef enum {
    DECODE_MORE,    // went on, or wants more input
    DECODE_ENDED,   // a member (gzip) or frame (zstd) is complete
    DECODE_DAMAGED, // not what the format allows
} DecodeStatus;

typedef struct {
    const char *name;
    const char *magic;
    size_t n_magic;
    gpointer (*open)(void);
    DecodeStatus (*decode)(gpointer state, const char *in, size_t n_in, size_t *n_used, char *out,
                           size_t n_out, size_t *n_made);
    void (*close)(gpointer state);
} Codec;

struct RkSource {
    char *name;
    int fd;        // -1 for memory
    GBytes *bytes; // memory
    uint64_t size;
    gboolean seekable;
    uint64_t taken; // atomic
    gboolean started, ended;

    const Codec *codec; // NULL for plain bytes
    gpointer decoder;
    char *stored; // read from the file, not yet decoded: [stored_at, n_stored)
    size_t stored_at, n_stored;
    gboolean inside; // of a member; the end may not come here

    char *head; // what a peek or the look at the magic has taken: [head_at, n_head)
    size_t head_at, n_head;
};

static gpointer
gzip_open(void)
{
    return g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
}

static DecodeStatus
gzip_decode(gpointer state, const char *in, size_t n_in, size_t *n_used, char *out, size_t n_out,
            size_t *n_made)
{
    g_autoptr(GError) error = NULL;
    GConverterResult result = g_converter_convert(state, in, n_in, out, n_out, G_CONVERTER_NO_FLAGS,
                                                  n_used, n_made, &error);
    if (result == G_CONVERTER_FINISHED) {
        g_converter_reset(state);
        return DECODE_ENDED;
    }
    if (result != G_CONVERTER_ERROR)
        return DECODE_MORE;
    *n_used = *n_made = 0;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
        return DECODE_MORE;
    return DECODE_DAMAGED;
}

static gpointer
zstd_open(void)
{
    return ZSTD_createDStream();
}

static DecodeStatus
zstd_decode(gpointer state, const char *in, size_t n_in, size_t *n_used, char *out, size_t n_out,
            size_t *n_made)
{
    ZSTD_inBuffer input = {in, n_in, 0};
    ZSTD_outBuffer output = {out, n_out, 0};
    size_t left = ZSTD_decompressStream(state, &output, &input);
    *n_used = input.pos;
    *n_made = output.pos;
    if (ZSTD_isError(left))
        return DECODE_DAMAGED;
    return left == 0 ? DECODE_ENDED : DECODE_MORE;
}

static void
zstd_close(gpointer state)
{
    ZSTD_freeDStream(state);
}

static const Codec CODECS[] = {
    {"gzip", "\x1f\x8b", 2, gzip_open, gzip_decode, g_object_unref},
    {"zstd", "\x28\xb5\x2f\xfd", 4, zstd_open, zstd_decode, zstd_close},
};

RkSource *
rk_source_open(const char *path, GError **error)
{
    gboolean is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    g_autofree char *name = is_stdin ? g_strdup("standard input") : g_filename_display_name(path);
    struct stat info = {0};
    if (fd < 0 || fstat(fd, &info) != 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_NOT_FOUND, "Can't open %s: %s.", name,
                    g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    RkSource *source = g_new0(RkSource, 1);
    source->name = g_steal_pointer(&name);
    source->fd = fd;
    source->seekable = !is_stdin && S_ISREG(info.st_mode);
    source->size = S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    return source;
}

RkSource *
rk_source_new_bytes(const char *name, GBytes *bytes)
{
    RkSource *source = g_new0(RkSource, 1);
    source->name = g_strdup(name);
    source->fd = -1;
    source->bytes = g_bytes_ref(bytes);
    source->size = g_bytes_get_size(bytes);
    source->seekable = TRUE;
    return source;
}

void
rk_source_free(RkSource *source)
{
    if (source == NULL)
        return;
    if (source->fd >= 0)
        close(source->fd);
    if (source->decoder != NULL)
        source->codec->close(source->decoder);
    g_clear_pointer(&source->bytes, g_bytes_unref);
    g_free(source->stored);
    g_free(source->head);
    g_free(source->name);
    g_free(source);
}

const char *
rk_source_name(const RkSource *source)
{
    return source->name;
}

const char *
rk_source_compression(const RkSource *source)
{
    return source->codec ? source->codec->name : NULL;
}

gboolean
rk_source_is_seekable(const RkSource *source)
{
    return source->seekable;
}

uint64_t
rk_source_taken(RkSource *source)
{
    return __atomic_load_n(&source->taken, __ATOMIC_RELAXED);
}

uint64_t
rk_source_size(const RkSource *source)
{
    return source->size;
}

// Bytes as they are stored; 0 at the end, -1 on error.
static gssize
read_stored(RkSource *source, char *buffer, size_t n, GError **error)
{
    gssize got = 0;
    if (source->fd < 0) {
        gsize all = 0;
        const char *data = g_bytes_get_data(source->bytes, &all);
        got = (gssize)MIN(n, all - source->taken);
        if (got > 0)
            memcpy(buffer, data + source->taken, (size_t)got);
    } else {
        do
            got = read(source->fd, buffer, n);
        while (got < 0 && errno == EINTR);
    }
    if (got < 0) {
        g_set_error(error, RK_ERROR, RK_ERROR_FAILED, "Can't read %s: %s.", source->name,
                    g_strerror(errno));
        return -1;
    }
    __atomic_fetch_add(&source->taken, (uint64_t)got, __ATOMIC_RELAXED);
    source->ended = got == 0;
    return got;
}

// Until the buffer is full or the end has come.
static gssize
read_stored_fully(RkSource *source, char *buffer, size_t n, GError **error)
{
    size_t filled = 0;
    while (filled < n && !source->ended) {
        gssize got = read_stored(source, buffer + filled, n - filled, error);
        if (got < 0)
            return -1;
        filled += (size_t)got;
    }
    return (gssize)filled;
}

// Looks at the first bytes. Those of a plain source become its head, the others wait to be decoded.
static gboolean
start(RkSource *source, GError **error)
{
    source->started = TRUE;
    source->stored = g_malloc(STORED_BYTES);
    gssize n = read_stored_fully(source, source->stored, STORED_BYTES, error);
    if (n < 0)
        return FALSE;
    source->n_stored = (size_t)n;
    for (size_t i = 0; i < G_N_ELEMENTS(CODECS); i++)
        if (source->n_stored >= CODECS[i].n_magic &&
            memcmp(source->stored, CODECS[i].magic, CODECS[i].n_magic) == 0) {
            source->codec = &CODECS[i];
            source->decoder = source->codec->open();
            return TRUE;
        }
    source->head = g_steal_pointer(&source->stored);
    source->n_head = source->n_stored;
    source->n_stored = 0;
    return TRUE;
}

static gboolean
fail_data(RkSource *source, const char *cause, GError **error)
{
    g_set_error(
        error, RK_ERROR, RK_ERROR_DATA,
        "Can't read %s: %s after %" G_GUINT64_FORMAT " bytes. Fetch or compress the file again.",
        source->name, cause, rk_source_taken(source) - (source->n_stored - source->stored_at));
    return FALSE;
}

// Moves what is left to the front and reads more behind it. FALSE on error; sets ended.
static gboolean
refill(RkSource *source, GError **error)
{
    size_t left = source->n_stored - source->stored_at;
    memmove(source->stored, source->stored + source->stored_at, left);
    source->stored_at = 0;
    source->n_stored = left;
    gssize got = read_stored(source, source->stored + left, STORED_BYTES - left, error);
    source->n_stored += got > 0 ? (size_t)got : 0;
    return got >= 0;
}

// Between members: another one, or the end. Zeros may pad the end, as gzip allows.
static gboolean
begin_member(RkSource *source, gboolean *more, GError **error)
{
    const Codec *codec = source->codec;
    for (;;) {
        while (source->n_stored - source->stored_at < codec->n_magic && !source->ended)
            if (!refill(source, error))
                return FALSE;
        const char *at = source->stored + source->stored_at;
        size_t left = source->n_stored - source->stored_at;
        source->inside = left >= codec->n_magic && memcmp(at, codec->magic, codec->n_magic) == 0;
        *more = source->inside;
        if (left == 0 || source->inside)
            return TRUE;
        for (; left > 0 && *at == '\0'; left--)
            at++;
        if (left > 0) {
            g_autofree char *cause = g_strdup_printf("other bytes follow the %s data", codec->name);
            return fail_data(source, cause, error);
        }
        source->stored_at = source->n_stored;
    }
}

static gssize
read_decoded(RkSource *source, char *buffer, size_t n, GError **error)
{
    size_t filled = 0;
    while (filled < n) {
        gboolean more = TRUE;
        if (!source->inside && !begin_member(source, &more, error))
            return -1;
        if (!more)
            break;
        size_t used = 0;
        size_t made = 0;
        DecodeStatus status = source->codec->decode(
            source->decoder, source->stored + source->stored_at,
            source->n_stored - source->stored_at, &used, buffer + filled, n - filled, &made);
        g_autofree char *cause = NULL;
        if (status == DECODE_DAMAGED) {
            cause = g_strdup_printf("the %s data is damaged", source->codec->name);
            return fail_data(source, cause, error), -1;
        }
        source->stored_at += used;
        filled += made;
        source->inside = status != DECODE_ENDED;
        if (!source->inside || made > 0 || used > 0)
            continue;
        if (source->ended) {
            cause = g_strdup_printf("the %s data stops too early", source->codec->name);
            return fail_data(source, cause, error), -1;
        }
        if (!refill(source, error))
            return -1;
    }
    return (gssize)filled;
}

gssize
rk_source_read(RkSource *source, char *buffer, size_t n, GError **error)
{
    if (!source->started && !start(source, error))
        return -1;
    size_t from_head = MIN(n, source->n_head - source->head_at);
    if (from_head > 0)
        memcpy(buffer, source->head + source->head_at, from_head);
    source->head_at += from_head;
    gssize rest = 0;
    if (from_head < n)
        rest = source->codec != NULL
                   ? read_decoded(source, buffer + from_head, n - from_head, error)
                   : read_stored_fully(source, buffer + from_head, n - from_head, error);
    return rest < 0 ? -1 : (gssize)from_head + rest;
}

const char *
rk_source_peek(RkSource *source, size_t want, size_t *n, GError **error)
{
    g_autofree char *head = g_malloc(MAX(want, STORED_BYTES));
    gssize got = rk_source_read(source, head, MAX(want, STORED_BYTES), error);
    if (got < 0)
        return NULL;
    g_free(source->head);
    source->head = g_steal_pointer(&head);
    source->head_at = 0;
    source->n_head = (size_t)got;
    *n = MIN(want, (size_t)got);
    return source->head;
}
