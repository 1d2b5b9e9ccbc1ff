import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { softwarePasskey } from '@countersign/sandbox';
import { passkeysCommand } from '../../../src/cli/commands/passkeys.command.js';
import { cliStage, type CliStage, type Seat } from './stage.js';

let stage: CliStage;
beforeAll(async () => {
  stage = await cliStage();
});
afterAll(() => stage.stop());

const passkeys = (args: readonly string[], seat?: Seat) => stage.run(passkeysCommand, args, seat);
const amara = ['--sandbox-person', 'amara'];

describe('countersign passkeys', () => {
  it('enrols a key for a sandbox person, says what it is good for, lists it and revokes it', async () => {
    expect((await passkeys(['list', ...amara])).out).toBe('You have no passkey: countersign passkeys enrol.');
    const { exit, out, err } = await passkeys(['enrol', ...amara]);
    expect({ exit, err: exit === 0 ? '' : err }).toEqual({ exit: 0, err: '' });
    expect(err).toContain('Enrolling takes a sign-in of its own');
    expect(out).toContain('It signs your votes at localhost');
    expect(out).toContain('It lets nobody sign in.');
    expect(softwarePasskey(stage.idp.stateDir, 'amara').holds('localhost')).toBe(true);

    const listed = JSON.parse((await passkeys(['list', '--json', ...amara])).out);
    const id = String(listed.passkeys[0].id);
    expect(out).toContain(id.slice(0, 8));
    expect((await passkeys(['list', ...amara])).out).toMatch(
      new RegExp(`${id.slice(0, 8)}\\s+localhost.*votes for you`),
    );

    const revoked = await passkeys(['revoke', id.slice(0, 8), ...amara]);
    expect(revoked).toMatchObject({ exit: 0, out: expect.stringContaining(id) });
    expect((await passkeys(['list', ...amara])).out).toContain('revoked 2');
  });

  it('is one JSON value with --json', async () => {
    const made = await passkeys(['enrol', '--json', '--sandbox-person', 'ben']);
    const { id } = JSON.parse(made.out);
    const { out } = await passkeys(['revoke', id, '--json', '--sandbox-person', 'ben']);
    expect(JSON.parse(out)).toMatchObject({ id, rpId: 'localhost', revokedAt: expect.any(String) });
  });

  it('enrols a real key in the browser, on the API’s own page', async () => {
    const page = `${stage.url}/pages/passkeys`;
    expect(await passkeys(['enrol', '--no-browser'])).toMatchObject({ exit: 0, out: page });
    expect(await passkeys(['enrol', '--json'])).toMatchObject({ exit: 0, out: JSON.stringify({ page }) });
  });

  it.each([
    ['that nothing of theirs begins with', '00000000', 1],
    ['that is none', 'NOT-AN-ID', 2],
  ])('revokes nothing by an id %s', async (_what, id, exit) => {
    expect(await passkeys(['revoke', id, ...amara])).toMatchObject({ exit, out: '' });
  });

  it('makes no key when the API asks for one of another site', async () => {
    stage.lie('/v1/passkeys/enrolments', (answer) => ({ ...answer, rpId: 'evil.example' }));
    const { exit, err } = await passkeys(['enrol', '--sandbox-person', 'chen']);
    stage.lie('/v1/passkeys/enrolments', undefined);
    expect({ exit, said: err.includes('No key was made; report it.') }).toEqual({ exit: 1, said: true });
    expect(softwarePasskey(stage.idp.stateDir, 'chen').holds('localhost')).toBe(false);
  });

  describe('vouch', () => {
    const enrolled = async (person: string) =>
      JSON.parse((await passkeys(['enrol', '--json', '--sandbox-person', person])).out);
    const ben = ['--sandbox-person', 'ben'];

    it('shows whose key it is and the fingerprint that its owner sees, asks, and has a passkey sign', async () => {
      const { id, fingerprint } = await enrolled('elif');
      await enrolled('ben');
      const own = (await passkeys(['list', '--sandbox-person', 'elif'])).out;
      expect(own).toMatch(/VOUCHED BY[^]*nobody/);
      expect(own).toContain(`read them ${fingerprint}: countersign passkeys vouch ${id}`);

      const left = await passkeys(['vouch', id, ...ben], { sure: false });
      expect(left).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Nothing was signed.') });
      expect(left.err).toMatch(new RegExp(`Owner +elif\\nFingerprint +${fingerprint}\\n`));
      expect(await passkeys(['vouch', id, ...ben])).toMatchObject({ exit: 2, out: '' });

      const vouched = await passkeys(['vouch', id, ...ben], { sure: true });
      expect(vouched).toMatchObject({ exit: 0, out: expect.stringContaining('of elif: it may vote at T3 too') });
      expect((await passkeys(['list', '--sandbox-person', 'elif'])).out).toMatch(
        new RegExp(`${fingerprint} .* ben +votes`),
      );
      expect((await passkeys(['vouch', id, '--yes', ...ben])).err).toContain('(vouching.duplicate)');
    });

    it('is one JSON value with --json', async () => {
      const { id } = await enrolled('ben');
      const { out } = await passkeys(['vouch', id, '--yes', '--json', '--sandbox-person', 'elif']);
      expect(JSON.parse(out)).toMatchObject({ id, owner: 'ben', vouched: { by: 'elif' } });
    });

    it('opens the page of the API for everybody else', async () => {
      const { id } = await enrolled('chen');
      const page = `${stage.url}/pages/passkeys?vouch=${id}`;
      expect(await passkeys(['vouch', id, '--no-browser'])).toMatchObject({ exit: 0, out: page });
      expect(await passkeys(['vouch', id.slice(0, 8)])).toMatchObject({ exit: 2, out: '' });
    });

    it.each<[what: string, lie: (statement: object) => object, said: string]>([
      ['passkey', (statement) => ({ ...statement, passkey: '00000000-0000-4000-8000-000000000000' }), '(passkey)'],
      ['key', (statement) => ({ ...statement, publicKey: '0'.repeat(64) }), '(fingerprint)'],
      ['voucher', (statement) => ({ ...statement, voucher: '00000000-0000-4000-8000-000000000000' }), '(hash)'],
    ])('signs nothing for another %s than was shown', async (_what, lie, said) => {
      const { id } = await enrolled('dora');
      stage.lie(`/v1/passkeys/${id}/vouchings`, (answer) => ({
        ...answer,
        statement: lie(Object(answer['statement'])),
      }));
      const { exit, err } = await passkeys(['vouch', id, '--yes', '--sandbox-person', 'elif']);
      expect({ exit, said: err.includes(said) }).toEqual({ exit: 1, said: true });
      expect((await passkeys(['list', '--sandbox-person', 'dora'])).out).toContain('nobody');
    });
  });
});
