// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/watch.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_US 200000

struct RkWatch {
    RkWatchOptions options;
    GArray *looks;
    GThread *thread;
    GMutex mutex;
    GCond cond;
    gboolean stop;
};

static void
read_busy(RkMachineLook *look)
{
    unsigned long long user, nice, system, idle, wait, irq, soft, stolen;
    g_autofree char *text = NULL;
    look->busy_s = look->stolen_s = NAN;
    if (!g_file_get_contents("/proc/stat", &text, NULL, NULL) ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
               &wait, &irq, &soft, &stolen) != 8)
        return;
    double tick = (double)sysconf(_SC_CLK_TCK);
    look->busy_s = (double)(user + nice + system + irq + soft) / tick;
    look->stolen_s = (double)stolen / tick;
}

static double
read_clock(void)
{
    double sum = 0;
    int n = 0;
    for (;; n++) {
        g_autofree char *text = NULL;
        g_autofree char *path =
            g_strdup_printf("/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", n);
        if (!g_file_get_contents(path, &text, NULL, NULL))
            break;
        sum += g_ascii_strtod(text, NULL) / 1000; // kHz
    }
    if (n > 0)
        return sum / n;
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
        return NAN;
    for (const char *at = strstr(text, "cpu MHz"); at != NULL; at = strstr(at + 1, "cpu MHz")) {
        const char *colon = strchr(at, ':');
        if (colon == NULL)
            break;
        sum += g_ascii_strtod(colon + 1, NULL);
        n++;
    }
    return n > 0 ? sum / n : NAN;
}

RkMachineLook
rk_machine_look(void)
{
    struct timespec own = {0};
    RkMachineLook look = {.at_ns = rk_clock_ns(), .clock_mhz = read_clock(), .load = NAN};
    g_autofree char *text = NULL;
    read_busy(&look);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    look.own_s = (double)own.tv_sec + (double)own.tv_nsec * 1e-9;
    if (g_file_get_contents("/proc/loadavg", &text, NULL, NULL))
        look.load = g_ascii_strtod(text, NULL);
    return look;
}

static void
take_look(RkWatch *watch)
{
    RkMachineLook look = rk_machine_look();
    g_array_append_val(watch->looks, look);
    const RkWatchOptions *o = &watch->options;
    if (o->progress != NULL)
        o->progress(o->progress_data, o->what, __atomic_load_n(o->n_done, __ATOMIC_RELAXED), o->n);
}

static gpointer
run(gpointer data)
{
    RkWatch *watch = data;
    g_mutex_lock(&watch->mutex);
    while (!watch->stop) {
        take_look(watch);
        gint64 until = g_get_monotonic_time() + PERIOD_US;
        while (!watch->stop && g_cond_wait_until(&watch->cond, &watch->mutex, until))
            ;
    }
    g_mutex_unlock(&watch->mutex);
    return NULL;
}

RkWatch *
rk_watch_start(const RkWatchOptions *options)
{
    RkWatch *watch = g_new0(RkWatch, 1);
    watch->options = *options;
    watch->looks = g_array_new(FALSE, FALSE, sizeof(RkMachineLook));
    g_mutex_init(&watch->mutex);
    g_cond_init(&watch->cond);
    take_look(watch);
    watch->thread = g_thread_new("rk-watch", run, watch);
    return watch;
}

GArray *
rk_watch_stop(RkWatch *watch)
{
    g_mutex_lock(&watch->mutex);
    watch->stop = TRUE;
    g_cond_signal(&watch->cond);
    g_mutex_unlock(&watch->mutex);
    g_thread_join(watch->thread);
    take_look(watch);
    GArray *looks = watch->looks;
    g_mutex_clear(&watch->mutex);
    g_cond_clear(&watch->cond);
    g_free(watch);
    return looks;
}

double
rk_machine_others(const RkMachineLook *from, const RkMachineLook *to)
{
    double seconds = (double)(to->at_ns - from->at_ns) * 1e-9 * (double)g_get_num_processors();
    double others =
        (to->busy_s - from->busy_s) - (to->own_s - from->own_s) + (to->stolen_s - from->stolen_s);
    return seconds > 0 ? CLAMP(others / seconds, 0, 1) : NAN;
}
