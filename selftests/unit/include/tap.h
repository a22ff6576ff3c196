/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of TAP for each assertion. */
#ifndef SHIM_TAP_H
#define SHIM_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3)))
static inline int tap_ok(int good, const char *fmt, ...)
{
	va_list ap;

	if (!good)
		tap_failed++;
	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return good;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif /* SHIM_TAP_H */
