import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import {
  softwarePasskey,
  type CreatedPasskey,
  type PasskeyAssertion,
  type PasskeyOptions,
} from '../../../sandbox/src/passkey/software-passkey.js';

const site = { rpId: 'localhost', origin: 'http://localhost:8787' };
const [challenge, other] = [
  'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
  'LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ',
];
const userHandle = Buffer.from('chen').toString('base64url');

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sandbox-passkey-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const passkey = (options: PasskeyOptions = {}, person = 'chen') => softwarePasskey(stateDir, person, options);
const keyFile = () => join(stateDir, 'passkeys', 'chen.json');

interface Expected {
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
}

/** As a relying party would that knows nothing of whom it talks to. */
const registered = (
  { id, clientDataJSON, attestationObject }: CreatedPasskey,
  { challenge: expectedChallenge = challenge, origin = site.origin, rpId = site.rpId }: Expected = {},
) =>
  verifyRegistrationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject },
    },
    expectedChallenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
  });

const credentialOf = async (made: CreatedPasskey) => {
  const { registrationInfo } = await registered(made);
  if (!registrationInfo) throw new Error('the registration was not verified');
  return registrationInfo.credential;
};

interface Presented extends Expected {
  readonly credential: Awaited<ReturnType<typeof credentialOf>>;
  readonly counter?: number;
}

const authenticated = (
  { credentialId: id, ...response }: PasskeyAssertion,
  {
    credential,
    counter = 0,
    challenge: expectedChallenge = challenge,
    origin = site.origin,
    rpId = site.rpId,
  }: Presented,
) =>
  verifyAuthenticationResponse({
    response: { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response },
    expectedChallenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
    credential: { ...credential, counter },
  });

describe('creating a passkey', () => {
  it('gives a registration that a relying party takes', async () => {
    const made = passkey().create({ ...site, challenge, userHandle });
    const { verified, registrationInfo } = await registered(made);
    expect({ verified, ...registrationInfo }).toMatchObject({
      verified: true,
      fmt: 'none',
      aaguid: '00000000-0000-0000-0000-000000000000',
      userVerified: true,
      credentialDeviceType: 'multiDevice',
      credentialBackedUp: true,
      credential: { id: made.id, counter: 0 },
    });
    expect(made.transports).toEqual(['internal', 'hybrid']);
  });

  it.each<[what: string, expected: Expected, words: string]>([
    ['another challenge', { challenge: other }, 'challenge'],
    ['another origin', { origin: 'http://localhost:9999' }, 'origin'],
    ['another relying party', { rpId: 'clinic.example' }, 'RP ID'],
  ])('is of no use for %s', async (_what, expected, words) => {
    const made = passkey().create({ ...site, challenge, userHandle });
    await expect(registered(made, expected)).rejects.toThrow(words);
  });

  it('without a verified user says so', async () => {
    const made = passkey({ verifiesUser: false }).create({ ...site, challenge, userHandle });
    await expect(registered(made)).rejects.toThrow('user could not be verified');
  });

  it('a second time puts a new key in the place of the old one', async () => {
    const first = passkey().create({ ...site, challenge, userHandle });
    const second = passkey().create({ ...site, challenge, userHandle });
    expect(second.id).not.toBe(first.id);
    expect(passkey().get({ ...site, challenge }).credentialId).toBe(second.id);
  });

  it.each([['clinic.example'], ['localhost.clinic.example'], ['127.0.0.1'], ['']])(
    'is refused for "%s": it never signs for a real site',
    (rpId) => {
      const create = () => passkey().create({ ...site, rpId, challenge, userHandle });
      expect(create).toThrow('for localhost alone');
      passkey().create({ ...site, challenge, userHandle });
      expect(() => passkey().get({ ...site, rpId, challenge })).toThrow('no passkey was created');
      expect(passkey().holds(rpId)).toBe(false);
    },
  );

  it.each([['somebody'], ['../chen'], ['']])('is for the people of the sandbox, not for "%s"', (person) => {
    expect(() => passkey({}, person)).toThrow('no such sandbox person');
  });

  it.each([['with/slash'], ['padded='], ['']])('takes its texts in base64url alone: "%s"', (text) => {
    expect(() => passkey().create({ ...site, challenge: text, userHandle })).toThrow('base64url');
    expect(() => passkey().create({ ...site, challenge, userHandle: text })).toThrow('base64url');
    expect(passkey().holds('localhost')).toBe(false);
    passkey().create({ ...site, challenge, userHandle });
    expect(() => passkey().get({ ...site, challenge: text })).toThrow('base64url');
  });
});

