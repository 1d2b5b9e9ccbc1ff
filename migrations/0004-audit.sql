-- The log: leaves, its head, the checkpoints that the signer published. Append-only by grants and by triggers.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE audit_log (
  tenant text PRIMARY KEY REFERENCES tenant,
  size   bigint NOT NULL DEFAULT 0 CHECK (size >= 0)
);
SELECT tenant_table('audit_log');

CREATE TABLE audit_leaf (
  tenant text NOT NULL REFERENCES audit_log,
  index  bigint NOT NULL CHECK (index >= 0),
  kind   text NOT NULL,
  action text,
  seq    integer CHECK (seq > 0),
  key    text NOT NULL,
  bytes  bytea NOT NULL,
  hash   bytea NOT NULL CHECK (hash = sha256('\x00'::bytea || bytes)),   -- RFC 6962 §2.1
  PRIMARY KEY (tenant, index),
  CHECK ((action IS NULL) = (seq IS NULL))
);
SELECT tenant_table('audit_leaf');
CREATE UNIQUE INDEX audit_leaf_once ON audit_leaf (tenant, kind, key, (coalesce(action, '')));
CREATE UNIQUE INDEX audit_leaf_chain ON audit_leaf (tenant, action, seq) WHERE action IS NOT NULL;

CREATE TABLE audit_checkpoint (
  tenant text NOT NULL REFERENCES audit_log,
  size   bigint NOT NULL CHECK (size >= 0),
  note   text NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, size)
);
SELECT tenant_table('audit_checkpoint');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER append_only;

-- Which login may write which kind. The list of kinds is that of src/audit/leaf.ts; a test compares them.
CREATE TABLE leaf_kind_writer (kind text NOT NULL, login name NOT NULL, PRIMARY KEY (kind, login));
INSERT INTO leaf_kind_writer (kind, login)
SELECT kind, 'countersign_' || login FROM (VALUES
  ('request.refused', 'api'), ('approval.challenged', 'api'), ('action.viewed', 'api'), ('action.released', 'api'),
  ('action.cancel_requested', 'api'), ('vote.refused', 'api'),
  ('action.requested', 'governance'), ('action.refused', 'governance'), ('action.authorised', 'governance'),
  ('action.outcome', 'governance'), ('vote.counted', 'governance'), ('vote.refused', 'governance'),
  ('approval.reminded', 'governance'), ('warrant.revoked', 'governance'), ('retention.disposed', 'governance'),
  ('security.event', 'governance'),
  ('relation.checked', 'ehr'), ('action.attempt', 'ehr'), ('warrant.refused', 'ehr'), ('security.event', 'ehr'),
  ('action.attempt', 'llm'), ('warrant.refused', 'llm'), ('security.event', 'llm'),
  ('history.viewed', 'codec')
) AS writers (kind, login);

-- Locks the head and tells size and time. Called last before the append, so that the lock is short; the index comes
-- from here and never from a sequence, because a sequence leaves gaps.
CREATE FUNCTION audit_lock_head(OUT size integer, OUT "time" text, OUT zone text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  SELECT l.size::integer INTO size FROM audit_log l WHERE l.tenant = current_tenant() FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'this tenant has no log' USING ERRCODE = 'no_data_found'; END IF;
  SELECT t.zone INTO zone FROM tenant t WHERE t.tenant = current_tenant();
  "time" := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
END $$;

-- Appends one leaf under the lock that this transaction holds. What the bytes say must be what the row says.
CREATE FUNCTION audit_append(p_index integer, p_kind text, p_action text, p_seq integer, p_key text, p_bytes bytea)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  leaf     jsonb := convert_from(p_bytes, 'UTF8')::jsonb;
  head     bigint;
  previous bytea;
  last_seq integer;
  result   bytea := sha256('\x00'::bytea || p_bytes);
BEGIN
  IF NOT EXISTS (SELECT FROM leaf_kind_writer w WHERE w.kind = p_kind AND w.login = session_user) THEN
    RAISE EXCEPTION 'login % may not write leaves of kind %', session_user, p_kind USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT l.size INTO head FROM audit_log l WHERE l.tenant = current_tenant() FOR UPDATE;
  SELECT l.seq, l.hash INTO last_seq, previous FROM audit_leaf l
   WHERE l.tenant = current_tenant() AND l.action = p_action ORDER BY l.seq DESC LIMIT 1;
  IF p_index IS DISTINCT FROM head
     OR leaf ->> 'tenant' IS DISTINCT FROM current_tenant()
     OR leaf ->> 'index' IS DISTINCT FROM p_index::text
     OR leaf ->> 'kind' IS DISTINCT FROM p_kind
     OR leaf ->> 'action' IS DISTINCT FROM p_action
     OR leaf ->> 'key' IS DISTINCT FROM p_key
     OR leaf ->> 'seq' IS DISTINCT FROM p_seq::text
     OR leaf ->> 'prev' IS DISTINCT FROM encode(previous, 'hex')
     OR (p_action IS NOT NULL AND p_seq IS DISTINCT FROM coalesce(last_seq, 0) + 1)
     OR (leaf ->> 'time')::timestamptz NOT BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp()
  THEN
    RAISE EXCEPTION 'leaf does not fit the head of the log' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit_leaf (tenant, index, kind, action, seq, key, bytes, hash)
  VALUES (current_tenant(), p_index, p_kind, p_action, p_seq, p_key, p_bytes, result);
  UPDATE audit_log l SET size = l.size + 1 WHERE l.tenant = current_tenant();
  PERFORM pg_notify('audit_leaf', current_tenant());
  RETURN result;
END $$;

CREATE FUNCTION audit_publish(p_size bigint, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF p_size > (SELECT size FROM audit_log WHERE tenant = current_tenant()) THEN
    RAISE EXCEPTION 'a checkpoint cannot be ahead of its log' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit_checkpoint (tenant, size, note) VALUES (current_tenant(), p_size, p_note)
  ON CONFLICT (tenant, size) DO NOTHING;
  PERFORM pg_notify('audit_checkpoint', current_tenant());
END $$;

REVOKE ALL ON FUNCTION audit_lock_head(), audit_append(integer, text, text, integer, text, bytea),
  audit_publish(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_lock_head(), audit_append(integer, text, text, integer, text, bytea) TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec;
GRANT EXECUTE ON FUNCTION audit_publish(bigint, text) TO countersign_signer;
GRANT SELECT ON audit_log, audit_leaf, audit_checkpoint TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec, countersign_signer;
