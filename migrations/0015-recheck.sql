-- The EHR is asked once more what it holds of each write, after the action has ended: the record against the record.

SET search_path = countersign;
SET ROLE countersign_owner;

-- When the EHR is asked next what it holds of this action's write; null where nothing was ever sent, and once it is known.
ALTER TABLE action ADD COLUMN versions_due timestamptz;
CREATE INDEX action_versions_due ON action (tenant, versions_due) WHERE versions_due IS NOT NULL;
GRANT UPDATE (versions_due) ON action TO countersign_governance;

-- From the moment on when something may have been sent. `warrant_write_sending` holds the action's lock.
CREATE FUNCTION versions_become_due() RETURNS trigger LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
BEGIN
  UPDATE action SET versions_due = clock_timestamp()
   WHERE tenant = NEW.tenant
     AND action = (SELECT w.action FROM warrant w WHERE w.tenant = NEW.tenant AND w.jti = NEW.jti);
  RETURN NULL;
END $$;
CREATE TRIGGER versions_due AFTER UPDATE OF sent_attempt ON warrant_use
  FOR EACH ROW WHEN (NEW.sent_attempt IS DISTINCT FROM OLD.sent_attempt) EXECUTE FUNCTION versions_become_due();

-- What was sent before this column was there. Row-level security binds the owner too, and a migration has no tenant.
ALTER TABLE action NO FORCE ROW LEVEL SECURITY;
ALTER TABLE warrant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE warrant_use NO FORCE ROW LEVEL SECURITY;
UPDATE action a SET versions_due = clock_timestamp()
 WHERE EXISTS (SELECT FROM warrant w JOIN warrant_use u USING (tenant, jti)
                WHERE w.tenant = a.tenant AND w.action = a.action AND u.sent_attempt IS NOT NULL);
ALTER TABLE action FORCE ROW LEVEL SECURITY;
ALTER TABLE warrant FORCE ROW LEVEL SECURITY;
ALTER TABLE warrant_use FORCE ROW LEVEL SECURITY;

-- It is known, or nobody can know it any more.
CREATE FUNCTION versions_checked(p_action text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  UPDATE action SET versions_due = NULL
   WHERE tenant = current_tenant() AND action = p_action AND concluded_at IS NOT NULL;
$$;
REVOKE ALL ON FUNCTION versions_become_due(), versions_checked(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION versions_checked(text) TO countersign_governance, countersign_ehr;

INSERT INTO leaf_kind_writer (kind, login) VALUES
  ('version.checked', 'countersign_ehr'), ('version.checked', 'countersign_governance');
