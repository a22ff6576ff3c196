// SPDX-License-Identifier: GPL-2.0-only
/* CHAP between one initiator and the target, one way or both ways (RFC 7143 12.1.3, RFC 1994). */
#include "iscsi/login/chap.h"
#include "iscsi/text/binval.h"
#include "compat/crypto.h"

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

enum {
	DIGEST_MAX = 32,	/* bytes of the longest digest below */
	CHALLENGE_MAX = 1024,	/* bytes, RFC 7143 12.1.3 */
};

/* numbers of the IANA PPP authentication algorithms registry */
static const struct algorithm {
	u8 number;
	u8 digest_len;
	const char *driver;
} algorithms[] = {
	{ 5, 16, "md5" },
	{ 6, 20, "sha1" },
	{ 7, 32, "sha256" },
	{ 8, 32, "sha3-256" },
};

enum chap_state {
	CHAP_WAITS_FOR_LIST,		/* of algorithms */
	CHAP_WAITS_FOR_RESPONSE,	/* the challenge is out */
	CHAP_DONE,
};

/* one side's contribution, as its key=value pairs have brought it */
struct chap_peer {
	bool has_list, has_id, has_challenge, has_name, has_response;
	const struct algorithm *alg;	/* first of the list that the kernel can compute */
	struct crypto_shash *tfm;
	u8 id;
	u8 challenge[CHALLENGE_MAX];
	u32 challenge_len;
	char name[ITGT_AUTH_LEN];
	u8 response[DIGEST_MAX];
	u32 response_len;
	bool base64;			/* form of its binary values: the answer has the same */
};

/**
 * struct itgt_chap - one exchange
 * @node: on challenges while @challenge is out, under challenges_lock
 * @state: what comes next
 * @id: our identifier
 * @challenge: our challenge, as long as the digest
 * @cred: copy of the credentials
 * @set: which of them are set
 * @peer: what the initiator sent
 */
struct itgt_chap {
	struct list_head node;
	enum chap_state state;
	u8 id;
	u8 challenge[DIGEST_MAX];
	char cred[ITGT_AUTH_NR][ITGT_AUTH_LEN];
	u8 set;
	struct chap_peer peer;
};

/*
 * every challenge that waits for its response: none of them may come back as an initiator's own, on
 * any connection
 */
static LIST_HEAD(challenges);
static DEFINE_MUTEX(challenges_lock);

/**
 * itgt_chap_create - begin an exchange with the credentials of this moment
 * @auth: name and secret for the initiator, and for ourselves if the initiator asks
 *
 * Context: process, takes @auth->lock.
 * Return: the exchange or NULL without memory
 */
struct itgt_chap *itgt_chap_create(struct itgt_auth *auth)
{
	struct itgt_chap *chap = kzalloc(sizeof(*chap), GFP_KERNEL);

	if (!chap)
		return NULL;
	INIT_LIST_HEAD(&chap->node);
	mutex_lock(&auth->lock);
	memcpy(chap->cred, auth->text, sizeof(chap->cred));
	chap->set = auth->set;
	mutex_unlock(&auth->lock);
	return chap;
}

/**
 * itgt_chap_has_secret - could an initiator prove itself at all?
 * @chap: the exchange or NULL
 */
bool itgt_chap_has_secret(const struct itgt_chap *chap)
{
	return chap && (chap->set & ITGT_AUTH_ONE_WAY) == ITGT_AUTH_ONE_WAY;
}

/**
 * itgt_chap_has_begun - has the initiator sent its list of algorithms?
 * @chap: the exchange or NULL
 */
bool itgt_chap_has_begun(const struct itgt_chap *chap)
{
	return chap && chap->peer.has_list;
}

static void challenge_withdraw(struct itgt_chap *chap)
{
	mutex_lock(&challenges_lock);
	list_del_init(&chap->node);
	mutex_unlock(&challenges_lock);
}

/**
 * itgt_chap_destroy - end an exchange and wipe it
 * @chap: the exchange or NULL
 */
void itgt_chap_destroy(struct itgt_chap *chap)
{
	if (!chap)
		return;
	challenge_withdraw(chap);
	if (chap->peer.tfm)
		crypto_free_shash(chap->peer.tfm);
	kfree_sensitive(chap);
}

static const struct algorithm *algorithm_find(u32 number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (algorithms[i].number == number)
			return &algorithms[i];
	return NULL;
}

