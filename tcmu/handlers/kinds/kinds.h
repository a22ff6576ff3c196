/* SPDX-License-Identifier: GPL-2.0-only */
/* The handlers of tcmu-handlerd, one file each. */
#ifndef KINDS_H
#define KINDS_H

#include "tcmuh.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

extern const struct tcmuh_ops kind_ram;
extern const struct tcmuh_ops kind_file;
extern const struct tcmuh_ops kind_qcow;
extern const struct tcmuh_ops kind_nbd;
extern const struct tcmuh_ops kind_cd;
extern const struct tcmuh_ops kind_tape;

/* check functions that several share */
const char *kind_check_path(const char *config);

#endif /* KINDS_H */
