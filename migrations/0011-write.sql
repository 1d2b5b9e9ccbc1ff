-- Writing to the EHR: what a write's warrant binds, the lease of each attempt, and what became of it.
--
-- One attempt at a time may send. It holds a lease; the next one waits the lease out, by this clock, and then looks for
-- what the earlier one may have written before it sends anything itself.

SET search_path = countersign;
SET ROLE countersign_owner;

ALTER TABLE warrant
  ADD COLUMN args_commitment text CHECK (args_commitment ~ '^[0-9a-f]{64}$'),   -- of the approved proposal
  ADD CONSTRAINT warrant_write_bound CHECK (read_only OR args_commitment IS NOT NULL);

ALTER TABLE warrant_use
  DROP CONSTRAINT warrant_use_status_check,
  ADD CONSTRAINT warrant_use_status_check
    CHECK (status IN ('open', 'done', 'withheld', 'conflict', 'rejected', 'unknown')),
  ADD COLUMN lease_until  timestamptz,
  ADD COLUMN sent_attempt integer CHECK (sent_attempt BETWEEN 1 AND attempt),   -- the latest that may have sent something
  ADD COLUMN written      text CHECK (written ~ '^[0-9a-f]{64}$'),              -- pseudonym of the resource's reference
  ADD COLUMN written_version text CHECK (written_version ~ '^[A-Za-z0-9.-]{1,64}$'),
  ADD CONSTRAINT warrant_use_written CHECK ((written IS NULL) = (written_version IS NULL)),
  ADD CONSTRAINT warrant_use_sent CHECK (status NOT IN ('conflict', 'rejected', 'unknown') OR sent_attempt IS NOT NULL);