/* the initiator lists by preference: the first that we can do is it (RFC 7143 6.2.1) */
static int take_list(struct chap_peer *peer, char *list)
{
	const struct algorithm *alg;
	struct crypto_shash *tfm;
	u32 number, tried = 0;
	char *item;

	while ((item = itgt_kv_list_next(&list))) {
		if (itgt_kv_num(item, &number))
			return -EPROTO;
		alg = algorithm_find(number);
		/* looking for one that the kernel lacks may start a modprobe: once is enough */
		if (!alg || peer->alg || tried & BIT(alg - algorithms))
			continue;
		tried |= BIT(alg - algorithms);
		tfm = crypto_alloc_shash(alg->driver, 0, 0);
		if (IS_ERR(tfm))
			continue;
		peer->alg = alg;
		peer->tfm = tfm;
	}
	peer->has_list = true;
	return 0;
}

static int take_id(struct chap_peer *peer, const char *val)
{
	u32 id;

	if (itgt_kv_num(val, &id) || id > U8_MAX)
		return -EPROTO;
	peer->id = id;
	peer->has_id = true;
	return 0;
}

static int take_binary(struct chap_peer *peer, const char *val, u8 *bin, u32 size)
{
	int len = itgt_binval_decode(val, bin, size, &peer->base64);

	return len > 0 ? len : -EPROTO;
}

static int take_challenge(struct chap_peer *peer, const char *val)
{
	int len = take_binary(peer, val, peer->challenge, sizeof(peer->challenge));

	if (len < 0)
		return len;
	peer->challenge_len = len;
	peer->has_challenge = true;
	return 0;
}

static int take_response(struct chap_peer *peer, const char *val)
{
	int len = take_binary(peer, val, peer->response, sizeof(peer->response));

	if (len < 0)
		return len;
	peer->response_len = len;
	peer->has_response = true;
	return 0;
}

static int take_name(struct chap_peer *peer, const char *val)
{
	size_t len = strlen(val);

	if (!len || len >= sizeof(peer->name))
		return -EPROTO;
	memcpy(peer->name, val, len + 1);
	peer->has_name = true;
	return 0;
}

/**
 * itgt_chap_take - one CHAP_x pair of the initiator
 * @chap: the exchange
 * @id: which key
 * @val: its value, may be changed
 *
 * Return: 0 or -EPROTO for a value that is malformed or comes at the wrong time
 */
int itgt_chap_take(struct itgt_chap *chap, enum itgt_key_id id, char *val)
{
	struct chap_peer *peer = &chap->peer;

	if ((id == ITGT_KEY_CHAP_A) != (chap->state == CHAP_WAITS_FOR_LIST))
		return -EPROTO;
	if (chap->state == CHAP_DONE)
		return -EPROTO;
	if (id == ITGT_KEY_CHAP_A)
		return take_list(peer, val);
	if (id == ITGT_KEY_CHAP_I)
		return take_id(peer, val);
	if (id == ITGT_KEY_CHAP_C)
		return take_challenge(peer, val);
	if (id == ITGT_KEY_CHAP_N)
		return take_name(peer, val);
	return take_response(peer, val);
}

/* response = hash(identifier, secret, challenge), RFC 1994 4.1 */
static int compute(struct crypto_shash *tfm, u8 id, const char *secret, const u8 *challenge,
		   u32 len, u8 *response)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	int ret;

	desc->tfm = tfm;
	ret = crypto_shash_init(desc);
	if (!ret)
		ret = crypto_shash_update(desc, &id, 1);
	if (!ret)
		ret = crypto_shash_update(desc, secret, strlen(secret));
	if (!ret)
		ret = crypto_shash_finup(desc, challenge, len, response);
	shash_desc_zero(desc);
	return ret;
}

static void put_binary(struct itgt_kv_out *out, const char *key, const u8 *bin, u32 len,
		       bool base64)
{
	char text[ITGT_BINVAL_TEXT(DIGEST_MAX)];

	itgt_binval_encode(bin, len, base64, text);
	itgt_kv_put(out, key, text);
}

