-- The log: leaves, its head, the checkpoints that the signer published. Append-only by grants and by triggers.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE audit_log (
  tenant text PRIMARY KEY REFERENCES tenant,
  size   bigint NOT NULL DEFAULT 0 CHECK (size >= 0)
);
SELECT tenant_table('audit_log');

-- Plain UTC text with microseconds: what a leaf says.
CREATE FUNCTION leaf_time(at timestamptz) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE TABLE audit_leaf (
  tenant text NOT NULL REFERENCES audit_log,
  index  bigint NOT NULL CHECK (index >= 0),
  -- Words that JSON takes as they are.
  kind   text NOT NULL CHECK (kind ~ '^[a-z_.]{1,64}$'),
  action text CHECK (action ~ '^[a-z2-7]{26}$'),
  seq    integer CHECK (seq > 0),
  key    text NOT NULL CHECK (key ~ '^[A-Za-z0-9/._:-]{1,200}$'),
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

-- Appends one leaf at the head, which stays locked until the transaction ends: called last, so that the lock is short.
-- Index, time and place in the action's chain are told here and by nobody else; the caller says kind, key and data. The
-- same (kind, action, key) again answers the stored leaf. The index comes from the locked row and never from a sequence,
-- which leaves gaps.
--
-- The bytes are RFC 8785 where `p_data` is: members in order, and nothing outside `data` that needs an escape.
CREATE FUNCTION audit_append(p_kind text, p_action text, p_key text, p_data text,
                             OUT leaf_index integer, OUT leaf_bytes bytea, OUT appended boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  log      record;
  previous record;
BEGIN
  IF NOT EXISTS (SELECT FROM leaf_kind_writer w
                  WHERE w.kind = p_kind
                    AND (w.login = session_user
                         OR w.login = 'countersign_owner' AND pg_has_role(session_user, w.login, 'MEMBER'))) THEN
    RAISE EXCEPTION 'login % may not write leaves of kind %', session_user, p_kind USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (jsonb_typeof(p_data::jsonb) = 'object') IS NOT TRUE THEN
    RAISE EXCEPTION 'the data of a leaf are an object' USING ERRCODE = 'check_violation';
  END IF;
  SELECT l.tenant, l.size, t.zone INTO log FROM audit_log l JOIN tenant t USING (tenant)
   WHERE l.tenant = current_tenant() FOR UPDATE OF l;
  IF NOT FOUND THEN RAISE EXCEPTION 'this tenant has no log' USING ERRCODE = 'no_data_found'; END IF;
  -- Statements after the lock: what others appended meanwhile is seen, and the time is not older than the wait.
  SELECT l.index, l.bytes INTO leaf_index, leaf_bytes FROM audit_leaf l
   WHERE l.tenant = log.tenant AND l.kind = p_kind AND l.key = p_key AND coalesce(l.action, '') = coalesce(p_action, '');
  appended := NOT FOUND;
  IF NOT appended THEN RETURN; END IF;
  SELECT l.seq + 1 AS seq, encode(l.hash, 'hex') AS hash INTO previous FROM audit_leaf l
   WHERE l.tenant = log.tenant AND l.action = p_action ORDER BY l.seq DESC LIMIT 1;
  IF p_action IS NOT NULL AND NOT FOUND THEN SELECT 1 AS seq, NULL::text AS hash INTO previous; END IF;
  SELECT l.size INTO leaf_index FROM audit_log l WHERE l.tenant = log.tenant;
  leaf_bytes := convert_to(
    '{"action":' || coalesce('"' || p_action || '"', 'null') ||
    ',"data":' || p_data ||
    ',"index":' || leaf_index ||
    ',"key":"' || p_key ||
    '","kind":"' || p_kind ||
    '","prev":' || coalesce('"' || previous.hash || '"', 'null') ||
    ',"seq":' || coalesce(previous.seq::text, 'null') ||
    ',"tenant":"' || log.tenant ||
    '","time":"' || leaf_time(clock_timestamp()) ||
    '","v":1,"zone":"' || log.zone || '"}', 'UTF8');
  INSERT INTO audit_leaf (tenant, index, kind, action, seq, key, bytes, hash)
  VALUES (log.tenant, leaf_index, p_kind, p_action, previous.seq, p_key, leaf_bytes, sha256('\x00'::bytea || leaf_bytes));
  UPDATE audit_log l SET size = l.size + 1 WHERE l.tenant = log.tenant;
  PERFORM pg_notify('audit_leaf', log.tenant);
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

REVOKE ALL ON FUNCTION audit_append(text, text, text, text), audit_publish(bigint, text), leaf_time(timestamptz)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(text, text, text, text) TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec;
GRANT EXECUTE ON FUNCTION audit_publish(bigint, text) TO countersign_signer;
GRANT SELECT ON audit_log, audit_leaf, audit_checkpoint TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_codec, countersign_signer;
