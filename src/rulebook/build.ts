/** Builds the rulebook that the program uses from checked documents. */
import { role, type Digest, type RoleName } from '../action/ids.js';
import { compilePolicy } from '../policy/compile.js';
import type { PolicyWorld } from '../policy/lexicon.js';
import { routinesOf } from '../policy/minimum-necessary.js';
import { quotasOf } from '../policy/quota.js';
import { raisingRuleOf } from '../policy/raising.js';
import { implied } from './check.js';
import { seconds } from './duration.js';
import { elementOf } from './elements.js';
import type { Report } from './problem.js';
import type { ActionContract, ApprovalRules, Rulebook, TierRules } from './rulebook.js';
import type { RulebookContent } from './schema.js';
import type { Tier } from '../action/types.js';

/** Who hears of what is wrong in the policy (0), and in what extends it (from 1, innermost first). */
export type LayerReports = (layer: number) => Report;

/** What the policy's compiler finds is reported; after a report the rulebook is not to be used. */
export function build(content: RulebookContent, digest: Digest, reports: LayerReports): Rulebook {
  const { T0, T1, T2, T3 } = content.tiers.tiers;
  const { relationship_reuse: reuse } = content.tiers;
  const world = worldOf(content);
  const extensions = content.extensions ?? [];
  const rulebook: Rulebook = {
    digest,
    name: (extensions.at(-1) ?? content.policy).name,
    tiers: { T0: tierOf('T0', T0), T1: tierOf('T1', T1), T2: tierOf('T2', T2), T3: tierOf('T3', T3) },
    raising: content.tiers.raising.map(raisingRuleOf),
    relationReuseSeconds: reuse === undefined ? 0 : seconds(reuse),
    minimumNecessary: routinesOf(content['minimum-necessary']),
    quotas: quotasOf(content.quotas),
    roles: rolesOf(content),
    changes: changesOf(content.roles.changes ?? officersAlone),
    elements: world.elements,
    calendar: content.calendar,
    actions: new Map(Object.entries(content.actions.actions).map(([name, row]) => [name, contractOf(name, row)])),
    recordClasses: new Map(
      Object.entries(content.retention.record_classes).map(([name, { keep, citation, sandbox_only }]) => [
        name,
        { name, keep, citation, sandboxOnly: sandbox_only },
      ]),
    ),
    agentClasses: new Map(Object.entries(content.retention.agents ?? {})),
    policy: compilePolicy(
      content.policy,
      { rulebook: digest, ...world },
      reports(0),
      extensions.map((document, at) => ({ document, report: reports(at + 1) })),
    ),
    trustRoots: content.trustRoots,
    content,
  };
  return deepFreeze(rulebook);
}

/** What its policy may speak about. */
export function worldOf(content: RulebookContent): PolicyWorld & Pick<Rulebook, 'elements'> {
  return {
    vocabulary: content.vocabulary,
    calendar: content.calendar,
    elements: new Map(Object.entries(content.elements.elements).map(([name, row]) => [name, elementOf(name, row)])),
    roles: new Set(Object.keys(content.roles.roles)),
    actionTypes: new Set(Object.keys(content.actions.actions)),
  };
}

function rolesOf({ roles: { roles } }: RulebookContent): Rulebook['roles'] {
  return new Map(
    Object.keys(roles).map((name): [RoleName, readonly RoleName[]] => [
      role(name),
      [...implied(roles, [name])].map(role),
    ]),
  );
}

const officers = ['privacy_officer', 'security_officer'];
const officersAlone: ChangesRow = { signers: officers, officers, granted_for: '24h' };

type ChangesRow = NonNullable<RulebookContent['roles']['changes']>;

function changesOf({ signers, officers, granted_for }: ChangesRow): Rulebook['changes'] {
  return {
    signers: new Set(signers.map(role)),
    officers: new Set(officers.map(role)),
    grantSeconds: seconds(granted_for),
  };
}

type Row = RulebookContent['tiers']['tiers'][Tier];

function tierOf(tier: Tier, row: Row): TierRules {
  const { life, uses, records, bytes } = row.warrant;
  const warrant = {
    tier,
    warrantSeconds: seconds(life),
    limits: { maxUses: uses, maxRecords: records, maxBytes: bytes },
  };
  if (row.approvals === 'nobody') return { ...warrant, approval: { status: 'nobody' } };
  return {
    ...warrant,
    approval: {
      status: 'asked',
      needs: quorumOf(row.approvals),
      requires: new Set(row.requires),
      relationshipFor: new Set(row.treatment_relationship),
      deadlineSeconds: seconds(row.deadline),
      reminderShare: row.reminder / 100,
      escalations: row.escalations,
      proof: row.proof,
      confirmation: row.confirmation ?? 'none',
    },
  };
}

type FactorRow = NonNullable<RulebookContent['actions']['actions'][string]['approvals']>[number];

function quorumOf(rows: readonly FactorRow[]): ApprovalRules['needs'] {
  const [first, ...more] = rows.map(({ role: name, count, or, order }) => ({
    role: role(name),
    count,
    ...(or && { or: or.map(role) }),
    ...(order && { order }),
  }));
  if (first === undefined) throw new RangeError('approvals are an empty list');
  return { status: 'quorum', factors: [first, ...more] };
}

function contractOf(name: string, row: RulebookContent['actions']['actions'][string]): ActionContract {
  return {
    name,
    tier: row.tier,
    performs: row.performs,
    elements: row.elements,
    purposes: new Set(row.purposes),
    destination: row.destination,
    needs: row.approvals === undefined ? 'of_tier' : quorumOf(row.approvals),
    maxExpiresIn: row.max_expires_in === undefined ? undefined : seconds(row.max_expires_in),
    recordClass: row.record_class,
  };
}

/** Freezes objects and arrays all the way down. Maps and sets are kept by their read-only types. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const inner = value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  inner.forEach(deepFreeze);
  return Object.freeze(value);
}