static int send_challenge(struct itgt_chap *chap, struct itgt_kv_out *out)
{
	const struct algorithm *alg = chap->peer.alg;

	if (!chap->peer.has_list)
		return 0;
	if (!alg) {
		itgt_kv_put(out, "CHAP_A", "Reject");
		return -EACCES;
	}
	get_random_bytes(&chap->id, 1);
	get_random_bytes(chap->challenge, alg->digest_len);
	mutex_lock(&challenges_lock);
	list_add_tail(&chap->node, &challenges);
	mutex_unlock(&challenges_lock);
	itgt_kv_put_num(out, "CHAP_A", alg->number);
	itgt_kv_put_num(out, "CHAP_I", chap->id);
	put_binary(out, "CHAP_C", chap->challenge, alg->digest_len, chap->peer.base64);
	chap->state = CHAP_WAITS_FOR_RESPONSE;
	return 0;
}

/*
 * The initiator's response is right for its secret. One that our own secret would give as well is
 * refused, too: the two directions must not share a secret (RFC 7143 9.2.1).
 */
static int check_response(struct itgt_chap *chap)
{
	struct chap_peer *peer = &chap->peer;
	u32 len = peer->alg->digest_len;
	u8 want[DIGEST_MAX];
	int ret;

	ret = compute(peer->tfm, chap->id, chap->cred[ITGT_AUTH_PASSWORD], chap->challenge, len,
		      want);
	if (ret)
		return ret;
	if (peer->response_len != len || crypto_memneq(want, peer->response, len) ||
	    strcmp(peer->name, chap->cred[ITGT_AUTH_USERID]) || !itgt_chap_has_secret(chap))
		ret = -EACCES;
	if (!ret && (chap->set & 1 << ITGT_AUTH_PASSWORD_MUTUAL)) {
		ret = compute(peer->tfm, chap->id, chap->cred[ITGT_AUTH_PASSWORD_MUTUAL],
			      chap->challenge, len, want);
		if (!ret && !crypto_memneq(want, peer->response, len))
			ret = -EACCES;
	}
	memzero_explicit(want, sizeof(want));
	return ret;
}

/* is the initiator's challenge one of ours, sent on this connection or on another one? */
static bool is_reflected(struct itgt_chap *chap)
{
	struct chap_peer *peer = &chap->peer;
	struct itgt_chap *other;
	bool found = false;

	mutex_lock(&challenges_lock);
	list_for_each_entry(other, &challenges, node)
		if (peer->challenge_len == other->peer.alg->digest_len &&
		    !memcmp(peer->challenge, other->challenge, peer->challenge_len))
			found = true;
	mutex_unlock(&challenges_lock);
	return found;
}

static int answer_challenge(struct itgt_chap *chap, struct itgt_kv_out *out)
{
	struct chap_peer *peer = &chap->peer;
	u8 response[DIGEST_MAX];
	int ret;

	if (!peer->has_id || !peer->has_challenge)
		return -EPROTO;
	if ((chap->set & ITGT_AUTH_MUTUAL) != ITGT_AUTH_MUTUAL || is_reflected(chap))
		return -EACCES;
	ret = compute(peer->tfm, peer->id, chap->cred[ITGT_AUTH_PASSWORD_MUTUAL], peer->challenge,
		      peer->challenge_len, response);
	if (ret)
		return ret;
	itgt_kv_put(out, "CHAP_N", chap->cred[ITGT_AUTH_USERID_MUTUAL]);
	put_binary(out, "CHAP_R", response, peer->alg->digest_len, peer->base64);
	memzero_explicit(response, sizeof(response));
	return 0;
}

/**
 * itgt_chap_step - after the pairs of one text are taken: check and answer
 * @chap: the exchange
 * @out: answers are appended
 *
 * Context: process, may load a hash module.
 * Return: 1 when the initiator is authenticated, 0 when more must come, -EACCES if it is not who it
 * says, -EPROTO for missing pairs, another -errno if a digest can not be computed
 */
int itgt_chap_step(struct itgt_chap *chap, struct itgt_kv_out *out)
{
	struct chap_peer *peer = &chap->peer;
	int ret;

	if (chap->state == CHAP_DONE)
		return 1;
	if (chap->state == CHAP_WAITS_FOR_LIST)
		return send_challenge(chap, out);
	if (!peer->has_name || !peer->has_response)
		return -EPROTO;
	ret = check_response(chap);
	if (!ret && (peer->has_id || peer->has_challenge))
		ret = answer_challenge(chap, out);
	challenge_withdraw(chap);
	if (ret)
		return ret;
	chap->state = CHAP_DONE;
	return 1;
}
