-- Warrants and their uses. The row is the authority, the token only the evidence (DESIGN.md §5.5): expiry, uses and
-- revocation are judged here, by this clock, after the lock. Nobody writes these tables but the functions below.
--
-- Locks are taken in one order, action before warrant, as conclude takes them.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE warrant (
  tenant             text NOT NULL REFERENCES tenant,
  jti                uuid NOT NULL,
  action             text NOT NULL,
  revision           integer NOT NULL,
  step               text NOT NULL CHECK (step ~ '^[a-z][a-z_]{0,30}$'),   -- which step of the workflow uses it
  kind               text NOT NULL CHECK (kind IN ('action', 'system')),
  agent              text NOT NULL,
  principal          uuid NOT NULL,
  actions            text[] NOT NULL CHECK (cardinality(actions) > 0),     -- 'ehr.read'
  location           text NOT NULL CHECK (location ~ '^https?://[^?#]+[^/?#]$'),
  datatypes          text[] NOT NULL CHECK (cardinality(datatypes) > 0),   -- FHIR resource types
  patient            text CHECK (patient ~ '^[0-9a-f]{64}$'),              -- pseudonyms
  episode            text CHECK (episode ~ '^[0-9a-f]{64}$'),
  elements           text[] NOT NULL CHECK (cardinality(elements) > 0),
  purpose            text NOT NULL,
  scopes             text[] NOT NULL CHECK (cardinality(scopes) > 0),      -- SMART v2
  max_uses           integer NOT NULL CHECK (max_uses BETWEEN 1 AND 1000),
  max_records        integer NOT NULL CHECK (max_records BETWEEN 1 AND 1000000),
  max_bytes          bigint NOT NULL CHECK (max_bytes BETWEEN 1 AND 1073741824),
  used               integer NOT NULL DEFAULT 0 CONSTRAINT warrant_used CHECK (used BETWEEN 0 AND max_uses),
  records_used       integer NOT NULL DEFAULT 0 CONSTRAINT warrant_records_used CHECK (records_used BETWEEN 0 AND max_records),
  bytes_used         bigint NOT NULL DEFAULT 0 CONSTRAINT warrant_bytes_used CHECK (bytes_used BETWEEN 0 AND max_bytes),
  read_only          boolean NOT NULL,
  request_commitment text NOT NULL CHECK (request_commitment ~ '^[0-9a-f]{64}$'),
  tier               text NOT NULL CHECK (tier IN ('T0', 'T1', 'T2', 'T3')),
  rulebook           text NOT NULL CHECK (rulebook ~ '^[0-9a-f]{64}$'),
  approvals          text[] NOT NULL,                                      -- leaf hashes of the votes
  issued_at          timestamptz NOT NULL CHECK (issued_at = date_trunc('second', issued_at)),
  not_before         timestamptz NOT NULL CHECK (not_before = date_trunc('second', not_before)),
  expires_at         timestamptz NOT NULL CHECK (expires_at = date_trunc('second', expires_at)),
  token_sha256       text NOT NULL CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
  revoked_at         timestamptz,
  revoked_for        text CHECK (revoked_for ~ '^[a-z][a-z_]{0,30}$'),
  closed_at          timestamptz,
  PRIMARY KEY (tenant, jti),
  UNIQUE (tenant, action, revision, step),   -- first writer wins: a repeated step finds the warrant it minted
  FOREIGN KEY (tenant, action, revision) REFERENCES revision,
  CONSTRAINT warrant_life CHECK (not_before >= issued_at AND expires_at > not_before AND expires_at <= issued_at + interval '1 hour'),
  CONSTRAINT warrant_episode_of_patient CHECK (episode IS NULL OR patient IS NOT NULL),
  CONSTRAINT warrant_system_reads CHECK (kind = 'action' OR read_only),
  CONSTRAINT warrant_approved CHECK (kind = 'system' OR tier = 'T0' OR cardinality(approvals) > 0),
  CHECK ((revoked_at IS NULL) = (revoked_for IS NULL))
);
SELECT tenant_table('warrant');
CREATE INDEX warrant_live ON warrant (tenant, agent) WHERE revoked_at IS NULL AND closed_at IS NULL;

