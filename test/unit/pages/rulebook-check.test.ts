import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { challenge, digest, person, role, tenant } from '../../../src/action/ids.js';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import { differencesOf, isRulebook, isStatement, signableOf } from '../../../src/pages/rulebook-check.js';
import { proposalSchema, statementHash, type Statement } from '../../../src/rulebook/change/change.js';
import { compareRulebooks } from '../../../src/rulebook/change/compare.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const { content } = testRulebook();
const other = testRulebook({
  'tiers.yaml': (rulebookFiles()['tiers.yaml'] ?? '').replace('deadline: 4h', 'deadline: 3h'),
});

const statement: Statement = {
  v: 1,
  tenant: tenant('clinic'),
  proposal: proposalSchema.parse('00000000-0000-4000-8000-000000000001'),
  digest: digest('1'.repeat(64)),
  base: digest('2'.repeat(64)),
  verdict: 'approve',
  person: person('00000000-0000-4000-8000-000000000002'),
  actingRoles: [role('privacy_officer')],
  challenge: challenge('00000000-0000-4000-8000-000000000003'),
  decidedAt: '2026-03-01T12:00:00.000Z',
};
const { proposal: id, digest: proposed, base } = statement;
const asked = { id, digest: proposed, base };
const opened = (more: Partial<Statement> = {}) => {
  const signed = { ...statement, ...more };
  const told = { challenge: statement.challenge, rpId: 'localhost', expiresAt: '2026-03-01T12:05:00.000Z' };
  return signableOf({ ...told, statement: signed, hash: statementHash(signed, sha256) });
};

describe('before somebody signs, the page', () => {
  it('finds the differences that the command finds', () => {
    expect(differencesOf(content, other.content)).toEqual(compareRulebooks(content, other.content));
    expect(differencesOf(content, content)).toEqual([]);
  });

  it('knows a rulebook by its digest', async () => {
    const read: unknown = JSON.parse(JSON.stringify(content));
    expect(await isRulebook(Object(read), canonicalDigest(content))).toBe(true);
    expect(await isRulebook({ ...Object(read), more: 1 }, canonicalDigest(content))).toBe(false);
  });

  it('takes the statement of this proposal and verdict', async () => {
    expect(await isStatement(opened(), asked, 'approve')).toBe(true);
  });

  it.each<[what: string, more: Partial<Statement>]>([
    ['another proposal', { proposal: proposalSchema.parse('00000000-0000-4000-8000-000000000009') }],
    ['another rulebook', { digest: digest('3'.repeat(64)) }],
    ['another base', { base: digest('3'.repeat(64)) }],
    ['another verdict', { verdict: 'deny' }],
    ['another challenge', { challenge: challenge('00000000-0000-4000-8000-000000000009') }],
  ])('refuses one of %s', async (_what, more) => {
    expect(await isStatement(opened(more), asked, 'approve')).toBe(false);
  });

  it('refuses a hash that stands for something else', async () => {
    expect(await isStatement({ ...opened(), hash: 'A'.repeat(43) }, asked, 'approve')).toBe(false);
  });
});
