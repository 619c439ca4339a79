// SPDX-License-Identifier: GPL-3.0-or-later
//
// The series inks follow Okabe and Ito, "Color Universal Design" (2008), darkened on light grounds
// until each has a contrast of 3 to 1 (WCAG 2.1, 1.4.11) and without their yellow, which has none;
// the heat inks are viridis in nine steps. Tests hold them to that, also as colour-blind eyes see
// them.
#include "report/theme.h"

#include <math.h>

static const char *const NAMES[RK_N_THEMES] = {"light", "dark", "print", "light-contrast",
                                               "dark-contrast"};

static const guint32 BASE[RK_N_THEMES][RK_INK_SERIES] = {
    //                none surface   text      muted     grid      axis      limit     neutral
    [RK_THEME_LIGHT] = {0, 0xFFFFFF, 0x1E1E24, 0x5C5C66, 0xE4E4E8, 0x9A9AA4, 0xB3261E, 0x6B6B75},
    [RK_THEME_DARK] = {0, 0x1F1F23, 0xF2F2F4, 0xB4B4BE, 0x38383F, 0x74747E, 0xFF8A80, 0xA0A0AA},
    [RK_THEME_PRINT] = {0, 0xFFFFFF, 0x000000, 0x404040, 0xDADADA, 0x707070, 0xA01010, 0x606060},
    [RK_THEME_LIGHT_CONTRAST] = {0, 0xFFFFFF, 0x000000, 0x2A2A2A, 0xB8B8B8, 0x303030, 0x9B0000,
                                 0x404040},
    [RK_THEME_DARK_CONTRAST] = {0, 0x000000, 0xFFFFFF, 0xE0E0E0, 0x5A5A5A, 0xD0D0D0, 0xFFA098,
                                0xC8C8C8},
};

static const guint32 SERIES_ON_LIGHT[RK_N_SERIES_INKS] = {0x0072B2, 0xD55E00, 0x008A64, 0xB5508C,
                                                          0x9A6B00, 0x3A8FC4, 0x4B3C9E, 0x6E6E28};
static const guint32 SERIES_ON_DARK[RK_N_SERIES_INKS] = {0x56B4E9, 0xFF9248, 0x2CC79B, 0xE79AC6,
                                                         0xF2C14E, 0x7F9CFF, 0xC4A6FF, 0xC9C96A};
static const guint32 HEAT[RK_N_HEAT_INKS] = {0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C,
                                             0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725};

static gboolean
is_dark(RkTheme theme)
{
    return theme == RK_THEME_DARK || theme == RK_THEME_DARK_CONTRAST;
}

const char *
rk_theme_name(RkTheme theme)
{
    return NAMES[theme];
}

guint32
rk_theme_color(RkTheme theme, RkInk ink)
{
    g_return_val_if_fail(theme < RK_N_THEMES && ink < RK_N_INKS, 0);
    if (ink < RK_INK_SERIES)
        return BASE[theme][ink];
    if (ink < RK_INK_HEAT)
        return (is_dark(theme) ? SERIES_ON_DARK : SERIES_ON_LIGHT)[ink - RK_INK_SERIES];
    if (ink < RK_INK_ON_LOW)
        return HEAT[ink - RK_INK_HEAT];
    if (ink == RK_INK_ON_SERIES)
        return is_dark(theme) ? 0x101014 : 0xFFFFFF;
    return ink == RK_INK_ON_LOW ? 0xFFFFFF : 0x101014;
}

RkInk
rk_heat_ink(double share)
{
    if (!(share > 0))
        return RK_INK_HEAT;
    return RK_INK_HEAT + (RkInk)MIN(share * RK_N_HEAT_INKS, RK_N_HEAT_INKS - 1);
}

RkInk
rk_heat_text_ink(RkInk heat)
{
    return heat < RK_INK_HEAT + 4 ? RK_INK_ON_LOW : RK_INK_ON_HIGH;
}
