#!/usr/bin/python3
# suite: what can be made, linked and removed in the core's tree, and what each mistake gives
# time: 60
# SPDX-License-Identifier: GPL-2.0-only
"""mkdir, rmdir, symlink, unlink on every kind of directory; names; what goes and stays when things are removed."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from cfs import *  # noqa: E402,F403

I = "EINVAL"
FAB = "loopback"
W = FAB + "/naa.5001405000000b01"
TPG = W + "/tpgt_1"


def table(what, rows):
    """(description, got, wanted)"""
    bad = [f"{d}: {g or 'ok'}, wanted {w or 'ok'}" for d, g, w in rows if g != w]
    result(not bad, f"{what} ({len(rows)})", "\n".join(bad))


def top():
    table("files and directories can not be made, removed, renamed by hand", [
        ("create a file", call(lambda: os.close(os.open(full("x"), os.O_CREAT | os.O_WRONLY))), "EACCES"),
        ("unlink a file", unlink("version"), "EPERM"),
        ("rename a file", call(os.rename, full("version"), full("v2")), "EPERM"),
        ("rename a directory", call(os.rename, full("core/fileio_1"), full("core/fileio_2")), "EPERM"),
        ("rmdir core", rmdir("core"), "EPERM"),
        ("rmdir alua", rmdir("core/alua"), "EPERM"),
        ("rmdir lu_gps", rmdir("core/alua/lu_gps"), "EPERM"),
        ("mkdir core", mkdir("core"), "EEXIST"),
        ("mkdir core/alua/x", mkdir("core/alua/x"), "EPERM"),
        ("mkdir of no fabric", mkdir("nosuchfabric"), I),
        ("read of control", call(lambda: os.close(os.open(full("core/fileio_1/a/control"), os.O_RDONLY))), "EACCES"),
        ("write of info", put("core/fileio_1/a/info", "x"), "open EACCES"),
        ("zero-length write", put("core/fileio_1/a/alias", ""), "EFAULT"),
        ("fabric twice", mkdir(FAB), "EEXIST"),
    ])


def hbas():
    rows = []
    for n in ("fileio_00", "fileio_0x1", "rd_mcp_4294967296", "iblock_18446744073709551615", "user_7", "pscsi_9"):
        rows += [(n, mkdir("core/" + n), "")]
    for n, e in (("nosuch_0", I), ("fileio", I), ("fileio_", I), ("fileio_x", I), ("fileio_-1", I), ("_0", I),
                 ("rd_mcp", I), ("fileio_18446744073709551616", "ERANGE"), ("fileio_1x", I)):
        rows += [(n, mkdir("core/" + n), e)]
    table("mkdir core/TYPE_N", rows)
    same("a mkdir brings in the backends", [m for m in ("file", "iblock", "pscsi", "user")
         if not os.path.isdir("/sys/module/target_core_" + m)], [])
    for n in ("fileio_00", "fileio_0x1", "rd_mcp_4294967296", "iblock_18446744073709551615", "user_7", "pscsi_9"):
        must(rmdir("core/" + n), n)


def backstores():
    so = "core/fileio_1/"
    long = "n" * 255
    names = ["b c", "d:e,f", ".g", "\u00e4\u00f6", long]
    table("names of backstores", [(n[:10], mkdir(so + n), "") for n in names] +
          [("256 characters", mkdir(so + "x" * 256), "ENAMETOOLONG"), ("same name", mkdir(so + "a"), "EEXIST"),
           ("hba missing", mkdir("core/fileio_77/a"), "ENOENT")])
    table("mkdir inside a backstore", [(d, mkdir(so + d), e) for d, e in (
        ("a/x", "EPERM"), ("a/attrib/x", "EPERM"), ("a/wwn/x", "EPERM"), ("a/pr/x", "EPERM"), ("a/action/x", "EPERM"),
        ("a/statistics/x", "ENOSYS"), ("a/statistics/scsi_lu/x", "EPERM"))])
    table("rmdir of what the kernel made", [(d, rmdir(so + "a/" + d), "EPERM") for d in (
        "attrib", "wwn", "pr", "action", "alua", "statistics", "alua/default_tg_pt_gp", "statistics/scsi_dev")])
    table("rmdir", [("hba with backstores", rmdir("core/fileio_1"), "ENOTEMPTY")] + [(n[:10], rmdir(so + n), "") for n in names])


def fabrics():
    table("names of targets and portal groups", [
        ("wwn without prefix", mkdir(FAB + "/xyz"), I), ("tpgt_x", mkdir(W + "/tpgt_x"), I), ("tpg", mkdir(W + "/foo"), I),
        ("tpgt_2", mkdir(W + "/tpgt_2"), ""), ("rmdir tpgt_2", rmdir(W + "/tpgt_2"), "")])
    table("rmdir of what the kernel made", [(d, rmdir(d), "EPERM") for d in [
        f"{TPG}/{n}" for n in ("acls", "lun", "np", "attrib", "auth", "param")] +
        [W + "/param", W + "/fabric_statistics", FAB + "/discovery_auth"]])
    table("mkdir where there is nothing to make", [
        ("in a tpg", mkdir(TPG + "/x"), "EPERM"), ("attrib", mkdir(TPG + "/attrib/x"), "EPERM"),
        ("param", mkdir(W + "/param/x"), "EPERM"), ("np of a fabric without portals", mkdir(TPG + "/np/1.2.3.4:1"), "ENOSYS"),
        ("in a lun", mkdir(TPG + "/lun/lun_0/x"), "EPERM")])
    table("not empty", [("fabric", rmdir(FAB), "ENOTEMPTY"), ("wwn", rmdir(W), "ENOTEMPTY"),
                        ("tpg with a lun", rmdir(TPG), "ENOTEMPTY")])


def luns():
    good = ["lun_01", "lun_256", "lun_65535", "lun_65536", "lun_4294967296", "lun_18446744073709551615"]
    for d in (TPG + "/lun/", TPG + "/acls/me/"):
        if "acls" in d:
            must(mkdir(d), "acl")
        rows = [(n, mkdir(d + n), "") for n in good]
        rows += [(n, mkdir(d + n), e) for n, e in (("lun_", I), ("lun_x", I), ("lun_-1", I), ("lun_1x", I), ("foo", I),
                 ("lun_18446744073709551616", "ERANGE"))]
        rows += [("twice", mkdir(d + "lun_256"), "EEXIST")]
        rows += [("rmdir " + n, rmdir(d + n), "") for n in good]
        table("names in " + d, rows)
    same("acl twice", mkdir(TPG + "/acls/me"), "EEXIST")


def links():
    lun, lun1, other = TPG + "/lun/lun_0", TPG + "/lun/lun_1", W + "/tpgt_3"
    must(mkdir(lun1), lun1)
    table("ln -s backstore lun", [
        ("not enabled", link("core/fileio_1/a", lun + "/x"), "ENODEV"),
        ("hba", link("core/rd_mcp_1", lun + "/x"), "EFAULT"),
        ("alua group", link("core/rd_mcp_1/r/alua/default_tg_pt_gp", lun + "/x"), "EFAULT"),
        ("lun", link(lun1, lun + "/x"), "EFAULT"), ("outside", link("/tmp", lun + "/x"), "EPERM"),
        ("missing", link("core/rd_mcp_1/zzz", lun + "/x"), "ENOENT"),
        ("in attrib", link("core/rd_mcp_1/r", TPG + "/attrib/x"), "EPERM"),
        ("good", link("core/rd_mcp_1/r", lun + "/x"), ""), ("second", link("core/rd_mcp_1/r2", lun + "/y"), "EEXIST"),
        ("same backstore elsewhere", link("core/rd_mcp_1/r", lun1 + "/z"), "")])
    same("readlink of a lun's link", os.readlink(full(lun + "/x")), "../../../../../../target/core/rd_mcp_1/r")
    same("realpath of a lun's link", os.path.realpath(full(lun + "/x")), full("core/rd_mcp_1/r"))
    table("while linked", [("rmdir backstore", rmdir("core/rd_mcp_1/r"), "EBUSY"), ("rmdir lun", rmdir(lun), "ENOTEMPTY")])

    acl = TPG + "/acls/me"
    for d in (other, other + "/lun/lun_0", TPG + "/lun/lun_9", acl + "/lun_0", acl + "/lun_5"):
        must(mkdir(d), d)
    must(link("core/rd_mcp_1/r", other + "/lun/lun_0/x"), "other tpg's lun")
    m = acl + "/lun_0"
    table("ln -s lun mapped lun", [
        ("no link: write_protect reads empty", text(m + "/write_protect"), ""),
        ("no link: write_protect takes", put(m + "/write_protect", "1"), ""),
        ("no link: write_protect refuses", put(m + "/write_protect", "2"), I),
        ("no link: statistics", text(m + "/statistics/scsi_auth_intr/num_cmds"), "ENODEV"),
        ("backstore", link("core/rd_mcp_1/r", m + "/x"), "EFAULT"), ("tpg", link(TPG, m + "/x"), "EFAULT"),
        ("unlinked lun", link(TPG + "/lun/lun_9", m + "/x"), I), ("other tpg's", link(other + "/lun/lun_0", m + "/x"), I),
        ("good", link(lun, m + "/x"), ""), ("second", link(lun1, m + "/y"), I),
        ("same lun, other number", link(lun, acl + "/lun_5/x"), ""),
        ("write_protect", text(m + "/write_protect"), "0\n"),
        ("write_protect 1", put(m + "/write_protect", "1"), ""), ("reads", text(m + "/write_protect"), "1\n"),
        ("write_protect 2", put(m + "/write_protect", "2"), I), ("write_protect x", put(m + "/write_protect", "x"), I)])
    same("readlink of a mapped lun's link", os.readlink(full(m + "/x")),
         f"../../../../../../../target/{TPG}/lun/lun_0")
    table("while mapped", [("rmdir mapped lun", rmdir(m), "ENOTEMPTY"), ("rmdir acl", rmdir(acl), "ENOTEMPTY"),
                           ("unlink lun's link", unlink(lun + "/x"), ""), ("rmdir lun", rmdir(lun), "EBUSY"),
                           ("mapping is dead: write_protect", text(m + "/write_protect"), ""),
                           ("mapping is dead: statistics", text(m + "/statistics/scsi_auth_intr/num_cmds"), "ENODEV"),
                           ("lun: statistics", text(lun + "/statistics/scsi_port/indx"), "ENODEV"),
                           ("link again", link("core/rd_mcp_1/r", lun + "/x"), ""),
                           ("mapping stays dead", text(m + "/write_protect"), "")])
    table("removal", [("unlink mapped", unlink(m + "/x"), ""), ("rmdir mapped", rmdir(m), ""),
                      ("unlink 5", unlink(acl + "/lun_5/x"), ""), ("rmdir 5", rmdir(acl + "/lun_5"), ""),
                      ("rmdir acl", rmdir(acl), ""), ("unlink lun", unlink(lun + "/x"), ""), ("rmdir lun", rmdir(lun), ""),
                      ("unlink lun 1", unlink(lun1 + "/z"), ""), ("rmdir lun 1", rmdir(lun1), ""),
                      ("unlink other", unlink(other + "/lun/lun_0/x"), ""), ("rmdir other lun", rmdir(other + "/lun/lun_0"), ""),
                      ("rmdir lun 9", rmdir(TPG + "/lun/lun_9"), ""), ("rmdir tpgs", rmdir(other) or rmdir(TPG), ""),
                      ("rmdir wwn", rmdir(W), ""), ("rmdir backstore", rmdir("core/rd_mcp_1/r"), "")])


def references():
    """Directories hold their modules; nothing holds them afterwards."""
    used = lambda m: int(open(f"/sys/module/{m}/refcnt").read())  # noqa: E731
    result(used("tcm_loop") > 0, "a fabric's directory holds its module")
    result(used("target_core_file") > 0, "an adapter's directory holds its module")
    clear()
    same("nothing is held when all is gone", [m for m in ("tcm_loop", "target_core_file", "target_core_iblock",
                                                           "target_core_pscsi", "target_core_user") if used(m)], [])
    same("all modules unload", reload(), [])
    result(os.path.isdir(full("core/alua/lu_gps/default_lu_gp")), "and loads again")
    same("loopback comes by mkdir alone", (mkdir("loopback"), os.path.isdir("/sys/module/tcm_loop")), ("", True))
    rmdir("loopback")


def cycles():
    """Whole configurations up and down; a leak of a name or a count would show in the next round."""
    bad = []
    for i in range(20):
        for d in ("core/rd_mcp_1", "core/rd_mcp_1/r", FAB, W, TPG, TPG + "/lun/lun_0", TPG + "/acls/me", TPG + "/acls/me/lun_0"):
            if mkdir(d) not in ("", "EEXIST"):
                bad.append(f"{i} {d}")
        put("core/rd_mcp_1/r/control", "rd_pages=16")
        put("core/rd_mcp_1/r/enable", "1")
        if link("core/rd_mcp_1/r", TPG + "/lun/lun_0/x") or link(TPG + "/lun/lun_0", TPG + "/acls/me/lun_0/x"):
            bad.append(f"{i} links")
        clear()
        if os.path.exists(full(FAB)) or os.path.exists(full("core/rd_mcp_1")):
            bad.append(f"{i} left over")
    result(not bad, "20 configurations made and removed", "\n".join(bad[:5]))


def main():
    mount()
    clear()
    sh("modprobe tcm_loop")
    for d in ("core/fileio_1", "core/fileio_1/a", "core/rd_mcp_1", "core/rd_mcp_1/r", "core/rd_mcp_1/r2", FAB, W, TPG, TPG + "/lun/lun_0"):
        must(mkdir(d), d)
    for r in ("r", "r2"):
        must(put(f"core/rd_mcp_1/{r}/control", "rd_pages=64") or put(f"core/rd_mcp_1/{r}/enable", "1"), r)
    for part in (top, hbas, backstores, fabrics, luns, links, references, cycles):
        part()
    clear()
    finish()


main()
