-- The reconciler holds the database against Temporal: workflows that were ended, deleted or reset from outside, starts that
-- the API died in, and the digest of each closed history.

SET search_path = countersign;
SET ROLE countersign_owner;

-- Set with the leaf that holds the digest, or when there is no history any more: what is left to do is found without
-- reading the log.
ALTER TABLE action ADD COLUMN history_logged boolean NOT NULL DEFAULT false;
CREATE INDEX action_history_due ON action (tenant, concluded_at) WHERE concluded_at IS NOT NULL AND NOT history_logged;
CREATE INDEX action_open ON action (tenant, created_at, action) WHERE concluded_at IS NULL;

GRANT UPDATE (started_at, history_logged) ON action TO countersign_governance;

INSERT INTO leaf_kind_writer (kind, login) VALUES
  ('action.reconciled', 'countersign_governance'), ('action.readmitted', 'countersign_governance'),
  ('history.closed', 'countersign_governance');
