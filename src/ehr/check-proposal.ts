/** Whether a sealed proposal is the one that this warrant lets be written, and nothing beyond what its request allows. */
import { Refusal } from '../action/refusal.js';
import { belongsTo } from './belongs.js';
import { mayChange, type Proposal } from './proposal.js';
import type { TargetOrder } from './read-target.js';

export interface ProposalCase {
  readonly proposal: Proposal;
  /** Action type. */
  readonly type: string;
  readonly order: Pick<TargetOrder, 'leave' | 'target' | 'elements' | 'subject'>;
}

/** @throws Refusal `warrant.other_request` */
export function checkProposal({ proposal, type, order: { leave, target, elements, subject } }: ProposalCase): void {
  const allowed = {
    action: type,
    type: target.type,
    elements: elements.filter((each) => leave.elements.includes(each)),
  };
  const fits =
    proposal.action === type &&
    proposal.target.type === target.type &&
    proposal.target.id === target.id &&
    belongsTo(proposal.resource, subject.patient.reference, leave.location) &&
    proposal.changes.every((change) => mayChange(change, allowed));
  if (!fits) throw new Refusal('warrant.other_request', 'The proposal is not one that the request allows.');
}