-- One counted exercise of a warrant. Attempts of it are numbered and cost nothing.
CREATE TABLE warrant_use (
  tenant    text NOT NULL,
  jti       uuid NOT NULL,
  step      text NOT NULL,
  attempt   integer NOT NULL CHECK (attempt > 0),
  status    text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done', 'withheld')),
  records   integer NOT NULL DEFAULT 0 CHECK (records >= 0),
  bytes     bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
  findings  integer NOT NULL DEFAULT 0 CHECK (findings >= 0),
  truncated boolean NOT NULL DEFAULT false,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (tenant, jti, step),
  FOREIGN KEY (tenant, jti) REFERENCES warrant,
  CHECK ((closed_at IS NULL) = (status = 'open'))
);
SELECT tenant_table('warrant_use');

-- What was minted stays as it was minted; counts only grow; a revoked or closed warrant stays so.
CREATE FUNCTION warrant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moving CONSTANT text[] := '{used,records_used,bytes_used,revoked_at,revoked_for,closed_at}';
BEGIN
  IF to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving
     OR NEW.used < OLD.used OR NEW.records_used < OLD.records_used OR NEW.bytes_used < OLD.bytes_used
     OR (OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_for) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_for))
     OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at) THEN
    RAISE EXCEPTION 'a warrant only ever gets narrower' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER narrower BEFORE UPDATE ON warrant FOR EACH ROW EXECUTE FUNCTION warrant_guard();
CREATE TRIGGER no_delete BEFORE DELETE ON warrant FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE ON warrant_use FOR EACH ROW EXECUTE FUNCTION refuse_change();

GRANT SELECT ON warrant, warrant_use TO countersign_api, countersign_governance, countersign_ehr, countersign_llm;

