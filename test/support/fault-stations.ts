/** Where a T2 write can be interrupted: each thing that it waits for, and how it is held there. */
import type { Holdable } from './crash-points.js';
import { transactionPath, type EhrHold } from './fault-ehr.js';

/** What the people and the agent do, in this order. */
export const phases = ['request', 'order', 'countersign', 'release'] as const;
export type Phase = (typeof phases)[number];

/** How a station keeps the write waiting. */
export type Hold =
  /** A transaction of that process, at that table, before the row or at the commit. */
  | { readonly by: 'table'; readonly of: Holdable; readonly table: string }
  | ({ readonly by: 'ehr' } & EhrHold)
  /** The signer stands still: the checkpoint that the effect waits for does not come. */
  | { readonly by: 'signer' };

export interface Station {
  /** During which the write comes by here. */
  readonly phase: Phase;
  readonly hold: Hold;
  /** From here on until the EHR's answer nobody knows by itself whether the write took effect. */
  readonly sent?: true;
}

const table = (of: Holdable, name: string): Hold => ({ by: 'table', of, table: name });

/** In the order in which a write comes by. A table is named that nobody else of that phase writes. */
export const stations = {
  request: { phase: 'request', hold: table('api', 'action') },
  relation: { phase: 'request', hold: { by: 'ehr', method: 'GET', path: '/fhir/Encounter', when: 'before' } },
  classify: { phase: 'request', hold: table('worker-governance', 'step_result') },
  base: { phase: 'request', hold: { by: 'ehr', method: 'GET', path: '/fhir/MedicationRequest', when: 'before' } },
  prepare: { phase: 'request', hold: table('worker-ehr', 'revision') },
  challenge: { phase: 'order', hold: table('api', 'challenge') },
  receipt: { phase: 'order', hold: table('api', 'vote_receipt') },
  vote: { phase: 'order', hold: table('worker-governance', 'vote') },
  authorise: { phase: 'countersign', hold: table('worker-governance', 'warrant') },
  open: { phase: 'countersign', hold: table('worker-ehr', 'warrant_use') },
  checkpoint: { phase: 'countersign', hold: { by: 'signer' } },
  sending: { phase: 'countersign', hold: table('worker-ehr', 'sending'), sent: true },
  effect: {
    phase: 'countersign',
    hold: { by: 'ehr', method: 'POST', path: transactionPath, exact: true, when: 'before' },
    sent: true,
  },
  answer: {
    phase: 'countersign',
    hold: { by: 'ehr', method: 'POST', path: transactionPath, exact: true, when: 'after' },
    sent: true,
  },
  close: { phase: 'countersign', hold: table('worker-ehr', 'sealed'), sent: true },
  conclude: { phase: 'countersign', hold: table('worker-governance', 'dek_wrap') },
  release: { phase: 'release', hold: table('api', 'audit_leaf') },
} as const satisfies Readonly<Record<string, Station>>;

export type StationName = keyof typeof stations;
