-- Votes: a challenge fixes the bytes, the API notes when a proof came, the governance worker alone counts it.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE challenge (
  tenant            text NOT NULL,
  challenge         uuid NOT NULL,
  action            text NOT NULL,
  revision          integer NOT NULL,
  approver          uuid NOT NULL,
  verdict           text NOT NULL CHECK (verdict IN ('approve', 'deny', 'request_changes')),
  -- The list is that of src/approval/decision.ts; a test compares them.
  meaning           text NOT NULL CHECK (meaning IN ('approve.access', 'approve.responsible', 'deny.access',
                                                     'deny.not_needed', 'changes.requested')),
  reason_commitment text CHECK (reason_commitment ~ '^[0-9a-f]{64}$'),
  acting_roles      text[] NOT NULL CHECK (cardinality(acting_roles) BETWEEN 1 AND 8
                      AND array_to_string(acting_roles, ',', '') ~ '^[a-z][a-z0-9_-]{0,62}(,[a-z][a-z0-9_-]{0,62})*$'),
  tier              text NOT NULL,
  opened_at         timestamptz NOT NULL,
  decided_at        timestamptz(3) NOT NULL CHECK (decided_at = date_trunc('milliseconds', opened_at)),
  expires_at        timestamptz NOT NULL CHECK (expires_at > opened_at),
  PRIMARY KEY (tenant, challenge),
  FOREIGN KEY (tenant, action, revision) REFERENCES revision,
  FOREIGN KEY (tenant, approver) REFERENCES person,
  CHECK (split_part(meaning, '.', 1) = CASE verdict WHEN 'request_changes' THEN 'changes' ELSE verdict END),
  CHECK (verdict = 'approve' OR reason_commitment IS NOT NULL)   -- a no says why
);
SELECT tenant_table('challenge');
CREATE INDEX challenge_of_person ON challenge (tenant, action, revision, approver);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON challenge FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON challenge FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- When each proof came, and why it did not count, if it did not. One row for each proof and not for each challenge: a
-- time that is noted before the proof exists would let a late vote pass for an early one, and a forged proof would use
-- up the real one's.
CREATE TABLE vote_receipt (
  tenant       text NOT NULL,
  challenge    uuid NOT NULL,
  proof_sha256 bytea NOT NULL CHECK (octet_length(proof_sha256) = 32),
  received_at  timestamptz NOT NULL,
  refused      text CHECK (refused ~ '^[a-z_.]+$'),
  PRIMARY KEY (tenant, challenge, proof_sha256),
  FOREIGN KEY (tenant, challenge) REFERENCES challenge
);
SELECT tenant_table('vote_receipt');
CREATE TRIGGER no_delete BEFORE DELETE ON vote_receipt FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON vote_receipt FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE vote (
  tenant      text NOT NULL,
  challenge   uuid NOT NULL,
  action      text NOT NULL,
  revision    integer NOT NULL,
  approver    uuid NOT NULL,
  roles       text[] NOT NULL,
  verdict     text NOT NULL,
  received_at timestamptz NOT NULL,
  verified_at timestamptz NOT NULL,
  proof       jsonb NOT NULL,
  PRIMARY KEY (tenant, challenge),
  UNIQUE (tenant, action, revision, approver),      -- one human counts once
  FOREIGN KEY (tenant, challenge) REFERENCES challenge
);
SELECT tenant_table('vote');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON vote FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON vote FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is to be sent to whom; sending is the notify worker's.
CREATE TABLE delivery (
  tenant     text NOT NULL,
  action     text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('reminder')),
  roles      text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action, kind),
  FOREIGN KEY (tenant, action) REFERENCES action
);
SELECT tenant_table('delivery');

GRANT SELECT ON challenge, vote TO countersign_api, countersign_governance, countersign_ehr;
GRANT SELECT, INSERT (tenant, action, kind, roles) ON delivery TO countersign_governance;
GRANT SELECT ON delivery TO countersign_notify;

