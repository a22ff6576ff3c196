// SPDX-License-Identifier: GPL-2.0-only
/*
 * org.kernel.TCMUService1, by which targetcli finds handlers, checks configurations and changes
 * media. It runs in a process of its own: whatever happens to the bus, no device notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "dbus.h"

#define SERVICE		"org.kernel.TCMUService1"
#define ROOT		"/org/kernel/TCMUService1"
#define RETRY_S		2

static int check_config(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const struct tcmuh_ops *ops = data;
	const char *config, *rest, *wrong = NULL;
	size_t len = strlen(ops->name);
	int err = sd_bus_message_read(m, "s", &config);

	(void)error;
	if (err < 0)
		return err;
	rest = config + len + 1;
	if (strncmp(config, ops->name, len) || config[len] != '/')
		wrong = "the configuration is another handler's";
	else if (strpbrk(config, ", \t\n"))
		wrong = "a configuration cannot hold commas and blanks";
	else if (strlen(config) > 255)
		wrong = "the configuration is too long";
	else if (ops->check)
		wrong = ops->check(rest);
	return sd_bus_reply_method_return(m, "bs", !wrong, wrong ? wrong : "ok");
}

static int write_attr(const char *pattern, const char *text)
{
	int fd, err = -ENOENT;
	glob_t g;

	if (!glob(pattern, 0, NULL, &g) && g.gl_pathc == 1) {
		fd = open(g.gl_pathv[0], O_WRONLY | O_CLOEXEC);
		err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	globfree(&g);
	return err;
}

/* Another image for a drive: the kernel asks the device's handler by netlink. */
static int change_medium(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const struct tcmuh_ops *ops = data;
	const char *name, *config;
	char pattern[400];
	uint64_t size;
	int err = sd_bus_message_read(m, "sts", &name, &size, &config);

	(void)error;
	if (err < 0)
		return err;
	err = -EINVAL;
	snprintf(pattern, sizeof(pattern),
		 "/sys/kernel/config/target/core/user_*/%s/attrib/dev_config", name);
	if (!strpbrk(name, "/*?[]\\") && strlen(name) < 200 && ops->reconfig)
		err = write_attr(pattern, config);
	return sd_bus_reply_method_return(m, "is", err, err ? strerror(-err) : "ok");
}

static int config_desc(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct tcmuh_ops *ops = data;
	char text[300];

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	snprintf(text, sizeof(text), "cfgstring: %s", ops->desc);
	return sd_bus_message_append(reply, "s", text);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CheckConfig", "s", "bs", check_config, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ChangeMedium", "sts", "is", change_medium, 0),
	SD_BUS_PROPERTY("ConfigDesc", "s", config_desc, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END
};

static int serve(const struct tcmuh_ops *const *ops, int count)
{
	sd_bus *bus = NULL;
	char path[128];
	int i, err = sd_bus_open_system(&bus);

	if (err >= 0)
		err = sd_bus_add_object_manager(bus, NULL, ROOT);
	for (i = 0; i < count && err >= 0; i++) {
		snprintf(path, sizeof(path), ROOT "/%s", ops[i]->name);
		err = sd_bus_add_object_vtable(bus, NULL, path, SERVICE, vtable, (void *)ops[i]);
	}
	if (err >= 0)
		err = sd_bus_request_name(bus, SERVICE, 0);
	while (err >= 0) {
		err = sd_bus_process(bus, NULL);
		if (!err)
			err = sd_bus_wait(bus, UINT64_MAX);
	}
	sd_bus_flush_close_unref(bus);
	return err;
}

/**
 * dbus_start - offer handlers on the system bus, in a new process that ends with this one
 * @ops: handlers
 * @count: how many
 *
 * While the bus is away or its name is another daemon's, it tries again and again.
 */
void dbus_start(const struct tcmuh_ops *const *ops, int count)
{
	pid_t parent = getpid();
	int err, said = 0;

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "tcmu-dbus");
	while (getppid() == parent) {
		err = serve(ops, count);
		if (err != said)
			fprintf(stderr, "D-Bus: %s\n", strerror(-err));
		said = err;
		sleep(RETRY_S);
	}
	_exit(0);
}
