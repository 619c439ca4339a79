// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#include <sqlite3.h>
#include <string.h>

static gint armed = FAULT_NONE; // a FaultKind
static gint n_left;
static gint n_struck;

void
faults_arm(FaultKind kind, int n)
{
    g_atomic_int_set(&armed, FAULT_NONE);
    g_atomic_int_set(&n_left, n);
    g_atomic_int_set(&n_struck, 0);
    g_atomic_int_set(&armed, kind);
}

gboolean
faults_struck(void)
{
    return g_atomic_int_get(&n_struck) > 0;
}

// Counts down; TRUE when this call is to fail.
static gboolean
strikes(gboolean always)
{
    gint left = g_atomic_int_add(&n_left, -1);
    gboolean now = always ? left <= 0 : left == 0;
    if (now)
        g_atomic_int_inc(&n_struck);
    return now;
}

static int
io_fault(gboolean is_write, int code)
{
    switch (g_atomic_int_get(&armed)) {
    case FAULT_IO_ONCE:
        return strikes(FALSE) ? code : SQLITE_OK;
    case FAULT_IO_ALWAYS:
        return strikes(TRUE) ? code : SQLITE_OK;
    case FAULT_FULL:
        return is_write && strikes(TRUE) ? SQLITE_FULL : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

// ---- files ---------------------------------------------------------------------------------

typedef struct {
    sqlite3_file base;
    sqlite3_file *real; // behind this struct
} File;

#define REAL(file)   (((File *)(file))->real)
#define METHOD(file) REAL(file)->pMethods

static int
f_close(sqlite3_file *f)
{
    return METHOD(f)->xClose(REAL(f));
}

static int
f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int code = io_fault(FALSE, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code : METHOD(f)->xRead(REAL(f), to, n, at);
}

// A failing write leaves half of its bytes behind, as a power cut does.
static int
f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    int code = io_fault(TRUE, SQLITE_IOERR_WRITE);
    if (code != SQLITE_OK && n > 1)
        METHOD(f)->xWrite(REAL(f), from, n / 2, at);
    return code != SQLITE_OK ? code : METHOD(f)->xWrite(REAL(f), from, n, at);
}

static int
f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int code = io_fault(FALSE, SQLITE_IOERR_TRUNCATE);
    return code != SQLITE_OK ? code : METHOD(f)->xTruncate(REAL(f), size);
}

static int
f_sync(sqlite3_file *f, int flags)
{
    int code = io_fault(FALSE, SQLITE_IOERR_FSYNC);
    return code != SQLITE_OK ? code : METHOD(f)->xSync(REAL(f), flags);
}

static int
f_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int code = io_fault(FALSE, SQLITE_IOERR_FSTAT);
    return code != SQLITE_OK ? code : METHOD(f)->xFileSize(REAL(f), size);
}

static int
f_lock(sqlite3_file *f, int level)
{
    return METHOD(f)->xLock(REAL(f), level);
}

static int
f_unlock(sqlite3_file *f, int level)
{
    return METHOD(f)->xUnlock(REAL(f), level);
}

static int
f_reserved(sqlite3_file *f, int *out)
{
    return METHOD(f)->xCheckReservedLock(REAL(f), out);
}

static int
f_control(sqlite3_file *f, int op, void *argument)
{
    return METHOD(f)->xFileControl(REAL(f), op, argument);
}

static int
f_sector(sqlite3_file *f)
{
    return METHOD(f)->xSectorSize(REAL(f));
}

static int
f_characteristics(sqlite3_file *f)
{
    return METHOD(f)->xDeviceCharacteristics(REAL(f));
}

static int
f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    int code = io_fault(extend, SQLITE_IOERR_SHMMAP);
    return code != SQLITE_OK ? code : METHOD(f)->xShmMap(REAL(f), page, size, extend, out);
}

static int
f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return METHOD(f)->xShmLock(REAL(f), offset, n, flags);
}

static void
f_shm_barrier(sqlite3_file *f)
{
    METHOD(f)->xShmBarrier(REAL(f));
}

static int
f_shm_unmap(sqlite3_file *f, int and_delete)
{
    return METHOD(f)->xShmUnmap(REAL(f), and_delete);
}

static const sqlite3_io_methods METHODS = {.iVersion = 2,
                                           .xClose = f_close,
                                           .xRead = f_read,
                                           .xWrite = f_write,
                                           .xTruncate = f_truncate,
                                           .xSync = f_sync,
                                           .xFileSize = f_size,
                                           .xLock = f_lock,
                                           .xUnlock = f_unlock,
                                           .xCheckReservedLock = f_reserved,
                                           .xFileControl = f_control,
                                           .xSectorSize = f_sector,
                                           .xDeviceCharacteristics = f_characteristics,
                                           .xShmMap = f_shm_map,
                                           .xShmLock = f_shm_lock,
                                           .xShmBarrier = f_shm_barrier,
                                           .xShmUnmap = f_shm_unmap};

// ---- the file system -----------------------------------------------------------------------

static sqlite3_vfs *real_vfs;

static int
v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    File *file = (File *)f;
    file->base.pMethods = NULL;
    file->real = (sqlite3_file *)(file + 1);
    int code = io_fault(FALSE, SQLITE_CANTOPEN);
    if (code == SQLITE_OK)
        code = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
    if (code == SQLITE_OK || file->real->pMethods != NULL)
        file->base.pMethods = code == SQLITE_OK ? &METHODS : NULL;
    return code;
}

static int
v_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    int code = io_fault(FALSE, SQLITE_IOERR_DELETE);
    return code != SQLITE_OK ? code : real_vfs->xDelete(real_vfs, name, sync_folder);
}

static int
v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return real_vfs->xAccess(real_vfs, name, flags, out);
}

static int
v_full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
    return real_vfs->xFullPathname(real_vfs, name, n, out);
}

// ---- memory --------------------------------------------------------------------------------

static sqlite3_mem_methods real_memory;

static void *
m_malloc(int n)
{
    if (g_atomic_int_get(&armed) == FAULT_MEMORY && strikes(FALSE))
        return NULL;
    return real_memory.xMalloc(n);
}

static void *
m_realloc(void *p, int n)
{
    if (g_atomic_int_get(&armed) == FAULT_MEMORY && strikes(FALSE))
        return NULL;
    return real_memory.xRealloc(p, n);
}

void
faults_install(void)
{
    static sqlite3_vfs vfs;
    g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), ==, SQLITE_OK);
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = m_malloc;
    memory.xRealloc = m_realloc;
    g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_initialize(), ==, SQLITE_OK);
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; // randomness, time and dynamic loading as they are
    vfs.zName = "faults";
    vfs.szOsFile = (int)sizeof(File) + real_vfs->szOsFile;
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    vfs.xAccess = v_access;
    vfs.xFullPathname = v_full_path;
    g_assert_cmpint(sqlite3_vfs_register(&vfs, 1), ==, SQLITE_OK);
}
