/* SPDX-License-Identifier: GPL-2.0-only */
/* The D-Bus service by which targetcli finds handlers. */
#ifndef DBUS_H
#define DBUS_H

#include "tcmuh.h"

void dbus_start(const struct tcmuh_ops *const *ops, int count);

#endif /* DBUS_H */
