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
  meaning           text NOT NULL,
  reason_commitment text CHECK (reason_commitment ~ '^[0-9a-f]{64}$'),
  acting_roles      text[] NOT NULL,
  tier              text NOT NULL,
  decided_at        timestamptz(3) NOT NULL,
  expires_at        timestamptz NOT NULL,
  received_at       timestamptz,
  PRIMARY KEY (tenant, challenge),
  FOREIGN KEY (tenant, action, revision) REFERENCES revision,
  FOREIGN KEY (tenant, approver) REFERENCES person
);
SELECT tenant_table('challenge');
CREATE INDEX challenge_of_action ON challenge (tenant, action, revision);

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
-- only who, how, why and as what. Null when nobody is being asked or the deadline is over.
CREATE FUNCTION challenge_open(p_challenge uuid, p_action text, p_approver uuid, p_verdict text, p_meaning text,
                               p_reason_commitment text, p_roles text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a  action;
  at timestamptz;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR SHARE;
  at := clock_timestamp();
  IF NOT FOUND OR a.status <> 'awaiting_approval' OR at >= a.deadline THEN RETURN false; END IF;
  INSERT INTO challenge (tenant, challenge, action, revision, approver, verdict, meaning, reason_commitment,
                         acting_roles, tier, decided_at, expires_at)
  VALUES (a.tenant, p_challenge, a.action, a.revision, p_approver, p_verdict, p_meaning, p_reason_commitment,
          p_roles, a.tier, date_trunc('milliseconds', at), at + interval '5 minutes');
  RETURN true;
END $$;

-- Notes when the proof came, once: the first time counts, before anything is sent or verified.
CREATE FUNCTION vote_receive(p_challenge uuid) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE c challenge;
BEGIN
  SELECT * INTO c FROM challenge WHERE tenant = current_tenant() AND challenge = p_challenge FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF c.received_at IS NULL THEN
    UPDATE challenge SET received_at = clock_timestamp() WHERE tenant = c.tenant AND challenge = c.challenge
    RETURNING received_at INTO c.received_at;
  END IF;
  RETURN c.received_at;
END $$;

-- Counts a verified vote, or says why not. The action's row is locked, so a vote and the end of the action follow each
-- other; whether it came in time is judged by received_at, not by now.
CREATE FUNCTION vote_record(p_challenge uuid, p_roles text[], p_proof jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  c challenge;
  a action;
BEGIN
  SELECT * INTO c FROM challenge WHERE tenant = current_tenant() AND challenge = p_challenge;
  IF NOT FOUND THEN RETURN 'vote.unknown'; END IF;
  SELECT * INTO a FROM action WHERE tenant = c.tenant AND action = c.action FOR UPDATE;
  IF EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.challenge = c.challenge) THEN RETURN NULL; END IF;
  IF c.received_at IS NULL THEN RETURN 'vote.not_received'; END IF;
  IF c.received_at >= c.expires_at THEN RETURN 'vote.challenge_expired'; END IF;
  IF c.revision <> a.revision THEN RETURN 'vote.stale'; END IF;
  IF a.status <> 'awaiting_approval' OR c.received_at >= a.deadline THEN RETURN 'vote.late'; END IF;
  IF EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.action = c.action AND v.revision = c.revision
                AND v.approver = c.approver) THEN RETURN 'vote.duplicate'; END IF;
  INSERT INTO vote (tenant, challenge, action, revision, approver, roles, verdict, received_at, verified_at, proof)
  VALUES (c.tenant, c.challenge, c.action, c.revision, c.approver, p_roles, c.verdict, c.received_at,
          clock_timestamp(), p_proof);
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION challenge_open(uuid, text, uuid, text, text, text, text[]), vote_receive(uuid),
  vote_record(uuid, text[], jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION challenge_open(uuid, text, uuid, text, text, text, text[]) TO countersign_api;
-- The governance worker too: a vote may come by Signal, and then it is received when the worker sees it.
GRANT EXECUTE ON FUNCTION vote_receive(uuid)
  TO countersign_api, countersign_governance;
GRANT EXECUTE ON FUNCTION vote_record(uuid, text[], jsonb) TO countersign_governance;
