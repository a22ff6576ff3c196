/* SPDX-License-Identifier: GPL-2.0-only */
/* On which CPUs connections do their work. */
#ifndef ITGT_OBJ_CPUS_H
#define ITGT_OBJ_CPUS_H

#include <linux/types.h>

struct task_struct;

int itgt_cpus_init(void);
void itgt_cpus_exit(void);
int itgt_cpus_set(const char *list);
ssize_t itgt_cpus_show(char *page);
void itgt_cpus_apply(struct task_struct *task);

#endif /* ITGT_OBJ_CPUS_H */
