-- Actions, their revisions, what each step of a workflow stored, and what the EHR said about principal and patient.
-- Nothing in these tables names a patient: requests, shown texts and results lie in `sealed`.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE action (
  tenant             text NOT NULL REFERENCES tenant,
  action             text NOT NULL CHECK (action ~ '^[a-z2-7]{26}$'),
  type               text NOT NULL,
  status             text NOT NULL DEFAULT 'requested' CHECK (status IN (
                       'requested', 'preparing', 'awaiting_approval', 'authorised', 'performing', 'outcome_unknown',
                       'completed', 'denied', 'expired', 'cancelled', 'refused', 'withheld', 'failed')),
  agent              text NOT NULL,
  agent_version      text NOT NULL,
  principal          uuid NOT NULL,
  purpose            text NOT NULL,
  elements           text[] NOT NULL CHECK (cardinality(elements) > 0),
  patient            text,             -- pseudonyms, never references
  episode            text,
  reason_given       boolean NOT NULL,
  justified          text[] NOT NULL,  -- elements that came with a justification; the texts are sealed
  claimed_tier       text,
  expires_in         integer CHECK (expires_in > 0),   -- seconds
  idempotency_key    text NOT NULL,
  rulebook           text NOT NULL CHECK (rulebook ~ '^[0-9a-f]{64}$'),
  revision           integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  tier               text CHECK (tier IN ('T0', 'T1', 'T2', 'T3')),
  needs              jsonb,
  deadline           timestamptz,
  outcome            jsonb,            -- codes, rule ids and counts only
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at         timestamptz,      -- when Temporal had acknowledged the start
  cancel_requested_at timestamptz,
  concluded_at       timestamptz,
  retention_class    text,
  retention_date     date,
  PRIMARY KEY (tenant, action),
  UNIQUE (tenant, agent, idempotency_key),
  CHECK ((episode IS NULL) OR (patient IS NOT NULL)),
  CHECK ((concluded_at IS NULL) = (status IN (
    'requested', 'preparing', 'awaiting_approval', 'authorised', 'performing', 'outcome_unknown'))),
  CHECK ((retention_class IS NULL) = (retention_date IS NULL))
);
SELECT tenant_table('action');
CREATE INDEX action_pending ON action (tenant, status) WHERE concluded_at IS NULL;
CREATE INDEX action_due ON action (tenant, retention_date) WHERE retention_date IS NOT NULL;

-- The bytes that a vote binds. Written with the action; an edit adds a row.
CREATE TABLE revision (
  tenant             text NOT NULL,
  action             text NOT NULL,
  revision           integer NOT NULL CHECK (revision > 0),
  request_commitment text NOT NULL CHECK (request_commitment ~ '^[0-9a-f]{64}$'),
  display_commitment text NOT NULL CHECK (display_commitment ~ '^[0-9a-f]{64}$'),
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action, revision),
  FOREIGN KEY (tenant, action) REFERENCES action
);
SELECT tenant_table('revision');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON revision FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- First writer wins: a local activity that runs again finds what it decided and returns that.
CREATE TABLE step_result (
  tenant   text NOT NULL,
  action   text NOT NULL,
  revision integer NOT NULL,
  step     text NOT NULL,
  result   jsonb NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action, revision, step),
  FOREIGN KEY (tenant, action, revision) REFERENCES revision
);
SELECT tenant_table('step_result');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON step_result FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The treatment relationship as the EHR showed it. Written by the ehr worker, believed by classify.
CREATE TABLE relation (
  tenant text NOT NULL,
  action text NOT NULL,
  status text NOT NULL CHECK (status IN ('related', 'not_related', 'unknown')),
  basis  text CHECK (basis IN ('encounter_participant')),
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action),
  FOREIGN KEY (tenant, action) REFERENCES action,
  CHECK ((status = 'related') = (basis IS NOT NULL))
);
SELECT tenant_table('relation');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON relation FOR EACH ROW EXECUTE FUNCTION refuse_change();

GRANT SELECT ON action, revision TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm;
GRANT SELECT (tenant, action, status) ON action TO countersign_codec, countersign_notify, countersign_signer;
GRANT INSERT (tenant, action, type, agent, agent_version, principal, purpose, elements, patient, episode,
              reason_given, justified, claimed_tier, expires_in, idempotency_key, rulebook)
  ON action TO countersign_api;
GRANT UPDATE (started_at, cancel_requested_at) ON action TO countersign_api;
GRANT INSERT ON revision TO countersign_api;
GRANT UPDATE (status, tier, needs, deadline, outcome, concluded_at, retention_class, retention_date)
  ON action TO countersign_governance;
GRANT SELECT, INSERT ON step_result TO countersign_governance;
GRANT SELECT, INSERT ON relation TO countersign_ehr;
GRANT SELECT ON relation TO countersign_governance;

-- The ehr and llm workers move an authorised action to `performing`, and nothing else.
CREATE FUNCTION action_performing(p_action text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  UPDATE action SET status = 'performing' WHERE tenant = current_tenant() AND action = p_action AND status = 'authorised';
$$;
REVOKE ALL ON FUNCTION action_performing(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION action_performing(text) TO countersign_ehr, countersign_llm;
