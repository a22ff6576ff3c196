// SPDX-License-Identifier: GPL-2.0-only
/* TransportIDs: round trips per protocol, and what an initiator may send that is none. */
#include "target/lib/transportid.h"

#include "tap.h"

static const struct {
	u8 protocol;
	const char *name, *isid;
	size_t size;
} ports[] = {
	{ 0, "21:00:00:24:ff:31:4c:48", "", 24 },
	{ 3, "0011223344556677", "", 24 },
	{ 4, "0x00112233445566778899aabbccddeeff", "", 24 },
	{ 5, "iqn.1993-08.org.debian:01:abcdef", "", 40 },
	{ 5, "iqn.1993-08.org.debian:01:abcdef", "00023d000001", 56 },
	{ 5, "iqn.a", "", 24 },
	{ 6, "naa.5001405000000002", "", 24 },
};

static void round_trips(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct transportid id;
		u8 buf[300];
		struct wbuf w;
		size_t used;

		wbuf_init(&w, buf, sizeof(buf));
		tgt_transportid_put(&w, ports[i].protocol, ports[i].name, ports[i].isid);
		used = tgt_transportid_get(buf, w.len, &id);
		tap_ok(w.len == ports[i].size && used == w.len &&
			       id.protocol == ports[i].protocol &&
			       !strcmp(id.name, ports[i].name) && !strcmp(id.isid, ports[i].isid),
		       "protocol %u, %s%s (%zu bytes)", ports[i].protocol, ports[i].name,
		       ports[i].isid[0] ? " with ISID" : "", w.len);
		tap_ok(!tgt_transportid_get(buf, w.len - 1, &id), "one byte short is refused");
	}
}

/* An iSCSI TransportID of text, with the length it is given. */
static size_t try_iscsi(u8 first, const char *text, size_t text_len, u16 additional)
{
	struct transportid id;
	u8 buf[600] = { first, 0, additional >> 8, additional & 0xff };

	memcpy(buf + 4, text, text_len);
	return tgt_transportid_get(buf, 4 + additional, &id);
}

int main(void)
{
	char endless[300];
	struct transportid id;
	u8 unknown[24] = { 0x02 }, format[24] = { 0x46 };
	size_t n;
	int all = 1;

	round_trips();
	memset(endless, 'x', sizeof(endless));
	tap_ok(try_iscsi(0x05, "iqn.a", 6, 20) == 24, "least length is taken");
	tap_ok(!try_iscsi(0x05, "iqn.a", 6, 16), "less than 20 bytes is refused");
	tap_ok(!try_iscsi(0x05, "iqn.a", 6, 22), "a length that is no multiple of four is refused");
	tap_ok(!try_iscsi(0x05, "", 0, 20), "an empty name is refused");
	tap_ok(!try_iscsi(0x05, endless, 24, 24), "a name without its NUL is refused");
	tap_ok(!try_iscsi(0x05, endless, 255, 256), "a name longer than 223 bytes is refused");
	tap_ok(!try_iscsi(0x45, "iqn.a", 6, 20), "format 1 without an ISID is refused");
	tap_ok(!try_iscsi(0x45, "iqn.a,i,0x", 11, 20), "an empty ISID is refused");
	tap_ok(!try_iscsi(0x45, "iqn.a,i,0xzz", 13, 20), "an ISID that is no number is refused");
	tap_ok(!try_iscsi(0x45, "iqn.a,i,0x00023d00000100023d", 29, 32),
	       "an ISID too long is refused");
	tap_ok(!try_iscsi(0x05, "iqn.a b", 8, 20), "a blank in a name is refused");
	tap_ok(!try_iscsi(0x05, "iqn.a\nb", 8, 20), "a newline is refused");
	tap_ok(!try_iscsi(0x05, "iqn.a,b", 8, 20), "a comma is refused");
	tap_ok(!try_iscsi(0x45, "iqn.a=b,i,0x00023d000001", 25, 28),
	       "other signs are refused, with an ISID, too");
	tap_ok(try_iscsi(0x05, "iqn.A_b:\xc3\xa0", 11, 20) == 24,
	       "capitals, '_' and UTF-8 are taken");
	tap_ok(!try_iscsi(0x85, "iqn.a", 6, 20), "an unknown format is refused");
	tap_ok(!tgt_transportid_get(unknown, 24, &id), "an unknown protocol is refused");
	tap_ok(!tgt_transportid_get(format, 24, &id), "a SAS TransportID with a format is refused");
	for (n = 0; n < 24; n++)
		all &= !tgt_transportid_get(unknown, n, &id);
	tap_ok(all, "fewer than 24 bytes are refused");
	return tap_done();
}
