// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text exchanges in full feature phase, over as many PDUs as they need (RFC 7143 7.2, 11.10
 * and 11.11).
 */
#include "iscsi/ffp/ffp.h"
#include "iscsi/ffp/targets.h"
#include "iscsi/obj/tpg.h"
#include "iscsi/text/nego.h"

#include <linux/mm.h>
#include <linux/sizes.h>

enum {
	IN_MAX = 16 * SZ_1K,		/* bytes of one joined request */
	OUT_FIRST = 16 * SZ_1K,		/* bytes tried first for the answers; they grow to ... */
	OUT_MAX = 4 * SZ_1M,
	SEGMENT_MAX = 32 * SZ_1K,	/* bytes of data in one response */
};

/*
 * One exchange: a connection has no more than one at a time. Lives in
 * conn->text from the first request that is not answered at once until the exchange ends, answers
 * in conn->text_out.
 */
struct text {
	__be32 itt;
	u32 ttt;			/* that the initiator's next request must carry */
	u32 in_len;
	u32 out_len, out_sent;
	bool done;			/* the request is complete: answers are under way */
	char in[IN_MAX + 1];
};

/*
 * Guards conn->text and conn->text_out: with several connections in a session a numbered request is
 * delivered by whichever rx kthread closes the gap before it, an immediate one by its own. One lock
 * for all will do: texts are rare, and none waits for a peer.
 */
static DEFINE_MUTEX(text_lock);

/* what the negotiation's callback needs */
struct exchange {
	struct itgt_conn *conn;
	struct itgt_nego nego;
	struct itgt_params cfg;
};

static void text_end(struct itgt_conn *conn)
{
	kvfree(conn->text);
	kvfree(conn->text_out);
	conn->text = NULL;
	conn->text_out = NULL;
}

static int take_send_targets(void *ctx, const struct itgt_key *key, char *val,
			     struct itgt_kv_out *out)
{
	struct exchange *x = ctx;

	if (itgt_targets_list(x->conn, val, out))
		itgt_kv_put(out, key->name, "Reject");
	return 0;
}

static int negotiate(struct itgt_conn *conn, char *text, u32 len, struct itgt_kv_out *out)
{
	struct itgt_tpg *tpg = conn->sess->tpg;
	struct exchange *x;
	int ret;

	x = kzalloc(sizeof(*x), GFP_KERNEL);
	if (!x)
		return -ENOMEM;
	x->conn = conn;
	itgt_keys_defaults(&x->cfg);
	x->cfg.max_xmit_dsl = tpg ? READ_ONCE(tpg->cfg.max_xmit_dsl) : 0;
	x->nego.par = &conn->par;
	x->nego.cfg = &x->cfg;
	x->nego.phase = ITGT_IN_FFP;
	x->nego.leading = true;
	x->nego.discovery = conn->sess->discovery;
	x->nego.external = take_send_targets;
	x->nego.ctx = x;
	ret = itgt_nego_run(&x->nego, text, len, out);
	if (!ret)
		itgt_nego_settle(&x->nego);
	kfree(x);
	return ret;
}

/* the walk changes the text, so each try gets a copy */
static int answer(struct itgt_conn *conn, struct text *t)
{
	struct itgt_kv_out out;
	char *copy;
	u32 size;
	int ret = -ENOSPC;

	copy = kvmalloc(IN_MAX + 1, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (size = OUT_FIRST; ret == -ENOSPC && size <= OUT_MAX; size *= 4) {
		kvfree(conn->text_out);
		conn->text_out = kvmalloc(size, GFP_KERNEL);
		if (!conn->text_out) {
			ret = -ENOMEM;
			break;
		}
		memcpy(copy, t->in, t->in_len);
		itgt_kv_init(&out, conn->text_out, size);
		ret = negotiate(conn, copy, t->in_len, &out);
		t->out_len = out.len;
	}
	kvfree(copy);
	return ret;
}

/* the next piece of the answers, or an empty response that asks for the rest of the request */
static int respond(struct itgt_conn *conn, struct text *t, bool final)
{
	u32 len =
		min3(t->out_len - t->out_sent, READ_ONCE(conn->par.max_xmit_dsl), (u32)SEGMENT_MAX);
	bool more = t->out_sent + len < t->out_len;
	struct iscsi_text_rsp *rsp;
	struct itgt_txpdu *pdu;

	pdu = itgt_txpdu_alloc(ISCSI_OP_TEXT_RSP, len, GFP_KERNEL);
	if (!pdu)
		return -ENOMEM;
	rsp = (struct iscsi_text_rsp *)&pdu->hdr;
	rsp->itt = (__force itt_t)t->itt;
	rsp->flags = more ? ISCSI_FLAG_TEXT_CONTINUE : final ? ISCSI_FLAG_CMD_FINAL : 0;
	rsp->ttt = cpu_to_be32(rsp->flags & ISCSI_FLAG_CMD_FINAL ? ITGT_NO_TAG : t->ttt);
	if (len)
		memcpy(pdu->data, conn->text_out + t->out_sent, len);
	t->out_sent += len;
	pdu->takes_statsn = true;
	itgt_txpdu_queue(conn, pdu);
	if (rsp->flags & ISCSI_FLAG_CMD_FINAL)
		text_end(conn);
	return 0;
}

/* the exchange that a request belongs to: a new one, or the one that its tags name */
static struct text *find_or_begin(struct itgt_conn *conn, const struct iscsi_text *req)
{
	struct text *t = conn->text;

	if (be32_to_cpu(req->ttt) != ITGT_NO_TAG) {
		if (!t || t->ttt != be32_to_cpu(req->ttt) || t->itt != (__force __be32)req->itt)
			return NULL;
		return t;
	}
	/* a request without target tag gives up the one before it (RFC 7143 11.10.4) */
	text_end(conn);
	t = kvzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return NULL;
	t->itt = (__force __be32)req->itt;
	t->ttt = 1;
	conn->text = t;
	return t;
}

/* see text_lock */
static int text_take(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	const struct iscsi_text *req = &pdu->text;
	bool final = req->flags & ISCSI_FLAG_CMD_FINAL;
	bool joining = req->flags & ISCSI_FLAG_TEXT_CONTINUE;
	struct text *t;
	int ret;

	if (final && joining)
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	t = find_or_begin(conn, req);
	if (!t)
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	if (t->in_len + pdu->dlen > IN_MAX || (t->done && t->out_sent < t->out_len && pdu->dlen)) {
		text_end(conn);
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	}
	if (t->done && t->out_sent < t->out_len)
		return respond(conn, t, final);
	if (pdu->dlen)
		memcpy(t->in + t->in_len, pdu->data, pdu->dlen);
	t->in_len += pdu->dlen;
	if (joining)
		return respond(conn, t, false);
	ret = answer(conn, t);
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		text_end(conn);
		return itgt_reject(conn, pdu, ISCSI_REASON_PROTOCOL_ERROR);
	}
	t->done = true;
	t->in_len = 0;
	t->out_sent = 0;
	return respond(conn, t, final);
}

static int text_end_pdu(struct itgt_conn *conn, struct itgt_pdu *pdu)
{
	int ret;

	mutex_lock(&text_lock);
	ret = text_take(conn, pdu);
	mutex_unlock(&text_lock);
	return ret;
}

const struct itgt_pdu_ops itgt_text_ops = { .end = text_end_pdu };
