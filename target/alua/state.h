/* SPDX-License-Identifier: GPL-2.0-only */
/* Asymmetric access states and their encodings (SPC-5 6.37), shared by the files of this folder. */
#ifndef TGT_ALUA_STATE_H
#define TGT_ALUA_STATE_H

#include <linux/bits.h>
#include <linux/types.h>

enum alua_state {
	ALUA_ACTIVE_OPTIMIZED = 0x0,
	ALUA_ACTIVE_NON_OPTIMIZED = 0x1,
	ALUA_STANDBY = 0x2,
	ALUA_UNAVAILABLE = 0x3,
	ALUA_LBA_DEPENDENT = 0x4,
	ALUA_OFFLINE = 0xe,
	ALUA_TRANSITIONING = 0xf,
};

/* byte 1 of a target port group descriptor */
#define ALUA_SUP_AO	BIT(0)
#define ALUA_SUP_AN	BIT(1)
#define ALUA_SUP_S	BIT(2)
#define ALUA_SUP_U	BIT(3)
#define ALUA_SUP_LBD	BIT(4)
#define ALUA_SUP_O	BIT(6)
#define ALUA_SUP_T	BIT(7)
#define ALUA_SUP_DEFAULT \
	(ALUA_SUP_T | ALUA_SUP_O | ALUA_SUP_U | ALUA_SUP_S | ALUA_SUP_AN | ALUA_SUP_AO)

/* tg_pt_gp_alua_access_type: the TPGS bits of standard INQUIRY data, byte 5 */
#define ALUA_TPGS_IMPLICIT	0x10
#define ALUA_TPGS_EXPLICIT	0x20

/* byte 5 of a target port group descriptor */
enum alua_status {
	ALUA_STATUS_NONE = 0,
	ALUA_STATUS_EXPLICIT = 1,
	ALUA_STATUS_IMPLICIT = 2,
};

/* Bit of the supported-states byte for a state; 0: no such state. */
static inline u8 alua_support_bit(unsigned int state)
{
	static const u8 bits[] = {
		[ALUA_ACTIVE_OPTIMIZED] = ALUA_SUP_AO,
		[ALUA_ACTIVE_NON_OPTIMIZED] = ALUA_SUP_AN,
		[ALUA_STANDBY] = ALUA_SUP_S,
		[ALUA_UNAVAILABLE] = ALUA_SUP_U,
		[ALUA_LBA_DEPENDENT] = ALUA_SUP_LBD,
		[ALUA_OFFLINE] = ALUA_SUP_O,
		[ALUA_TRANSITIONING] = ALUA_SUP_T,
	};

	return state <= ALUA_TRANSITIONING ? bits[state] : 0;
}

#endif /* TGT_ALUA_STATE_H */
