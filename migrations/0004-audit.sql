-- The log: leaves, its head, the checkpoints that the signer published. Append-only by grants and by triggers.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE audit_log (
  tenant    text PRIMARY KEY REFERENCES tenant,
  size      bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  locked_at timestamptz NOT NULL DEFAULT clock_timestamp()   -- the time of the next leaf, read under the lock
);
SELECT tenant_table('audit_log');

-- Plain UTC text with microseconds: what a leaf says and what its append compares.
CREATE FUNCTION leaf_time(at timestamptz) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

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

-- The grants below let nobody change these tables; the triggers also hold an owner who forgets, and fire for
-- replication. A superuser can drop both: that is what the signer's own mark and the bundles in strangers' hands detect.
CREATE FUNCTION refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.tenant <> OLD.tenant OR NEW.size NOT IN (OLD.size, OLD.size + 1) THEN
    RAISE EXCEPTION 'a log only grows' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_shrinking();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER only_grows;
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER no_truncate;

-- Which login may write which kind. The list of kinds is that of src/audit/leaf.ts; a test compares them. `owner` is no
-- login: it stands for whoever may act as the owner, which is the migrating login.
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
  ('history.viewed', 'codec'),
  ('rulebook.activated', 'owner')
) AS writers (kind, login);

-- Locks the head until the transaction ends and tells what the next leaf must say: index, time, place in its action's
-- chain; and the leaf of this key, if there is one. Called last, so that the lock is short. The index comes from the
-- locked row and never from a sequence, which leaves gaps.
CREATE FUNCTION audit_lock_head(p_kind text, p_action text, p_key text, OUT tenant text, OUT zone text, OUT size integer,
                                OUT "time" text, OUT last_seq integer, OUT last_hash bytea, OUT stored_bytes bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM audit_log l WHERE l.tenant = current_tenant() FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'this tenant has no log' USING ERRCODE = 'no_data_found'; END IF;
  -- A statement after the lock: the time must not be older than the wait for it.
  UPDATE audit_log l SET locked_at = clock_timestamp() WHERE l.tenant = current_tenant()
  RETURNING l.tenant, l.size::integer, leaf_time(l.locked_at) INTO tenant, size, "time";
  SELECT t.zone INTO zone FROM tenant t WHERE t.tenant = current_tenant();
  SELECT l.seq, l.hash INTO last_seq, last_hash FROM audit_leaf l
   WHERE l.tenant = current_tenant() AND l.action = p_action ORDER BY l.seq DESC LIMIT 1;
  SELECT l.bytes INTO stored_bytes FROM audit_leaf l
   WHERE l.tenant = current_tenant() AND l.kind = p_kind AND l.key = p_key
     AND coalesce(l.action, '') = coalesce(p_action, '');
END $$;

-- Appends one leaf under the lock that this transaction holds. What the bytes say must be what the row says, and the
-- time the one that this very transaction was told: `xmin` is the writer of the head row as it stands.
CREATE FUNCTION audit_append(p_index integer, p_kind text, p_action text, p_seq integer, p_key text, p_bytes bytea)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  leaf     jsonb := convert_from(p_bytes, 'UTF8')::jsonb;
  head     record;
  previous bytea;
  last_seq integer;
  result   bytea := sha256('\x00'::bytea || p_bytes);
BEGIN
  IF NOT EXISTS (SELECT FROM leaf_kind_writer w
                  WHERE w.kind = p_kind
                    AND (w.login = session_user
                         OR w.login = 'countersign_owner' AND pg_has_role(session_user, w.login, 'MEMBER'))) THEN
    RAISE EXCEPTION 'login % may not write leaves of kind %', session_user, p_kind USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT l.size, leaf_time(l.locked_at) AS "time", l.xmin = pg_current_xact_id()::xid AS held INTO head
    FROM audit_log l WHERE l.tenant = current_tenant() FOR UPDATE;
  SELECT l.seq, l.hash INTO last_seq, previous FROM audit_leaf l
   WHERE l.tenant = current_tenant() AND l.action = p_action ORDER BY l.seq DESC LIMIT 1;
  IF head.held IS NOT TRUE
     OR p_index IS DISTINCT FROM head.size
     OR p_seq IS DISTINCT FROM (CASE WHEN p_action IS NULL THEN NULL ELSE coalesce(last_seq, 0) + 1 END)
     OR leaf ->> 'tenant' IS DISTINCT FROM current_tenant()
     OR leaf ->> 'index' IS DISTINCT FROM p_index::text
     OR leaf ->> 'time' IS DISTINCT FROM head."time"
     OR leaf ->> 'kind' IS DISTINCT FROM p_kind
     OR leaf ->> 'action' IS DISTINCT FROM p_action
     OR leaf ->> 'seq' IS DISTINCT FROM p_seq::text
     OR leaf ->> 'prev' IS DISTINCT FROM encode(previous, 'hex')
     OR leaf ->> 'key' IS DISTINCT FROM p_key
  THEN
    RAISE EXCEPTION 'leaf does not fit the head of the log' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit_leaf (tenant, index, kind, action, seq, key, bytes, hash)
  VALUES (current_tenant(), p_index, p_kind, p_action, p_seq, p_key, p_bytes, result);
  UPDATE audit_log l SET size = l.size + 1 WHERE l.tenant = current_tenant();
  PERFORM pg_notify('audit_leaf', current_tenant());
  RETURN result;
END $$;

-- Stores a checkpoint that the signer made. The same one again is no matter; another one of the same size is a fork.
CREATE FUNCTION audit_publish(p_size bigint, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF (p_size > (SELECT l.size FROM audit_log l WHERE l.tenant = current_tenant())) IS NOT FALSE THEN
    RAISE EXCEPTION 'a checkpoint cannot be ahead of its log' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit_checkpoint (tenant, size, note) VALUES (current_tenant(), p_size, p_note)
  ON CONFLICT (tenant, size) DO NOTHING;
  IF p_note IS DISTINCT FROM (SELECT c.note FROM audit_checkpoint c WHERE c.tenant = current_tenant() AND c.size = p_size)
  THEN
    RAISE EXCEPTION 'another checkpoint of this size was published' USING ERRCODE = 'unique_violation';
  END IF;
  PERFORM pg_notify('audit_checkpoint', current_tenant());
END $$;

REVOKE ALL ON FUNCTION audit_lock_head(text, text, text), audit_append(integer, text, text, integer, text, bytea),
  audit_publish(bigint, text), leaf_time(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_lock_head(text, text, text), audit_append(integer, text, text, integer, text, bytea) TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec;
GRANT EXECUTE ON FUNCTION audit_publish(bigint, text) TO countersign_signer;
GRANT SELECT ON audit_log, audit_leaf, audit_checkpoint TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec, countersign_signer;
