/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of the `control` file: "key=value" items apart by commas or newlines, each key served by a
 * table row.
 */
#ifndef BACKSTORES_COMMON_OPTS_H
#define BACKSTORES_COMMON_OPTS_H

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

struct se_device;

/**
 * struct opt_key - one key of a backstore's control file
 * @name: what stands before the '='
 * @store: takes the text after it, which is never empty; 0 or -errno. Called in the order of the
 * text
 */
struct opt_key {
	const char *name;
	int (*store)(struct se_device *dev, const char *value);
};

/**
 * opt_number() - read a value that must be an integer from its first to its last character
 * @value: text; base by prefix (0x, 0)
 * @number: result, untouched when the text is no number
 *
 * Keys that are read with it ignore text, as the control files always did.
 * Return: whether @number was set.
 */
static inline bool opt_number(const char *value, int *number)
{
	return !kstrtoint(value, 0, number);
}

static inline int opts_apply_item(const struct opt_key *keys, size_t nr_keys, struct se_device *dev,
				  char *item)
{
	char *value = strchr(item, '=');
	size_t i;

	if (!value || !value[1])
		return 0;
	*value++ = '\0';
	for (i = 0; i < nr_keys; i++)
		if (!strcmp(item, keys[i].name))
			return keys[i].store(dev, value);
	return 0;
}

/**
 * opts_apply() - apply one write to a control file
 * @keys: table of the keys of this backstore
 * @nr_keys: rows in @keys
 * @dev: device whose file was written
 * @page: what was written
 * @count: its length in bytes
 *
 * Unknown keys and items without a value are skipped. The first row that refuses its value ends the
 * walk; what stood before it stays applied. May sleep.
 *
 * Return: @count or -errno.
 */
static inline ssize_t opts_apply(const struct opt_key *keys, size_t nr_keys, struct se_device *dev,
				 const char *page, ssize_t count)
{
	char *text = kstrndup(page, count, GFP_KERNEL), *rest = text, *item;
	int ret = 0;

	if (!text)
		return -ENOMEM;
	while (!ret && (item = strsep(&rest, ",\n")))
		ret = opts_apply_item(keys, nr_keys, dev, item);
	kfree(text);
	return ret ?: count;
}

#endif /* BACKSTORES_COMMON_OPTS_H */
