-- How the rules change: somebody proposes a rulebook, two people sign it with their passkeys, and the governance worker
-- makes it the active one. No process that acts under a rulebook can change it by itself: what a login may do here is
-- a function, and the last one counts the signatures.

SET search_path = countersign;
SET ROLE countersign_owner;

-- A proposal is for one base: the rulebook that was active then, and that its signers compared it with. Once another one
-- was active, it is over, also when the same rules govern again: hence the base's place in the tenant's history, too.
CREATE TABLE rulebook_proposal (
  tenant       text NOT NULL REFERENCES tenant,
  proposal     uuid NOT NULL DEFAULT gen_random_uuid(),
  digest       text NOT NULL REFERENCES rulebook,
  base         text NOT NULL REFERENCES rulebook,
  base_ordinal integer NOT NULL CHECK (base_ordinal > 0),   -- of active_rulebook
  proposer     uuid NOT NULL,
  note         text CHECK (length(note) BETWEEN 1 AND 500),
  proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, proposal),
  FOREIGN KEY (tenant, proposer) REFERENCES person,
  CHECK (digest <> base)
);
SELECT tenant_table('rulebook_proposal');
CREATE INDEX rulebook_proposal_of ON rulebook_proposal (tenant, digest, proposed_at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook_proposal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook_proposal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Fixes the bytes of one signature, as `challenge` does for a vote.
CREATE TABLE rulebook_challenge (
  tenant       text NOT NULL,
  challenge    uuid NOT NULL,
  proposal     uuid NOT NULL,
  person       uuid NOT NULL,
  verdict      text NOT NULL CHECK (verdict IN ('approve', 'deny')),
  acting_roles text[] NOT NULL CHECK (cardinality(acting_roles) BETWEEN 1 AND 8
                 AND array_to_string(acting_roles, ',', '') ~ '^[a-z][a-z0-9_-]{0,62}(,[a-z][a-z0-9_-]{0,62})*$'),
  opened_at    timestamptz NOT NULL,
  decided_at   timestamptz(3) NOT NULL CHECK (decided_at = date_trunc('milliseconds', opened_at)),
  expires_at   timestamptz NOT NULL CHECK (expires_at > opened_at),
  PRIMARY KEY (tenant, challenge),
  FOREIGN KEY (tenant, proposal) REFERENCES rulebook_proposal,
  FOREIGN KEY (tenant, person) REFERENCES person
);
SELECT tenant_table('rulebook_challenge');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook_challenge FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook_challenge FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Assertions as they came, and why they did not count, if they did not. One row for each: a forged one must not use up
-- the real one's challenge.
CREATE TABLE rulebook_proof (
  tenant       text NOT NULL,
  challenge    uuid NOT NULL,
  proof_sha256 bytea NOT NULL CHECK (octet_length(proof_sha256) = 32),
  proof        jsonb NOT NULL CHECK (octet_length(proof::text) <= 16384),
  received_at  timestamptz NOT NULL,
  refused      text CHECK (refused ~ '^[a-z_.]+$'),
  PRIMARY KEY (tenant, challenge, proof_sha256),
  FOREIGN KEY (tenant, challenge) REFERENCES rulebook_challenge
);
SELECT tenant_table('rulebook_proof');
CREATE TRIGGER no_delete BEFORE DELETE ON rulebook_proof FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook_proof FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE rulebook_signature (
  tenant       text NOT NULL,
  challenge    uuid NOT NULL,
  proposal     uuid NOT NULL,
  person       uuid NOT NULL,
  verdict      text NOT NULL,
  roles        text[] NOT NULL CHECK (cardinality(roles) > 0),
  statement    text NOT NULL CHECK (statement ~ '^[A-Za-z0-9_-]{43}$'),   -- base64url SHA-256 of what was signed
  proof_sha256 bytea NOT NULL,
  verified_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant, challenge),
  UNIQUE (tenant, proposal, person, verdict),      -- one human counts once
  FOREIGN KEY (tenant, proposal) REFERENCES rulebook_proposal,
  FOREIGN KEY (tenant, challenge, proof_sha256) REFERENCES rulebook_proof
);
SELECT tenant_table('rulebook_signature');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook_signature FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook_signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON rulebook_proposal, rulebook_challenge, rulebook_proof, rulebook_signature
  TO countersign_api, countersign_governance;

