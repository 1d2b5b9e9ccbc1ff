/** Leaves of what went wrong with a change of the rules: ids and codes, nothing of what was sent. */
import type { AgentId, Digest, PersonId } from '../../action/ids.js';
import type { LeafDraft } from '../../audit/leaf.js';
import type { ChangeRefusal, ProposalId } from './change.js';

export interface RefusedChange {
  /** Null for what names no proposal of this tenant. */
  readonly proposal: ProposalId | null;
  /** Null for an agent, and for an activation, which nobody signs. */
  readonly person: PersonId | null;
  readonly agent?: AgentId;
  readonly code: ChangeRefusal;
}

/** One leaf for each proposal, person and reason: repeating a bad signature does not fill the log. */
export function refusedChangeLeaf({ proposal, person, agent, code }: RefusedChange): LeafDraft<'rulebook.refused'> {
  const key = [proposal ?? 'none', person ?? agent ?? 'nobody', code].join('/');
  return { kind: 'rulebook.refused', key, data: { proposal, person, agent: agent ?? null, code } };
}

/** The leaf of a rulebook that cannot be used: `name` is its digest, or that of the files that should have made one. */
export function unreadableLeaf(name: Digest): LeafDraft<'security.event'> {
  return { kind: 'security.event', key: `rulebook/${name}`, data: { code: 'rulebook.unreadable', agent: null } };
}
