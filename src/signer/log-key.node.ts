/** The key of a tenant's log, as a file: the text form of C2SP note signer keys, so that other tools read it too. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatSigner, formatVerifier, parseSigner, signerOf, type Signer } from '../audit/note.js';
import { StartError } from './start-error.js';

/** Makes a new key for the log of this origin, in a file for its owner only, and returns its verifier key. An existing file is an error. */
export function createLogKey(file: string, origin: string): string {
  const signer = signerOf(origin, new Uint8Array(randomBytes(32)));
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${formatSigner(signer)}\n`, { mode: 0o600, flag: 'wx' });
  return formatVerifier(signer);
}

/** Reads a key file. @throws StartError for a file that is missing or holds no such key; its content is not quoted. */
export function readLogKey(file: string): Signer {
  const signer = parseSigner(textOf(file).trimEnd());
  if (!signer) throw new StartError('COUNTERSIGN_LOG_KEY_FILE holds no C2SP note signer key.');
  return signer;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new StartError('COUNTERSIGN_LOG_KEY_FILE cannot be read.');
  }
}

/** The verifier key that belongs to a key file: what strangers are given. */
export function logVerifier(file: string): string {
  return formatVerifier(readLogKey(file));
}
