// SPDX-License-Identifier: GPL-2.0-only
/* The name that tells a device's handler: tcm-user/HBA/NAME/HANDLER/CONFIG. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"

/* Copies up to @end or the end of the text; the text behind it, or NULL if it does not fit. */
static const char *take(char *dst, const char *from, const char *end)
{
	size_t len = end ? (size_t)(end - from) : strlen(from);

	if (len >= DEV_NAME_MAX)
		return NULL;
	memcpy(dst, from, len);
	dst[len] = 0;
	return end ? end + 1 : from + len;
}

/**
 * tcmuh_spec_parse - take a UIO name apart
 * @s: filled in but for the minor
 * @uio_name: text, a newline at its end is cut
 *
 * Return: 0, -ENODEV if it is no TCMU device's or names no handler.
 */
int tcmuh_spec_parse(struct tcmuh_spec *s, const char *uio_name)
{
	static const char prefix[] = "tcm-user/";
	char copy[2 * DEV_NAME_MAX];
	const char *at = copy, *slash;
	char *end;

	if (strlen(uio_name) >= sizeof(copy))
		return -ENODEV;
	strcpy(copy, uio_name);
	copy[strcspn(copy, "\n")] = 0;
	if (strncmp(at, prefix, sizeof(prefix) - 1))
		return -ENODEV;
	at += sizeof(prefix) - 1;
	if (*at < '0' || *at > '9')
		return -ENODEV;
	s->hba = strtoul(at, &end, 10);
	slash = *end == '/' ? strchr(end + 1, '/') : NULL;
	if (!slash)
		return -ENODEV;
	at = take(s->name, end + 1, slash);
	if (!at)
		return -ENODEV;
	at = take(s->handler, at, strchr(at, '/'));
	if (!at || !s->handler[0])
		return -ENODEV;
	return take(s->config, at, NULL) ? 0 : -ENODEV;
}
