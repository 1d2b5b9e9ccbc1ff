import type { PoolClient } from 'pg';
import { findAgent, findPerson, type AgentRow } from '../directory/directory.store.js';
import { agentStanding } from '../directory/standing.js';
import { standingRelation } from '../ehr/relation.store.js';
import { classify, type Classification } from '../policy/classify.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import type { ActionRow } from './action.store.js';
import { catalogue } from './catalogue.js';
import { circumstances } from './circumstances.store.js';
import { tallyOnce } from './tally.store.js';
import type { Tallies } from '../policy/tally.js';

export interface Judged {
  readonly classification: Classification;
  readonly rulebook: Rulebook;
  /** Undefined for an agent that the directory no longer knows; the classification is a refusal then. */
  readonly agent: AgentRow | undefined;
  /** What the classification counted; classify writes it down with the action. */
  readonly tallies: Tallies;
}

/**
 * Judges an action by its pinned rulebook and by what the directory and the EHR say now. Called at classify and again
 * before the warrant, so that what changed in between counts.
 */
export async function judge(tx: PoolClient, readRulebook: ReadRulebook, row: ActionRow): Promise<Judged> {
  const rulebook = await readRulebook(tx, row.rulebook);
  const agent = await findAgent(tx, row.agent);
  const principal = await findPerson(tx, row.principal);
  const relation = row.patient === null ? 'not_asked' : ((await standingRelation(tx, row))?.status ?? 'unknown');
  const definition = catalogue.get(row.type);
  const tallies = await tallyOnce(tx, rulebook, row);
  const classification: Classification =
    definition === undefined || principal === undefined || !principal.active || principal.suspended
      ? refusal(definition === undefined ? 'type.unknown' : 'principal.inactive')
      : classify(rulebook, {
          type: row.type,
          floor: definition.tier,
          elements: row.elements,
          purpose: row.purpose,
          namesPatient: row.patient !== null,
          agent: { role: agent?.role ?? 'unknown', status: agentStanding(agent, row.agentVersion) },
          principalRoles: principal.roles,
          relation,
          reasonGiven: row.reasonGiven,
          justified: row.justified,
          riskAssessed: row.riskAssessed,
          unnamedLabels: 'not_read_yet',
          circumstances: await circumstances(tx, rulebook, row),
          tallied: tallies,
          ...(row.claimedTier !== null && { claimedTier: row.claimedTier }),
          ...(row.expiresIn !== null && { expiresIn: row.expiresIn }),
        });
  return { classification, rulebook, agent, tallies };
}

function refusal(rule: string): Classification {
  return { status: 'refused', rules: [rule], nearMisses: [], why: [] };
}
