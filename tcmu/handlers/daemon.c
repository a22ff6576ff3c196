// SPDX-License-Identifier: GPL-2.0-only
/* tcmu-handlerd: the handlers that come with the library, offered to targetcli. */
#include <stdio.h>
#include <unistd.h>

#include "dbus.h"
#include "kinds/kinds.h"

static const struct tcmuh_ops *const kinds[] = {
	&kind_ram, &kind_file, &kind_qcow, &kind_nbd, &kind_cd, &kind_tape,
};

int main(int argc, char **argv)
{
	const char *user = NULL;
	bool dbus = true;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "hnu:")) != -1) {
		if (opt == 'n') {
			dbus = false;
		} else if (opt == 'u') {
			user = optarg;
		} else {
			printf("usage: %s [-n] [-u USER]\n  -n  not on D-Bus\n  -u  devices run as "
			       "USER\n",
			       argv[0]);
			printf("Serves user backstores with dev_config\n");
			for (i = 0; i < ARRAY_SIZE(kinds); i++)
				printf("  %s/%s\n", kinds[i]->name, kinds[i]->desc);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (dbus)
		dbus_start(kinds, ARRAY_SIZE(kinds));
	return tcmuh_serve(kinds, ARRAY_SIZE(kinds), user);
}
