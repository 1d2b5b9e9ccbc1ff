-- Gateways act only while the signer vouches for the log: it says here, every few seconds, whether what it reads fits what
-- it signed before. An older database that was put back holds an older word, or the signer's no; either way nothing is
-- done under it (DESIGN.md §7).

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE signer_state (
  tenant      text PRIMARY KEY REFERENCES audit_log,
  status      text NOT NULL CHECK (status IN ('signing', 'refusing')),
  size        bigint NOT NULL CHECK (size >= 0),   -- leaves that it had signed by then
  reported_at timestamptz NOT NULL
);
SELECT tenant_table('signer_state');
GRANT SELECT ON signer_state TO countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_signer;

CREATE FUNCTION signer_report(p_status text, p_size bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  INSERT INTO signer_state AS s (tenant, status, size, reported_at)
  VALUES (current_tenant(), p_status, p_size, clock_timestamp())
  ON CONFLICT (tenant) DO UPDATE
    SET status = EXCLUDED.status, size = EXCLUDED.size, reported_at = EXCLUDED.reported_at;
$$;

-- Why nothing may be done under this log now; null when it may. Twenty seconds are four of the signer's words.
CREATE FUNCTION log_refusal() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = countersign, pg_temp AS $$
DECLARE
  s signer_state;
BEGIN
  SELECT * INTO s FROM signer_state x WHERE x.tenant = current_tenant();
  RETURN CASE
    WHEN s.tenant IS NULL OR s.reported_at <= clock_timestamp() - interval '20 seconds' THEN 'log.unsigned'
    WHEN s.status <> 'signing' OR s.size > (SELECT l.size FROM audit_log l WHERE l.tenant = s.tenant) THEN 'log.behind'
  END;
END $$;

-- As in 0007, and no use is opened under a log that nobody vouches for.
CREATE OR REPLACE FUNCTION warrant_use_open(p_jti uuid, p_step text, p_token_sha256 text,
                                 OUT refusal text, OUT attempt integer, OUT status text, OUT records integer,
                                 OUT findings integer, OUT truncated boolean, OUT records_left integer,
                                 OUT bytes_left bigint, OUT expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w  warrant;
  u  warrant_use;
  at timestamptz;
  state text;
BEGIN
  SELECT a.status INTO state FROM action a
   WHERE a.tenant = current_tenant()
     AND a.action = (SELECT x.action FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti)
     FOR UPDATE;
  SELECT * INTO w FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti FOR UPDATE;
  at := clock_timestamp();   -- a statement after the lock: waiting for it must not stretch the warrant's life

  SELECT * INTO u FROM warrant_use x WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  IF u.status IN ('done', 'withheld') AND w.token_sha256 = p_token_sha256 THEN
    attempt := u.attempt; status := u.status; records := u.records; findings := u.findings; truncated := u.truncated;
    RETURN;
  END IF;

  refusal := warrant_refusal(w, p_token_sha256, at);
  IF refusal IS NULL AND w.step <> p_step THEN
    refusal := 'warrant.other_action';
  ELSIF refusal IS NULL AND w.kind = 'action' AND (state NOT IN ('authorised', 'performing') OR NOT w.read_only) THEN
    refusal := CASE WHEN w.read_only THEN 'warrant.closed' ELSE 'warrant.other_action' END;
  ELSIF refusal IS NULL AND u.jti IS NULL AND w.used >= w.max_uses THEN
    refusal := 'warrant.spent';
  END IF;
  refusal := coalesce(refusal, log_refusal());
  IF refusal IS NOT NULL THEN RETURN; END IF;

  IF u.jti IS NULL THEN
    UPDATE warrant x SET used = x.used + 1 WHERE x.tenant = current_tenant() AND x.jti = p_jti;
    INSERT INTO warrant_use (tenant, jti, step, attempt, opened_at) VALUES (current_tenant(), p_jti, p_step, 1, at);
    attempt := 1;
  ELSE
    attempt := u.attempt + 1;
    UPDATE warrant_use x SET attempt = u.attempt + 1
     WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  END IF;
  status := 'open'; records := 0; findings := 0; truncated := false;
  records_left := w.max_records - w.records_used; bytes_left := w.max_bytes - w.bytes_used; expires_at := w.expires_at;
END $$;

REVOKE ALL ON FUNCTION signer_report(text, bigint), log_refusal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signer_report(text, bigint) TO countersign_signer;
GRANT EXECUTE ON FUNCTION log_refusal() TO countersign_api, countersign_governance, countersign_ehr, countersign_llm;