-- Null for a rulebook that the migrating login activated.
ALTER TABLE active_rulebook ADD COLUMN proposal uuid;
ALTER TABLE active_rulebook ADD FOREIGN KEY (tenant, proposal) REFERENCES rulebook_proposal;
CREATE UNIQUE INDEX active_rulebook_of_proposal ON active_rulebook (tenant, proposal) WHERE proposal IS NOT NULL;

-- How many humans approve a proposal; none once anybody denies it.
CREATE FUNCTION proposal_approvals(p_tenant text, p_proposal uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN bool_or(s.verdict <> 'approve') THEN 0 ELSE count(DISTINCT s.person) END
    FROM countersign.rulebook_signature s WHERE s.tenant = p_tenant AND s.proposal = p_proposal
$$;

-- The first rulebook of a tenant is the installation's. Every later one rests on a proposal that two people signed, whoever
-- writes the row; but for a development log, which is worth nothing to a stranger anyway.
CREATE FUNCTION refuse_unsigned_rulebook() RETURNS trigger LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
BEGIN
  IF NEW.proposal IS NOT NULL THEN
    IF proposal_approvals(NEW.tenant, NEW.proposal) < 2
       OR NEW.digest IS DISTINCT FROM (SELECT p.digest FROM rulebook_proposal p
                                        WHERE p.tenant = NEW.tenant AND p.proposal = NEW.proposal) THEN
      RAISE EXCEPTION 'two people sign a rulebook' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF EXISTS (SELECT FROM active_rulebook r WHERE r.tenant = NEW.tenant)
        AND (SELECT t.log_origin FROM tenant t WHERE t.tenant = NEW.tenant) NOT LIKE 'dev.%' THEN
    RAISE EXCEPTION 'this tenant has its first rulebook; propose another' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER signed BEFORE INSERT ON active_rulebook FOR EACH ROW EXECUTE FUNCTION refuse_unsigned_rulebook();

CREATE FUNCTION active_now() RETURNS active_rulebook LANGUAGE sql STABLE AS $$
  SELECT r FROM countersign.active_rulebook r WHERE r.tenant = countersign.current_tenant()
   ORDER BY r.ordinal DESC LIMIT 1
$$;

-- What stands against signing or activating a proposal; null if nothing does. Whatever it says once, it says for good. Not
-- granted to anybody: it is a part of the functions below.
CREATE FUNCTION proposal_objection(p rulebook_proposal) RETURNS text
LANGUAGE sql STABLE SET search_path = countersign, pg_temp AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM active_rulebook r WHERE r.tenant = p.tenant AND r.proposal = p.proposal)
      THEN 'rulebook.already_active'
    WHEN EXISTS (SELECT FROM rulebook_signature s WHERE s.tenant = p.tenant AND s.proposal = p.proposal
                    AND s.verdict = 'deny') THEN 'rulebook.denied'
    WHEN p.base_ordinal IS DISTINCT FROM (active_now()).ordinal THEN 'rulebook.other_base'
  END
$$;

