import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { action, digest, role } from '../../../src/action/ids.js';
import {
  decisionHash,
  decisionSchema,
  meaningSchema,
  meanings,
  meaningsFor,
  meansVerdict,
  sameDecision,
  usualMeaning,
  verdictSchema,
  type Decision,
} from '../../../src/approval/decision.js';
import { orderMeaning, type Needs } from '../../../src/approval/quorum.js';
import { isDecisionEnvelope } from '../../../src/approval/envelope.js';
import { envelopeOf } from './envelope-of.js';
import { personOf } from './people.js';

const envelope = envelopeOf({ action: action('a'.repeat(26)), approver: 'ada' });
const { decision } = envelope;

describe('the hash of a decision', () => {
  it('is SHA-256 over a label and the canonical bytes, written here by hand', () => {
    const bytes =
      'countersign-decision/v1\n' +
      '{"actingRoles":["clinical_staff"],"action":"aaaaaaaaaaaaaaaaaaaaaaaaaa",' +
      '"approver":"00000000-0000-4000-8000-00000000000a","challenge":"00000000-0000-4000-8000-000000000101",' +
      `"decidedAt":"2026-03-01T09:00:00.123Z","displayCommitment":"${'22'.repeat(32)}","meaning":"approve.access",` +
      `"reasonCommitment":null,"requestCommitment":"${'11'.repeat(32)}","revision":1,"rulebook":"${'33'.repeat(32)}",` +
      '"tenant":"clinic","tier":"T1","v":1,"verdict":"approve"}';
    expect(decisionHash(decision, sha256)).toBe(createHash('sha256').update(bytes).digest('base64url'));
  });

  const changes: { readonly [F in keyof Decision]?: Decision[F] } = {
    action: action('b'.repeat(26)),
    revision: 2,
    requestCommitment: digest('12'.repeat(32)),
    displayCommitment: digest('23'.repeat(32)),
    rulebook: digest('34'.repeat(32)),
    tier: 'T2',
    verdict: 'deny',
    meaning: 'approve.responsible',
    reasonCommitment: digest('45'.repeat(32)),
    approver: personOf('bo'),
    actingRoles: [role('senior_clinician')],
    decidedAt: '2026-03-01T09:00:00.124Z',
  };
  it.each(Object.entries(changes))('is another when %s is', (field, value) => {
    const other: Decision = { ...decision, [field]: value };
    expect(decisionHash(other, sha256)).not.toBe(decisionHash(decision, sha256));
    expect(sameDecision(other, decision)).toBe(false);
  });

  it('does not depend on the order of the fields', () => {
    const turned = decisionSchema.parse(Object.fromEntries(Object.entries(decision).reverse()));
    expect(decisionHash(turned, sha256)).toBe(decisionHash(decision, sha256));
    expect(sameDecision(turned, decision)).toBe(true);
  });
});

describe('a meaning', () => {
  it('stands for one verdict', () => {
    for (const meaning of meaningSchema.options)
      expect(verdictSchema.options.filter((verdict) => meansVerdict(meaning, verdict))).toHaveLength(1);
    for (const verdict of verdictSchema.options) expect(meansVerdict(usualMeaning[verdict], verdict)).toBe(true);
  });

  const seat = { role: role('clinical_staff'), count: 1 };
  const plain: Needs = { status: 'quorum', factors: [seat] };
  const ordered: Needs = { status: 'quorum', factors: [seat, { role: role('clinician'), count: 1, order: true }] };

  it('is an order only where one is asked for, and never of what became of a write', () => {
    expect(meaningsFor({ kind: 'prepared', needs: ordered })).toContain(orderMeaning);
    expect(meaningsFor({ kind: 'prepared', needs: plain })).not.toContain(orderMeaning);
    expect(meaningsFor({ kind: 'resolution', needs: ordered })).not.toContain(orderMeaning);
  });

  it('of what became of a write is for that question alone, and covers both answers', () => {
    const said = meaningsFor({ kind: 'resolution', needs: plain });
    expect(said.map((meaning) => meaning.split('.')[0]).sort()).toEqual(['approve', 'deny']);
    for (const kind of ['asked', 'prepared'] as const)
      expect(meaningsFor({ kind, needs: ordered }).filter((meaning) => said.includes(meaning))).toEqual([]);
  });

  it('is of the list that the database holds', () => {
    const sql = readFileSync('migrations/0012-revision.sql', 'utf8');
    const list = /CHECK \(meaning IN \(([^)]*)\)\)/.exec(sql)?.[1] ?? '';
    expect([...list.matchAll(/'([^']+)'/g)].map(([, name]) => name).sort()).toEqual(Object.keys(meanings).sort());
  });
});

describe('a decision envelope', () => {
  it('is known by its shape', () => {
    expect(isDecisionEnvelope(envelope)).toBe(true);
  });

  it.each<[what: string, decision: object]>([
    ['a reason in words', { ...decision, reasonCommitment: 'because I say so' }],
    ['a meaning of one’s own', { ...decision, meaning: 'I approve of Mrs Quillfeather' }],
    ['a role with a space', { ...decision, actingRoles: ['clinical staff'] }],
    ['no role at all', { ...decision, actingRoles: [] }],
    ['more roles than anybody has', { ...decision, actingRoles: Array(9).fill('clinical_staff') }],
    ['a comment beside the fields', { ...decision, comment: 'hello' }],
    ['a time in words', { ...decision, decidedAt: 'yesterday' }],
  ])('has no room for %s, so it may travel in clear', (_what, other) => {
    expect(isDecisionEnvelope({ ...envelope, decision: other })).toBe(false);
  });
});
