// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tree refuses, one line in the log each: programs show an errno at best, and the errno of
 * a mkdir or symlink is seldom the whole story.
 */
#include <linux/err.h>

#include "target/configfs/attr.h"
#include "target/configfs/tree.h"

enum {
	PATH_DEPTH = 10,	/* of the tree's deepest directory, and some */
	PATH_TEXT = 256,
	VALUE_TEXT = 64,	/* that much of what was written is shown */
};

/* "target/iscsi/IQN/tpgt_1/" of a directory, as below /sys/kernel/config */
static const char *path_of(struct config_item *item, char *text)
{
	struct config_item *up[PATH_DEPTH];
	size_t len = 0;
	int n = 0;

	text[0] = '\0';
	for (; item && item->ci_parent && n < PATH_DEPTH; item = item->ci_parent)
		up[n++] = item;
	while (n--)
		len += scnprintf(text + len, PATH_TEXT - len, "%s/", config_item_name(up[n]));
	return text;
}

/**
 * tgt_log_write - the result of a write, with a line in the log if it was refused
 * @item: directory
 * @file: name of the file in it
 * @page: what was written; NULL: not to be shown
 * @ret: the result
 *
 * Return: @ret.
 */
ssize_t tgt_log_write(struct config_item *item, const char *file, const char *page, ssize_t ret)
{
	char path[PATH_TEXT];

	if (likely(ret >= 0))
		return ret;
	if (page)
		pr_warn_ratelimited("%s%s: \"%.*s\" refused: %pe\n", path_of(item, path), file,
				    (int)min_t(size_t, strcspn(page, "\n"), VALUE_TEXT), page,
				    ERR_PTR(ret));
	else
		pr_warn_ratelimited("%s%s: refused: %pe\n", path_of(item, path), file,
				    ERR_PTR(ret));
	return ret;
}

/**
 * tgt_log_mkdir - the result of a mkdir, with a line in the log if it was refused
 * @parent: directory
 * @name: of the new one
 * @made: the result
 *
 * Return: @made.
 */
struct config_group *tgt_log_mkdir(struct config_group *parent, const char *name,
				   struct config_group *made)
{
	char path[PATH_TEXT];

	if (IS_ERR(made))
		pr_warn_ratelimited("%s%s: cannot be made: %pe\n",
				    path_of(&parent->cg_item, path), name, made);
	return made;
}

/**
 * tgt_log_link - the result of a symlink, with a line in the log if it was refused
 * @item: directory of the link
 * @target: what it points to
 * @ret: the result
 *
 * Return: @ret.
 */
int tgt_log_link(struct config_item *item, struct config_item *target, int ret)
{
	char path[PATH_TEXT];

	if (ret)
		pr_warn_ratelimited("%s%s: link refused: %pe\n", path_of(item, path),
				    config_item_name(target), ERR_PTR(ret));
	return ret;
}
