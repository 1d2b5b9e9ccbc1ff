/** One person's key in the state folder, readable only by whoever owns the folder. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { writePrivately } from '../private-file.js';

const base64url = z.string().regex(/^[\w-]+$/);

/** The only relying party: a stand-in never signs for a real site, whoever wrote the file. */
export const onlyRpId = 'localhost';

const passkeyKey = z.strictObject({
  rpId: z.literal(onlyRpId),
  /** Of the credential. */
  id: base64url,
  userHandle: base64url,
  /** Uses so far, of an authenticator that counts them. */
  counter: z.number().int().min(0),
  privateKey: z.strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: base64url,
    y: base64url,
    d: base64url,
  }),
});
export type PasskeyKey = Readonly<z.infer<typeof passkeyKey>>;

/** Undefined where none was ever created. @throws ZodError, SyntaxError for a damaged file. */
export function readKey(file: string): PasskeyKey | undefined {
  return existsSync(file) ? passkeyKey.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** Keeps this key, in place of an earlier one. */
export function keepKey(file: string, key: PasskeyKey): void {
  writePrivately(file, key);
}
