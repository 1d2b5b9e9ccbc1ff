import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parseCheckpoint, type Checkpoint } from '../../src/audit/checkpoint.js';
import { consistencyProof, leafHash, rootOf, treeOf, verifyConsistency } from '../../src/audit/merkle.js';
import { formatVerifier, openNote, parseVerifier } from '../../src/audit/note.js';
import { describeWithSampleData, sampleData } from '../support/sample-data.js';

const vkey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';

/** A tlog-tiles entry bundle: each entry behind its length, two bytes, big endian. */
function entriesOf(bundle: Buffer): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at);
    entries.push(new Uint8Array(bundle.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return entries;
}

function published(): { readonly notes: readonly string[]; readonly leaves: readonly Uint8Array[] } {
  const names = readdirSync(sampleData('merkle/tessera-log')).filter((name) => /^checkpoint\.\d+$/.test(name));
  const partial = readdirSync(sampleData('merkle/tessera-log/tile/entries/000.p')).map(Number);
  const largest = String(Math.max(...partial));
  return {
    notes: names.map((name) => readFileSync(sampleData('merkle/tessera-log', name), 'utf8')),
    leaves: entriesOf(readFileSync(sampleData('merkle/tessera-log/tile/entries/000.p', largest))).map(leafHash),
  };
}

function open(note: string): Checkpoint | undefined {
  const verifier = parseVerifier(vkey);
  const body = verifier && openNote(note, [verifier]);
  return body === undefined ? undefined : parseCheckpoint(body);
}

describeWithSampleData('a log that somebody else published', 'merkle/tessera-log', () => {
  it('has sixteen checkpoints, each signed and with the root of its entries', () => {
    const { notes, leaves } = published();
    expect(notes).toHaveLength(16);
    for (const note of notes) {
      const checkpoint = open(note);
      expect(checkpoint?.origin).toBe('example.com/log/testdata');
      expect(rootOf(leaves.slice(0, checkpoint?.size))).toEqual(checkpoint?.root);
    }
  });

  it('is consistent from every checkpoint to every later one', () => {
    const { notes, leaves } = published();
    const checkpoints = notes
      .map(open)
      .flatMap((checkpoint) => (checkpoint && checkpoint.size > 0 ? [checkpoint] : []));
    for (const old of checkpoints)
      for (const now of checkpoints.filter(({ size }) => size >= old.size)) {
        const proof = consistencyProof(treeOf(leaves.slice(0, now.size)), old.size);
        const claim = { size1: old.size, size2: now.size, root1: old.root, root2: now.root, proof };
        expect(verifyConsistency(claim)).toBe(true);
      }
  });

  it.each([
    ['a changed root', (note: string) => note.replace(/\n[A-Za-z0-9+/]/, (start) => (start === '\nA' ? '\nB' : '\nA'))],
    ['a changed size', (note: string) => note.replace(/\n\d+\n/, '\n1000\n')],
    ['another origin', (note: string) => note.replace('example.com', 'example.org')],
    ['a control character', (note: string) => note.replace('\n', '\r\n')],
    ['no signature', (note: string) => note.slice(0, note.indexOf('—'))],
    ['a line after the signature', (note: string) => `${note}x\n`],
  ])('is refused with %s', (_what, forge) => {
    const [note = ''] = published().notes;
    expect(open(note)).toBeDefined();
    expect(open(forge(note))).toBeUndefined();
  });

  it('has a verifier key that survives reading and writing, and refuses another key id', () => {
    const verifier = parseVerifier(vkey);
    expect(verifier && formatVerifier(verifier)).toBe(vkey);
    expect(parseVerifier(vkey.replace('33d7b496', '33d7b497'))).toBeUndefined();
  });
});
