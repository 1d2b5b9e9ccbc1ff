/** What a bundle must hold of the passkeys that signed its votes, and what a forged one would. */
import { describe, expect, it } from '@jest/globals';
import { decisionHash } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { EvidenceBundle } from '../../../src/audit/bundle.js';
import { base64 } from '../../../src/audit/bytes.js';
import type { Problem } from '../../../src/audit/problem.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { amongOthers, bundleOf, countedOf, goodBundle, logs, sha256, write, type Step } from './sample-log.js';
import { byPasskey, enrolledOf, keyOf, wordOf, type SampleWord } from './sample-keys.js';
import {
  authorisedBy,
  chen,
  countersign,
  elif,
  farid,
  graveVotes,
  graveWords,
  graveWrite,
  gus,
  order,
  wholeWrite,
  writeVotes,
  writeWarrant,
  writing,
} from './sample-write.js';

function codesOf(bundle: unknown): Problem['code'][] {
  const found = verifyBundle(bundle, logs);
  return found.status === 'invalid' ? found.problems.map(({ code }) => code) : [];
}

/** The whole write under these two votes instead of its own. */
const under = (one: DecisionEnvelope, other: DecisionEnvelope): Step[] =>
  wholeWrite.map((step) => {
    if (step === writing.ordered) return countedOf(one);
    if (step === writing.countersigned) return countedOf(other);
    return step === writing.authorised ? authorisedBy(writeWarrant, 2, [one, other]) : step;
  });
const voted = (one: DecisionEnvelope, other: DecisionEnvelope): EvidenceBundle =>
  bundleOf(write(amongOthers(under(one, other))), { votes: [one, other] });

const good = bundleOf(write(amongOthers(wholeWrite)), { votes: writeVotes });
type Key = EvidenceBundle['passkeys'][number];
const [ofChen, ofGus] = good.passkeys;
if (!ofChen || !ofGus) throw new Error('two passkeys signed');
const withKeys = (...passkeys: readonly Key[]): EvidenceBundle => ({ ...good, passkeys: [...passkeys] });
const publicKeyOf = (owner: typeof chen) => base64(keyOf(owner).publicKey);
const ofFarid: Key = { ...ofChen, credential: keyOf(farid).credential, publicKey: publicKeyOf(farid) };

describe('votes by passkey', () => {
  it('come with the keys that signed them, each with the leaf of its enrolment', () => {
    expect(codesOf(good)).toEqual([]);
    expect(good.passkeys.map(({ publicKey }) => publicKey)).toEqual([publicKeyOf(chen), publicKeyOf(gus)]);
    expect(good.vouchings).toEqual([]);
  });

  it.each<[what: string, bundle: EvidenceBundle, codes: Problem['code'][]]>([
    ['a key is left out', withKeys(ofChen), ['passkey.missing']],
    ['a key is put in', withKeys(ofChen, ofGus, ofFarid), ['passkey.unknown']],
    ['a key is there twice', withKeys(ofChen, ofGus, ofGus), ['passkey.unknown']],
    ['two keys change places', withKeys(ofGus, ofChen), ['passkey.unknown']],
    ['a key is another', withKeys({ ...ofChen, publicKey: publicKeyOf(gus) }, ofGus), ['passkey.other']],
    ['a key is of another person', withKeys({ ...ofGus, credential: ofChen.credential }, ofGus), ['passkey.other']],
    [
      'a key has the enrolment of another',
      withKeys({ ...ofChen, leaf: ofGus.leaf, proof: ofGus.proof }, ofGus),
      ['passkey.other'],
    ],
    [
      'an enrolment is edited',
      withKeys({ ...ofChen, leaf: ofChen.leaf.replace(chen, farid) }, ofGus),
      ['passkey.not_included'],
    ],
    ['an enrolment has another’s proof', withKeys({ ...ofChen, proof: ofGus.proof }, ofGus), ['passkey.not_included']],
    [
      'an enrolment is a leaf of the action',
      withKeys({ ...ofChen, ...good.leaves[0] }, ofGus),
      ['passkey.not_included'],
    ],
    ['a key is spelled in another way', withKeys({ ...ofChen, publicKey: 'AB==' }, ofGus), ['passkey.not_included']],
    ['a word is put in', withNeedless(wordOf(chen, gus)), ['vouching.unknown']],
  ])('are caught where %s', (_what, bundle, codes) => {
    expect(codesOf(bundle)).toEqual(codes);
  });

  it.each<[what: string, other: DecisionEnvelope, code: Problem['code']]>([
    [
      'altered after it was signed',
      { ...order, proof: { ...Object(order.proof), signature: Object(countersign.proof).signature } },
      'vote.not_signed',
    ],
    [
      'made by a user who was not verified',
      byPasskey(order.decision, decisionHash(order.decision, sha256), { flags: 0x01 }),
      'vote.not_signed',
    ],
    [
      'made at another site',
      byPasskey(order.decision, decisionHash(order.decision, sha256), { origin: 'https://evil.example' }),
      'vote.not_signed',
    ],
    [
      'made with the passkey of another person',
      byPasskey(order.decision, decisionHash(order.decision, sha256), { by: elif }),
      'passkey.other',
    ],
  ])('are caught where governance counted a signature %s', (_what, other, code) => {
    expect(codesOf(voted(other, countersign))).toContain(code);
  });

  it('are caught where a passkey was enrolled after it voted', () => {
    const log = amongOthers(wholeWrite);
    const enrolment = log.find((step) => typeof step !== 'function' && step.key === enrolledOf(chen).key);
    const late = [...log.filter((step) => step !== enrolment), enrolledOf(chen)];
    expect(codesOf(bundleOf(write(late), { votes: writeVotes }))).toEqual(['passkey.other']);
  });
});

