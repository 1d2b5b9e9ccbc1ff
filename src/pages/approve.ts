/** The page where a person sees what waits for them, all that their vote binds, and votes. */
import { approvalOf, needsText, waitingOf, type Approval, type Kind, type Waiting } from './approval.js';
import { isTextShown } from './ballot-check.js';
import { castVote, finishVote } from './cast-vote.js';
import { signaturesFor } from './complete-vote.js';
import { element, facts } from './element.js';
import { Failure } from './failure.js';
import { listAt, objectOf, textAt } from './json.js';
import { localTime } from './local-time.js';
import { startPage, type Page } from './page.js';
import { approvalView, section } from './shown-view.js';
import { voteForm } from './vote-form.js';

/** What the address names: one action, or all that wait. */
async function showPlace(page: Page): Promise<void> {
  const action = new URLSearchParams(location.search).get('action');
  await (action === null ? showWaiting(page) : showAction(page, action));
}

async function showWaiting(page: Page): Promise<void> {
  const waiting = listAt(objectOf(await page.api.get('v1/approvals')), 'approvals').map(waitingOf);
  page.show(
    'What waits for you',
    waiting.length === 0
      ? element('p', {}, 'Nothing waits for your decision.')
      : element('ul', { class: 'cards' }, ...waiting.map((each) => waitingCard(page, each))),
  );
}

const questions: Readonly<Record<Kind, string>> = {
  asked: 'whether it may be done',
  prepared: 'whether this change may be made',
  resolution: 'whether this change was made',
};

function waitingCard(
  page: Page,
  { id, type, tier, agent, purpose, needs, deadline, kind, roles }: Waiting,
): HTMLElement {
  return element(
    'li',
    {},
    element('h2', {}, placeLink(page, `${type} by ${agent}`, `?action=${encodeURIComponent(id)}`)),
    facts([
      ['Asked', questions[kind]],
      ['Tier', tier ?? 'none'],
      ['Purpose', purpose],
      ['Needs', needs],
      ['You may act as', roles.join(', ')],
      ['Until', deadline === null ? 'no deadline' : localTime(deadline)],
      ['Action', id],
    ]),
  );
}

/** A place of this page. Followed without loading it again, since the sign-in lives as long as the page does. */
function placeLink(page: Page, words: string, query: string): HTMLAnchorElement {
  const link = element('a', { href: `approve${query}` }, words);
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
    event.preventDefault();
    history.pushState(null, '', link.href);
    void page.attempt(() => showPlace(page));
  });
  return link;
}

async function showAction(page: Page, action: string): Promise<void> {
  const approval = approvalOf(await page.api.get(`v1/approvals/${encodeURIComponent(action)}`));
  if (!(await isTextShown(approval)))
    throw new Failure('ballot.differs', 'What came is not what votes on this action bind. Do not decide; report it.');
  const form = voteForm(approval, (cast) =>
    page.attempt(async () => {
      const vote = await castVote(page, cast);
      if (vote !== 'signing_in') await showVoted(page, approval.id, vote);
    }),
  );
  page.show(
    'Your decision is asked for',
    ...(approval.kind === 'resolution' ? [element('p', { class: 'notice' }, unknownOutcome)] : []),
    ...approvalView(approval),
    section('Your decision', signaturesFor(approval).length > 0 ? form : passkeyNeeded(approval)),
    element('p', {}, placeLink(page, 'See all that waits for you', '')),
  );
}

const unknownOutcome =
  'Nobody knows whether this change was made. Look in the record itself, then say what you found there.';

function passkeyNeeded({ proof }: Approval): HTMLElement {
  const [needed, next] = proof.vouched
    ? ['This decision takes a passkey that a colleague vouched for, and you have none yet. ', 'See your passkeys']
    : ['This decision takes a passkey, and you have none yet. ', 'Make a passkey'];
  const link = element('a', { href: 'passkeys' }, next);
  return element('p', { class: 'notice' }, needed, link, ', then come back here.');
}

/** The vote was sent by then: what is told of the action afterwards cannot make that a failure. */
async function showVoted(page: Page, action: string, vote: 'counted' | 'pending'): Promise<void> {
  const after = await page.api
    .get(`v1/actions/${encodeURIComponent(action)}/wait?seconds=2`)
    .then(objectOf, () => ({}));
  page.show(
    vote === 'counted' ? 'Your vote counts' : 'Your vote arrived',
    ...(vote === 'counted'
      ? []
      : [element('p', {}, 'It came in time and is not counted yet. Look again in a minute.')]),
    ...('status' in after ? [facts([['The action is now', standing(after)]])] : []),
    element('p', {}, placeLink(page, 'See all that waits for you', '')),
  );
}

function standing(after: Readonly<Record<string, unknown>>): string {
  const status = textAt(after, 'status');
  return status === 'awaiting_approval' ? `${status}: it takes ${needsText(after['needs'])} in all` : status;
}

await startPage({
  invitation: 'Sign in to see what waits for your decision.',
  run: async (page) => {
    addEventListener('popstate', () => void page.attempt(() => showPlace(page)));
    const { errand } = page.signedIn;
    if (errand?.['kind'] !== 'vote') return showPlace(page);
    await showVoted(page, textAt(errand, 'action'), await finishVote(page, errand));
  },
});
