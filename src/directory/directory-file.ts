/** The first directory, as an operator writes it in JSON: who is who before anybody can change it from inside. */
import { z } from 'zod';
import { agentSchema, roleSchema, tenantSchema } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';

const text = z.string().trim().min(1).max(200);
/** A name within the file, by which agents point at people. */
const key = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/);

const zone = text.refine(isZone, { error: 'expected an IANA time zone' });

const personEntry = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  /** OIDC `sub` at that issuer. */
  subject: text,
  name: text,
  department: text.optional(),
  practitioner: z
    .string()
    .regex(/^Practitioner\/[A-Za-z0-9.-]{1,64}$/)
    .optional(),
  roles: z.array(roleSchema),
  training: z.array(z.strictObject({ course: key, completedOn: z.iso.date(), expiresOn: z.iso.date() })),
});

const vendorEntry = z.strictObject({
  name: text,
  /** Absent: no agreement, and so no agent of this vendor acts. */
  baa: z.strictObject({ from: z.iso.date(), until: z.iso.date() }).optional(),
});

const agentEntry = z.strictObject({
  role: key,
  version: text,
  model: text,
  vendor: key,
  responsibleClinician: key,
  owner: key,
  department: text.optional(),
  /** From the day after it the agent is refused. */
  reviewDue: z.iso.date(),
});

const onCallEntry = z
  .strictObject({
    person: key,
    /** One of the two: for whom the person is on call. */
    role: roleSchema.optional(),
    department: text.optional(),
    from: z.iso.datetime({ offset: true }),
    to: z.iso.datetime({ offset: true }),
  })
  .refine(({ role, department }) => (role === undefined) !== (department === undefined), {
    error: 'expected a role or a department',
  });

/** How the EHR calls where a department works. */
const place = z.string().regex(/^(Organization|Location)\/[A-Za-z0-9.-]{1,64}$/);

const directorySchema = z.strictObject({
  tenant: z.strictObject({
    id: tenantSchema,
    name: text,
    zone,
    /** C2SP checkpoint origin; never changes. */
    logOrigin: z.string().regex(/^[a-z0-9.-]+(\/[a-z0-9._-]+)*$/),
  }),
  people: z.record(key, personEntry),
  vendors: z.record(key, vendorEntry),
  agents: z.record(agentSchema, agentEntry),
  /** Department → its places. An Encounter there is that department's. */
  departments: z.record(text, z.array(place)).optional(),
  /** The whole roster: whoever is no longer named is no longer on call. */
  onCall: z.array(onCallEntry).optional(),
});
export type DirectoryFile = Readonly<z.infer<typeof directorySchema>>;

/**
 * Checks the file against itself and against the roles of the rulebook: a misspelt role would hold for nothing.
 *
 * @throws Refusal `directory.invalid`, naming every place as a JSON pointer.
 */
export function readDirectory(value: unknown, roles: ReadonlySet<string>): DirectoryFile {
  const parsed = directorySchema.safeParse(value);
  const problems = parsed.success
    ? problemsOf(parsed.data, roles)
    : parsed.error.issues.map(({ path, code }) => `/${path.map(String).join('/')}: ${code}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new Refusal('directory.invalid', 'The directory file is not consistent; see pointers.', { pointers: problems });
}

function problemsOf(file: DirectoryFile, known: ReadonlySet<string>): string[] {
  const { people, vendors, agents } = file;
  const seen = new Set<string>();
  const ofPeople = Object.entries(people).flatMap(([name, { issuer, subject, roles, training }]) => {
    const human = JSON.stringify([issuer, subject]);
    const twice = seen.has(human);
    seen.add(human);
    return [
      ...(twice ? [`/people/${name}/subject: taken`] : []),
      ...roles.flatMap((role, at) => (known.has(role) ? [] : [`/people/${name}/roles/${at}: unknown_role`])),
      ...training.flatMap(({ completedOn, expiresOn }, at) =>
        expiresOn > completedOn ? [] : [`/people/${name}/training/${at}/expiresOn: too_early`],
      ),
    ];
  });
  const ofVendors = Object.entries(vendors).flatMap(([name, { baa }]) =>
    baa === undefined || baa.until > baa.from ? [] : [`/vendors/${name}/baa/until: too_early`],
  );
  const ofAgents = Object.entries(agents).flatMap(([name, { vendor, responsibleClinician, owner }]) => [
    ...(Object.hasOwn(vendors, vendor) ? [] : [`/agents/${name}/vendor: unknown_vendor`]),
    ...(Object.hasOwn(people, responsibleClinician) ? [] : [`/agents/${name}/responsibleClinician: unknown_person`]),
    ...(Object.hasOwn(people, owner) ? [] : [`/agents/${name}/owner: unknown_person`]),
  ]);
  return [...ofPeople, ...ofVendors, ...ofAgents, ...problemsOfDuty(file, known)];
}

function problemsOfDuty(
  { people, agents, departments = {}, onCall = [] }: DirectoryFile,
  known: ReadonlySet<string>,
): string[] {
  const taken = new Set<string>();
  const ofDepartments = Object.entries(departments).flatMap(([name, places]) =>
    places.flatMap((each, at) => {
      const twice = taken.has(each);
      taken.add(each);
      return twice ? [`/departments/${name}/${at}: taken`] : [];
    }),
  );
  const named = new Set([...Object.keys(departments), ...Object.values(agents).map(({ department }) => department)]);
  const ofRoster = onCall.flatMap(({ person, role, department, from, to }, at) => [
    ...(Object.hasOwn(people, person) ? [] : [`/onCall/${at}/person: unknown_person`]),
    ...(role === undefined || known.has(role) ? [] : [`/onCall/${at}/role: unknown_role`]),
    ...(department === undefined || named.has(department) ? [] : [`/onCall/${at}/department: unknown_department`]),
    ...(Date.parse(to) > Date.parse(from) ? [] : [`/onCall/${at}/to: too_early`]),
  ]);
  return [...ofDepartments, ...ofRoster];
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
