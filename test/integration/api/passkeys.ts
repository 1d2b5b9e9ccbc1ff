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

export interface Passkeys {
  /** The id of the credential, base64url. */
  enrol(by: Name): Promise<string>;
  /** The proof of a decision with this hash. */
  proof(by: Name, hash: unknown): { readonly kind: 'passkey' } & Readonly<Record<string, string>>;
  end(): void;
}

export function passkeysAt(api: ApiStage): Passkeys {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'));
  return {
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
      return registration.id;
    },
    proof: (by, hash) => ({
      kind: 'passkey',
      ...softwarePasskey(folder, by).get({ challenge: String(hash), rpId: 'localhost', origin }),
    }),
    end: () => rmSync(folder, { recursive: true }),
  };
}