-- As in 0007, with the proposal that a write is bound to.
CREATE OR REPLACE FUNCTION warrant_mint(p_warrant jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w warrant := jsonb_populate_record(NULL::warrant, p_warrant);
BEGIN
  IF w.issued_at > clock_timestamp() OR w.expires_at > clock_timestamp() + interval '1 hour' THEN
    RAISE EXCEPTION 'a warrant is minted for now' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO warrant (tenant, jti, action, revision, step, kind, agent, principal, actions, location, datatypes, patient,
                       episode, elements, purpose, scopes, max_uses, max_records, max_bytes, read_only,
                       request_commitment, tier, rulebook, approvals, issued_at, not_before, expires_at, token_sha256,
                       args_commitment)
  VALUES (current_tenant(), w.jti, w.action, w.revision, w.step, w.kind, w.agent, w.principal, w.actions, w.location,
          w.datatypes, w.patient, w.episode, w.elements, w.purpose, w.scopes, w.max_uses, w.max_records, w.max_bytes,
          w.read_only, w.request_commitment, w.tier, w.rulebook, w.approvals, w.issued_at, w.not_before, w.expires_at,
          w.token_sha256, w.args_commitment);
END $$;

CREATE FUNCTION milliseconds_from(p_at timestamptz, p_until timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, floor(extract(epoch FROM p_until - p_at) * 1000))::integer
$$;

-- Opens the write use of this step, or numbers one more attempt of it and gives it the lease. While another attempt
-- holds the lease, `status` is 'leased' and `wait_ms` says for how long; then nothing was changed. A use that ended is
-- returned as it ended. `refusal` is a code, and then nothing was changed. `read_back`: something may have been sent.
CREATE FUNCTION warrant_write_open(p_jti uuid, p_step text, p_token_sha256 text, p_lease_seconds integer,
                                   OUT refusal text, OUT status text, OUT attempt integer, OUT read_back boolean,
                                   OUT wait_ms integer, OUT lease_ms integer, OUT expires_ms integer,
                                   OUT bytes_left bigint, OUT opened_at timestamptz, OUT written text, OUT version text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w  warrant;
  u  warrant_use;
  at timestamptz;
  until timestamptz;
  state text;
BEGIN
  IF p_lease_seconds NOT BETWEEN 1 AND 300 THEN
    RAISE EXCEPTION 'a lease is of 1 to 300 seconds' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT a.status INTO state FROM action a
   WHERE a.tenant = current_tenant()
     AND a.action = (SELECT x.action FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti)
     FOR UPDATE;
  SELECT * INTO w FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti FOR UPDATE;
  at := clock_timestamp();   -- a statement after the lock: waiting for it must not stretch the warrant's life

  SELECT * INTO u FROM warrant_use x WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  IF u.status IN ('done', 'conflict', 'rejected') AND w.token_sha256 = p_token_sha256 THEN
    status := u.status; attempt := u.attempt; written := u.written; version := u.written_version;
    RETURN;
  END IF;

  refusal := warrant_refusal(w, p_token_sha256, at);
  IF refusal IS NULL AND (w.read_only OR w.step <> p_step) THEN
    refusal := 'warrant.other_action';
  ELSIF refusal IS NULL AND w.kind = 'action' AND state NOT IN ('authorised', 'performing') THEN
    refusal := 'warrant.closed';   -- the action ended, or was never authorised
  ELSIF refusal IS NULL AND u.jti IS NULL AND w.used >= w.max_uses THEN
    refusal := 'warrant.spent';
  END IF;
  refusal := coalesce(refusal, log_refusal());   -- 0013
  IF refusal IS NOT NULL THEN RETURN; END IF;

  IF u.lease_until > at THEN
    status := 'leased'; attempt := u.attempt; wait_ms := milliseconds_from(at, u.lease_until) + 1;
    RETURN;
  END IF;

  until := least(at + make_interval(secs => p_lease_seconds), w.expires_at);
  IF u.jti IS NULL THEN
    UPDATE warrant x SET used = x.used + 1 WHERE x.tenant = current_tenant() AND x.jti = p_jti;
    INSERT INTO warrant_use (tenant, jti, step, attempt, opened_at, lease_until)
    VALUES (current_tenant(), p_jti, p_step, 1, at, until);
    attempt := 1;
  ELSE
    attempt := u.attempt + 1;
    UPDATE warrant_use x SET attempt = u.attempt + 1, status = 'open', closed_at = NULL, lease_until = until
     WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  END IF;
  status := 'open'; read_back := u.sent_attempt IS NOT NULL; opened_at := at;
  lease_ms := milliseconds_from(at, until); expires_ms := milliseconds_from(at, w.expires_at);
  bytes_left := w.max_bytes - w.bytes_used;
END $$;

-- Asked once, right before the one request that writes: from here on something may have been sent. NULL and what is left
-- of the lease while warrant, attempt and lease hold.
CREATE FUNCTION warrant_write_sending(p_jti uuid, p_step text, p_token_sha256 text, p_attempt integer,
                                      OUT refusal text, OUT lease_ms integer)
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
  at := clock_timestamp();
  SELECT * INTO u FROM warrant_use x WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  refusal := CASE
    WHEN warrant_refusal(w, p_token_sha256, at) IS NOT NULL THEN warrant_refusal(w, p_token_sha256, at)
    WHEN w.read_only                                        THEN 'warrant.other_action'
    WHEN state IS DISTINCT FROM 'performing'                THEN 'warrant.closed'
    WHEN u.attempt IS DISTINCT FROM p_attempt OR u.status <> 'open' OR u.sent_attempt = p_attempt
                                                            THEN 'warrant.superseded'
    WHEN (u.lease_until > at) IS NOT TRUE                   THEN 'warrant.lease_over'
    ELSE log_refusal()                                                                    -- 0013
  END;
  IF refusal IS NOT NULL THEN RETURN; END IF;
  UPDATE warrant_use x SET sent_attempt = p_attempt
   WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  lease_ms := milliseconds_from(at, u.lease_until);
END $$;

-- Ends this attempt with what is known: 'done' (with what was written), 'conflict', 'rejected' end the use; 'unknown' and
-- 'open' leave it to the next attempt, 'open' at once, because nothing was sent or the EHR took nothing. What happened
-- happened: neither revocation nor expiry keeps it off the record. A later attempt's word is not overwritten.
CREATE FUNCTION warrant_write_close(p_jti uuid, p_step text, p_token_sha256 text, p_attempt integer, p_status text,
                                    p_written text, p_version text, p_bytes bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  w warrant;
  u warrant_use;
BEGIN
  IF p_status NOT IN ('done', 'conflict', 'rejected', 'unknown', 'open') OR (p_status = 'done') <> (p_written IS NOT NULL) THEN
    RAISE EXCEPTION 'a write ends otherwise' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM FROM action a
    WHERE a.tenant = current_tenant()
      AND a.action = (SELECT x.action FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti)
      FOR UPDATE;
  SELECT * INTO w FROM warrant x WHERE x.tenant = current_tenant() AND x.jti = p_jti FOR UPDATE;
  IF w.jti IS NULL OR w.read_only THEN RETURN 'warrant.missing'; END IF;
  IF w.token_sha256 IS DISTINCT FROM p_token_sha256 THEN RETURN 'warrant.altered'; END IF;
  SELECT * INTO u FROM warrant_use x WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  IF u.attempt IS DISTINCT FROM p_attempt OR u.status NOT IN ('open', 'unknown') THEN RETURN 'warrant.superseded'; END IF;
  UPDATE warrant_use x
     SET status = p_status, written = p_written, written_version = p_version,
         records = CASE WHEN p_status = 'done' THEN 1 ELSE 0 END, bytes = x.bytes + p_bytes,
         closed_at = CASE WHEN p_status = 'open' THEN NULL ELSE clock_timestamp() END,
         lease_until = CASE WHEN p_status = 'unknown' THEN x.lease_until ELSE clock_timestamp() END
   WHERE x.tenant = current_tenant() AND x.jti = p_jti AND x.step = p_step;
  UPDATE warrant x
     SET bytes_used = least(x.max_bytes, x.bytes_used + p_bytes),
         records_used = least(x.max_records, x.records_used + CASE WHEN p_status = 'done' THEN 1 ELSE 0 END)
   WHERE x.tenant = current_tenant() AND x.jti = p_jti;
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION milliseconds_from(timestamptz, timestamptz), warrant_write_open(uuid, text, text, integer),
  warrant_write_sending(uuid, text, text, integer),
  warrant_write_close(uuid, text, text, integer, text, text, text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION warrant_write_open(uuid, text, text, integer), warrant_write_sending(uuid, text, text, integer),
  warrant_write_close(uuid, text, text, integer, text, text, text, bigint) TO countersign_ehr;
