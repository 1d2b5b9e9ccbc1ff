-- Data keys, the content that they seal, and subject keys. Only wrapped keys are here; what wraps them is elsewhere.
-- Logical erasure is this: the row of a key is gone.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE dek (
  tenant     text NOT NULL REFERENCES tenant,
  action     text NOT NULL CHECK (action ~ '^[a-z2-7]{26}$'),
  kind       text NOT NULL CHECK (kind IN ('history', 'content')),
  kek        text NOT NULL,
  wrapped    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action, kind)
);
SELECT tenant_table('dek');

-- Every KEK that ever wrapped a key, append-only: erasure is final when the last of them is gone.
CREATE TABLE dek_wrap (
  tenant text NOT NULL REFERENCES tenant,
  action text NOT NULL,
  kind   text NOT NULL,
  kek    text NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, action, kind, kek)
);
SELECT tenant_table('dek_wrap');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dek_wrap FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON dek_wrap FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Keys of the tenant itself: `system` for histories that belong to no action, `index` for looking subjects up.
CREATE TABLE tenant_key (
  tenant  text NOT NULL REFERENCES tenant,
  purpose text NOT NULL CHECK (purpose IN ('system', 'index')),
  kek     text NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (tenant, purpose)
);
SELECT tenant_table('tenant_key');

-- One random key for each patient. `lookup` is an HMAC of the FHIR reference under the tenant's index key.
CREATE TABLE subject_key (
  tenant  text NOT NULL REFERENCES tenant,
  lookup  bytea NOT NULL CHECK (octet_length(lookup) = 32),
  kek     text NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (tenant, lookup)
);
SELECT tenant_table('subject_key');

CREATE TABLE sealed (
  tenant text NOT NULL REFERENCES tenant,
  action text NOT NULL,
  path   text NOT NULL CHECK (path ~ '^(request|display/[0-9]+|reason/[0-9a-f-]{36}|result)$'),
  box    bytea NOT NULL,
  PRIMARY KEY (tenant, action, path)
);
SELECT tenant_table('sealed');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sealed FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON sealed FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Once for each action: whoever kept a wrapped key from before its destruction must not be able to put it back.
CREATE FUNCTION dek_create(p_action text, p_kind text, p_kek text, p_wrapped bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM dek_wrap WHERE tenant = current_tenant() AND action = p_action AND kind = p_kind) THEN
    RAISE EXCEPTION 'a data key is made once' USING ERRCODE = 'unique_violation';
  END IF;
  INSERT INTO dek (tenant, action, kind, kek, wrapped) VALUES (current_tenant(), p_action, p_kind, p_kek, p_wrapped);
  INSERT INTO dek_wrap (tenant, action, kind, kek) VALUES (current_tenant(), p_action, p_kind, p_kek);
END $$;

-- Only a key that is there is rewrapped: rewrapping must not bring an erased one back.
CREATE FUNCTION dek_rewrap(p_action text, p_kind text, p_kek text, p_wrapped bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  UPDATE dek SET kek = p_kek, wrapped = p_wrapped
   WHERE tenant = current_tenant() AND action = p_action AND kind = p_kind;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO dek_wrap (tenant, action, kind, kek) VALUES (current_tenant(), p_action, p_kind, p_kek)
  ON CONFLICT DO NOTHING;
  RETURN true;
END $$;

-- Not under a hold (0009), whoever asks.
CREATE FUNCTION dek_destroy(p_action text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE gone integer;
BEGIN
  IF EXISTS (SELECT FROM hold h WHERE h.tenant = current_tenant() AND h.action = p_action AND h.lifted_at IS NULL) THEN
    RAISE EXCEPTION 'this action is under a hold' USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM dek WHERE tenant = current_tenant() AND action = p_action;
  GET DIAGNOSTICS gone = ROW_COUNT;
  PERFORM pg_notify('dek_destroyed', p_action);
  RETURN gone;
END $$;

CREATE FUNCTION tenant_key_create(p_purpose text, p_kek text, p_wrapped bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  INSERT INTO tenant_key (tenant, purpose, kek, wrapped) VALUES (current_tenant(), p_purpose, p_kek, p_wrapped)
  ON CONFLICT DO NOTHING;
$$;

CREATE FUNCTION subject_key_create(p_lookup bytea, p_kek text, p_wrapped bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
  INSERT INTO subject_key (tenant, lookup, kek, wrapped) VALUES (current_tenant(), p_lookup, p_kek, p_wrapped)
  ON CONFLICT DO NOTHING;
$$;

-- First writer wins, and the second hears false; each login seals its own paths only.
CREATE FUNCTION seal(p_action text, p_path text, p_box bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  IF (p_path = 'result') IS DISTINCT FROM (session_user IN ('countersign_ehr', 'countersign_llm')) THEN
    RAISE EXCEPTION 'login % may not seal this path', session_user USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO sealed (tenant, action, path, box) VALUES (current_tenant(), p_action, p_path, p_box)
  ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION dek_create(text, text, text, bytea), dek_rewrap(text, text, text, bytea), dek_destroy(text),
  tenant_key_create(text, text, bytea), subject_key_create(bytea, text, bytea), seal(text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dek_create(text, text, text, bytea), subject_key_create(bytea, text, bytea) TO countersign_api;
GRANT EXECUTE ON FUNCTION dek_rewrap(text, text, text, bytea), dek_destroy(text) TO countersign_governance;
GRANT EXECUTE ON FUNCTION tenant_key_create(text, text, bytea) TO countersign_api, countersign_governance;
GRANT EXECUTE ON FUNCTION seal(text, text, bytea) TO countersign_api, countersign_ehr, countersign_llm;
GRANT SELECT ON dek, tenant_key TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_codec;
GRANT SELECT ON dek_wrap TO countersign_governance;
GRANT SELECT ON subject_key TO countersign_api, countersign_governance, countersign_ehr, countersign_llm;
GRANT SELECT ON sealed TO countersign_api, countersign_ehr, countersign_llm;

-- What decodes histories needs no content key, and what decodes or delivers looks no patient up.
CREATE POLICY history_only ON dek AS RESTRICTIVE FOR SELECT TO countersign_codec, countersign_notify
  USING (kind = 'history');
CREATE POLICY system_only ON tenant_key AS RESTRICTIVE FOR SELECT TO countersign_codec, countersign_notify
  USING (purpose = 'system');
