-- Revisions that people vote on. The first is the request as it was asked. For a write the gateway prepares another: what
-- exactly would change, resting on the version that it found; whenever the record moved on, one more. Of a write whose
-- outcome nobody knows, a last one asks a human what became of it. Votes belong to one revision and die with it.

SET search_path = countersign;
SET ROLE countersign_owner;

ALTER TABLE action ADD COLUMN risk_assessed boolean NOT NULL DEFAULT false;   -- the text is sealed
GRANT INSERT (risk_assessed) ON action TO countersign_api;

ALTER TABLE revision
  ADD COLUMN kind text NOT NULL DEFAULT 'asked' CHECK (kind IN ('asked', 'prepared', 'resolution')),
  ADD COLUMN proposal_commitment text CHECK (proposal_commitment ~ '^[0-9a-f]{64}$'),
  ADD COLUMN base_version text CHECK (base_version ~ '^[A-Za-z0-9.-]{1,64}$'),   -- of the resource that would change
  ADD COLUMN shows integer,                            -- the revision whose shown text this is; null: its own
  ADD CONSTRAINT revision_proposed CHECK ((kind = 'asked') = (proposal_commitment IS NULL)
                                          AND (kind = 'asked') = (base_version IS NULL)),
  ADD CONSTRAINT revision_shows CHECK ((kind = 'resolution') = (shows IS NOT NULL) AND (shows IS NULL OR shows < revision)),
  ADD CONSTRAINT revision_asked_first CHECK ((kind = 'asked') = (revision = 1));

-- The API opens an action with what was asked, and says nothing about what that would change.
CREATE POLICY asks_only ON revision AS RESTRICTIVE FOR INSERT TO countersign_api
  WITH CHECK (kind = 'asked' AND revision = 1);

ALTER TABLE sealed
  DROP CONSTRAINT sealed_path_check,
  ADD CONSTRAINT sealed_path_check
    CHECK (path ~ '^(request|display/[0-9]+|proposal/[0-9]+|reason/[0-9a-f-]{36}|result)$');

