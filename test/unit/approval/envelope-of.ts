import { challenge, digest, role, tenant, type ActionId } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { personOf, type Name } from './people.js';

/** An approval of the right shape by this person; its token is signed by nobody. */
export function envelopeOf({
  action,
  approver,
}: {
  readonly action: ActionId;
  readonly approver: Name;
}): DecisionEnvelope {
  return {
    decision: {
      v: 1,
      tenant: tenant('clinic'),
      action,
      revision: 1,
      requestCommitment: digest('11'.repeat(32)),
      displayCommitment: digest('22'.repeat(32)),
      rulebook: digest('33'.repeat(32)),
      tier: 'T1',
      verdict: 'approve',
      meaning: 'approve.access',
      reasonCommitment: null,
      approver: personOf(approver),
      actingRoles: [role('clinical_staff')],
      challenge: challenge('00000000-0000-4000-8000-000000000101'),
      decidedAt: '2026-03-01T09:00:00.123Z',
    },
    proof: { kind: 'idp', idToken: 'header.payload.signature' },
  };
}
