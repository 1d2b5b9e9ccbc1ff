-- A second person's word for a passkey: somebody opens a vouching, the API notes what their passkey signed for it, the
-- governance worker alone verifies it and makes it count. No process may write one by itself.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE vouching (
  tenant     text NOT NULL,
  vouching   uuid NOT NULL,
  passkey    uuid NOT NULL,
  person     uuid NOT NULL,                     -- whose passkey it is
  voucher    uuid NOT NULL,
  opened_at  timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > opened_at),
  PRIMARY KEY (tenant, vouching),
  FOREIGN KEY (tenant, passkey) REFERENCES passkey,
  FOREIGN KEY (tenant, person) REFERENCES person,
  FOREIGN KEY (tenant, voucher) REFERENCES person,
  CHECK (voucher <> person)
);
SELECT tenant_table('vouching');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON vouching FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON vouching FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Assertions as they came, and why they did not count, if they did not. One row for each that came: a forged one must not
-- use up the true one's vouching. What counted stays: gateways verify it again.
CREATE TABLE vouching_word (
  tenant      text NOT NULL,
  vouching    uuid NOT NULL,
  word_sha256 bytea NOT NULL CHECK (octet_length(word_sha256) = 32),
  word        jsonb NOT NULL CHECK (octet_length(word::text) <= 16384),
  received_at timestamptz NOT NULL,
  refused     text CHECK (refused ~ '^[a-z_.]+$'),
  PRIMARY KEY (tenant, vouching, word_sha256),
  FOREIGN KEY (tenant, vouching) REFERENCES vouching
);
SELECT tenant_table('vouching_word');
CREATE TRIGGER no_delete BEFORE DELETE ON vouching_word FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON vouching_word FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The words that count, one for a passkey.
CREATE TABLE vouched (
  tenant          text NOT NULL,
  passkey         uuid NOT NULL,
  vouching        uuid NOT NULL,
  word_sha256     bytea NOT NULL,
  voucher_passkey uuid NOT NULL,
  given_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant, passkey),
  FOREIGN KEY (tenant, passkey) REFERENCES passkey,
  FOREIGN KEY (tenant, voucher_passkey) REFERENCES passkey,
  FOREIGN KEY (tenant, vouching, word_sha256) REFERENCES vouching_word,
  CHECK (passkey <> voucher_passkey)
);
SELECT tenant_table('vouched');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON vouched FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON vouched FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO leaf_kind_writer (kind, login) VALUES ('passkey.vouched', 'countersign_governance');

GRANT SELECT ON vouching, vouching_word, vouched TO countersign_api, countersign_governance, countersign_ehr;

