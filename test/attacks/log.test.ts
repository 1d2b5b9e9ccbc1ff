/** What somebody tries who holds an evidence bundle, or a whole log without its key, and wants it to say something else. */
import { describe, expect, it } from '@jest/globals';
import { person } from '../../src/action/ids.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import type { EvidenceBundle } from '../../src/audit/bundle.js';
import { base64, unbase64 } from '../../src/audit/bytes.js';
import { rootOf, treeOf, verifyConsistency, consistencyProof } from '../../src/audit/merkle.js';
import { signNote, signerOf, unverifiedBody } from '../../src/audit/note.js';
import type { Problem } from '../../src/audit/problem.js';
import { verifyBundle, verifyBundleText } from '../../src/audit/verify.js';
import {
  amongOthers,
  asWritten,
  bundleOf,
  countedOf,
  decision,
  envelopeOf,
  goodBundle,
  goodLog,
  logKey,
  logs,
  noise,
  origin,
  steps,
  verifierOf,
  wholeRead,
  write,
  type Step,
  type WrittenLeaf,
} from '../unit/audit/sample-log.js';
import {
  graveVotes,
  graveWords,
  graveWrite,
  reopenedVotes,
  reopenedWrite,
  wholeWrite,
  writeVotes,
} from '../unit/audit/sample-write.js';

function codesOf(bundle: unknown): Problem['code'][] {
  const found = verifyBundle(bundle, logs);
  return found.status === 'invalid' ? [...new Set(found.problems.map(({ code }) => code))] : [];
}

const good = goodBundle();
const at = <T>(items: readonly T[], place: number): T => {
  const item = items[place];
  if (item === undefined) throw new Error('no such place');
  return item;
};
const withLeaf = (
  place: number,
  change: (leaf: EvidenceBundle['leaves'][number]) => EvidenceBundle['leaves'][number],
) => ({
  ...good,
  leaves: good.leaves.map((leaf, each) => (each === place ? change(leaf) : leaf)),
});
const outcomeAt = wholeRead.indexOf(steps.outcome);