describe('a bundle that was exported before keys were part of it', () => {
  const older = (bundle: EvidenceBundle) => {
    const { passkeys: _passkeys, vouchings: _vouchings, ...rest } = bundle;
    return rest;
  };

  it('is valid where nobody voted by passkey', () => {
    expect(codesOf(older(goodBundle()))).toEqual([]);
  });

  it('is not where somebody did: their signature cannot be checked', () => {
    expect(codesOf(older(good))).toEqual(['passkey.missing', 'passkey.missing']);
  });
});

describe('votes at T3', () => {
  const sworn = (words: readonly SampleWord[] = graveWords): EvidenceBundle =>
    bundleOf(write(amongOthers(graveWrite, words)), { votes: graveVotes, words });
  const bundle = sworn();
  const [forChen, forGus] = bundle.vouchings;
  if (!forChen || !forGus) throw new Error('two words were given');
  const withWords = (...vouchings: EvidenceBundle['vouchings']): EvidenceBundle => ({ ...bundle, vouchings });

  it('come with the word for each passkey, and the keys that signed those', () => {
    expect(codesOf(bundle)).toEqual([]);
    expect(bundle.passkeys.map(({ publicKey }) => publicKey)).toEqual([chen, elif, gus].map(publicKeyOf));
  });

  it.each<[what: string, bundle: EvidenceBundle, codes: Problem['code'][]]>([
    [
      'a word is left out',
      { ...withWords(forGus), passkeys: bundle.passkeys.filter(({ publicKey }) => publicKey !== publicKeyOf(elif)) },
      ['vouching.missing'],
    ],
    ['two words change places', withWords(forGus, forChen), ['vouching.unknown']],
    [
      'the key of a voucher is left out',
      { ...bundle, passkeys: bundle.passkeys.filter(({ publicKey }) => publicKey !== publicKeyOf(elif)) },
      ['passkey.missing'],
    ],
    [
      'a word has the signature of another',
      withWords({ ...forChen, assertion: forGus.assertion }, forGus),
      ['vouching.other'],
    ],
    [
      'a word’s leaf is edited',
      withWords({ ...forChen, leaf: forChen.leaf.replace(elif, farid) }, forGus),
      ['passkey.not_included'],
    ],
    ['a word is for another key', sworn([stating({ publicKey: keyDigest() }), wordOf(chen, gus)]), ['vouching.other']],
    ['a word is for another person', sworn([stating({ person: farid }), wordOf(chen, gus)]), ['vouching.other']],
    ['somebody vouched for themself', sworn([wordOf(chen, chen), wordOf(chen, gus)]), ['vouching.other']],
    [
      'a word was given after the vote',
      bundleOf(write([...amongOthers(graveWrite, [wordOf(chen, gus)]), wordOf(elif, chen).draft]), {
        votes: graveVotes,
        words: graveWords,
      }),
      ['vouching.other'],
    ],
  ])('are caught where %s', (_what, forged, codes) => {
    expect([...new Set(codesOf(forged))]).toEqual(expect.arrayContaining(codes));
  });

  /** A word for chen's passkey that says something else about it. */
  function stating(more: Parameters<typeof wordOf>[2]): SampleWord {
    return wordOf(elif, chen, more);
  }
  function keyDigest() {
    return enrolledOf(farid).data.publicKey;
  }
});

/** The evidence of the write with a word that none of its votes needs. */
function withNeedless(word: SampleWord): EvidenceBundle {
  return bundleOf(write(amongOthers(wholeWrite, [word])), { votes: writeVotes, words: [word] });
}
