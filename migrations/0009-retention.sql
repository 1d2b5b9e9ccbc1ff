-- Holds and disposals. A disposed action keeps its rows and leaves; what is gone is its keys.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE hold (
  tenant    text NOT NULL,
  hold      uuid NOT NULL DEFAULT gen_random_uuid(),
  action    text NOT NULL,
  reason    text NOT NULL CHECK (reason IN ('litigation', 'investigation', 'audit', 'patient_request')),
  set_by    uuid NOT NULL,
  set_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  lifted_at timestamptz,
  PRIMARY KEY (tenant, hold),
  FOREIGN KEY (tenant, action) REFERENCES action,
  CHECK (lifted_at >= set_at)
);
SELECT tenant_table('hold');
CREATE INDEX hold_open ON hold (tenant, action) WHERE lifted_at IS NULL;

-- One row for each disposed action. `final` comes when every key that ever wrapped its keys is gone, backups included.
CREATE TABLE disposal (
  tenant      text NOT NULL,
  action      text NOT NULL,
  as_of       date NOT NULL,
  disposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  erasure     text NOT NULL DEFAULT 'logical' CHECK (erasure IN ('logical', 'final')),
  PRIMARY KEY (tenant, action),
  FOREIGN KEY (tenant, action) REFERENCES action
);
SELECT tenant_table('disposal');
CREATE TRIGGER no_delete BEFORE DELETE ON disposal FOR EACH ROW EXECUTE FUNCTION refuse_change();

GRANT SELECT ON hold, disposal TO countersign_api, countersign_governance;
GRANT INSERT (tenant, action, as_of) ON disposal TO countersign_governance;
