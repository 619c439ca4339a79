// SPDX-License-Identifier: GPL-3.0-or-later
//
// The device: what it is, what it can, what it was measured to reach; another one to choose.
#include <glib/gi18n.h>

#include "gpu/caps-table.h"
#include "ui/page.h"
#include "ui/pages/device_kernels.h"
#include "ui/widgets.h"

#define RK_TYPE_DEVICE_PAGE (rk_device_page_get_type())
G_DECLARE_FINAL_TYPE(RkDevicePage, rk_device_page, RK, DEVICE_PAGE, AdwBin)

struct _RkDevicePage {
    AdwBin parent;
    RkAppSession *session;
    GtkStack *stack;
    AdwStatusPage *none;
    AdwComboRow *device;
    AdwPreferencesGroup *ceilings, *kernels, *facts, *fast, *limits;
    gboolean filling; // the combo row, by the page itself
};

G_DEFINE_FINAL_TYPE(RkDevicePage, rk_device_page, ADW_TYPE_BIN)

static void
show_facts(RkDevicePage *page, const RkDeviceInfo *info)
{
    g_autofree char *api =
        g_strdup_printf("%u.%u.%u", info->api_version >> 22 & 0x7f, info->api_version >> 12 & 0x3ff,
                        info->api_version & 0xfff);
    g_autofree char *precisions =
        g_strjoinv(", ", (char **)(void *)rk_device_precisions(&info->caps));
    rk_group_clear(page->facts);
    rk_group_add(page->facts, rk_fact_row(_("Driver"), info->driver));
    rk_group_add(page->facts, rk_fact_row(_("Type"), rk_device_type_name(info->type)));
    rk_group_add(page->facts, rk_fact_row(_("Vulkan"), api));
    rk_group_add(page->facts, rk_fact_row(_("Precisions"), precisions));
}

static void
show_caps(RkDevicePage *page, const RkCaps *caps)
{
    rk_group_clear(page->fast);
    rk_group_clear(page->limits);
    for (const RkFastPathRow *row = RK_FAST_PATHS; row->name != NULL; row++)
        rk_group_add(page->fast,
                     rk_fact_row(row->name, rk_fast_path_has(row, caps) ? _("Yes") : _("No")));
    for (const RkLimitRow *row = RK_LIMITS; row->name != NULL; row++) {
        const uint64_t value = rk_limit_value(row, caps);
        g_autofree char *text = rk_limit_is_bytes(row)
                                    ? g_format_size_full(value, G_FORMAT_SIZE_IEC_UNITS)
                                    : rk_grouped_number(value);
        rk_group_add(page->limits, rk_fact_row(row->label, text));
    }
}

static void
add_ceiling(RkDevicePage *page, const char *title, double value, const char *unit, const char *how)
{
    g_autofree char *text = how != NULL ? g_strdup_printf("%.1f %s, %s", value, unit, how)
                                        : g_strdup_printf("%.1f %s", value, unit);
    rk_group_add(page->ceilings, rk_fact_row(title, text));
}

static void
show_ceilings(RkDevicePage *page)
{
    const RkCeilings *at_best = rk_app_session_ceilings(page->session);
    rk_group_clear(page->ceilings);
    if (at_best == NULL) {
        rk_group_add(page->ceilings,
                     rk_fact_row(_("Not measured since the start"), _("takes about two seconds")));
        return;
    }
    add_ceiling(page, _("Copy, read plus written"), at_best->copy_gb_s, "GB/s", NULL);
    add_ceiling(page, _("fp32 arithmetic"), at_best->fp32_gflops, "GFLOPS", NULL);
    add_ceiling(page, _("fp16 arithmetic"), at_best->fp16_gflops, "GFLOPS", at_best->fp16_how);
    add_ceiling(page, _("int8 arithmetic"), at_best->int8_gops, "GOPS", at_best->int8_how);
    add_ceiling(page, _("Submit and wait"), at_best->submit_us, "µs", NULL);
}

static void
fill_combo(RkDevicePage *page, const GArray *devices)
{
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    page->filling = TRUE;
    for (guint i = 0; i < devices->len; i++) {
        const RkDeviceInfo *info = &g_array_index(devices, RkDeviceInfo, i);
        gtk_string_list_append(names, info->name);
        if (info == rk_app_session_device(page->session)) {
            adw_combo_row_set_model(page->device, G_LIST_MODEL(names));
            adw_combo_row_set_selected(page->device, i);
        }
    }
    page->filling = FALSE;
}

static void
show(RkDevicePage *page)
{
    const GError *error = rk_app_session_devices_error(page->session);
    const RkDeviceInfo *info = rk_app_session_device(page->session);
    if (rk_app_session_devices(page->session) == NULL && error == NULL) {
        gtk_stack_set_visible_child_name(page->stack, "reading");
        return;
    }
    if (info == NULL) {
        g_autofree char *why = g_markup_escape_text(error != NULL ? error->message : "", -1);
        g_autofree char *text = g_strdup_printf(
            _("Rankine computes on Vulkan 1.1. Install your graphics card's Vulkan driver; "
              "without a card, Mesa's lavapipe runs everything on the processor.\n\n%s"),
            why);
        adw_status_page_set_description(page->none, g_strchomp(text));
        gtk_stack_set_visible_child_name(page->stack, "none");
        return;
    }
    fill_combo(page, rk_app_session_devices(page->session));
    show_facts(page, info);
    show_caps(page, &info->caps);
    show_ceilings(page);
    gtk_stack_set_visible_child_name(page->stack, "device");
}

static void
device_chosen(RkDevicePage *page)
{
    if (!page->filling)
        rk_app_session_choose_device(page->session, adw_combo_row_get_selected(page->device));
}

static void
page_dispose(GObject *object)
{
    g_clear_object(&RK_DEVICE_PAGE(object)->session);
    G_OBJECT_CLASS(rk_device_page_parent_class)->dispose(object);
}

static void
rk_device_page_class_init(RkDevicePageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = page_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/rankine/Rankine/device.ui");
    gtk_widget_class_bind_template_child(widget, RkDevicePage, stack);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, none);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, device);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, ceilings);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, kernels);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, facts);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, fast);
    gtk_widget_class_bind_template_child(widget, RkDevicePage, limits);
}

static void
rk_device_page_init(RkDevicePage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

GtkWidget *
rk_device_page_new(RkAppSession *session)
{
    RkDevicePage *page = g_object_new(RK_TYPE_DEVICE_PAGE, NULL);
    page->session = g_object_ref(session);
    adw_preferences_group_add(page->kernels, rk_device_kernels_new(session));
    g_signal_connect_object(page->device, "notify::selected", G_CALLBACK(device_chosen), page,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::devices", G_CALLBACK(show), page, G_CONNECT_SWAPPED);
    g_signal_connect_object(session, "changed::ceilings", G_CALLBACK(show_ceilings), page,
                            G_CONNECT_SWAPPED);
    show(page);
    return GTK_WIDGET(page);
}