-- As in 0003; what a gateway prepared is a gateway's to seal.
CREATE OR REPLACE FUNCTION seal(p_action text, p_path text, p_box bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  of_gateway boolean := p_path = 'result' OR p_path LIKE 'proposal/%' OR (p_path LIKE 'display/%' AND p_path <> 'display/1');
BEGIN
  IF of_gateway IS DISTINCT FROM (session_user IN ('countersign_ehr', 'countersign_llm')) THEN
    RAISE EXCEPTION 'login % may not seal this path', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO sealed (tenant, action, path, box) VALUES (current_tenant(), p_action, p_path, p_box)
  ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- Steps may be numbered: a warrant for each time that the EHR is asked what became of a write.
ALTER TABLE warrant
  DROP CONSTRAINT warrant_step_check,
  ADD CONSTRAINT warrant_step_check CHECK (step ~ '^[a-z][a-z0-9_]{0,30}$');

-- Adds the revision that a gateway prepared on top of `p_from`, and has people asked about it. Answers its number; null when
-- the action is not being prepared on that revision: somebody was first, or it ended.
CREATE FUNCTION revision_prepare(p_action text, p_from integer, p_display text, p_proposal text, p_base text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a action;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR UPDATE;
  IF a.status IS DISTINCT FROM 'preparing' OR a.revision <> p_from THEN RETURN NULL; END IF;
  INSERT INTO revision (tenant, action, revision, request_commitment, display_commitment, kind, proposal_commitment,
                        base_version)
  SELECT r.tenant, r.action, p_from + 1, r.request_commitment, p_display, 'prepared', p_proposal, p_base
    FROM revision r WHERE r.tenant = a.tenant AND r.action = a.action AND r.revision = p_from;
  UPDATE action SET revision = p_from + 1, status = 'awaiting_approval' WHERE tenant = a.tenant AND action = a.action;
  RETURN p_from + 1;
END $$;

-- The EHR took nothing because the record had moved on: the action is prepared again, and nobody's vote goes with it.
-- False when that is not what the last use says.
CREATE FUNCTION action_reopen(p_action text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a action;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR UPDATE;
  IF a.status IS DISTINCT FROM 'performing' OR NOT EXISTS (
       SELECT FROM warrant w JOIN warrant_use u USING (tenant, jti)
        WHERE w.tenant = a.tenant AND w.action = a.action AND w.revision = a.revision AND w.kind = 'action'
          AND u.status = 'conflict') THEN RETURN false; END IF;
  UPDATE action SET status = 'preparing' WHERE tenant = a.tenant AND action = a.action;
  RETURN true;
END $$;

-- Asks a human what became of a write: one more revision that shows what the last one showed. `p_needs` as in the action.
CREATE FUNCTION revision_resolve(p_action text, p_needs jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a action;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR UPDATE;
  IF a.status IS DISTINCT FROM 'outcome_unknown' THEN
    RAISE EXCEPTION 'the outcome of this action is not unknown' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO revision (tenant, action, revision, request_commitment, display_commitment, kind, proposal_commitment,
                        base_version, shows)
  SELECT r.tenant, r.action, r.revision + 1, r.request_commitment, r.display_commitment, 'resolution',
         r.proposal_commitment, r.base_version, r.revision
    FROM revision r WHERE r.tenant = a.tenant AND r.action = a.action AND r.revision = a.revision AND r.kind = 'prepared';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing was prepared that could be resolved' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE action SET revision = a.revision + 1, needs = p_needs, deadline = NULL
   WHERE tenant = a.tenant AND action = a.action;
  RETURN a.revision + 1;
END $$;

-- The list of meanings is that of src/approval/decision.ts; a test compares them.
ALTER TABLE challenge
  DROP CONSTRAINT challenge_meaning_check,
  ADD CONSTRAINT challenge_meaning_check
    CHECK (meaning IN ('approve.access', 'approve.responsible', 'approve.order', 'approve.took_effect', 'deny.access',
                       'deny.not_needed', 'deny.no_effect', 'changes.requested'));

-- As in 0006; while the outcome is unknown somebody is asked too, and for that there is no deadline.
CREATE OR REPLACE FUNCTION challenge_open(p_challenge uuid, p_action text, p_approver uuid, p_verdict text, p_meaning text,
                               p_reason_commitment text, p_roles text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a  action;
  at timestamptz;
BEGIN
  SELECT * INTO a FROM action WHERE tenant = current_tenant() AND action = p_action FOR SHARE;
  at := clock_timestamp();
  IF NOT votes_open(a, at) THEN RETURN false; END IF;
  INSERT INTO challenge (tenant, challenge, action, revision, approver, verdict, meaning, reason_commitment,
                         acting_roles, tier, opened_at, decided_at, expires_at)
  VALUES (a.tenant, p_challenge, a.action, a.revision, p_approver, p_verdict, p_meaning, p_reason_commitment,
          p_roles, a.tier, at, date_trunc('milliseconds', at), at + interval '5 minutes');
  RETURN true;
END $$;

-- Whether a vote that was received at that moment is in time.
CREATE FUNCTION votes_open(a action, p_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(a.status = 'outcome_unknown' OR (a.status = 'awaiting_approval' AND p_at < a.deadline), false)
$$;

CREATE OR REPLACE FUNCTION vote_objection(c challenge, p_received_at timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
DECLARE a action;
BEGIN
  SELECT * INTO STRICT a FROM action WHERE tenant = c.tenant AND action = c.action;
  RETURN CASE
    WHEN p_received_at >= c.expires_at THEN 'vote.challenge_expired'
    WHEN c.revision <> a.revision THEN 'vote.stale'
    WHEN EXISTS (SELECT FROM vote v WHERE v.tenant = c.tenant AND v.action = c.action AND v.revision = c.revision
                    AND v.approver = c.approver) THEN 'vote.duplicate'
    WHEN NOT votes_open(a, p_received_at) THEN 'vote.late'
    -- Who opens another challenge has thought again.
    WHEN EXISTS (SELECT FROM challenge n WHERE n.tenant = c.tenant AND n.action = c.action AND n.revision = c.revision
                    AND n.approver = c.approver AND n.opened_at > c.opened_at AND n.opened_at <= p_received_at)
      THEN 'vote.superseded'
  END;
END $$;

-- Whom to tell what: a reminder, that the record changed under an approval, that a human must say what became of a write.
ALTER TABLE delivery
  ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  DROP CONSTRAINT delivery_kind_check,
  ADD CONSTRAINT delivery_kind_check CHECK (kind IN ('reminder', 'changed', 'resolution')),
  DROP CONSTRAINT delivery_pkey,
  ADD PRIMARY KEY (tenant, action, revision, kind);
GRANT INSERT (revision) ON delivery TO countersign_governance;

-- Of a write whose outcome is unknown, what the EHR showed when it was asked again: 'done' with what was written, or
-- 'conflict', because the record moved on without it and the write can never apply. The first word stays.
CREATE FUNCTION warrant_write_settle(p_jti uuid, p_step text, p_status text, p_written text, p_version text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF p_status NOT IN ('done', 'conflict') OR (p_status = 'done') <> (p_written IS NOT NULL) THEN
    RAISE EXCEPTION 'a write settles otherwise' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM FROM action a
    WHERE a.tenant = current_tenant() AND a.status = 'outcome_unknown'
      AND a.action = (SELECT w.action FROM warrant w WHERE w.tenant = current_tenant() AND w.jti = p_jti AND NOT w.read_only)
      FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE warrant_use u
     SET status = p_status, written = p_written, written_version = p_version,
         records = CASE WHEN p_status = 'done' THEN 1 ELSE 0 END, closed_at = clock_timestamp()
   WHERE u.tenant = current_tenant() AND u.jti = p_jti AND u.step = p_step AND u.sent_attempt IS NOT NULL
     AND u.status IN ('open', 'unknown');
  RETURN FOUND;
END $$;

INSERT INTO leaf_kind_writer (kind, login) VALUES
  ('action.prepared', 'countersign_ehr'), ('action.reopened', 'countersign_governance'),
  ('outcome.read_back', 'countersign_ehr');

REVOKE ALL ON FUNCTION revision_prepare(text, integer, text, text, text), action_reopen(text),
  revision_resolve(text, jsonb), votes_open(action, timestamptz),
  warrant_write_settle(uuid, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION revision_prepare(text, integer, text, text, text),
  warrant_write_settle(uuid, text, text, text, text) TO countersign_ehr;
GRANT EXECUTE ON FUNCTION action_reopen(text), revision_resolve(text, jsonb) TO countersign_governance;
