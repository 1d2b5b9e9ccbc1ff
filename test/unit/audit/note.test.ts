import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCheckpoint, parseCheckpoint } from '../../../src/audit/checkpoint.js';
import {
  formatSigner,
  formatVerifier,
  openNote,
  parseSigner,
  parseVerifier,
  signNote,
  signerOf,
} from '../../../src/audit/note.js';
import { logKey, logs, verifierOf } from './sample-log.js';

const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });
const names = fc.stringMatching(/^[a-z][a-z0-9./-]{0,30}$/);

describe('a key of a log', () => {
  it('is read as it was written, secret and public', () => {
    fc.assert(
      fc.property(names, secrets, (name, secret) => {
        const signer = signerOf(name, secret);
        expect(parseSigner(formatSigner(signer))).toEqual(signer);
        expect(parseVerifier(formatVerifier(signer))).toEqual(verifierOf(signer));
      }),
      { numRuns: 20 },
    );
  });

  const vkey = formatVerifier(logKey);
  it.each<[string, string]>([
    ['nothing', ''],
    ['a secret', formatSigner(logKey)],
    ['another name', vkey.replace('clinic', 'hospital')],
    ['another id', vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['a blank at the end', `${vkey} `],
    ['more', `${vkey}+x`],
    ['a key cut short', vkey.slice(0, -4)],
    ['no name', vkey.slice(vkey.indexOf('+'))],
  ])('is not %s', (_what, text) => {
    expect(parseVerifier(text)).toBeUndefined();
  });

  it.each(['', 'two words', 'a+b', 'a\nb'])('has no name like %j', (name) => {
    expect(() => signerOf(name, new Uint8Array(32))).toThrow(RangeError);
  });
});

describe('a signed note', () => {
  const note = signNote('dev.countersign/clinic\n7\nroot\n', logKey);
  const other = signerOf('witness.example', new Uint8Array(32).fill(3));
  const line = (of: string): string => of.slice(of.lastIndexOf('\n\n') + 2);

  it('opens with the key that signed it, and with no other', () => {
    expect(openNote(note, logs)).toBe('dev.countersign/clinic\n7\nroot\n');
    expect(openNote(note, [])).toBeUndefined();
    expect(openNote(note, [verifierOf(other)])).toBeUndefined();
    expect(openNote(note, [verifierOf(signerOf(logKey.name, new Uint8Array(32).fill(8)))])).toBeUndefined();
  });

  it('may be cosigned by others, whom we do not know', () => {
    const cosigned = note + line(signNote('dev.countersign/clinic\n7\nroot\n', other));
    expect(openNote(cosigned, logs)).toBeDefined();
    expect(openNote(cosigned, [...logs, verifierOf(other)])).toBeDefined();
  });

  it('does not open where one of those we know signed something else', () => {
    const cosigned = note + line(signNote('dev.countersign/clinic\n8\nroot\n', other));
    expect(openNote(cosigned, logs)).toBeDefined();
    expect(openNote(cosigned, [...logs, verifierOf(other)])).toBeUndefined();
  });

  it.each(['', 'no newline', 'a\tb\n'])('is not made of %j', (body) => {
    expect(() => signNote(body, logKey)).toThrow(RangeError);
  });
});

describe('a checkpoint', () => {
  const root = new Uint8Array(32).fill(5);
  it('is read as it was written', () => {
    fc.assert(
      fc.property(names, fc.maxSafeNat(), (origin, size) => {
        expect(parseCheckpoint(formatCheckpoint({ origin, size, root }))).toEqual({ origin, size, root });
      }),
    );
  });

  const good = formatCheckpoint({ origin: 'log', size: 7, root });
  it.each<[string, string]>([
    ['a size with a zero before it', good.replace('7', '07')],
    ['a negative size', good.replace('7', '-7')],
    ['a size beyond exact numbers', good.replace('7', '9007199254740993')],
    ['no size', 'log\n'],
    ['no origin', good.replace('log', '')],
    ['a short root', formatCheckpoint({ origin: 'log', size: 7, root: root.slice(1) })],
    ['a root in base64url', good.replace(/\n[^\n]+\n$/, `\n${Buffer.alloc(32, 255).toString('base64url')}\n`)],
  ])('is nothing with %s', (_what, body) => {
    expect(parseCheckpoint(body)).toBeUndefined();
  });
});
