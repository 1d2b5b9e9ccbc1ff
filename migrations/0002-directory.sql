-- Who somebody is and what they may be: people, roles, training, agents, vendors, suspensions. Written by the migrating
-- login only; every process reads.

SET search_path = countersign;
SET ROLE countersign_owner;

CREATE TABLE person (
  tenant       text NOT NULL REFERENCES tenant,
  person       uuid NOT NULL DEFAULT gen_random_uuid(),
  issuer       text NOT NULL,            -- OIDC: issuer and subject together name a human
  subject      text NOT NULL,
  display_name text NOT NULL,
  department   text,
  practitioner text CHECK (practitioner ~ '^Practitioner/[A-Za-z0-9.-]{1,64}$'),
  active       boolean NOT NULL DEFAULT true,
  PRIMARY KEY (tenant, person),
  UNIQUE (tenant, issuer, subject)
);
SELECT tenant_table('person');

CREATE TABLE role_grant (
  tenant     text NOT NULL,
  person     uuid NOT NULL,
  role       text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (tenant, person, role, granted_at),
  FOREIGN KEY (tenant, person) REFERENCES person
);
SELECT tenant_table('role_grant');
CREATE UNIQUE INDEX role_grant_live ON role_grant (tenant, person, role) WHERE revoked_at IS NULL;

-- 45 CFR 164.308(a)(5): who has not been trained, or whose training lapsed, does not vote.
CREATE TABLE training (
  tenant       text NOT NULL,
  person       uuid NOT NULL,
  course       text NOT NULL,
  completed_on date NOT NULL,
  expires_on   date NOT NULL CHECK (expires_on > completed_on),
  PRIMARY KEY (tenant, person, course, completed_on),
  FOREIGN KEY (tenant, person) REFERENCES person
);
SELECT tenant_table('training');

-- A model vendor and its business associate agreement (45 CFR 164.504(e)).
CREATE TABLE vendor (
  tenant    text NOT NULL REFERENCES tenant,
  vendor    text NOT NULL,
  name      text NOT NULL,
  baa_from  date,
  baa_until date CHECK (baa_until > baa_from),
  PRIMARY KEY (tenant, vendor)
);
SELECT tenant_table('vendor');

CREATE TABLE agent (
  tenant                text NOT NULL REFERENCES tenant,
  agent                 text NOT NULL CHECK (agent ~ '^[a-z][a-z0-9_-]{0,62}$'),   -- its OAuth client id
  role                  text NOT NULL,
  version               text NOT NULL,
  model                 text NOT NULL,
  vendor                text NOT NULL,
  responsible_clinician uuid NOT NULL,
  owner                 uuid NOT NULL,
  department            text,
  review_due            date NOT NULL,
  PRIMARY KEY (tenant, agent),
  FOREIGN KEY (tenant, vendor) REFERENCES vendor,
  FOREIGN KEY (tenant, responsible_clinician) REFERENCES person,
  FOREIGN KEY (tenant, owner) REFERENCES person
);
SELECT tenant_table('agent');

CREATE TABLE suspension (
  tenant    text NOT NULL REFERENCES tenant,
  kind      text NOT NULL CHECK (kind IN ('agent', 'person')),
  subject   text NOT NULL,
  reason    text NOT NULL CHECK (reason ~ '^[a-z_]+$'),
  since     timestamptz NOT NULL DEFAULT clock_timestamp(),
  lifted_at timestamptz CHECK (lifted_at >= since),
  PRIMARY KEY (tenant, kind, subject, since)
);
SELECT tenant_table('suspension');

GRANT SELECT ON person, role_grant, training, vendor, agent, suspension TO
  countersign_api, countersign_governance, countersign_ehr, countersign_llm, countersign_notify, countersign_codec;
