// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operational stage: what the target says on its own, and when it is ready for full feature
 * phase.
 */
#include "iscsi/login/login.h"

/**
 * itgt_operational_step - after the answers to a text: declarations and offers
 * @login: the login
 *
 * Return: true if nothing is left to be negotiated from the target's side
 */
bool itgt_operational_step(struct itgt_login *login)
{
	struct itgt_nego *nego = &login->nego;

	if (!login->declared) {
		login->declared = true;
		itgt_nego_declare_recv(nego, &login->out);
	}
	if (login->fsm.next != ITGT_STAGE_FFP)
		return true;
	return !itgt_nego_offer(nego, &login->out);
}
