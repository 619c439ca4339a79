// SPDX-License-Identifier: GPL-3.0-or-later
//
// draw-samples FOLDER [WIDTH] [HEIGHT]: every sample as a picture in each theme, to look at.
#include "report/draw.h"
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "Usage: draw-samples FOLDER [WIDTH] [HEIGHT]\n");
        return 2;
    }
    double width = argc > 2 ? atof(argv[2]) : 760;
    g_autoptr(RkMeasure) measure = rk_measure_new(NULL, 1);
    for (gsize i = 0; i < N_SAMPLES; i++)
        for (int theme = 0; theme < RK_N_THEMES; theme++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(RkChart) chart = SAMPLES[i].make();
            double height = argc > 3 ? atof(argv[3]) : rk_layout_natural_height(chart, width) + 24;
            g_autofree char *path =
                g_strdup_printf("%s/%s-%s.png", argv[1], SAMPLES[i].word, rk_theme_name(theme));
            if (!rk_chart_to_png(chart, measure, theme, width, height, 1, path, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return 1;
            }
            if (theme == 0)
                printf("%s: %s\n", SAMPLES[i].word, chart->summary);
        }
    return 0;
}