-- Opens a vouching for five minutes. Whose passkey it is comes from its row; nobody vouches for themself.
CREATE FUNCTION vouching_open(p_vouching uuid, p_passkey uuid, p_voucher uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE at timestamptz := clock_timestamp();
BEGIN
  INSERT INTO vouching (tenant, vouching, passkey, person, voucher, opened_at, expires_at)
  SELECT p.tenant, p_vouching, p.passkey, p.person, p_voucher, at, at + interval '5 minutes'
    FROM passkey p WHERE p.tenant = current_tenant() AND p.passkey = p_passkey;
END $$;

-- Notes what came for a vouching and when; the first time counts. Null for another person's vouching.
CREATE FUNCTION vouching_receive(p_vouching uuid, p_voucher uuid, p_word jsonb) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE digest bytea := sha256(convert_to(p_word::text, 'UTF8'));
BEGIN
  IF NOT EXISTS (SELECT FROM vouching v WHERE v.tenant = current_tenant() AND v.vouching = p_vouching
                    AND v.voucher = p_voucher) THEN RETURN NULL; END IF;
  INSERT INTO vouching_word (tenant, vouching, word_sha256, word, received_at)
  VALUES (current_tenant(), p_vouching, digest, p_word, clock_timestamp()) ON CONFLICT DO NOTHING;
  RETURN digest;
END $$;

-- Keeps why a word does not count: the first code stays. Null when it counted meanwhile. The word's row is locked first,
-- here and in vouching_record: a word is refused or counts, and never both.
CREATE FUNCTION vouching_refuse(p_vouching uuid, p_word_sha256 bytea, p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE kept text;
BEGIN
  PERFORM FROM vouching_word w
    WHERE w.tenant = current_tenant() AND w.vouching = p_vouching AND w.word_sha256 = p_word_sha256 FOR UPDATE;
  UPDATE vouching_word w SET refused = coalesce(w.refused, p_code)
   WHERE w.tenant = current_tenant() AND w.vouching = p_vouching AND w.word_sha256 = p_word_sha256
     AND NOT EXISTS (SELECT FROM vouched d WHERE d.tenant = w.tenant AND d.vouching = w.vouching
                        AND d.word_sha256 = w.word_sha256)
  RETURNING refused INTO kept;
  RETURN kept;
END $$;

-- Makes a verified word count, or says why not. Again changes nothing. Words of a tenant follow each other: which one was
-- the first, and whose passkey had been vouched for by then, is the same for the log. Whoever vouches needs a passkey that
-- somebody vouched for, but for the first word of all: else two keys that one identity provider made up would vouch for
-- each other.
CREATE FUNCTION vouching_record(p_vouching uuid, p_word_sha256 bytea, p_voucher_passkey uuid, p_counter bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  v vouching;
  w vouching_word;
  p passkey;
  k passkey;
BEGIN
  SELECT * INTO v FROM vouching WHERE tenant = current_tenant() AND vouching = p_vouching;
  IF NOT FOUND THEN RETURN 'vouching.unknown'; END IF;
  PERFORM FROM tenant t WHERE t.tenant = v.tenant FOR NO KEY UPDATE;
  SELECT * INTO w FROM vouching_word
   WHERE tenant = v.tenant AND vouching = v.vouching AND word_sha256 = p_word_sha256 FOR UPDATE;
  IF NOT FOUND THEN RETURN 'vouching.unknown'; END IF;
  IF EXISTS (SELECT FROM vouched WHERE tenant = v.tenant AND vouching = v.vouching AND word_sha256 = p_word_sha256)
  THEN RETURN NULL; END IF;
  IF w.refused IS NOT NULL THEN RETURN w.refused; END IF;
  IF w.received_at >= v.expires_at THEN RETURN 'vouching.expired'; END IF;
  PERFORM FROM passkey WHERE tenant = v.tenant AND passkey IN (v.passkey, p_voucher_passkey) ORDER BY passkey FOR UPDATE;
  SELECT * INTO p FROM passkey WHERE tenant = v.tenant AND passkey = v.passkey;
  SELECT * INTO k FROM passkey WHERE tenant = v.tenant AND passkey = p_voucher_passkey;
  IF k.person IS DISTINCT FROM v.voucher THEN RETURN 'vouching.other_person'; END IF;
  IF p.revoked_at IS NOT NULL THEN RETURN 'vouching.revoked'; END IF;
  IF k.revoked_at IS NOT NULL THEN RETURN 'vouching.revoked_voucher'; END IF;
  IF EXISTS (SELECT FROM vouched WHERE tenant = v.tenant AND passkey = v.passkey) THEN RETURN 'vouching.duplicate'; END IF;
  IF EXISTS (SELECT FROM vouched WHERE tenant = v.tenant)
     AND NOT EXISTS (SELECT FROM vouched WHERE tenant = v.tenant AND passkey = k.passkey)
  THEN RETURN 'vouching.not_vouched'; END IF;
  IF NOT (p_counter > k.counter OR (p_counter = 0 AND k.counter = 0)) THEN RETURN 'vouching.counter'; END IF;
  UPDATE passkey SET counter = p_counter, last_used_at = clock_timestamp()
   WHERE tenant = v.tenant AND passkey = k.passkey;
  INSERT INTO vouched (tenant, passkey, vouching, word_sha256, voucher_passkey, given_at)
  VALUES (v.tenant, v.passkey, v.vouching, p_word_sha256, k.passkey, clock_timestamp());
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION vouching_open(uuid, uuid, uuid), vouching_receive(uuid, uuid, jsonb),
  vouching_refuse(uuid, bytea, text), vouching_record(uuid, bytea, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vouching_open(uuid, uuid, uuid), vouching_receive(uuid, uuid, jsonb) TO countersign_api;
GRANT EXECUTE ON FUNCTION vouching_refuse(uuid, bytea, text), vouching_record(uuid, bytea, uuid, bigint)
  TO countersign_governance;
