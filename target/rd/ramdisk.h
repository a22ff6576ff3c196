/* SPDX-License-Identifier: GPL-2.0-only */
/* The rd_mcp backend: disks in memory. */
#ifndef TGT_RD_RAMDISK_H
#define TGT_RD_RAMDISK_H

int tgt_rd_init(void);
void tgt_rd_exit(void);

#endif /* TGT_RD_RAMDISK_H */
