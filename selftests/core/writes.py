#!/usr/bin/python3
# suite: every writable file of the core's tree: values taken and refused, errno, what reads back, in each state
# time: 35
# SPDX-License-Identifier: GPL-2.0-only
"""
One row a file. A row gives values and what a write of each must return ('' for success); what a type of number
refuses whatever the file is added to each row. After success the value must read back, after refusal the old one.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cfs import *  # noqa: E402,F403

STOCK = os.environ.get("MODULES") == "stock"	# some writes crash the distribution's core: not tried there
NEW = kernel() != "6.1"
I = "EINVAL"

ANY_BOOL = {"0": "", "1": ""}
ANY_U32 = {"0": "", "17": "", "0x10": "", "010": "", "4294967295": "", "+3": "", "8\n": ""}
SBC = "fileio iblock rd_mcp"

# Refused by type, whatever the file
BAD = {
    "bool": {v: I for v in ("2", "-1", "+1", " 1", "x", "\n", "o", "-")},
    "u32": dict({v: I for v in ("-1", "x", "1x", " 1", "1 ", "\n", "0x", "1,2")}, **{"4294967296": "ERANGE"}),
    "u8": dict({v: I for v in ("-1", "x", "1x", " 1", "\n")}, **{"256": "ERANGE"}),
    "ul": dict({v: I for v in ("-1", "x", "1x", " 1", "\n")}, **{"18446744073709551616": "ERANGE"}),
    "text": {},
}


class Attr:
    """One attribute: types of backstore, kind of number, values by state (unconfigured, configured, exported)."""

    def __init__(self, name, types, kind, conf, exp=None, unconf=None, echo=None, only=True):
        self.name, self.types, self.kind, self.only = name, types.split(), kind, only
        self.values = {"configured": conf, "exported": conf if exp is None else exp,
                       "unconfigured": conf if unconf is None else unconf}
        self.echo = echo


def fixed(values):
    """The same values, none taken."""
    return {v: e or I for v, e in values.items()}


BLOCK_SIZES = {"512": "", "1024": "", "2048": "", "4096": "", "0": I, "511": I, "8192": I, "256": I}
THIN = {"0": "", "1": "ENOSYS"}
THIN_FILE_NEW = {"0": ""} if STOCK and not NEW else {"0": "", "1": "ENODEV"}

ATTRIBS = [
    Attr("alua_support", SBC, "bool", {"1": "", "0": "ENOSYS"}),
    Attr("alua_support", "pscsi", "bool", {"0": "", "1": "ENOSYS"}),
    Attr("alua_support", "user", "bool", ANY_BOOL),
    Attr("pgr_support", "fileio rd_mcp", "bool", {"1": "", "0": "ENOSYS"}),
    Attr("pgr_support", "iblock", "bool", ANY_BOOL if NEW else {"1": "", "0": "ENOSYS"}),
    Attr("pgr_support", "pscsi", "bool", {"0": "", "1": "ENOSYS"}),
    Attr("pgr_support", "user", "bool", ANY_BOOL),
    Attr("block_size", SBC, "u32", BLOCK_SIZES, fixed(BLOCK_SIZES)),
    Attr("emulate_3pc", SBC, "bool", ANY_BOOL),
    Attr("emulate_caw", SBC, "bool", ANY_BOOL),
    Attr("emulate_dpo", SBC, "text", {"0": "", "x": "", "y" * 4000: ""}, echo="1"),
    Attr("emulate_fua_read", SBC, "text", {"0": "", "x": "", "y" * 4000: ""}, echo="1"),
    Attr("emulate_fua_write", SBC, "bool", ANY_BOOL),
    Attr("emulate_model_alias", SBC, "bool", ANY_BOOL, fixed(ANY_BOOL)),
    Attr("emulate_pr", SBC + " pscsi user", "bool", ANY_BOOL),
    Attr("emulate_rest_reord", SBC, "bool", {"0": "", "1": "ENOSYS"}),
    Attr("emulate_removable", SBC, "bool", ANY_BOOL, fixed(ANY_BOOL)),
    Attr("emulate_rsoc", SBC, "bool", ANY_BOOL, only=NEW),
    Attr("submit_type", SBC + " pscsi user", "u8", {"0": "", "1": "", "2": "", "3": I, "255": I}, only=NEW),
    Attr("emulate_tas", SBC, "bool", ANY_BOOL, fixed(ANY_BOOL)),
    Attr("emulate_tpu", "fileio", "bool", ANY_BOOL, unconf=THIN_FILE_NEW),
    Attr("emulate_tpws", "fileio", "bool", ANY_BOOL, unconf=THIN_FILE_NEW),
    Attr("unmap_zeroes_data", "fileio", "bool", ANY_BOOL, fixed(ANY_BOOL), unconf=THIN_FILE_NEW),
    Attr("emulate_tpu", "rd_mcp", "bool", THIN),
    Attr("emulate_tpws", "rd_mcp", "bool", THIN),
    Attr("unmap_zeroes_data", "rd_mcp", "bool", THIN, {"0": I, "1": I}),
    Attr("emulate_tpu", "iblock", "bool", ANY_BOOL if NEW else THIN, unconf=THIN_FILE_NEW),
    Attr("emulate_tpws", "iblock", "bool", ANY_BOOL if NEW else THIN, unconf=THIN_FILE_NEW),
    Attr("emulate_ua_intlck_ctrl", SBC, "u32", {"0": "", "1": "", "2": "", "3": I}, {"0": I, "1": I, "2": I}),
    Attr("emulate_write_cache", "fileio rd_mcp", "bool", ANY_BOOL),
    Attr("emulate_write_cache", "iblock", "bool", {"0": "", "1": I}),
    Attr("enforce_pr_isids", SBC + " user", "bool", ANY_BOOL),
    Attr("force_pr_aptpl", SBC + " user", "bool", ANY_BOOL, fixed(ANY_BOOL)),
    Attr("is_nonrot", SBC, "bool", ANY_BOOL),
    Attr("max_unmap_lba_count", SBC, "u32", ANY_U32),
    Attr("max_unmap_block_desc_count", SBC, "u32", ANY_U32),
    Attr("unmap_granularity", SBC, "u32", ANY_U32),
    Attr("unmap_granularity_alignment", SBC, "u32", ANY_U32),
    Attr("max_write_same_len", SBC, "u32", ANY_U32),
    Attr("optimal_sectors", "fileio", "u32", {"0": "", "8": "", "16384": "", "16385": I},
         {"0": I, "8": I}, {"0": "", "1": I}),
    Attr("optimal_sectors", "rd_mcp", "u32", {"0": "", "4294967288": "", "4294967289": I}, {"0": I}, {"0": "", "1": I}),
    Attr("queue_depth", "fileio rd_mcp iblock", "u32", {"1": "", "128": "", "0": I, "129": I},
         {"1": I, "128": I}, {"0": I, "1": I}),
    Attr("pi_prot_type", "fileio rd_mcp", "u32",
         {"0": "", "1": "", "3": "", "2": "", "4": I, "0 ": I}, {"0": I, "1": I, "2": I},
         {"0": "ENODEV", "1": "ENODEV", "2": "ENODEV", "4": I}),
    Attr("pi_prot_type", "iblock", "u32", {"0": "", "1": "ENOSYS", "2": "ENOSYS", "3": "ENOSYS", "4": I}),
    Attr("pi_prot_format", "fileio rd_mcp", "bool", {"0": "", "1": "ENODEV"}, {"0": "", "1": I}, {"0": ""}, echo="0"),
    Attr("pi_prot_format", "iblock", "bool", {"0": "", "1": "ENOSYS"}, echo="0"),
    Attr("pi_prot_verify", SBC, "bool", ANY_BOOL, echo="0"),
]

CONTROL = {
    "fileio": ["fd_dev_name=/dev/shm/w,fd_dev_size=16777216"],
    "iblock": ["udev_path=/dev/ram0"],
    "rd_mcp": ["rd_pages=1024"],
    "user": ["dev_config=foo/bar,dev_size=16777216"],
}
TPG = "loopback/naa.5001405000000a01/tpgt_1"


def number(text, kind):
    if kind == "bool":
        return "1" if text[0] in "1yYtT" else "0"
    t = text.strip().lstrip("+")
    return str(int(t, 8) if len(t) > 1 and t[0] == "0" and t[1:].isdigit() else int(t, 0))


def walk(path, kind, values, echo=None):
    """Writes each value; returns complaints."""
    bad = []
    before = text(path)
    for value, wanted in list(values.items()) + list(BAD[kind].items()):
        old = text(path)
        got = put(path, value)
        now = text(path)
        shown = value if len(value) < 40 else f"{len(value)} characters"
        if got != wanted:
            bad.append(f"{path} <- {shown!r}: {got or 'ok'}, wanted {wanted or 'ok'}")
        want = old if wanted else (echo or number(value, kind)) + "\n" if kind != "text" or echo else old
        if got == wanted and now != want:
            bad.append(f"{path} after {shown!r} ({wanted or 'ok'}) reads {now!r}, wanted {want!r}")
    if text(path) != before:
        put(path, before)
    return bad


def attribs(kind, path, state):
    for a in ATTRIBS:
        if kind in a.types and a.only:
            bad = walk(f"{path}/attrib/{a.name}", a.kind, a.values[state], a.echo)
            result(not bad, f"{kind} {state}: {a.name}", "\n".join(bad))


def rows(what, path, table, echo=None):
    """Plain (value, errno, what it reads then) rows on one file."""
    bad = []
    for value, wanted, reads in table:
        got = put(path, value)
        now = get(path)
        if got != wanted:
            bad.append(f"{path} <- {str(value)[:40]!r}: {got or 'ok'}, wanted {wanted or 'ok'}")
        if reads is not None and now != (reads.encode() if isinstance(reads, str) else reads):
            bad.append(f"{path} after {str(value)[:40]!r}: reads {now!r:.80}, wanted {reads!r:.80}")
    result(not bad, what, "\n".join(bad))


def labels(path, state):
    for f in ("alias", "udev_path"):
        rows(f"{state}: {f}", f"{path}/{f}", [
            ("abc", "", "abc\n"), ("d e\n", "", "d e\n"), ("x" * 511, "", "x" * 511 + "\n"), ("y" * 512, I, None),
            ("z\n\n", "", "z\n\n")] + ([] if STOCK else [("a\0b", "", "a\n")]))


def names(path, exported):
    wwn = path + "/wwn/"
    e = I if exported else ""
    over = "EOVERFLOW"
    s = "T10 VPD Unit Serial Number: "
    rows(f"{'exported' if exported else 'free'}: wwn/*", wwn + "vendor_id", [
        ("VENDOR12\n", e, None), ("  AB \n", e, None), ("123456789", over, None)])
    if exported:
        return
    rows("wwn/vendor_id", wwn + "vendor_id", [
        ("12345678", "", "12345678\n"), (" ab \n", "", "ab\n"), ("123456789", over, "ab\n"), ("a\nb", I, "ab\n"),
        ("a\x7f", I, "ab\n"), (b"\xc3\xa4", I, "ab\n"), ("", "EFAULT", None)][:6])
    rows("wwn/product_id", wwn + "product_id", [
        ("p" * 16, "", "p" * 16 + "\n"), ("p" * 17, over, None), ("FILEIO", "", "FILEIO\n")])
    rows("wwn/revision", wwn + "revision", [("9.99", "", "9.99\n"), ("12345", over, "9.99\n"), ("4.0", "", "4.0\n")])
    rows("wwn/vpd_unit_serial", wwn + "vpd_unit_serial", [
        ("abc", "", s + "abc\n"), (" d e \n", "", s + "d e\n"), ("s" * 253, "", s + "s" * 253 + "\n"),
        ("s" * 254, over, None), ("u1", "", s + "u1\n")])
    rows("wwn/company_id", wwn + "company_id", [
        ("0", "", "0x000000\n"), ("0xffffff", "", "0xffffff\n"), ("0x1000000", over, None),
        ("4294967296", "ERANGE", None), ("x", I, None), ("5125", "", "0x001405\n")])
    if not STOCK:
        for f in ("vendor_id", "product_id", "revision"):
            rows(f"wwn/{f}: leading NUL is an empty value, no crash", wwn + f, [("\0abc", "", "\n")])
        rows("wwn after NUL", wwn + "product_id", [("FILEIO", "", "FILEIO\n")])


def model_alias(path):
    name = os.path.basename(path)
    put(path + "/attrib/emulate_model_alias", "1")
    same("emulate_model_alias=1 puts the backstore's name into product_id", text(path + "/wwn/product_id"), name + "\n")
    put(path + "/wwn/product_id", "OTHER")
    put(path + "/attrib/emulate_model_alias", "0")
    same("emulate_model_alias=0 brings the type's name back", text(path + "/wwn/product_id"), "FILEIO\n")


def thin(path):
    """Interactions of the thin-provisioning attributes (fileio)."""
    at = path + "/attrib/"
    put(at + "max_unmap_block_desc_count", "0")
    same("emulate_tpu=1 asks the backend for limits again", put(at + "emulate_tpu", "1"), "")
    same("... which sets them", text(at + "max_unmap_block_desc_count"), "1\n")
    put(at + "emulate_tpu", "0")


def protection(path):
    at = path + "/attrib/"
    same("pi_prot_type 1", put(at + "pi_prot_type", "1"), "")
    same("pi_prot_verify sticks with a type", (put(at + "pi_prot_verify", "1"), text(at + "pi_prot_verify")), ("", "1\n"))
    same("pi_prot_format 1 formats and reads 0", (put(at + "pi_prot_format", "1"), text(at + "pi_prot_format")), ("", "0\n"))
    same("pi_prot_type 0 drops verify", (put(at + "pi_prot_type", "0"), text(at + "pi_prot_verify")), ("", "0\n"))


def reservations_off(path):
    put(path + "/attrib/emulate_pr", "0")
    pr = path + "/pr/"
    same("emulate_pr=0 shows in pr/", [text(pr + f) for f in ("res_holder", "res_type", "res_aptpl_active",
         "res_aptpl_metadata")], ["SPC_RESERVATIONS_DISABLED\n"] * 2 + [""] * 2)
    same("emulate_pr=0: APTPL metadata is taken and ignored", put(pr + "res_aptpl_metadata", "x"), "")
    put(path + "/attrib/emulate_pr", "1")


def aptpl(path):
    good = ("initiator_fabric=iSCSI,initiator_node=iqn.x:i,initiator_sid=0,sa_res_key=2748,res_holder=0,res_type=05,"
            "res_scope=00,res_all_tg_pt=0,mapped_lun=0,target_fabric=iSCSI,target_node=iqn.x:t,tpgt=1,port_rtpi=1,"
            "target_lun=0")
    ready = "Ready to process PR APTPL metadata..\n"
    rows("pr/res_aptpl_metadata", path + "/pr/res_aptpl_metadata", [
        (good, "", ready), ("0," + good + ",0,\0", "", ready), (good.replace("iqn.x:i", ""), I, ready),
        (good.replace("target_node=iqn.x:t,", ""), I, ready), (good.replace("2748", "0"), I, ready)])


def groups(path):
    g = path + "/alua/g1"
    must(mkdir(g), "group g1")
    same("tg_pt_gp_id is empty until set", text(g + "/tg_pt_gp_id"), "")
    noid = [(f, "1" if "support" in f else "0") for f in ("alua_access_state", "alua_access_status",
            "alua_support_standby", "alua_support_offline")]
    bad = [f"{f}: {put(g + '/' + f, v)}" for f, v in noid if put(g + "/" + f, v) != I]
    result(not bad, "a group without id refuses state, status and support", "\n".join(bad))
    rows("tg_pt_gp_id: once", g + "/tg_pt_gp_id", [("65536", I, ""), ("x", I, ""), ("9", "", "9\n"), ("9", I, "9\n"),
                                                   ("10", I, "9\n")])
    must(mkdir(path + "/alua/g2"), "group g2")
    rows("tg_pt_gp_id: in use; 0 takes the next", path + "/alua/g2/tg_pt_gp_id", [("9", I, ""), ("0", "", None), ("0", I, None)])
    rows("default group's id", path + "/alua/default_tg_pt_gp/tg_pt_gp_id", [("3", I, "0\n"), ("0", I, "0\n")])
    rows("alua_access_state", g + "/alua_access_state",
         [(v, "", v + "\n") for v in ("1", "2", "3", "14", "15", "0")] +
         [(v, I, "0\n") for v in ("4", "5", "13", "16", "x", "-1")] + [("4294967297", "", "1\n"), ("0", "", "0\n")])
    rows("alua_access_status", g + "/alua_access_status", [
        ("0", "", "None\n"), ("1", "", "Altered by Explicit STPG\n"), ("2", "", "Altered by Implicit ALUA\n"),
        ("3", I, None), ("x", I, None), ("0", "", "None\n")])
    rows("a state write sets the status", g + "/alua_access_state", [("1", "", "1\n"), ("0", "", "0\n")])
    same("... to implicit", text(g + "/alua_access_status"), "Altered by Implicit ALUA\n")
    rows("alua_access_type", g + "/alua_access_type", [
        ("0", "", "None\n"), ("1", "", "Implicit\n"), ("2", "", "Explicit\n"), ("4", I, "Explicit\n"),
        ("3", "", "Implicit and Explicit\n")])
    put(g + "/alua_access_type", "2")
    same("no implicit bit: state refused", put(g + "/alua_access_state", "1"), I)
    put(g + "/alua_access_type", "3")
    for f in ("offline", "standby", "unavailable", "transitioning", "active_optimized", "active_nonoptimized",
              "lba_dependent"):
        rows(f"alua_support_{f}", f"{g}/alua_support_{f}", [
            ("0", "", "0\n"), ("1", "", "1\n"), ("2", I, "1\n"), ("x", I, "1\n"), ("18446744073709551616", I, "1\n")])
    put(g + "/alua_support_lba_dependent", "0")
    put(g + "/alua_support_standby", "0")
    same("support bit 0: state refused", put(g + "/alua_access_state", "2"), I)
    put(g + "/alua_support_standby", "1")
    for f, top in (("preferred", 1), ("alua_write_metadata", 1), ("nonop_delay_msecs", 10000),
                   ("trans_delay_msecs", 30000), ("implicit_trans_secs", 255)):
        old = text(g + "/" + f)
        rows(f, f"{g}/{f}", [("0", "", "0\n"), (str(top), "", f"{top}\n"), (str(top + 1), I, f"{top}\n"),
                             ("-1", I, None), ("x", I, None), (old.strip(), "", old)])
    same("group of that name exists", mkdir(g), "EEXIST")
    same("default group stays", rmdir(path + "/alua/default_tg_pt_gp"), "EPERM")
    same("backstore with groups of users stays", rmdir(path), "ENOTEMPTY")
    for n in ("g1", "g2"):
        same(f"rmdir {n}", rmdir(f"{path}/alua/{n}"), "")


def lu_groups(path):
    lg = "core/alua/lu_gps/"
    must(mkdir(lg + "l1"), "l1")
    same("a new lu group has no id", text(lg + "l1/lu_gp_id"), "")
    f = path + "/alua_lu_gp"
    default = "LU Group Alias: default_lu_gp\nLU Group ID: 0\n"
    rows("alua_lu_gp: refused", f, [("l1", "ENODEV", default), ("nobody", "ENODEV", default),
                                     ("x" * 256, "ENODEV", default), ("default_lu_gp", "ENODEV", default),
                                     ("x" * 300, I, default)])
    rows("lu_gp_id: once", lg + "l1/lu_gp_id", [("65536", I, ""), ("x", I, ""), ("77", "", "77\n"), ("78", I, "77\n")])
    must(mkdir(lg + "l2"), "l2")
    rows("lu_gp_id: in use; 0 takes the next", lg + "l2/lu_gp_id", [("77", I, ""), ("0", "", None)])
    rows("default lu group's id", lg + "default_lu_gp/lu_gp_id", [("5", I, "0\n")])
    mine = "LU Group Alias: l1\nLU Group ID: 77\n"
    rows("alua_lu_gp", f, [("l1", "", mine), (" l1 \n", "", mine), ("NULLx", "ENODEV", mine)])
    same("members of the lu group", text(lg + "l1/members"), path.replace("core/", "", 1) + "\n")
    rows("alua_lu_gp: NULL leaves", f, [("NULL", "", "")])
    if not STOCK:
        same("... and again does not crash", (put(f, "NULL"), text(f)), ("", ""))
    put(f, "l1")
    same("rmdir of a lu group with members", rmdir(lg + "l1"), "")
    same("... which go to the default", text(f), default)
    same("default lu group stays", rmdir(lg + "default_lu_gp"), "EPERM")
    same("rmdir l2", rmdir(lg + "l2"), "")


def lba_map(path):
    one = "64 1\n0 1023 0:O 1:A\n1024 2047 0:S 1:U\n"
    rows("lba_map", path + "/lba_map", [
        (one, "", one), ("garbage\n", I, None), ("64 1\n0 1023 0:X\n", I, None), ("64 1\n0 1023 0:1\n", I, None),
        ("64 1\n0 9 0:O 1:A\n10 19 0:O\n", I, None), ("\n", "", "")])


def exported(path):
    lun = f"{TPG}/lun/lun_0"
    for f in ("alua_tg_pt_gp", "alua_tg_pt_offline", "alua_tg_pt_status", "alua_tg_pt_write_md"):
        same(f"lun without link: {f}", (text(f"{lun}/{f}"), put(f"{lun}/{f}", "0")), ("ENODEV", "ENODEV"))
    must(link(path, lun + "/x"), "link")
    return lun


def lun_files(path, lun):
    must(mkdir(path + "/alua/g3"), "g3")
    must(put(path + "/alua/g3/tg_pt_gp_id", "3"), "g3 id")
    shown = lambda name, n, off="None", st="None": (  # noqa: E731
        f"TG Port Alias: {name}\nTG Port Group ID: {n}\nTG Port Primary Access State: Active/Optimized\n"
        f"TG Port Primary Access Status: None\nTG Port Secondary Access State: {off}\n"
        f"TG Port Secondary Access Status: {st}\n")
    rows("alua_tg_pt_gp", lun + "/alua_tg_pt_gp", [
        ("g3", "", shown("g3", 3)), ("nobody", "ENODEV", shown("g3", 3)), ("x" * 300, I, shown("g3", 3)),
        ("NULL", "", shown("default_tg_pt_gp", 0)), ("g3\n", "", shown("g3", 3))])
    same("members of a target port group", get(path + "/alua/g3/members"), f"loopback/{TPG[9:]}/lun_0\n\0".encode())
    same("rmdir of a group with members", rmdir(path + "/alua/g3"), "")
    same("... which fall back to the default", text(lun + "/alua_tg_pt_gp"), shown("default_tg_pt_gp", 0))
    rows("alua_tg_pt_offline", lun + "/alua_tg_pt_offline", [("1", "", "1\n"), ("2", I, "1\n"), ("x", I, "1\n"), ("0", "", "0\n")])
    same("... sets the status", text(lun + "/alua_tg_pt_status"), "2\n")
    rows("alua_tg_pt_status", lun + "/alua_tg_pt_status", [("0", "", "0\n"), ("1", "", "1\n"), ("2", "", "2\n"), ("3", I, "2\n"), ("0", "", "0\n")])
    rows("alua_tg_pt_write_md", lun + "/alua_tg_pt_write_md", [("1", "", "1\n"), ("2", I, "1\n"), ("0", "", "0\n")])


def enable(path, control):
    f = path + "/enable"
    rows("enable: only 1", f, [(v, I, "0\n") for v in ("0", "2", "x", "1x", "y", "01", "\n")])
    for c in control:
        must(put(path + "/control", c), c)
    rows("enable", f, [("1\n", "", "1\n"), ("1", "EEXIST", "1\n"), ("0", I, "1\n")])


def top():
    same("dbroot takes no new value while a backstore exists", put("dbroot", "/tmp\n"), I)


def top_free():
    sh("mkdir -p /tmp/dbr; touch /tmp/dbfile")
    rows("dbroot", "dbroot", [("/tmp/dbr\n", "", "/tmp/dbr\n"), ("/tmp/none\n", "ENOENT", "/tmp/dbr\n"),
                              ("/tmp/dbfile\n", "ENOTDIR", "/tmp/dbr\n"), ("/" + "a" * 300, "ENAMETOOLONG", None),
                              ("/var/lib\n", "", "/var/lib\n"), ("/tmp/dbr", "", "/tmp/dbr\n" if not STOCK else None)])
    if not STOCK:
        rows("dbroot", "dbroot", [(".\n", I, "/tmp/dbr\n"), ("none\n", "ENOENT", "/tmp/dbr\n")])
    for v in ("/etc/rtslib-fb-target\n", "/tmp\n"):
        sh("mkdir -p /etc/rtslib-fb-target")
        put("dbroot", v)


def hba():
    must(mkdir("core/pscsi_7"), "pscsi_7")
    rows("hba_mode of pscsi", "core/pscsi_7/hba_mode", [("x", I, "0\n"), ("2", I, "0\n"), ("0", "", "0\n")])
    rows("hba_mode of others", "core/fileio_9/hba_mode", [("1", I, "0\n"), ("x", I, "0\n")])
    rmdir("core/pscsi_7")


def fabric():
    for d in ("loopback", TPG[:TPG.rindex("/")], TPG, TPG + "/lun/lun_0"):
        must(mkdir(d), d)
    p = TPG[:TPG.rindex("/")] + "/param/cmd_completion_affinity"
    cpus = os.cpu_count()
    rows("cmd_completion_affinity", p, [("-2", "", "-2\n"), ("0", "", "0\n"), (str(cpus - 1), "", f"{cpus - 1}\n"),
         (str(cpus), I, None), ("-3", I, None), ("x", I, None), ("-1", "", "-1\n")])
    if NEW:
        rows("rtpi while disabled", TPG + "/rtpi", [("0", I, "0x0\n"), ("65536", "ERANGE", "0x0\n"), ("x", I, "0x0\n"),
                                                     ("65535", "", "0xffff\n"), ("7", "", "0x7\n")])


def main():
    mount()
    clear()
    sh("modprobe -a tcm_loop target_core_user; modprobe brd rd_nr=1 rd_size=65536; rm -f /dev/shm/w*")
    top_free()
    fabric()
    for kind in ("fileio", "iblock", "rd_mcp", "user"):
        path = f"core/{kind}_9/so_{kind}"
        must(mkdir(f"core/{kind}_9"), kind)
        must(mkdir(path), path)
        attribs(kind, path, "unconfigured")
        if kind == "fileio":
            top()
            hba()
            labels(path, "unconfigured")
            enable(path, CONTROL[kind])
            labels(path, "configured")
            names(path, False)
            for part in (model_alias, thin, protection, reservations_off, aptpl, groups, lu_groups, lba_map):
                part(path)
        else:
            for c in CONTROL[kind]:
                must(put(path + "/control", c), c)
            must(put(path + "/enable", "1"), "enable " + kind)
        attribs(kind, path, "configured")
        lun = exported(path)
        attribs(kind, path, "exported")
        if kind == "fileio":
            labels(path, "exported")
            names(path, True)
            lun_files(path, lun)
            same("exported: APTPL metadata refused", put(path + "/pr/res_aptpl_metadata", "x"), I)
        must(unlink(lun + "/x"), "unlink")
        same(f"{kind}: rmdir after the last link", rmdir(path), "")
        rmdir(f"core/{kind}_9")
    clear()
    sh("modprobe -r brd", check=False)
    finish()


main()
