/** The page where a person reads what a proposed rulebook would change, and signs for it or against it. */
import { unbase64 } from './bytes.js';
import { button, element, facts, valueOf } from './element.js';
import { Failure } from './failure.js';
import { listAt, objectAt, objectOf, textAt, textOrNullAt, type JsonObject } from './json.js';
import { localTime } from './local-time.js';
import { startPage, type Page } from './page.js';
import { patiently } from './patience.js';
import {
  differencesOf,
  isRulebook,
  isStatement,
  signableOf,
  type Difference,
  type Proposal,
} from './rulebook-check.js';
import { vouchedByOf } from './vouching-check.js';
import { signWithPasskey } from './webauthn.js';

interface OpenProposal extends Proposal {
  readonly status: string;
  readonly proposer: string;
  readonly note: string | null;
  readonly proposedAt: string;
  readonly signatures: readonly string[];
}

async function showProposals(page: Page): Promise<void> {
  const all = await readProposals(page);
  const open = all.filter(({ status }) => status === 'open');
  page.show(
    'Proposed rules',
    open.length === 0
      ? element('p', {}, 'Nobody has proposed other rules.')
      : element('ul', { class: 'cards' }, ...open.map((proposal) => proposalCard(page, proposal))),
  );
}

function proposalCard(page: Page, proposal: OpenProposal): HTMLLIElement {
  return element(
    'li',
    {},
    element('h2', {}, `Rulebook ${proposal.digest.slice(0, 12)}`),
    proposalFacts(proposal),
    button('Read what it changes', () => page.attempt(() => showProposal(page, proposal))),
  );
}

function proposalFacts({ proposer, note, proposedAt, signatures }: OpenProposal): HTMLElement {
  return facts([
    ['Proposed', `by ${proposer}, ${localTime(proposedAt)}`],
    ['Note', note ?? 'none'],
    ['Signed so far', signatures.join('; ') || 'by nobody'],
  ]);
}

async function showProposal(page: Page, proposal: OpenProposal): Promise<void> {
  const [base, proposed] = [await readRulebook(page, proposal.base), await readRulebook(page, proposal.digest)];
  const credentials = await vouchedCredentials(page);
  page.show(
    `Rulebook ${proposal.digest.slice(0, 12)}`,
    proposalFacts(proposal),
    facts([
      ['Its digest', proposal.digest],
      ['It would replace', proposal.base],
    ]),
    element('h2', {}, 'What it changes'),
    differenceTable(differencesOf(base, proposed)),
    ...(credentials.length > 0 ? signing(page, proposal, credentials) : [passkeyNeeded()]),
  );
}

function signing(page: Page, proposal: OpenProposal, credentials: readonly string[]): readonly HTMLElement[] {
  const signed = (verdict: 'approve' | 'deny') => () =>
    page.attempt(() => sign(page, proposal, { verdict, credentials }));
  return [
    element('p', {}, 'Your device will ask for your passkey. Two people sign, one of them an officer.'),
    button('Sign: this may govern', signed('approve'), { class: 'main' }),
    button('Sign against it: this must not govern', signed('deny'), { class: 'grave' }),
  ];
}

function passkeyNeeded(): HTMLElement {
  const needed = 'Changing the rules takes a passkey that a colleague vouched for, and you have none yet. ';
  const link = element('a', { href: 'passkeys' }, 'See your passkeys');
  return element('p', { class: 'notice' }, needed, link, ', then come back here.');
}

function differenceTable(differences: readonly Difference[]): HTMLElement {
  const cell = (value: unknown) => element('td', {}, value === undefined ? 'nothing' : valueOf(value));
  const rows = differences.map(({ path, from, to }) =>
    element('tr', {}, element('th', { scope: 'row' }, path), cell(from), cell(to)),
  );
  const head = ['Where', 'Now', 'Then'].map((words) => element('th', { scope: 'col' }, words));
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
}

interface Choice {
  readonly verdict: 'approve' | 'deny';
  /** Of passkeys that may sign. */
  readonly credentials: readonly string[];
}

async function sign(page: Page, proposal: OpenProposal, { verdict, credentials }: Choice): Promise<void> {
  const asked = { proposal: proposal.id, verdict };
  const signable = signableOf(await page.api.post('v1/rulebooks/challenges', asked));
  if (!(await isStatement(signable, proposal, verdict)))
    throw new Failure(
      'ballot.differs',
      'What is to be signed is not what was shown or chosen. Nothing was signed; report it.',
    );
  const { challenge, hash, rpId, expiresAt } = signable;
  page.tell(`Sign with your passkey, until ${localTime(expiresAt)}.`);
  const assertion = await signWithPasskey({ hash: unbase64(hash), rpId, credentials });
  page.tell('Sending your signature …');
  const { status } = await patiently(() => page.api.post('v1/rulebooks/signatures', { challenge, assertion }));
  await showProposals(page);
  page.tell(
    status === 'signed'
      ? 'Your signature counts.'
      : 'Your signature arrived and is not verified yet. Load this page again in a minute.',
  );
}

/** Those of this person's passkeys that still sign, and that a colleague vouched for. */
async function vouchedCredentials({ api }: Page): Promise<readonly string[]> {
  const passkeys = listAt(objectOf(await api.get('v1/passkeys')), 'passkeys').map(objectOf);
  const able = passkeys.filter((each) => each['revokedAt'] === null && vouchedByOf(each) !== null);
  return able.map((each) => textAt(each, 'credential'));
}

async function readRulebook({ api }: Page, digest: string): Promise<JsonObject> {
  const content = objectAt(objectOf(await api.get(`v1/rulebooks/${encodeURIComponent(digest)}`)), 'content');
  if (await isRulebook(content, digest)) return content;
  throw new Failure('ballot.differs', 'The rulebook that was told is not the one that is proposed. Report it.');
}

async function readProposals({ api }: Page): Promise<readonly OpenProposal[]> {
  return listAt(objectOf(await api.get('v1/rulebooks')), 'proposals').map(proposalOf);
}

function proposalOf(value: unknown): OpenProposal {
  const view = objectOf(value);
  return {
    id: textAt(view, 'id'),
    digest: textAt(view, 'digest'),
    base: textAt(view, 'base'),
    status: textAt(view, 'status'),
    proposer: textAt(objectAt(view, 'proposer'), 'name'),
    note: textOrNullAt(view, 'note'),
    proposedAt: textAt(view, 'proposedAt'),
    signatures: listAt(view, 'signatures').map((each) => {
      const signature = objectOf(each);
      return `${textAt(signature, 'verdict')} by ${textAt(objectAt(signature, 'person'), 'name')}`;
    }),
  };
}

await startPage({
  invitation: 'Sign in to read what a proposed rulebook would change, and to sign for it or against it.',
  run: async (page) => {
    const asked = new URLSearchParams(location.search).get('proposal');
    const found = (await readProposals(page)).find(({ id, status }) => id === asked && status === 'open');
    if (found) return showProposal(page, found);
    await showProposals(page);
    if (asked !== null) page.tell('This proposal is not open any more.');
  },
});
