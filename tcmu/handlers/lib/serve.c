// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon: a process for each device, made when the kernel announces it and again when it dies.
 * The parent never touches a ring or a backend, so it can always answer the kernel.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dev.h"
#include "genl.h"
#include "uapi.h"

#define DEVICES_MAX	1024
#define REMOVE_LIMIT_S	20	/* then a process that does not end is killed */
#define CALM_S		10	/* a process that lived so long may start again at once */
#define AGAIN_S		5
#define HOLD_S		10	/* a change waits so long for a process that starts */

/* A device that is ours. Its process may be dead for a while (@pid 0) until it is started again. */
struct child {
	struct tcmuh_spec spec;
	const struct tcmuh_ops *ops;
	pid_t pid;
	int ctl;
	bool ready;
	uint8_t owed;		/* the event that the kernel waits for an answer to; 0: none */
	uint32_t owed_id;
	bool held;		/* @change waits until the process is ready */
	struct tcmuh_msg change;
	bool gone;		/* the kernel removes the device */
	time_t started, kill_at, start_at, hold_until;
};

struct server {
	struct tcmuh_genl genl;
	const struct tcmuh_ops *const *ops;
	int count;
	const char *user;
	struct child *children[DEVICES_MAX];
	int nr;
	int signals;
	bool ending;
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static const struct tcmuh_ops *ops_for(const struct server *s, const char *handler)
{
	int i;

	for (i = 0; i < s->count; i++)
		if (!strcmp(s->ops[i]->name, handler))
			return s->ops[i];
	return NULL;
}

static struct child *child_find(struct server *s, unsigned int minor)
{
	int i;

	for (i = 0; i < s->nr; i++)
		if (s->children[i]->spec.minor == minor)
			return s->children[i];
	return NULL;
}

static void child_answer(struct server *s, struct child *c, int status)
{
	int err;

	if (!c->owed)
		return;
	err = tcmuh_genl_answer(&s->genl, c->owed, c->owed_id, status);
	if (err)
		fprintf(stderr, "netlink answer: %s\n", strerror(-err));
	c->owed = 0;
	c->held = false;
}

/*
 * The change that the kernel waits for, to the process that carries it out. One that has died
 * leaves it to its successor.
 */
static void child_ask(struct server *s, struct child *c)
{
	if (send(c->ctl, &c->change, sizeof(c->change), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		c->held = false;
	else if (errno == EAGAIN)
		child_answer(s, c, -EAGAIN);
	else
		c->ready = false;
}

static void child_forget(struct server *s, struct child *c)
{
	int i;

	for (i = 0; s->children[i] != c; i++)
		;
	s->children[i] = s->children[--s->nr];
	if (c->ctl >= 0)
		close(c->ctl);
	free(c);
}

static void child_process(struct server *s, struct child *c, int ctl, bool taken_over)
{
	sigset_t none;
	int i;

	for (i = 0; i < s->nr; i++)
		if (s->children[i]->ctl >= 0)
			close(s->children[i]->ctl);
	close(s->genl.fd);
	close(s->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);	/* the terminal's is for the parent, which tells us */
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, c->ops->name);
	exit(tcmuh_device_run(&c->spec, c->ops, ctl, taken_over, s->user));
}

static int child_start(struct server *s, struct child *c, bool taken_over)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(NULL);
	c->started = now();
	c->start_at = 0;
	c->ready = false;
	c->ctl = pair[0];
	c->pid = fork();
	if (!c->pid)
		child_process(s, c, pair[1], taken_over);
	close(pair[1]);
	if (c->pid > 0)
		return 0;
	c->pid = 0;
	close(pair[0]);
	c->ctl = -1;
	return -EAGAIN;
}

/* A device of ours has come, or was found at the start. */
static int child_add(struct server *s, const struct tcmuh_spec *spec, bool taken_over, uint8_t owed,
		     uint32_t owed_id)
{
	const struct tcmuh_ops *ops = ops_for(s, spec->handler);
	struct child *c;
	int err;

	if (s->nr == DEVICES_MAX)
		return -EMFILE;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->spec = *spec;
	c->ops = ops;
	c->ctl = -1;
	s->children[s->nr++] = c;
	err = child_start(s, c, taken_over);
	if (err) {
		child_forget(s, c);
		return err;
	}
	c->owed = owed;
	c->owed_id = owed_id;
	return 0;
}

static int uio_name(unsigned int minor, char *buf, size_t size)
{
	char path[64];
	FILE *f;
	int err = -ENOENT;

	snprintf(path, sizeof(path), "/sys/class/uio/uio%u/name", minor);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fgets(buf, size, f))
		err = 0;
	fclose(f);
	return err;
}

