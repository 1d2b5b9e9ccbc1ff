-- What was counted: one row for each action that was classified and not refused, while some rule of its rulebook counts.
-- Quotas and raising rules ask this table how much there was; records they ask the warrants, which know.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE quota_entry (
  tenant  text NOT NULL,
  action  text NOT NULL,
  agent   text NOT NULL,
  patient text CHECK (patient ~ '^[0-9a-f]{64}$'),   -- pseudonym
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Count → how many there were with this action: what its classification rests on, for the judgements that follow.
  tallies jsonb NOT NULL CHECK (jsonb_typeof(tallies) = 'object'),
  PRIMARY KEY (tenant, action),                      -- an action counts once, however often it is classified
  FOREIGN KEY (tenant, action) REFERENCES action
);
SELECT tenant_table('quota_entry');
CREATE INDEX quota_entry_agent ON quota_entry (tenant, agent, at) INCLUDE (patient);
CREATE INDEX quota_entry_patient ON quota_entry (tenant, patient, at) WHERE patient IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON quota_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
GRANT SELECT ON quota_entry TO countersign_api, countersign_governance;
GRANT INSERT (tenant, action, agent, patient, tallies) ON quota_entry TO countersign_governance;

CREATE INDEX warrant_of_agent ON warrant (tenant, agent, issued_at) WHERE kind = 'action' AND patient IS NOT NULL;
CREATE INDEX warrant_of_patient ON warrant (tenant, patient, issued_at) WHERE kind = 'action' AND patient IS NOT NULL;

-- What an agent had completed for a patient: the sequences that a policy asks for.
CREATE INDEX action_completed ON action (tenant, agent, patient, concluded_at)
  WHERE status = 'completed' AND patient IS NOT NULL;

-- Element → the day from which on its records may be read; elements that are not in it are not bounded by date.
ALTER TABLE warrant ADD COLUMN since jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(since) = 'object');

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
                       args_commitment, since)
  VALUES (current_tenant(), w.jti, w.action, w.revision, w.step, w.kind, w.agent, w.principal, w.actions, w.location,
          w.datatypes, w.patient, w.episode, w.elements, w.purpose, w.scopes, w.max_uses, w.max_records, w.max_bytes,
          w.read_only, w.request_commitment, w.tier, w.rulebook, w.approvals, w.issued_at, w.not_before, w.expires_at,
          w.token_sha256, w.args_commitment, coalesce(w.since, '{}'));
END $$;