-- Takes the columns of a new warrant by name. What it counts starts at nothing, and it never starts in the future or
-- reaches further than an hour by this clock, whatever the caller's says.
CREATE FUNCTION warrant_mint(p_warrant jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w warrant := jsonb_populate_record(NULL::warrant, p_warrant);
BEGIN
  IF w.issued_at > clock_timestamp() OR w.expires_at > clock_timestamp() + interval '1 hour' THEN
    RAISE EXCEPTION 'a warrant is minted for now' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO warrant (tenant, jti, action, revision, step, kind, agent, principal, actions, location, datatypes, patient,
                       episode, elements, purpose, scopes, max_uses, max_records, max_bytes, read_only,
                       request_commitment, tier, rulebook, approvals, issued_at, not_before, expires_at, token_sha256)
  VALUES (current_tenant(), w.jti, w.action, w.revision, w.step, w.kind, w.agent, w.principal, w.actions, w.location,
          w.datatypes, w.patient, w.episode, w.elements, w.purpose, w.scopes, w.max_uses, w.max_records, w.max_bytes,
          w.read_only, w.request_commitment, w.tier, w.rulebook, w.approvals, w.issued_at, w.not_before, w.expires_at,
          w.token_sha256);
END $$;

-- Why this warrant may not be used at this instant; NULL when it may. The caller holds its lock.
CREATE FUNCTION warrant_refusal(w warrant, p_token_sha256 text, p_at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN w.jti IS NULL                                       THEN 'warrant.missing'
    WHEN w.token_sha256 IS DISTINCT FROM p_token_sha256      THEN 'warrant.altered'
    WHEN w.revoked_at IS NOT NULL                            THEN 'warrant.revoked'
    WHEN w.closed_at IS NOT NULL                             THEN 'warrant.closed'
    WHEN p_at < w.not_before                                 THEN 'warrant.not_yet'
    WHEN p_at >= w.expires_at                                THEN 'warrant.expired'
  END
$$;

-- Opens the use of this step, or numbers one more attempt of it. A use that ended is returned as it ended, whatever
-- became of the warrant: nothing is done under it again. `refusal` is a code, and then nothing was changed.
CREATE FUNCTION warrant_use_open(p_jti uuid, p_step text, p_token_sha256 text,
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
  ELSIF refusal IS NULL AND w.kind = 'action' AND state NOT IN ('authorised', 'performing') THEN
    refusal := 'warrant.closed';   -- the action ended, or was never authorised
  ELSIF refusal IS NULL AND u.jti IS NULL AND w.used >= w.max_uses THEN
    refusal := 'warrant.spent';
  END IF;
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

-- Asked before every request to the EHR or a model: NULL while the warrant holds and this attempt is the latest.
CREATE FUNCTION warrant_check(p_jti uuid, p_step text, p_token_sha256 text, p_attempt integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w  warrant;
  at timestamptz;
  no text;
BEGIN
  SELECT * INTO w FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti FOR SHARE;
  at := clock_timestamp();
  no := warrant_refusal(w, p_token_sha256, at);
  IF no IS NULL AND NOT EXISTS (SELECT FROM warrant_use u WHERE u.tenant = current_tenant() AND u.jti = p_jti
                                   AND u.step = p_step AND u.attempt = p_attempt AND u.status = 'open') THEN
    no := 'warrant.superseded';
  END IF;
  RETURN no;
END $$;

-- Ends the use with what it took. Of a revoked warrant nothing may come out any more, so its use stays open; expiry
-- does not matter here, because whatever was read was read in time.
CREATE FUNCTION warrant_use_close(p_jti uuid, p_step text, p_attempt integer, p_status text, p_records integer,
                                  p_bytes bigint, p_findings integer, p_truncated boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w warrant;
BEGIN
  PERFORM FROM action a
    WHERE a.tenant = current_tenant()
      AND a.action = (SELECT x.action FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti)
      FOR UPDATE;
  SELECT * INTO w FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti FOR UPDATE;
  IF w.jti IS NULL THEN RETURN 'warrant.missing'; END IF;
  IF w.revoked_at IS NOT NULL THEN RETURN 'warrant.revoked'; END IF;
  IF w.closed_at IS NOT NULL THEN RETURN 'warrant.closed'; END IF;
  UPDATE warrant_use u
     SET status = p_status, records = p_records, bytes = p_bytes, findings = p_findings, truncated = p_truncated,
         closed_at = clock_timestamp()
   WHERE u.tenant = current_tenant() AND u.jti = p_jti AND u.step = p_step AND u.attempt = p_attempt AND u.status = 'open';
  IF NOT FOUND THEN RETURN 'warrant.superseded'; END IF;
  UPDATE warrant x SET records_used = x.records_used + p_records, bytes_used = x.bytes_used + p_bytes
   WHERE x.tenant = current_tenant() AND x.jti = p_jti;
  RETURN NULL;
END $$;

-- The action is over: no use of its warrants can be opened or ended any more.
CREATE FUNCTION warrant_close(p_action text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  UPDATE warrant SET closed_at = clock_timestamp()
   WHERE tenant = current_tenant() AND action = p_action AND closed_at IS NULL;
$$;

-- Revokes every live warrant that matches all that is given. To give nothing is an error, not "all of them".
CREATE FUNCTION warrant_revoke(p_reason text, p_jti uuid, p_action text, p_agent text, p_patient text, p_episode text)
RETURNS TABLE (jti uuid, action text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF num_nonnulls(p_jti, p_action, p_agent, p_patient, p_episode) = 0 THEN
    RAISE EXCEPTION 'revoke which warrants?' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  RETURN QUERY
    UPDATE warrant w SET revoked_at = clock_timestamp(), revoked_for = p_reason
     WHERE w.tenant = current_tenant() AND w.revoked_at IS NULL AND w.closed_at IS NULL
       AND (p_jti IS NULL OR w.jti = p_jti)
       AND (p_action IS NULL OR w.action = p_action)
       AND (p_agent IS NULL OR w.agent = p_agent)
       AND (p_patient IS NULL OR w.patient = p_patient)
       AND (p_episode IS NULL OR w.episode = p_episode)
    RETURNING w.jti, w.action;
END $$;

REVOKE ALL ON FUNCTION warrant_mint(jsonb), warrant_use_open(uuid, text, text),
  warrant_check(uuid, text, text, integer),
  warrant_use_close(uuid, text, integer, text, integer, bigint, integer, boolean), warrant_close(text),
  warrant_revoke(text, uuid, text, text, text, text), warrant_refusal(warrant, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION warrant_mint(jsonb), warrant_close(text) TO countersign_governance;
GRANT EXECUTE ON FUNCTION warrant_revoke(text, uuid, text, text, text, text) TO countersign_governance, countersign_api;
GRANT EXECUTE ON FUNCTION warrant_use_open(uuid, text, text), warrant_check(uuid, text, text, integer),
  warrant_use_close(uuid, text, integer, text, integer, bigint, integer, boolean) TO countersign_ehr, countersign_llm;
