/** Passkeys of people who use the API: enrolled through it, and kept in a folder of the test's own. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwarePasskey } from '@countersign/sandbox';
import { enrolmentNonce, registrationSchema } from '../../../src/passkey/registration.js';
import type { ApiStage, Name } from './stage.js';

const origin = 'http://localhost:8787';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

export interface Enrolled {
  readonly passkey: string;
  /** base64url. */
  readonly credential: string;
}

export interface Passkeys {
  /** The ids of passkey and credential. */
  enrol(by: Name): Promise<Enrolled>;
  /** Says, with their own passkey, that this one is its owner's. @throws Error when that does not count. */
  vouch(by: Name, passkey: string): Promise<void>;
  /** The proof of a decision with this hash. */
  proof(by: Name, hash: unknown): { readonly kind: 'passkey' } & Readonly<Record<string, string>>;
  end(): void;
}

export function passkeysAt(api: ApiStage): Passkeys {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'));
  const proof: Passkeys['proof'] = (by, hash) => ({
    kind: 'passkey',
    ...softwarePasskey(folder, by).get({ challenge: String(hash), rpId: 'localhost', origin }),
  });

  return {
    proof,
    async enrol(by) {
      const token = await api.person(by);
      const { body } = await api.call('POST', '/v1/passkeys/enrolments', token, {});
      const { challenge, rpId, user } = body as { challenge: string; rpId: string; user: { id: string } };
      const made = softwarePasskey(folder, by).create({ challenge, rpId, origin, userHandle: user.id });
      const registration = registrationSchema.parse(made);
      const idToken = await api.stack.issuer.voteToken(by, enrolmentNonce(challenge, registration, sha256));
      const offer = { enrolment: body['enrolment'], registration, idToken };
      const { status } = await api.call('POST', '/v1/passkeys', token, offer);
      if (status !== 201) throw new Error('no passkey was enrolled');
      return { passkey: String(body['enrolment']), credential: registration.id };
    },
    async vouch(by, passkey) {
      const token = await api.person(by);
      const { body } = await api.call('POST', `/v1/passkeys/${passkey}/vouchings`, token, {});
      const { kind: _, ...assertion } = proof(by, body['hash']);
      const { vouching } = body['statement'] as { vouching: string };
      const { status } = await api.call('POST', '/v1/vouchings', token, { vouching, assertion });
      if (status !== 200) throw new Error('the word does not count');
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}
