-- Schema, owner, one login per process, and the helper that puts every tenant table under row-level security.
-- Logins get no password here: `countersign migrate` sets those that it is given.

CREATE SCHEMA countersign AUTHORIZATION countersign_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA countersign TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_signer,
  countersign_codec;

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE tenant (
  tenant     text PRIMARY KEY CHECK (tenant ~ '^[a-z][a-z0-9_-]{0,62}$'),
  name       text NOT NULL,
  zone       text NOT NULL,           -- IANA name; calendar dates of this tenant are dates there
  log_origin text NOT NULL UNIQUE     -- C2SP checkpoint origin
);
GRANT SELECT ON tenant TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_signer,
  countersign_codec;

-- The tenant of this transaction. Unset or empty means none, and none sees nothing.
CREATE FUNCTION current_tenant() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('countersign.tenant', true), '') $$;

-- Called once for each tenant table, right after its CREATE. FORCE binds the owner too, and so every
-- SECURITY DEFINER function.
CREATE FUNCTION tenant_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY of_tenant ON %s USING (tenant = countersign.current_tenant()) '
                 'WITH CHECK (tenant = countersign.current_tenant())', name);
END $$;

-- Refuses whatever row or statement it is fired for: append-only tables say so by a trigger as well as by grants.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
