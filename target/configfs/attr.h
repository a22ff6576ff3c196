/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line per configfs file: macros that build show and store out of a parser, a check and a
 * member.
 */
#ifndef TGT_CONFIGFS_ATTR_H
#define TGT_CONFIGFS_ATTR_H

#include <linux/configfs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

ssize_t tgt_log_write(struct config_item *item, const char *file, const char *page, ssize_t ret);

/*
 * Parsers. One write is one value; kstrto*() take one trailing newline, base 0, and tell -EINVAL
 * (no number, or negative for an unsigned type) from -ERANGE (too wide). A boolean is decided by
 * its first character, see kstrtobool().
 */
static inline int attr_parse_bool(const char *page, u64 *val)
{
	bool b;
	int ret = kstrtobool(page, &b);

	*val = b;
	return ret;
}

static inline int attr_parse_u8(const char *page, u64 *val)
{
	u8 v;
	int ret = kstrtou8(page, 0, &v);

	*val = v;
	return ret;
}

static inline int attr_parse_u16(const char *page, u64 *val)
{
	u16 v;
	int ret = kstrtou16(page, 0, &v);

	*val = v;
	return ret;
}

static inline int attr_parse_u32(const char *page, u64 *val)
{
	u32 v;
	int ret = kstrtou32(page, 0, &v);

	*val = v;
	return ret;
}

static inline int attr_parse_ul(const char *page, u64 *val)
{
	return kstrtou64(page, 0, val);
}

/* An unsigned number in a range; the number itself may be of any width. */
static inline int attr_parse_max(const char *page, u64 max, u64 *val)
{
	int ret = attr_parse_ul(page, val);

	if (ret)
		return ret;
	return *val <= max ? 0 : -EINVAL;
}

/* 0 or 1 as a number; whatever else is -EINVAL, also what is too wide */
static inline int attr_parse_01(const char *page, u64 *val)
{
	return attr_parse_max(page, 1, val) ? -EINVAL : 0;
}

/*
 * Files. _pfx names the object: `_pfx_of(item)` gives a pointer to it. Readable:
 * _pfx_<name>_show(); writable: _pfx_<name>_store(). The object pointed to lives as long as the
 * file is open for an operation: configfs marks the directory dead and waits for operations in
 * progress before it calls ->drop_item().
 */
#define TGT_FILE_RO(_pfx, _name) \
	static struct configfs_attribute _pfx##_attr_##_name = { \
		.ca_name = __stringify(_name), .ca_mode = 0444, .ca_owner = THIS_MODULE, \
		.show = _pfx##_##_name##_show, \
	}

#define TGT_FILE_WO(_pfx, _name) \
	static struct configfs_attribute _pfx##_attr_##_name = { \
		.ca_name = __stringify(_name), .ca_mode = 0200, .ca_owner = THIS_MODULE, \
		.store = _pfx##_##_name##_store, \
	}

#define TGT_FILE_RW(_pfx, _name) \
	static struct configfs_attribute _pfx##_attr_##_name = { \
		.ca_name = __stringify(_name), .ca_mode = 0644, .ca_owner = THIS_MODULE, \
		.show = _pfx##_##_name##_show, .store = _pfx##_##_name##_store, \
	}

/* show of formatted values; `obj` is the object in the expressions */
#define TGT_SHOW(_pfx, _name, _fmt, ...) \
	static ssize_t _pfx##_##_name##_show(struct config_item *item, char *page) \
	{ \
		typeof(_pfx##_of(item)) obj __maybe_unused = _pfx##_of(item); \
		return sysfs_emit(page, _fmt, __VA_ARGS__); \
	}

/* store through `int apply(object, u64 value)`: checks and sets; 0 or -errno */
#define TGT_STORE(_pfx, _name, _parse, _apply) \
	static ssize_t _pfx##_##_name##_store(struct config_item *item, const char *page, size_t count) \
	{ \
		u64 val; \
		int ret = _parse(page, &val); \
		if (!ret) \
			ret = _apply(_pfx##_of(item), val); \
		return tgt_log_write(item, __stringify(_name), page, ret) ?: count; \
	}

#define TGT_VALUE_RO(_pfx, _name, _fmt, ...) \
	TGT_SHOW(_pfx, _name, _fmt, __VA_ARGS__) \
	TGT_FILE_RO(_pfx, _name)

#define TGT_VALUE_RW(_pfx, _name, _fmt, _expr, _parse, _apply) \
	TGT_SHOW(_pfx, _name, _fmt, _expr) \
	TGT_STORE(_pfx, _name, _parse, _apply) \
	TGT_FILE_RW(_pfx, _name)

/* files whose text another layer makes or takes: ssize_t fn(object, page[, count]) */
#define TGT_TEXT_RO(_pfx, _name, _read) \
	static ssize_t _pfx##_##_name##_show(struct config_item *item, char *page) \
	{ \
		return _read(_pfx##_of(item), page); \
	} \
	TGT_FILE_RO(_pfx, _name)

#define TGT_TEXT_RW(_pfx, _name, _read, _write) \
	static ssize_t _pfx##_##_name##_show(struct config_item *item, char *page) \
	{ \
		return _read(_pfx##_of(item), page); \
	} \
	static ssize_t _pfx##_##_name##_store(struct config_item *item, const char *page, size_t count) \
	{ \
		return tgt_log_write(item, __stringify(_name), page, \
				     _write(_pfx##_of(item), page, count)); \
	} \
	TGT_FILE_RW(_pfx, _name)

#endif /* TGT_CONFIGFS_ATTR_H */
