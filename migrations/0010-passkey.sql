-- Passkeys: a person opens an enrolment, the API notes what their authenticator and identity provider gave for it, the
-- governance worker alone verifies it and makes the passkey. No process may write one by itself.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE enrolment (
  tenant     text NOT NULL,
  enrolment  uuid NOT NULL,
  person     uuid NOT NULL,
  opened_at  timestamptz(3) NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > opened_at),
  PRIMARY KEY (tenant, enrolment),
  FOREIGN KEY (tenant, person) REFERENCES person
);
SELECT tenant_table('enrolment');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON enrolment FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON enrolment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Registration and ID token as they came, and why they made no passkey, if they did not. One row for each that came: a
-- forged one must not use up the real one's enrolment. What made a passkey stays: it is the proof of its enrolment.
CREATE TABLE enrolment_offer (
  tenant       text NOT NULL,
  enrolment    uuid NOT NULL,
  offer_sha256 bytea NOT NULL CHECK (octet_length(offer_sha256) = 32),
  offer        jsonb NOT NULL CHECK (octet_length(offer::text) <= 32768),
  received_at  timestamptz NOT NULL,
  refused      text CHECK (refused ~ '^[a-z_.]+$'),
  PRIMARY KEY (tenant, enrolment, offer_sha256),
  FOREIGN KEY (tenant, enrolment) REFERENCES enrolment
);
SELECT tenant_table('enrolment_offer');
CREATE TRIGGER no_delete BEFORE DELETE ON enrolment_offer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON enrolment_offer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE passkey (
  tenant       text NOT NULL,
  passkey      uuid NOT NULL,                                             -- the id of its enrolment
  person       uuid NOT NULL,
  credential   text NOT NULL CHECK (credential ~ '^[A-Za-z0-9_-]+$' AND length(credential) <= 1364),
  public_key   bytea NOT NULL CHECK (octet_length(public_key) BETWEEN 1 AND 2048),   -- COSE_Key, RFC 9052
  counter      bigint NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
  aaguid       uuid NOT NULL,
  rp_id        text NOT NULL CHECK (rp_id ~ '^[a-z0-9.-]+$'),
  transports   text[] NOT NULL CHECK (cardinality(transports) <= 8),
  offer_sha256 bytea NOT NULL,
  enrolled_at  timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  PRIMARY KEY (tenant, passkey),
  UNIQUE (tenant, credential),            -- a revoked one does not come back under another name
  FOREIGN KEY (tenant, person) REFERENCES person,
  FOREIGN KEY (tenant, passkey, offer_sha256) REFERENCES enrolment_offer
);
SELECT tenant_table('passkey');
CREATE INDEX passkey_of_person ON passkey (tenant, person);
CREATE TRIGGER no_delete BEFORE DELETE ON passkey FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON passkey FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A passkey is used and revoked; whose it is and which key it has stays as it was enrolled, and revoked stays revoked.
CREATE FUNCTION refuse_other_passkey() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant, OLD.passkey, OLD.person, OLD.credential, OLD.public_key, OLD.aaguid, OLD.rp_id, OLD.offer_sha256,
      OLD.enrolled_at)
     IS DISTINCT FROM
     (NEW.tenant, NEW.passkey, NEW.person, NEW.credential, NEW.public_key, NEW.aaguid, NEW.rp_id, NEW.offer_sha256,
      NEW.enrolled_at)
     OR NEW.counter < OLD.counter
     OR (OLD.revoked_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
    RAISE EXCEPTION 'a passkey stays as it was enrolled' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON passkey FOR EACH ROW EXECUTE FUNCTION refuse_other_passkey();

INSERT INTO leaf_kind_writer (kind, login) VALUES
  ('passkey.enrolled', 'countersign_governance'), ('passkey.refused', 'countersign_governance'),
  ('passkey.refused', 'countersign_api'), ('passkey.revoked', 'countersign_api');

GRANT SELECT ON enrolment, enrolment_offer, passkey TO countersign_api, countersign_governance, countersign_ehr;

-- Opens an enrolment for five minutes.
CREATE FUNCTION enrolment_open(p_enrolment uuid, p_person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE at timestamptz := clock_timestamp();
BEGIN
  INSERT INTO enrolment (tenant, enrolment, person, opened_at, expires_at)
  VALUES (current_tenant(), p_enrolment, p_person, date_trunc('milliseconds', at), at + interval '5 minutes');
END $$;

-- Notes what came for an enrolment and when; the first time counts. Null for another person's enrolment.
CREATE FUNCTION enrolment_receive(p_enrolment uuid, p_person uuid, p_offer jsonb) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE digest bytea := sha256(convert_to(p_offer::text, 'UTF8'));
BEGIN
  IF NOT EXISTS (SELECT FROM enrolment e WHERE e.tenant = current_tenant() AND e.enrolment = p_enrolment
                    AND e.person = p_person) THEN RETURN NULL; END IF;
  INSERT INTO enrolment_offer (tenant, enrolment, offer_sha256, offer, received_at)
  VALUES (current_tenant(), p_enrolment, digest, p_offer, clock_timestamp()) ON CONFLICT DO NOTHING;
  RETURN digest;
END $$;

-- Keeps why an offer made no passkey: the first code stays. Null when it made one meanwhile. The offer's row is locked
-- first, here and in passkey_record: an offer is refused or makes its passkey, and never both.
CREATE FUNCTION enrolment_refuse(p_enrolment uuid, p_offer_sha256 bytea, p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE kept text;
BEGIN
  PERFORM FROM enrolment_offer o
    WHERE o.tenant = current_tenant() AND o.enrolment = p_enrolment AND o.offer_sha256 = p_offer_sha256 FOR UPDATE;
  UPDATE enrolment_offer o SET refused = coalesce(o.refused, p_code)
   WHERE o.tenant = current_tenant() AND o.enrolment = p_enrolment AND o.offer_sha256 = p_offer_sha256
     AND NOT EXISTS (SELECT FROM passkey p WHERE p.tenant = o.tenant AND p.passkey = o.enrolment
                        AND p.offer_sha256 = o.offer_sha256)
  RETURNING refused INTO kept;
  RETURN kept;
END $$;

-- Makes the passkey of a verified offer, or says why not. Making it again changes nothing. The person's row is locked, so
-- that two enrolments at once count each other.
CREATE FUNCTION passkey_record(p_enrolment uuid, p_offer_sha256 bytea, p_credential text, p_public_key bytea,
                               p_counter bigint, p_aaguid uuid, p_rp_id text, p_transports text[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  e enrolment;
  o enrolment_offer;
BEGIN
  SELECT * INTO e FROM enrolment WHERE tenant = current_tenant() AND enrolment = p_enrolment;
  IF NOT FOUND THEN RETURN 'passkey.unknown'; END IF;
  PERFORM FROM person WHERE tenant = e.tenant AND person = e.person FOR UPDATE;
  SELECT * INTO o FROM enrolment_offer
   WHERE tenant = e.tenant AND enrolment = e.enrolment AND offer_sha256 = p_offer_sha256 FOR UPDATE;
  IF NOT FOUND THEN RETURN 'passkey.unknown'; END IF;
  IF EXISTS (SELECT FROM passkey WHERE tenant = e.tenant AND passkey = e.enrolment AND offer_sha256 = p_offer_sha256)
  THEN RETURN NULL; END IF;
  IF o.refused IS NOT NULL THEN RETURN o.refused; END IF;
  IF o.received_at >= e.expires_at THEN RETURN 'passkey.expired'; END IF;
  IF EXISTS (SELECT FROM passkey WHERE tenant = e.tenant AND (passkey = e.enrolment OR credential = p_credential))
  THEN RETURN 'passkey.duplicate'; END IF;
  IF (SELECT count(*) FROM passkey WHERE tenant = e.tenant AND person = e.person AND revoked_at IS NULL) >= 5
  THEN RETURN 'passkey.too_many'; END IF;
  INSERT INTO passkey (tenant, passkey, person, credential, public_key, counter, aaguid, rp_id, transports,
                       offer_sha256, enrolled_at)
  VALUES (e.tenant, e.enrolment, e.person, p_credential, p_public_key, p_counter, p_aaguid, p_rp_id, p_transports,
          p_offer_sha256, clock_timestamp());
  RETURN NULL;
END $$;

-- Notes that a passkey signed, or says why it may not count. An authenticator that counts always counts up; one that
-- does not says 0 each time (WebAuthn §6.1.1).
CREATE FUNCTION passkey_use(p_passkey uuid, p_counter bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE p passkey;
BEGIN
  SELECT * INTO p FROM passkey WHERE tenant = current_tenant() AND passkey = p_passkey FOR UPDATE;
  IF NOT FOUND THEN RETURN 'vote.unknown_passkey'; END IF;
  IF p.revoked_at IS NOT NULL THEN RETURN 'vote.revoked_passkey'; END IF;
  IF NOT (p_counter > p.counter OR (p_counter = 0 AND p.counter = 0)) THEN RETURN 'vote.passkey_counter'; END IF;
  UPDATE passkey SET counter = p_counter, last_used_at = clock_timestamp() WHERE tenant = p.tenant AND passkey = p.passkey;
  RETURN NULL;
END $$;

-- Ends a passkey; false when this person has none of this id. The API may: taking a key away grants nothing.
CREATE FUNCTION passkey_revoke(p_passkey uuid, p_person uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  UPDATE passkey SET revoked_at = clock_timestamp()
   WHERE tenant = current_tenant() AND passkey = p_passkey AND person = p_person AND revoked_at IS NULL;
  RETURN EXISTS (SELECT FROM passkey WHERE tenant = current_tenant() AND passkey = p_passkey AND person = p_person);
END $$;

REVOKE ALL ON FUNCTION enrolment_open(uuid, uuid), enrolment_receive(uuid, uuid, jsonb),
  enrolment_refuse(uuid, bytea, text), passkey_record(uuid, bytea, text, bytea, bigint, uuid, text, text[]),
  passkey_use(uuid, bigint), passkey_revoke(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enrolment_open(uuid, uuid), enrolment_receive(uuid, uuid, jsonb), passkey_revoke(uuid, uuid)
  TO countersign_api;
GRANT EXECUTE ON FUNCTION enrolment_refuse(uuid, bytea, text),
  passkey_record(uuid, bytea, text, bytea, bigint, uuid, text, text[]), passkey_use(uuid, bigint)
  TO countersign_governance;