-- Opens a challenge on the action's current revision. What is bound comes from the rows, not from the caller, who says
-- only who, how, why and as what. False when nobody is being asked or the deadline is over.
CREATE FUNCTION challenge_open(p_challenge uuid, p_action text, p_approver uuid, p_verdict text, p_meaning text,
                               p_reason_commitment text, p_roles text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a  action;
  at timestamptz;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR SHARE;
  at := clock_timestamp();
  IF a.status IS DISTINCT FROM 'awaiting_approval' OR a.deadline IS NULL OR at >= a.deadline THEN RETURN false; END IF;
  INSERT INTO challenge (tenant, challenge, action, revision, approver, verdict, meaning, reason_commitment,
                         acting_roles, tier, opened_at, decided_at, expires_at)
  VALUES (a.tenant, p_challenge, a.action, a.revision, p_approver, p_verdict, p_meaning, p_reason_commitment,
          p_roles, a.tier, at, date_trunc('milliseconds', at), at + interval '5 minutes');
  RETURN true;
END $$;

CREATE FUNCTION proof_sha256(p_proof jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE
  AS $$ SELECT sha256(convert_to(p_proof::text, 'UTF8')) $$;

-- What stands against counting a vote that was received then; null if nothing does. Whatever it says once, it says for
-- good. Not granted to anybody: it is a part of the functions below.
CREATE FUNCTION vote_objection(c challenge, p_received_at timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
DECLARE a action;
BEGIN
  SELECT * INTO STRICT a FROM action WHERE tenant = c.tenant AND action = c.action;
  RETURN CASE
    WHEN p_received_at >= c.expires_at THEN 'vote.challenge_expired'
    WHEN c.revision <> a.revision THEN 'vote.stale'
    WHEN EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.action = c.action AND v.revision = c.revision
                    AND v.approver = c.approver) THEN 'vote.duplicate'
    WHEN a.status <> 'awaiting_approval' OR a.deadline IS NULL OR p_received_at >= a.deadline THEN 'vote.late'
    -- Who opens another challenge has thought again.
    WHEN EXISTS (SELECT FROM challenge n WHERE n.tenant = c.tenant AND n.action = c.action AND n.revision = c.revision
                    AND n.approver = c.approver AND n.opened_at > c.opened_at AND n.opened_at <= p_received_at)
      THEN 'vote.superseded'
  END;
END $$;

-- Notes when this proof came, before anything is sent or verified: the first time counts. `refusal` is what stands
-- against it already, so that nobody need ask the worker.
CREATE FUNCTION vote_receive(p_challenge uuid, p_proof jsonb, OUT received_at timestamptz, OUT refusal text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE c challenge;
BEGIN
  SELECT * INTO c FROM challenge WHERE tenant = current_tenant() AND challenge = p_challenge;
  IF NOT FOUND THEN refusal := 'vote.unknown'; RETURN; END IF;
  INSERT INTO vote_receipt (tenant, challenge, proof_sha256, received_at)
  VALUES (c.tenant, c.challenge, proof_sha256(p_proof), clock_timestamp()) ON CONFLICT DO NOTHING;
  SELECT r.received_at, r.refused INTO received_at, refusal FROM vote_receipt r
   WHERE r.tenant = c.tenant AND r.challenge = c.challenge AND r.proof_sha256 = proof_sha256(p_proof);
  IF refusal IS NULL
     AND NOT EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.challenge = c.challenge AND v.proof = p_proof)
  THEN refusal := vote_objection(c, received_at); END IF;
END $$;

-- Counts a verified vote, or says why not. The action's row is locked, so a vote and the end of the action follow each
-- other; whether it came in time is judged by its receipt, not by now. Counting the same proof again changes nothing.
CREATE FUNCTION vote_record(p_challenge uuid, p_roles text[], p_proof jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  c       challenge;
  r       vote_receipt;
  refusal text;
BEGIN
  SELECT * INTO c FROM challenge WHERE tenant = current_tenant() AND challenge = p_challenge;
  IF NOT FOUND THEN RETURN 'vote.unknown'; END IF;
  PERFORM FROM action WHERE tenant = c.tenant AND action = c.action FOR UPDATE;
  SELECT * INTO r FROM vote_receipt v
   WHERE v.tenant = c.tenant AND v.challenge = c.challenge AND v.proof_sha256 = proof_sha256(p_proof);
  IF NOT FOUND THEN RETURN 'vote.not_received'; END IF;
  IF EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.challenge = c.challenge AND v.proof = p_proof)
  THEN RETURN NULL; END IF;
  refusal := coalesce(r.refused, vote_objection(c, r.received_at));
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  INSERT INTO vote (tenant, challenge, action, revision, approver, roles, verdict, received_at, verified_at, proof)
  VALUES (c.tenant, c.challenge, c.action, c.revision, c.approver, p_roles, c.verdict, r.received_at,
          clock_timestamp(), p_proof);
  RETURN NULL;
END $$;

-- Keeps why a proof did not count, so that verifying it again gives the same answer: the first code stays. Null when
-- the vote was counted meanwhile.
CREATE FUNCTION vote_refuse(p_challenge uuid, p_proof jsonb, p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE kept text;
BEGIN
  PERFORM FROM action a JOIN challenge c USING (tenant, action)
    WHERE c.tenant = current_tenant() AND c.challenge = p_challenge FOR UPDATE OF a;
  UPDATE vote_receipt r SET refused = coalesce(r.refused, p_code)
   WHERE r.tenant = current_tenant() AND r.challenge = p_challenge AND r.proof_sha256 = proof_sha256(p_proof)
     AND NOT EXISTS (SELECT FROM vote v WHERE v.tenant = r.tenant AND v.challenge = r.challenge AND v.proof = p_proof)
  RETURNING refused INTO kept;
  RETURN kept;
END $$;

REVOKE ALL ON FUNCTION challenge_open(uuid, text, uuid, text, text, text, text[]), vote_receive(uuid, jsonb),
  vote_record(uuid, text[], jsonb), vote_refuse(uuid, jsonb, text), vote_objection(challenge, timestamptz),
  proof_sha256(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION challenge_open(uuid, text, uuid, text, text, text, text[]) TO countersign_api;
-- The governance worker too: a vote may come by Signal, and then it is received when the worker sees it.
GRANT EXECUTE ON FUNCTION vote_receive(uuid, jsonb) TO countersign_api, countersign_governance;
GRANT EXECUTE ON FUNCTION vote_record(uuid, text[], jsonb), vote_refuse(uuid, jsonb, text) TO countersign_governance;