describe('a bundle', () => {
  it('is caught when a leaf is edited', () => {
    const edited = withLeaf(outcomeAt, ({ leaf, proof }) => ({
      leaf: leaf.replace('"records":3', '"records":0'),
      proof,
    }));
    expect(codesOf(edited)).toEqual(['leaf.not_included']);
  });

  it('is caught when a leaf says the same in other bytes', () => {
    const respelled = withLeaf(outcomeAt, ({ leaf, proof }) => ({ leaf: leaf.replace('{', '{ '), proof }));
    expect(codesOf(respelled)).toEqual(['leaf.malformed']);
  });

  it('is caught when any one leaf is deleted, but for the last', () => {
    for (let place = 0; place < good.leaves.length - 1; place += 1)
      expect(codesOf({ ...good, leaves: good.leaves.filter((_, each) => each !== place) })).toContain('chain.broken');
  });

  it('is caught when it is cut off before its outcome', () => {
    expect(codesOf({ ...good, leaves: good.leaves.slice(0, outcomeAt) })).toEqual(['chain.no_outcome']);
    expect(codesOf({ ...good, leaves: [] })).toEqual(['bundle.malformed']);
  });

  it('is caught when two leaves change places, with their proofs or without', () => {
    for (let place = 0; place < good.leaves.length - 1; place += 1) {
      const [one, two] = [at(good.leaves, place), at(good.leaves, place + 1)];
      const put = (first: typeof one, then: typeof one) =>
        codesOf({ ...good, leaves: [...good.leaves.slice(0, place), first, then, ...good.leaves.slice(place + 2)] });
      expect(put(two, one)).toContain('chain.broken');
      expect(put({ ...one, proof: two.proof }, { ...two, proof: one.proof })).toEqual(['leaf.not_included']);
    }
  });

  it('is caught when a leaf is said twice', () => {
    expect(codesOf({ ...good, leaves: [at(good.leaves, 0), ...good.leaves] })).toContain('chain.broken');
  });

  it('is caught when a leaf of another action, or another tenant, is put in', () => {
    expect(codesOf({ ...good, action: 'b'.repeat(26) })).toEqual(['leaf.other_action']);
    expect(codesOf({ ...good, tenant: 'hospital' })).toEqual(['leaf.other_action']);
  });

  it('is caught when a proof is lengthened, shortened or spelled in another way', () => {
    const node = base64(new Uint8Array(32));
    for (const proof of [[...at(good.leaves, 0).proof, node], at(good.leaves, 0).proof.slice(1), [], ['AB==']])
      expect(codesOf(withLeaf(0, ({ leaf }) => ({ leaf, proof })))).toEqual(['leaf.not_included']);
  });

  it('is caught when the checkpoint is signed anew with a key of one’s own', () => {
    const forged = write(amongOthers(wholeRead.filter((step) => step !== steps.released)));
    const own = signerOf(origin, new Uint8Array(32).fill(9));
    expect(codesOf(bundleOf(forged, { signer: own }))).toEqual(['checkpoint.not_signed']);
    expect(verifyBundle(bundleOf(forged, { signer: own }), [...logs, verifierOf(own)]).status).toBe('valid'); // whom you trust is yours to say
  });

  it('is caught when the key of another origin signed it, though that key is trusted for its own log', () => {
    const other = signerOf('dev.countersign/hospital', new Uint8Array(32).fill(9));
    const body = unverifiedBody(good.checkpoint) ?? '';
    const trusted = [...logs, verifierOf(other)];
    const status = (checkpoint: string) => verifyBundle({ ...good, checkpoint }, trusted).status;
    expect(status(good.checkpoint)).toBe('valid');
    expect(status(signNote(body, other))).toBe('invalid');
    expect(status(signNote(body.replace(origin, other.name), logKey))).toBe('invalid');
  });

  it('is caught when the checkpoint of a smaller or a later tree is put in', () => {
    const later = bundleOf(write([...amongOthers(wholeRead), noise(99)]));
    const smaller = bundleOf(goodLog().slice(0, 9));
    for (const { checkpoint } of [later, smaller])
      expect(codesOf({ ...good, checkpoint })).toEqual(['leaf.not_included']);
  });

  it('is caught when a true signature stands beside a false one in the same name', () => {
    const [, line = ''] = good.checkpoint.split('\n\n');
    const bytes = unbase64(line.trimEnd().split(' ')[2] ?? '') ?? new Uint8Array();
    const falsified = `— ${origin} ${base64(bytes.map((byte, place) => (place === 10 ? byte ^ 1 : byte)))}\n`;
    expect(codesOf({ ...good, checkpoint: good.checkpoint + falsified })).toEqual(['checkpoint.not_signed']);
  });

  it('is caught with a forged vote, whatever of it was forged', () => {
    const elif = person('00000000-0000-4000-8000-00000000000e');
    const forgeries = [
      envelopeOf({ ...decision, approver: elif }),
      envelopeOf({ ...decision, verdict: 'deny', meaning: 'deny.access' }),
      envelopeOf({ ...decision, tier: 'T0' }),
      envelopeOf(decision, 'a nonce of another vote'),
    ];
    for (const forged of forgeries) expect(codesOf({ ...good, votes: [forged] })).toEqual(['vote.other']);
  });

  it('is caught with a forged vote even where the leaf was forged with it, for then the tree is another', () => {
    const forged = envelopeOf({ ...decision, approver: person('00000000-0000-4000-8000-00000000000e') });
    const own = wholeRead.map((step) => (step === steps.counted ? countedOf(forged) : step));
    const { leaves, votes } = bundleOf(write(amongOthers(own)), { votes: [forged] });
    expect(codesOf({ ...good, leaves, votes })).toEqual(['leaf.not_included']);
  });

  it('is caught with a field that nobody asked for, and where one is missing', () => {
    expect(codesOf({ ...good, note: 'trust me' })).toEqual(['bundle.malformed']);
    for (const name of Object.keys(good))
      expect(codesOf(Object.fromEntries(Object.entries(good).filter(([each]) => each !== name)))).toEqual([
        'bundle.malformed',
      ]);
  });

  it.each([null, [], '', 0, 'countersign-evidence/v1', { format: 'countersign-evidence/v1' }])('is not %p', (value) => {
    expect(codesOf(value)).toEqual(['bundle.malformed']);
  });
});

describe('the bundle of a write', () => {
  it.each<[string, readonly Step[], readonly DecisionEnvelope[]]>([
    ['as it was approved', wholeWrite, writeVotes],
    ['that was prepared twice', reopenedWrite, reopenedVotes],
  ])('%s is caught when any leaf is deleted, but for the last, and when any vote is', (_what, own, votes) => {
    const bundle = bundleOf(write(amongOthers(own)), { votes });
    expect(codesOf(bundle)).toEqual([]);
    for (let place = 0; place < bundle.leaves.length - 1; place += 1)
      expect(codesOf({ ...bundle, leaves: bundle.leaves.filter((_, each) => each !== place) })).toContain(
        'chain.broken',
      );
    for (const left of votes)
      expect(codesOf({ ...bundle, votes: votes.filter((vote) => vote !== left) })).toContain('vote.missing');
  });

  it('is caught when the votes of two rounds, or of two people, change places', () => {
    const bundle = bundleOf(write(amongOthers(reopenedWrite)), { votes: reopenedVotes });
    expect(codesOf({ ...bundle, votes: reopenedVotes.toReversed() })).toEqual(['vote.other']);
    expect(codesOf({ ...bundle, votes: [...writeVotes, ...writeVotes] })).toContain('vote.missing');
    const [one, two, ...rest] = reopenedVotes;
    const swapped = one && two ? [{ ...one, proof: two.proof }, { ...two, proof: one.proof }, ...rest] : [];
    expect(codesOf({ ...bundle, votes: swapped })).toEqual(['vote.other']);
  });

  it('is never valid with one byte of its keys and words another', () => {
    const bundle = bundleOf(write(amongOthers(graveWrite, graveWords)), { votes: graveVotes, words: graveWords });
    const file = Buffer.from(JSON.stringify(bundle));
    expect(verifyBundleText(file.toString(), logs).status).toBe('valid');
    const survivors: number[] = [];
    for (let place = file.indexOf('"passkeys"'); place < file.length; place += 7) {
      const flipped = Buffer.from(file);
      flipped[place] = (file[place] ?? 0) ^ (1 << ((place * 5) % 8));
      if (verifyBundleText(flipped.toString('utf8'), logs).status === 'valid') survivors.push(place);
    }
    expect(survivors).toEqual([]);
  });
});

