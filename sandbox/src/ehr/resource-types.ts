/** The resource types that the store holds, with their R4 search parameters and mandatory elements. Data, not code. */

export interface SearchParam {
  readonly kind: 'reference' | 'token' | 'date' | 'string';
  /** Dotted element paths; a value at any of them can match. */
  readonly paths: readonly string[];
  /** The only type that this reference parameter points at, so that a bare id is enough. */
  readonly target?: string;
  /** Of a parameter that R4 does not have. */
  readonly definition?: string;
}

export interface ResourceType {
  readonly params: Readonly<Record<string, SearchParam>>;
  /** Elements with cardinality 1.. and `status`: asked of writers, and kept by `_elements`. `x[]` is a choice. */
  readonly mandatory: readonly string[];
}

const token = (...paths: string[]): SearchParam => ({ kind: 'token', paths });
const date = (...paths: string[]): SearchParam => ({ kind: 'date', paths });
const text = (...paths: string[]): SearchParam => ({ kind: 'string', paths });
/** Several paths are parted by blanks. */
const reference = (path: string, target?: string): SearchParam => ({
  kind: 'reference',
  paths: path.split(' '),
  ...(target !== undefined && { target }),
});

const common = {
  _id: token('id'),
  _lastUpdated: date('meta.lastUpdated'),
  _tag: token('meta.tag'),
  _security: token('meta.security'),
};
const identifier = token('identifier');
const status = token('status');
const category = token('category');
const code = token('code');
const encounter = reference('encounter', 'Encounter');
const ofSubject = { patient: reference('subject', 'Patient'), subject: reference('subject'), identifier };
const ofPatient = { patient: reference('patient', 'Patient'), identifier };
const humanName = {
  name: text('name.family', 'name.given', 'name.text'),
  family: text('name.family'),
  given: text('name.given'),
};

const type = (mandatory: string, params: Readonly<Record<string, SearchParam>>): ResourceType => ({
  mandatory: mandatory.split(' ').filter(Boolean),
  params: { ...common, ...params },
});

/** By name. A Map, because names come from URLs and `constructor` is no resource type. */
export const resourceTypes: ReadonlyMap<string, ResourceType> = new Map(
  Object.entries({
    Patient: type('', {
      identifier,
      ...humanName,
      birthdate: date('birthDate'),
      gender: token('gender'),
      phone: token('telecom'),
    }),
    Practitioner: type('', { identifier, ...humanName, active: token('active') }),
    Organization: type('', { identifier, name: text('name'), active: token('active') }),
    Location: type('', {
      identifier,
      name: text('name'),
      status,
      organization: reference('managingOrganization', 'Organization'),
    }),
    HealthcareService: type('', {
      identifier,
      name: text('name'),
      active: token('active'),
      'service-category': category,
      location: reference('location', 'Location'),
      organization: reference('providedBy', 'Organization'),
    }),
    Encounter: type('status class', {
      ...ofSubject,
      status,
      class: token('class'),
      type: token('type'),
      date: date('period'),
      participant: reference('participant.individual'),
      practitioner: reference('participant.individual', 'Practitioner'),
    }),
    Condition: type('subject', {
      ...ofSubject,
      encounter,
      category,
      code,
      'clinical-status': token('clinicalStatus'),
      'verification-status': token('verificationStatus'),
      'onset-date': date('onsetDateTime', 'onsetPeriod'),
      'recorded-date': date('recordedDate'),
    }),
    MedicationRequest: type('status intent medication[] subject', {
      ...ofSubject,
      encounter,
      status,
      category,
      intent: token('intent'),
      code: token('medicationCodeableConcept'),
      date: date('dosageInstruction.timing.event'),
      authoredon: date('authoredOn'),
      requester: reference('requester'),
    }),
    AllergyIntolerance: type('patient', {
      ...ofPatient,
      category,
      code: token('code', 'reaction.substance'),
      criticality: token('criticality'),
      'clinical-status': token('clinicalStatus'),
      'verification-status': token('verificationStatus'),
      date: date('recordedDate'),
    }),
    Observation: type('status code', {
      ...ofSubject,
      encounter,
      status,
      category,
      code,
      date: date('effectiveDateTime', 'effectivePeriod', 'effectiveInstant'),
    }),
    DiagnosticReport: type('status code', {
      ...ofSubject,
      encounter,
      status,
      category,
      code,
      date: date('effectiveDateTime', 'effectivePeriod'),
    }),
    Procedure: type('status subject', {
      ...ofSubject,
      encounter,
      status,
      category,
      code,
      date: date('performedDateTime', 'performedPeriod'),
    }),
    Immunization: type('status vaccineCode patient occurrence[]', {
      ...ofPatient,
      status,
      'vaccine-code': token('vaccineCode'),
      date: date('occurrenceDateTime'),
    }),
    DocumentReference: type('status content', {
      ...ofSubject,
      encounter: reference('context.encounter', 'Encounter'),
      status,
      category,
      type: token('type'),
      date: date('date'),
    }),
    Appointment: type('status participant', {
      identifier,
      status,
      patient: reference('participant.actor', 'Patient'),
      practitioner: reference('participant.actor', 'Practitioner'),
      location: reference('participant.actor', 'Location'),
      actor: reference('participant.actor'),
      date: date('start'),
    }),
    Device: type('', { identifier, 'device-name': text('deviceName.name'), status, type: token('type') }),
    Provenance: type('target recorded agent', {
      patient: reference('target', 'Patient'),
      target: reference('target'),
      agent: reference('agent.who'),
      entity: reference('entity.what'),
      recorded: date('recorded'),
      when: date('occurredDateTime'),
      activity: token('activity'),
      // R4 gives Provenance no identifier: this parameter is our own, and foreign servers refuse it.
      identifier: {
        ...token('entity.what.identifier'),
        definition: 'urn:countersign:sandbox:SearchParameter:Provenance-identifier',
      },
    }),
    AuditEvent: type('type recorded agent source', {
      patient: reference('agent.who entity.what', 'Patient'),
      agent: reference('agent.who'),
      entity: reference('entity.what'),
      source: reference('source.observer'),
      date: date('recorded'),
      action: token('action'),
      outcome: token('outcome'),
      type: token('type'),
      subtype: token('subtype'),
    }),
    CarePlan: type('status intent subject', { ...ofSubject, encounter, status, category, date: date('period') }),
    CareTeam: type('', {
      ...ofSubject,
      encounter,
      status,
      category,
      participant: reference('participant.member'),
      date: date('period'),
    }),
    EpisodeOfCare: type('status patient', { ...ofPatient, status, date: date('period') }),
    Claim: type('status type use patient created provider priority insurance', {
      ...ofPatient,
      status,
      created: date('created'),
    }),
    ExplanationOfBenefit: type('status type use patient created insurer provider outcome insurance', {
      ...ofPatient,
      status,
      created: date('created'),
    }),
  }),
);

/** Elements of these types whose JSON name carries their type: `_elements=medication` keeps `medicationCodeableConcept`. */
export const choiceElements: ReadonlySet<string> = new Set([
  'abatement',
  'deceased',
  'effective',
  'medication',
  'multipleBirth',
  'occurred',
  'occurrence',
  'onset',
  'performed',
  'reported',
  'serviced',
  'value',
]);