/* Devices that are there already; what a handler before us left is in their rings. */
static void scan(struct server *s)
{
	struct tcmuh_spec spec;
	struct dirent *de;
	char name[512];
	DIR *d = opendir("/sys/class/uio");

	while (d && (de = readdir(d))) {
		if (sscanf(de->d_name, "uio%u", &spec.minor) != 1 || child_find(s, spec.minor))
			continue;
		if (uio_name(spec.minor, name, sizeof(name)) || tcmuh_spec_parse(&spec, name))
			continue;
		if (ops_for(s, spec.handler) && child_add(s, &spec, true, 0, 0))
			fprintf(stderr, "%s: cannot start its process\n", name);
	}
	if (d)
		closedir(d);
}

static void event_added(struct server *s, const struct tcmuh_event *e,
			const struct tcmuh_spec *spec)
{
	struct child *c = child_find(s, spec->minor);
	int err;

	/* found by scan() before its event was read */
	if (c && !c->gone) {
		c->owed = e->cmd;
		c->owed_id = e->id;
		if (c->ready)
			child_answer(s, c, 0);
		return;
	}
	err = child_add(s, spec, false, e->cmd, e->id);
	if (err)
		tcmuh_genl_answer(&s->genl, e->cmd, e->id, err);
}

static void event_removed(struct server *s, const struct tcmuh_event *e, struct child *c)
{
	struct tcmuh_msg m = { .what = TCMU_CMD_REMOVED_DEVICE };

	c->gone = true;
	c->held = false;
	c->owed = e->cmd;
	c->owed_id = e->id;
	c->kill_at = now() + REMOVE_LIMIT_S;
	if (!c->pid) {
		child_answer(s, c, 0);
		child_forget(s, c);
	} else if (send(c->ctl, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(m)) {
		kill(c->pid, SIGKILL);
	}
}

/* While the device's process starts, the first time or after a crash, the change waits for it. */
static void event_reconfig(struct server *s, const struct tcmuh_event *e, struct child *c)
{
	if (c->owed || c->gone) {
		tcmuh_genl_answer(&s->genl, e->cmd, e->id, -EAGAIN);
		return;
	}
	c->change = (struct tcmuh_msg){ .what = e->cmd, .attr = e->attr, .value = e->value };
	snprintf(c->change.text, sizeof(c->change.text), "%s", e->text);
	c->owed = e->cmd;
	c->owed_id = e->id;
	c->held = true;
	c->hold_until = now() + HOLD_S;
	if (c->ready)
		child_ask(s, c);
}

static void take_event(struct server *s)
{
	struct tcmuh_spec spec;
	struct tcmuh_event e;
	struct child *c;
	int err = tcmuh_genl_next(&s->genl, &e);

	if (err == -ENOBUFS)
		scan(s);
	if (err)
		return;
	/* other handlers' devices are other daemons' */
	if (tcmuh_spec_parse(&spec, e.name) || !ops_for(s, spec.handler))
		return;
	spec.minor = e.minor;
	c = child_find(s, e.minor);
	if (e.cmd == TCMU_CMD_ADDED_DEVICE)
		event_added(s, &e, &spec);
	else if (!c)
		tcmuh_genl_answer(&s->genl, e.cmd, e.id,
				  e.cmd == TCMU_CMD_REMOVED_DEVICE ? 0 : -ENODEV);
	else if (e.cmd == TCMU_CMD_REMOVED_DEVICE)
		event_removed(s, &e, c);
	else
		event_reconfig(s, &e, c);
}

/* A child is ready, was refused its device, or has done what was asked. */
static void take_message(struct server *s, struct child *c)
{
	struct tcmuh_msg m;
	ssize_t n = recv(c->ctl, &m, sizeof(m), MSG_DONTWAIT);

	if (n != sizeof(m)) {
		if (n < 0 && errno == EAGAIN)
			return;
		close(c->ctl);
		c->ctl = -1;		/* it dies: SIGCHLD follows */
		return;
	}
	if (m.what == TCMU_CMD_ADDED_DEVICE) {
		c->ready = !m.value;
		/* a refused device is not the kernel's after this answer */
		c->gone |= c->owed == TCMU_CMD_ADDED_DEVICE && m.value;
	}
	if (c->held && c->ready)
		child_ask(s, c);
	else if (c->held || (m.what == c->owed && c->owed != TCMU_CMD_REMOVED_DEVICE))
		child_answer(s, c, m.value);
}

static void child_ended(struct server *s, struct child *c, int status)
{
	char name[512];
	struct tcmuh_spec spec;
	bool calm = now() - c->started >= CALM_S;

	if (c->ctl >= 0)
		take_message(s, c);	/* what it said last */
	c->pid = 0;
	if (c->ctl >= 0)
		close(c->ctl);
	c->ctl = -1;
	c->ready = false;
	/* a change that it has not seen is for its successor */
	if (!c->held || c->gone)
		child_answer(s, c, c->gone ? 0 : -EIO);
	/* still ours? */
	if (s->ending || c->gone || uio_name(c->spec.minor, name, sizeof(name)) ||
	    tcmuh_spec_parse(&spec, name) || strcmp(spec.name, c->spec.name) ||
	    spec.hba != c->spec.hba || strcmp(spec.handler, c->ops->name)) {
		child_answer(s, c, -ENODEV);
		child_forget(s, c);
		return;
	}
	strcpy(c->spec.config, spec.config);	/* it may have been changed since */
	fprintf(stderr, "user_%u/%s (%s): its process ended with %s %d, starting another\n",
		c->spec.hba, c->spec.name, c->ops->name, WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	c->start_at = now() + (calm ? 0 : AGAIN_S);
}

static void reap(struct server *s)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < s->nr; i++) {
			if (s->children[i]->pid == pid) {
				child_ended(s, s->children[i], status);
				break;
			}
		}
	}
}