describe('the file of a bundle', () => {
  const files = [JSON.stringify(good), `${JSON.stringify(good, null, 2)}\n`];

  it('is valid as it was written', () => {
    for (const file of files) expect(verifyBundleText(file, logs).status).toBe('valid');
  });

  it('is never valid with one byte of it another', () => {
    const survivors: string[] = [];
    // Primes, so that every kind of place and every bit has its turn; all 16,000 places take half a minute.
    for (const [file, stride] of [[files[0] ?? '', 5] as const, [files[1] ?? '', 11] as const]) {
      const bytes = Buffer.from(file);
      for (let place = 0; place < bytes.length; place += stride) {
        const flipped = Buffer.from(bytes);
        flipped[place] = (bytes[place] ?? 0) ^ (1 << ((place * 5) % 8));
        if (verifyBundleText(flipped.toString('utf8'), logs).status === 'valid') survivors.push(`${place}`);
      }
    }
    expect(survivors).toEqual([]);
  });

  it('is never valid where blanks, letters of one value or a newline changed', () => {
    const [compact = '', indented = ''] = files;
    for (const file of [
      indented.replace('\n  ', '\n\t'),
      indented.replace('": ', '":\t'),
      indented.replace(/\n$/, ' '),
      `${indented}\n`,
      ` ${compact}`,
      `\uFEFF${compact}`,
      compact.replace('format', 'f\\u006frmat'),
      compact.replace('{', '{"tenant":"hospital",'),
      compact.slice(0, -1),
      compact.replaceAll('/', '\\/'),
    ]) {
      expect(files).not.toContain(file);
      expect(verifyBundleText(file, logs).status).toBe('invalid');
    }
  });

  it('is never valid with one byte taken out or said twice', () => {
    const [file = ''] = files;
    const survivors: number[] = [];
    for (let place = 0; place < file.length; place += 23) {
      const less = file.slice(0, place) + file.slice(place + 1);
      const more = file.slice(0, place) + file.slice(place, place + 1) + file.slice(place);
      for (const each of [less, more]) if (verifyBundleText(each, logs).status === 'valid') survivors.push(place);
    }
    expect(survivors).toEqual([]);
  });
});

describe('a whole log, whose checkpoint somebody kept', () => {
  const log = goodLog();
  const kept = { size: log.length - 2, root: rootOf(log.slice(0, -2).map(({ hash }) => hash)) };
  const consistent = (now: readonly WrittenLeaf[]): boolean => {
    const hashes = now.map(({ hash }) => hash);
    if (hashes.length < kept.size) return false;
    const proof = consistencyProof(treeOf(hashes), kept.size);
    return verifyConsistency({ size1: kept.size, size2: now.length, root1: kept.root, root2: rootOf(hashes), proof });
  };

  it('is consistent with it as it is', () => {
    expect(consistent(log)).toBe(true);
  });

  it.each<[string, (leaves: readonly WrittenLeaf[]) => WrittenLeaf[]]>([
    ['edited', (leaves) => leaves.map((each, place) => (place === 4 ? asWritten({ ...each.leaf, key: 'x' }) : each))],
    ['deleted', (leaves) => leaves.filter((_, place) => place !== 4)],
    ['swapped', ([first, second, ...rest]) => [second, first, ...rest].flatMap((each) => each ?? [])],
    ['truncated', (leaves) => leaves.slice(0, kept.size - 1)],
    ['put in front', (leaves) => [...leaves.slice(-1), ...leaves]],
    ['reversed', (leaves) => leaves.toReversed()],
  ])('is caught with leaves %s', (_what, change) => {
    expect(consistent(change(log))).toBe(false);
  });
});
