-- The treatment relationship seen in more ways (care team, on call), and asked again only after minutes.

SET search_path = countersign;
SET ROLE countersign_owner;

-- Who is on call, for a role or for a department. The roster is the directory file's: what it no longer names is
-- withdrawn, and stays here, because it may be what somebody's access rested on.
CREATE TABLE on_call (
  tenant       text NOT NULL,
  person       uuid NOT NULL,
  role         text,
  department   text,
  starts_at    timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL CHECK (ends_at > starts_at),
  withdrawn_at timestamptz,
  CHECK (num_nonnulls(role, department) = 1),
  UNIQUE NULLS NOT DISTINCT (tenant, person, role, department, starts_at),
  FOREIGN KEY (tenant, person) REFERENCES person
);
SELECT tenant_table('on_call');

-- Which department works where, in the EHR's words: an Encounter names places, and the roster departments.
CREATE TABLE department_place (
  tenant     text NOT NULL REFERENCES tenant,
  place      text NOT NULL CHECK (place ~ '^(Organization|Location)/[A-Za-z0-9.-]{1,64}$'),
  department text NOT NULL,
  PRIMARY KEY (tenant, place)
);
SELECT tenant_table('department_place');

GRANT SELECT ON on_call, department_place TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_codec;

-- What the EHR said of this person before this instant is not taken again.
ALTER TABLE person ADD COLUMN relations_from timestamptz;

CREATE FUNCTION person_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
BEGIN
  NEW.relations_from := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER relations_end BEFORE UPDATE OF active, practitioner ON person
  FOR EACH ROW WHEN ((OLD.active AND NOT NEW.active) OR OLD.practitioner IS DISTINCT FROM NEW.practitioner)
  EXECUTE FUNCTION person_changed();

CREATE FUNCTION person_suspended() RETURNS trigger LANGUAGE plpgsql SET search_path = countersign, pg_temp AS $$
BEGIN
  UPDATE person SET relations_from = clock_timestamp() WHERE tenant = NEW.tenant AND person::text = NEW.subject;
  RETURN NULL;
END $$;
CREATE TRIGGER relations_end AFTER INSERT ON suspension
  FOR EACH ROW WHEN (NEW.kind = 'person') EXECUTE FUNCTION person_suspended();
REVOKE ALL ON FUNCTION person_changed(), person_suspended() FROM PUBLIC;

ALTER TABLE relation DROP CONSTRAINT relation_basis_check;
ALTER TABLE relation
  ADD CONSTRAINT relation_basis CHECK (basis IN ('encounter_participant', 'care_team', 'on_call')),
  -- When the EHR was asked; null in a row that was taken from another one, and in those older than this column.
  ADD COLUMN asked_at timestamptz CHECK (asked_at <= at),
  -- The departments for which the principal was on call; whether they still are is judged each time.
  ADD COLUMN on_call_for text[] CHECK (cardinality(on_call_for) > 0),
  -- The action for which the EHR was asked.
  ADD COLUMN cached_from text,
  ADD FOREIGN KEY (tenant, cached_from) REFERENCES action,
  ADD CONSTRAINT relation_on_call CHECK ((basis IS NOT DISTINCT FROM 'on_call') = (on_call_for IS NOT NULL)),
  ADD CONSTRAINT relation_cached CHECK (
    cached_from IS NULL
    OR (asked_at IS NULL AND cached_from <> action AND status <> 'unknown' AND on_call_for IS NULL));

-- The ehr worker says what the EHR said, and neither when it was stored nor that it was taken from elsewhere.
REVOKE INSERT ON relation FROM countersign_ehr;
GRANT INSERT (tenant, action, status, basis, asked_at, on_call_for) ON relation TO countersign_ehr;

CREATE INDEX action_of_patient ON action (tenant, principal, patient, episode, created_at) WHERE patient IS NOT NULL;

-- Takes for this action what the EHR said last, within so many seconds, of the same principal, patient and episode; false
-- where it has to be asked. An episode that is not named equals none. What was taken from elsewhere is not taken on, so
-- that no answer lives longer than it may. Duty lies here and not in the EHR: an answer that rests on it, or to which it
-- may make the difference now, is not taken.
CREATE FUNCTION relation_reuse(p_action text, p_seconds integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = countersign, pg_temp AS $$
DECLARE
  a     action;
  said  relation;
  since timestamptz;
BEGIN
  IF p_seconds NOT BETWEEN 1 AND 3600 THEN RETURN false; END IF;
  SELECT * INTO a FROM action x WHERE x.tenant = current_tenant() AND x.action = p_action FOR UPDATE;
  since := clock_timestamp() - make_interval(secs => p_seconds);

  SELECT r.* INTO said
    FROM action s
    JOIN relation r ON r.tenant = s.tenant AND r.action = s.action
    JOIN person p ON p.tenant = s.tenant AND p.person = s.principal
   WHERE s.tenant = current_tenant() AND s.action <> a.action
     AND s.principal = a.principal AND s.patient = a.patient AND s.episode = a.episode
     AND s.created_at > since   -- nothing is asked before its action is there; this is what the index can follow
     AND r.cached_from IS NULL AND r.asked_at > since
     AND p.active AND r.asked_at > coalesce(p.relations_from, '-infinity')
     AND NOT EXISTS (SELECT FROM suspension x WHERE x.tenant = s.tenant AND x.kind = 'person'
                        AND x.subject = s.principal::text AND x.lifted_at IS NULL)
   ORDER BY r.asked_at DESC, r.at DESC
   LIMIT 1;

  IF (said.status = 'related' AND said.basis IN ('encounter_participant', 'care_team'))
     OR (said.status = 'not_related'
         AND NOT EXISTS (SELECT FROM on_call o WHERE o.tenant = current_tenant() AND o.person = a.principal
                            AND o.department IS NOT NULL AND o.withdrawn_at IS NULL
                            AND o.starts_at <= clock_timestamp() AND o.ends_at > clock_timestamp())) THEN
    INSERT INTO relation (tenant, action, status, basis, cached_from)
    VALUES (current_tenant(), a.action, said.status, said.basis, said.action)
    ON CONFLICT (tenant, action) DO NOTHING;
    RETURN FOUND;
  END IF;
  RETURN false;
END $$;
REVOKE ALL ON FUNCTION relation_reuse(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relation_reuse(text, integer) TO countersign_governance;

INSERT INTO leaf_kind_writer (kind, login) VALUES ('relation.reused', 'countersign_governance');
