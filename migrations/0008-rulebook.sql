-- Rulebooks by digest, and which one governs a tenant. Both only grow, and only the migrate login writes them: no
-- process that acts under a rulebook can change it.

SET search_path = countersign;
SET ROLE countersign_owner;

-- Content is canonical JSON (RFC 8785): the digest is that of its bytes, and the row cannot say otherwise. Rulebooks
-- belong to no tenant; two tenants under the same rules share the row.
CREATE TABLE rulebook (
  digest     text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
  content    text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (digest = encode(sha256(convert_to(content, 'UTF8')), 'hex'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The latest row of a tenant is the active one; the earlier ones are its history.
CREATE TABLE active_rulebook (
  tenant  text NOT NULL REFERENCES tenant,
  ordinal integer NOT NULL CHECK (ordinal > 0),
  digest  text NOT NULL REFERENCES rulebook,
  since   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, ordinal)
);
SELECT tenant_table('active_rulebook');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON active_rulebook FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON active_rulebook FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON rulebook, active_rulebook TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_signer,
  countersign_codec;

-- An action is judged by the rules that it pinned, so whoever opens one must not choose among old or foreign ones.
CREATE POLICY pins_active ON action AS RESTRICTIVE FOR INSERT TO countersign_api
  WITH CHECK (rulebook = (SELECT r.digest FROM countersign.active_rulebook r ORDER BY r.ordinal DESC LIMIT 1));