-- Stores a rulebook by its digest and proposes it. The API may: stored content governs nothing.
CREATE FUNCTION rulebook_propose(p_digest text, p_content text, p_base text, p_proposer uuid, p_note text,
                                 OUT refusal text, OUT proposal uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE governs active_rulebook;
BEGIN
  PERFORM FROM tenant t WHERE t.tenant = current_tenant() FOR UPDATE;
  governs := active_now();
  IF p_base IS DISTINCT FROM governs.digest THEN refusal := 'rulebook.other_base'; RETURN; END IF;
  IF p_digest = p_base THEN refusal := 'rulebook.already_active'; RETURN; END IF;
  SELECT p.proposal INTO proposal FROM rulebook_proposal p
   WHERE p.tenant = current_tenant() AND p.digest = p_digest AND proposal_objection(p) IS NULL;
  IF FOUND THEN refusal := 'rulebook.already_proposed'; RETURN; END IF;
  INSERT INTO rulebook (digest, content) VALUES (p_digest, p_content) ON CONFLICT (digest) DO NOTHING;
  INSERT INTO rulebook_proposal AS p (tenant, digest, base, base_ordinal, proposer, note)
  VALUES (current_tenant(), p_digest, p_base, governs.ordinal, p_proposer, p_note) RETURNING p.proposal INTO proposal;
END $$;

-- Opens the challenge of one signature for five minutes, or says why not.
CREATE FUNCTION rulebook_challenge_open(p_challenge uuid, p_proposal uuid, p_person uuid, p_verdict text, p_roles text[])
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  p  rulebook_proposal;
  at timestamptz := clock_timestamp();
  no text;
BEGIN
  SELECT * INTO p FROM rulebook_proposal x WHERE x.tenant = current_tenant() AND x.proposal = p_proposal;
  IF NOT FOUND THEN RETURN 'rulebook.unknown'; END IF;
  no := proposal_objection(p);
  IF no IS NOT NULL THEN RETURN no; END IF;
  IF EXISTS (SELECT FROM rulebook_signature s WHERE s.tenant = p.tenant AND s.proposal = p.proposal
                AND s.person = p_person AND s.verdict = p_verdict) THEN RETURN 'rulebook.duplicate'; END IF;
  INSERT INTO rulebook_challenge (tenant, challenge, proposal, person, verdict, acting_roles, opened_at, decided_at,
                                  expires_at)
  VALUES (p.tenant, p_challenge, p.proposal, p_person, p_verdict, p_roles, at, date_trunc('milliseconds', at),
          at + interval '5 minutes');
  RETURN NULL;
END $$;

-- Notes what came for a challenge and when; the first time counts. Null for another person's challenge.
CREATE FUNCTION rulebook_receive(p_challenge uuid, p_person uuid, p_proof jsonb) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE name bytea := proof_sha256(p_proof);
BEGIN
  IF NOT EXISTS (SELECT FROM rulebook_challenge c WHERE c.tenant = current_tenant() AND c.challenge = p_challenge
                    AND c.person = p_person) THEN RETURN NULL; END IF;
  INSERT INTO rulebook_proof (tenant, challenge, proof_sha256, proof, received_at)
  VALUES (current_tenant(), p_challenge, name, p_proof, clock_timestamp()) ON CONFLICT DO NOTHING;
  RETURN name;
END $$;

-- Keeps why a proof did not count: the first code stays. Null when it was counted meanwhile. The proof's row is locked
-- first, here and in rulebook_sign: it is refused or counted, and never both.
CREATE FUNCTION rulebook_refuse(p_challenge uuid, p_proof_sha256 bytea, p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE kept text;
BEGIN
  PERFORM FROM rulebook_proof r
    WHERE r.tenant = current_tenant() AND r.challenge = p_challenge AND r.proof_sha256 = p_proof_sha256 FOR UPDATE;
  UPDATE rulebook_proof r SET refused = coalesce(r.refused, p_code)
   WHERE r.tenant = current_tenant() AND r.challenge = p_challenge AND r.proof_sha256 = p_proof_sha256
     AND NOT EXISTS (SELECT FROM rulebook_signature s WHERE s.tenant = r.tenant AND s.challenge = r.challenge
                        AND s.proof_sha256 = r.proof_sha256)
  RETURNING refused INTO kept;
  RETURN kept;
END $$;

-- Counts a verified signature, or says why not. Counting it again changes nothing. The proposal's row is locked, so that
-- signatures and the activation follow each other.
CREATE FUNCTION rulebook_sign(p_challenge uuid, p_proof_sha256 bytea, p_roles text[], p_statement text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  c  rulebook_challenge;
  p  rulebook_proposal;
  r  rulebook_proof;
  no text;
BEGIN
  SELECT * INTO c FROM rulebook_challenge x WHERE x.tenant = current_tenant() AND x.challenge = p_challenge;
  IF NOT FOUND THEN RETURN 'rulebook.unknown'; END IF;
  SELECT * INTO p FROM rulebook_proposal x WHERE x.tenant = c.tenant AND x.proposal = c.proposal FOR UPDATE;
  SELECT * INTO r FROM rulebook_proof x
   WHERE x.tenant = c.tenant AND x.challenge = c.challenge AND x.proof_sha256 = p_proof_sha256 FOR UPDATE;
  IF NOT FOUND THEN RETURN 'rulebook.unknown'; END IF;
  IF EXISTS (SELECT FROM rulebook_signature s WHERE s.tenant = c.tenant AND s.challenge = c.challenge
                AND s.proof_sha256 = p_proof_sha256) THEN RETURN NULL; END IF;
  IF r.refused IS NOT NULL THEN RETURN r.refused; END IF;
  IF r.received_at >= c.expires_at THEN RETURN 'rulebook.challenge_expired'; END IF;
  no := proposal_objection(p);
  IF no IS NOT NULL THEN RETURN no; END IF;
  IF NOT p_roles <@ c.acting_roles THEN RETURN 'rulebook.wrong_role'; END IF;
  IF EXISTS (SELECT FROM rulebook_signature s WHERE s.tenant = c.tenant AND s.proposal = c.proposal
                AND s.person = c.person AND s.verdict = c.verdict) THEN RETURN 'rulebook.duplicate'; END IF;
  INSERT INTO rulebook_signature (tenant, challenge, proposal, person, verdict, roles, statement, proof_sha256, verified_at)
  VALUES (c.tenant, c.challenge, c.proposal, c.person, c.verdict, p_roles, p_statement, p_proof_sha256,
          clock_timestamp());
  RETURN NULL;
END $$;

-- Takes the locks under which an activation is judged: of the tenant, so that two follow each other, then of the proposal,
-- so that no signature comes in between. What stands against it, or null.
CREATE FUNCTION rulebook_activation_open(p_proposal uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE p rulebook_proposal;
BEGIN
  PERFORM FROM tenant t WHERE t.tenant = current_tenant() FOR UPDATE;
  SELECT * INTO p FROM rulebook_proposal x WHERE x.tenant = current_tenant() AND x.proposal = p_proposal FOR UPDATE;
  IF NOT FOUND THEN RETURN 'rulebook.unknown'; END IF;
  RETURN proposal_objection(p);
END $$;

-- Makes a proposal the active rulebook. Roles, grants, keys and signatures are verified by the governance worker before;
-- that two people signed this one, and nobody against it, is counted here again, and once more by the table's trigger.
CREATE FUNCTION rulebook_activate(p_proposal uuid, OUT refusal text, OUT ordinal integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
BEGIN
  refusal := rulebook_activation_open(p_proposal);
  IF refusal IS NOT NULL THEN RETURN; END IF;
  IF proposal_approvals(current_tenant(), p_proposal) < 2 THEN refusal := 'rulebook.unsigned'; RETURN; END IF;
  INSERT INTO active_rulebook AS a (tenant, ordinal, digest, proposal)
  SELECT p.tenant, (SELECT max(r.ordinal) + 1 FROM active_rulebook r WHERE r.tenant = p.tenant), p.digest, p.proposal
    FROM rulebook_proposal p WHERE p.tenant = current_tenant() AND p.proposal = p_proposal
  RETURNING a.ordinal INTO ordinal;
END $$;

-- Which proposal judges new actions beside the active rulebook, without effect: the latest row says, and none if its
-- proposal is null.
CREATE TABLE rulebook_shadow (
  tenant   text NOT NULL REFERENCES tenant,
  ordinal  integer NOT NULL CHECK (ordinal > 0),
  proposal uuid,
  set_by   uuid NOT NULL,
  since    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant, ordinal),
  FOREIGN KEY (tenant, proposal) REFERENCES rulebook_proposal,
  FOREIGN KEY (tenant, set_by) REFERENCES person
);
SELECT tenant_table('rulebook_shadow');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook_shadow FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON rulebook_shadow FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a shadow answered, once for each action: what differs is a leaf as well, this is what counts are made of.
CREATE TABLE rulebook_shadowed (
  tenant   text NOT NULL,
  action   text NOT NULL,
  proposal uuid NOT NULL,
  differs  boolean NOT NULL,
  PRIMARY KEY (tenant, action),
  FOREIGN KEY (tenant, action) REFERENCES action,
  FOREIGN KEY (tenant, proposal) REFERENCES rulebook_proposal
);
SELECT tenant_table('rulebook_shadowed');
CREATE INDEX rulebook_shadowed_of ON rulebook_shadowed (tenant, proposal);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rulebook_shadowed FOR EACH ROW EXECUTE FUNCTION refuse_change();

GRANT SELECT ON rulebook_shadow, rulebook_shadowed TO countersign_api, countersign_governance;
GRANT INSERT ON rulebook_shadowed TO countersign_governance;

-- Sets the shadow, or none: its place among the tenant's, or why not. It changes no answer, so one person may.
CREATE FUNCTION rulebook_shadow_set(p_proposal uuid, p_person uuid, OUT refusal text, OUT ordinal integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE p rulebook_proposal;
BEGIN
  PERFORM FROM tenant t WHERE t.tenant = current_tenant() FOR UPDATE;
  IF p_proposal IS NOT NULL THEN
    SELECT * INTO p FROM rulebook_proposal x WHERE x.tenant = current_tenant() AND x.proposal = p_proposal;
    IF NOT FOUND THEN refusal := 'rulebook.unknown'; RETURN; END IF;
    refusal := proposal_objection(p);
    IF refusal IS NOT NULL THEN RETURN; END IF;
  END IF;
  INSERT INTO rulebook_shadow AS n (tenant, ordinal, proposal, set_by)
  SELECT current_tenant(), coalesce(max(s.ordinal), 0) + 1, p_proposal, p_person
    FROM rulebook_shadow s WHERE s.tenant = current_tenant()
  RETURNING n.ordinal INTO ordinal;
END $$;
REVOKE ALL ON FUNCTION rulebook_shadow_set(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rulebook_shadow_set(uuid, uuid) TO countersign_api;

INSERT INTO leaf_kind_writer (kind, login) VALUES
  ('rulebook.shadowed', 'countersign_governance'),
  ('rulebook.proposed', 'countersign_api'), ('rulebook.shadow_set', 'countersign_api'),
  ('rulebook.refused', 'countersign_api'), ('rulebook.refused', 'countersign_governance'),
  ('rulebook.signed', 'countersign_governance'), ('rulebook.activated', 'countersign_governance'),
  -- A rulebook that cannot be read is a security event of whoever came upon it first.
  ('security.event', 'countersign_api'), ('security.event', 'countersign_owner');

REVOKE ALL ON FUNCTION proposal_approvals(text, uuid), proposal_objection(rulebook_proposal), active_now(),
  refuse_unsigned_rulebook(), rulebook_propose(text, text, text, uuid, text),
  rulebook_challenge_open(uuid, uuid, uuid, text, text[]), rulebook_receive(uuid, uuid, jsonb),
  rulebook_refuse(uuid, bytea, text), rulebook_sign(uuid, bytea, text[], text), rulebook_activation_open(uuid),
  rulebook_activate(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rulebook_propose(text, text, text, uuid, text),
  rulebook_challenge_open(uuid, uuid, uuid, text, text[]), rulebook_receive(uuid, uuid, jsonb) TO countersign_api;
GRANT EXECUTE ON FUNCTION rulebook_refuse(uuid, bytea, text), rulebook_sign(uuid, bytea, text[], text),
  rulebook_activation_open(uuid), rulebook_activate(uuid) TO countersign_governance;