static void take_signal(struct server *s)
{
	struct signalfd_siginfo si;
	int i;

	if (read(s->signals, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		reap(s);
		return;
	}
	s->ending = true;
	for (i = 0; i < s->nr; i++) {
		if (s->children[i]->ctl >= 0)
			shutdown(s->children[i]->ctl, SHUT_RDWR);
		s->children[i]->kill_at = now() + REMOVE_LIMIT_S;
	}
}

/* What is due by time; called once a second while something is. Return: milliseconds for poll(). */
static int timers(struct server *s)
{
	struct child *c;
	int i, wait = -1;

	for (i = s->nr - 1; i >= 0; i--) {
		c = s->children[i];
		if (c->pid && c->kill_at && now() >= c->kill_at) {
			kill(c->pid, SIGKILL);
			c->kill_at = 0;
		}
		if (!c->pid && s->ending) {
			child_forget(s, c);
			continue;
		}
		if (!c->pid && now() >= c->start_at && child_start(s, c, true))
			c->start_at = now() + AGAIN_S;
		if (c->held && now() >= c->hold_until)
			child_answer(s, c, -EAGAIN);
		if (c->kill_at || c->held || !c->pid)
			wait = 1000;
	}
	return wait;
}

static int run(struct server *s)
{
	struct pollfd fds[DEVICES_MAX + 2];
	struct child *of[DEVICES_MAX + 2];
	int i, j, n, wait;

	for (;;) {
		wait = timers(s);
		if (s->ending && !s->nr)
			return 0;
		fds[0] = (struct pollfd){ .fd = s->genl.fd, .events = s->ending ? 0 : POLLIN };
		fds[1] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
		for (i = 0, n = 2; i < s->nr; i++) {
			if (s->children[i]->ctl < 0 || s->ending)
				continue;
			of[n] = s->children[i];
			fds[n++] = (struct pollfd){ .fd = s->children[i]->ctl, .events = POLLIN };
		}
		if (poll(fds, n, wait) < 0 && errno != EINTR)
			return -errno;
		for (i = 2; i < n; i++)
			if (fds[i].revents)
				take_message(s, of[i]);
		/* these two can free children, so each ends the round */
		j = fds[0].revents ? 0 : fds[1].revents ? 1 : -1;
		if (j == 0)
			take_event(s);
		else if (j == 1)
			take_signal(s);
	}
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void load_module(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execlp("modprobe", "modprobe", "-q", "target_core_user", (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

/**
 * tcmuh_serve - serve all devices of some handlers until SIGTERM or SIGINT
 * @ops: the handlers
 * @count: how many
 * @user: whose rights devices' processes take after opening, or NULL
 *
 * Return: exit status.
 */
int tcmuh_serve(const struct tcmuh_ops *const *ops, int count, const char *user)
{
	static struct server s;
	int err;

	s = (struct server){ .ops = ops, .count = count, .user = user };
	err = tcmuh_genl_open(&s.genl);
	if (err == -ENOENT) {
		load_module();
		err = tcmuh_genl_open(&s.genl);
	}
	if (err) {
		fprintf(stderr, "generic netlink family TCM-USER: %s\n", strerror(-err));
		return 1;
	}
	s.signals = signals_open();
	if (s.signals < 0)
		return 1;
	/* events are waiting in the socket from here on, so nothing is missed between the two */
	scan(&s);
	fprintf(stderr, "ready\n");
	return run(&s) ? 1 : 0;
}

static void usage(const char *self, const struct tcmuh_ops *const *ops, int count)
{
	int i;

	printf("usage: %s [-u USER]\nServes user backstores with dev_config\n", self);
	for (i = 0; i < count; i++)
		printf("    %s/%s\n", ops[i]->name, ops[i]->desc ? ops[i]->desc : "");
}

/**
 * tcmuh_main - the whole of main()
 * @argc: as main() got it
 * @argv: likewise
 * @ops: handlers
 * @count: how many
 */
int tcmuh_main(int argc, char **argv, const struct tcmuh_ops *const *ops, int count)
{
	const char *user = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "hu:")) != -1) {
		if (opt == 'u')
			user = optarg;
		else
			return usage(argv[0], ops, count), opt == 'h' ? 0 : 2;
	}
	return tcmuh_serve(ops, count, user);
}
