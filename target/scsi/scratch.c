// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scratch buffers; their size is bounded, so that no initiator decides how much memory a command
 * takes.
 */
#include "target/scsi/scratch.h"

#include "compat/target.h"

/**
 * tgt_scratch_get - allocate a zeroed buffer
 * @s: result
 * @wanted: bytes that could be used
 * @block_size: the buffer is a multiple of it
 * Context: may sleep.
 * Return: false without memory.
 */
bool tgt_scratch_get(struct tgt_scratch *s, u64 wanted, u32 block_size)
{
	s->bytes = min_t(u64, wanted, TGT_SCRATCH_MAX);
	s->bytes = max(s->bytes - s->bytes % block_size, block_size);
	return !target_alloc_sgl(&s->sgl, &s->nents, s->bytes, true, false);
}

/**
 * tgt_scratch_put - free the buffer
 * @s: from tgt_scratch_get()
 */
void tgt_scratch_put(struct tgt_scratch *s)
{
	target_free_sgl(s->sgl, s->nents);
}
