/** Looks up what the words of a policy stand for. */
import type { ElementDefinition } from '../rulebook/elements.js';
import type { Path, Report } from '../rulebook/problem.js';
import type { Calendar } from './calendar.js';
import {
  destinations,
  type Condition,
  type CoreRule,
  type Phase,
  type Verb,
  type WordAttribute,
  type WordsAttribute,
} from './core.js';
import type { Term, Vocabulary } from './vocabulary.js';

/** What a policy may speak about. */
export interface PolicyWorld {
  readonly vocabulary: Vocabulary;
  readonly elements: ReadonlyMap<string, ElementDefinition>;
  readonly roles: ReadonlySet<string>;
  readonly calendar: Pick<Calendar, 'windows'>;
  /** Action types that the rulebook governs. */
  readonly actionTypes: ReadonlySet<string>;
}

/** An attribute that holds words. */
export type WordyAttribute = WordAttribute | WordsAttribute;
/** Elements, and what must hold besides: data on its way somewhere. */
type Scope = Pick<CoreRule, 'elements'> & { readonly conditions: readonly Condition[] };
interface Action {
  readonly verbs: ReadonlySet<Verb>;
  readonly phase: Phase;
}

/** Looks words up. What it does not find it reports, and answers with nothing. */
export interface Lexicon {
  readonly words: Readonly<Record<WordyAttribute, ReadonlySet<string>>>;
  readonly action: (word: string, path: Path) => Action | undefined;
  readonly resource: (word: string, path: Path) => Scope | undefined;
  readonly category: (word: string, path: Path) => Scope | undefined;
  readonly isPhi: (word: string, path: Path) => boolean;
  readonly field: (word: string, path: Path) => string | undefined;
  readonly term: (attribute: WordyAttribute, word: string, path: Path, atKey?: boolean) => string | undefined;
  readonly breakGlass: ReadonlySet<string>;
}

/** `report` hears of every word that is looked up and unknown. */
export function lexiconOf(world: PolicyWorld, report: Report): Lexicon {
  const { vocabulary, elements, roles, actionTypes } = world;
  const timeWindows = new Set(Object.keys(world.calendar.windows));
  const find = <T>(kind: string, map: ReadonlyMap<string, T>, word: string, path: Path, atKey = false) => {
    if (!map.has(word)) report({ path, atKey, message: `unknown ${kind} "${word}"`, word, known: [...map.keys()] });
    return map.get(word);
  };
  const scopes = (terms: Record<string, Term>) =>
    new Map(Object.entries(terms).map(([word, term]) => [word, scopeOf(term, elements)]));
  const actions = new Map(
    Object.entries(vocabulary.actions).map(([word, { verbs, phase }]) => [word, { verbs: new Set(verbs), phase }]),
  );
  const [resources, categories] = [scopes(vocabulary.resources), scopes(vocabulary.categories)];
  const fields = aliases(vocabulary.fields, elements.keys());
  const purposes = aliases(vocabulary.purposes, Object.values(vocabulary.purposes));
  const agents = aliases(vocabulary.agents, Object.values(vocabulary.agents));
  const terms: Record<WordyAttribute, ReadonlyMap<string, string>> = {
    purpose: purposes,
    agentRole: agents,
    destination: aliases({}, destinations),
    principalRoles: aliases({}, roles),
    timeWindows: aliases({}, timeWindows),
    precededBy: aliases({}, actionTypes),
  };
  return {
    words: {
      purpose: new Set(purposes.values()),
      agentRole: new Set(agents.values()),
      destination: new Set(destinations),
      principalRoles: roles,
      timeWindows,
      precededBy: actionTypes,
    },
    action: (word, path) => find('action', actions, word, path),
    resource: (word, path) => find('resource', resources, word, path),
    category: (word, path) => find('category', categories, word, path),
    isPhi: (word, path) => {
      const phi = vocabulary.categories[word]?.sensitivity === 'phi';
      if (find('category', categories, word, path) && !phi)
        report({ path, message: `nothing can say whether data contains "${word}"`, word, known: [] });
      return phi;
    },
    field: (word, path) => find('field', fields, word, path),
    term: (attribute, word, path, atKey) => find(spoken[attribute], terms[attribute], word, path, atKey),
    breakGlass: new Set(vocabulary.break_glass),
  };
}

const spoken: Record<WordyAttribute, string> = {
  purpose: 'purpose',
  agentRole: 'agent',
  destination: 'destination',
  principalRoles: 'role',
  timeWindows: 'time window',
  precededBy: 'action type',
};

function aliases(given: Record<string, string>, own: Iterable<string>): ReadonlyMap<string, string> {
  return new Map([...Array.from(own, (name): [string, string] => [name, name]), ...Object.entries(given)]);
}

function scopeOf(term: Term, all: ReadonlyMap<string, ElementDefinition>): Scope {
  const { elements, sensitivity, destinations } = term;
  const sensitive = [...all.values()].filter((element) => element.sensitivity === sensitivity).map(({ name }) => name);
  const any = elements === undefined && sensitivity === undefined;
  return {
    elements: any ? 'any' : new Set(elements ?? sensitive),
    conditions: destinations ? [{ attribute: 'destination', oneOf: new Set(destinations) }] : [],
  };
}