describe('an assertion', () => {
  it('is one that a relying party takes for this challenge, and says whose it is', async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    const assertion = passkey().get({ ...site, challenge });
    expect(assertion).toMatchObject({ credentialId: credential.id, userHandle });
    const { verified, authenticationInfo } = await authenticated(assertion, { credential });
    expect({ verified, ...authenticationInfo }).toMatchObject({ verified: true, userVerified: true, newCounter: 0 });
  });

  it.each<[what: string, expected: Expected, words: string]>([
    ['another challenge', { challenge: other }, 'challenge'],
    ['another origin', { origin: 'https://localhost:8787' }, 'origin'],
    ['another relying party', { rpId: 'clinic.example' }, 'RP ID'],
  ])('is of no use for %s', async (_what, expected, words) => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    const presented = authenticated(passkey().get({ ...site, challenge }), { credential, ...expected });
    await expect(presented).rejects.toThrow(words);
  });

  it('without a verified user says so, though the key was made with one', async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    const assertion = passkey({ verifiesUser: false }).get({ ...site, challenge });
    await expect(authenticated(assertion, { credential })).rejects.toThrow('user could not be verified');
  });

  it('with other client data is not what was signed', async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    const { clientDataJSON } = passkey().get({ ...site, challenge: other });
    const assertion = { ...passkey().get({ ...site, challenge }), clientDataJSON };
    const presented = await authenticated(assertion, { credential, challenge: other });
    expect(presented.verified).toBe(false);
  });

  it("of somebody else's key is not verified by this one", async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    passkey({}, 'dora').create({ ...site, challenge, userHandle });
    const { verified } = await authenticated(passkey({}, 'dora').get({ ...site, challenge }), { credential });
    expect(verified).toBe(false);
  });

  it('is not to be had before anything was created', () => {
    expect(passkey().holds('localhost')).toBe(false);
    expect(() => passkey().get({ ...site, challenge })).toThrow('no passkey was created');
  });
});

describe('the counter', () => {
  const counterOf = async (assertion: PasskeyAssertion, credential: Presented['credential'], counter = 0) =>
    (await authenticated(assertion, { credential, counter })).authenticationInfo.newCounter;

  it('stays at 0, as of passkeys that a platform syncs', async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    for (let use = 0; use < 2; use++)
      expect(await counterOf(passkey().get({ ...site, challenge }), credential)).toBe(0);
  });

  it('goes up at each use where it counts, also after a restart, so that a copy is noticed', async () => {
    const credential = await credentialOf(passkey({ counts: true }).create({ ...site, challenge, userHandle }));
    const copied = readFileSync(keyFile());
    const first = await counterOf(passkey({ counts: true }).get({ ...site, challenge }), credential);
    const second = await counterOf(passkey({ counts: true }).get({ ...site, challenge }), credential, first);
    expect([first, second]).toEqual([1, 2]);
    writeFileSync(keyFile(), copied);
    const stale = passkey({ counts: true }).get({ ...site, challenge });
    await expect(counterOf(stale, credential, second)).rejects.toThrow('counter');
  });
});

describe('the key in the state folder', () => {
  it('outlives a restart and is for its owner alone', async () => {
    const credential = await credentialOf(passkey().create({ ...site, challenge, userHandle }));
    const again = softwarePasskey(stateDir, 'chen');
    expect(again.holds('localhost')).toBe(true);
    expect((await authenticated(again.get({ ...site, challenge }), { credential })).verified).toBe(true);
    expect([statSync(keyFile()).mode & 0o777, statSync(join(stateDir, 'passkeys')).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
  });

  it.each<[what: string, damage: (text: string) => string, error: string]>([
    ['damaged', () => '{', 'SyntaxError'],
    ['of another shape', () => '{"keys":[]}', 'ZodError'],
    ['of a real site', (text) => text.replace('"localhost"', '"clinic.example"'), 'ZodError'],
  ])('is not used when it is %s', (_what, damage, error) => {
    passkey().create({ ...site, challenge, userHandle });
    writeFileSync(keyFile(), damage(readFileSync(keyFile(), 'utf8')));
    expect(() => passkey().get({ ...site, challenge })).toThrow(expect.objectContaining({ name: error }));
    const elsewhere = { ...site, rpId: 'clinic.example', challenge };
    expect(() => passkey().get(elsewhere)).toThrow('no passkey was created');
  });
});
