/** Identifiers that show by their shape. Patterns run on folded text: lower case, one kind of dash and space. */
import type { PhiClass, Span } from './finding.js';
import type { Folded } from './normalise.js';
import { isDay, isDea, isIpv4, isLuhn, isNanp, isNpi, isSsn } from './validators.js';

/** One row of the table. */
export interface Pattern {
  readonly class: PhiClass;
  /** Global. With a group, the group is the identifier and ends the match; what comes before it is context. */
  readonly shape: RegExp;
  /** Judges the identifier, and the match for its parts. */
  readonly accepts?: (identifier: string, match: RegExpMatchArray) => boolean;
}

const month =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const states =
  'al|ak|az|ar|ca|co|ct|dc|de|fl|ga|hi|ia|id|il|in|ks|ky|la|ma|md|me|mi|mn|mo|ms|mt|nc|nd|ne|nh|nj|nm|nv|ny|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|va|vt|wa|wi|wv|wy';

/** A number behind words that say what it is: `MRN: 00412-7`. Has a digit, and at least four characters. */
const named = (words: string) =>
  new RegExp(`\\b(?:${words})[^a-z0-9]{0,4}((?=[a-z-]{0,12}\\d)[a-z0-9][a-z0-9-]{3,24})\\b`, 'g');
const number = '(?: ?(?:number|num|no\\.?|nr\\.?|id|#))?';

/** Every repetition is bounded, so that no text makes a pattern slow. */
export const patterns: readonly Pattern[] = [
  { class: 'ssn', shape: /(?<![\d-])\d{3}([- .])\d{2}\1\d{4}(?![\d-])/g, accepts: (_, [all]) => isSsn(all) },
  { class: 'ssn', shape: /\b(?:ssn|social security)[^\d\n]{0,16}(\d{9})\b/g, accepts: isSsn },
  { class: 'npi', shape: /(?<!\d)[12]\d{9}(?!\d)/g, accepts: isNpi },
  {
    class: 'phone',
    shape: /(?<![\d.-])(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. ]?)\d{3}[-. ]?\d{4}(?!\d)/g,
    accepts: isNanp,
  },
  { class: 'phone', shape: /(?<![\w+])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?!\d)/g },
  { class: 'email', shape: /[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/g },
  { class: 'url', shape: /\b(?:https?:\/\/|www\.)[^\s"'<>]{1,2048}/g },
  { class: 'ip', shape: /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g, accepts: isIpv4 },
  { class: 'mrn', shape: named(`mrn|medical record${number}|patient (?:id|number|no\\.?)|chart${number}`) },
  {
    class: 'health_plan',
    shape: named(`(?:member|subscriber|beneficiary|policy|medicare|medicaid|insurance)${number}`),
  },
  {
    class: 'health_plan', // Medicare Beneficiary Identifier (CMS): no s, l, o, i, b, z
    shape:
      /\b[1-9][ac-hj-km-np-rt-wxy][ac-hj-km-np-rt-wxy0-9]\d-?[ac-hj-km-np-rt-wxy][ac-hj-km-np-rt-wxy0-9]\d-?[ac-hj-km-np-rt-wxy]{2}\d{2}\b/g,
  },
  { class: 'account', shape: named(`(?:account|acct|invoice|claim)${number}`) },
  { class: 'account', shape: /(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])/g, accepts: isLuhn },
  { class: 'licence', shape: named(`(?:driver'?s? )?licen[cs]e${number}|passport${number}|certificate${number}`) },
  { class: 'licence', shape: /\b[a-hj-mpr-ux][a-z9]\d{7}\b/g, accepts: isDea },
  {
    class: 'date',
    shape: /(?<!\d)(?:1[89]|20)\d{2}([-/.])(?<month>\d{1,2})\1(?<day>\d{1,2})(?!\d)/g,
    accepts: (_, match) => isDayOf(match),
  },
  {
    class: 'date', // month first or day first
    shape: /(?<![\d/.-])(?<month>\d{1,2})([-/.])(?<day>\d{1,2})\2(?:(?:1[89]|20)\d{2}|\d{2})(?![\d/.-]\d|\d)/g,
    accepts: (_, match) => isDayOf(match) || isDayOf(match, 'swapped'),
  },
  {
    class: 'date',
    shape: new RegExp(
      `\\b${month}\\.? (?<day>\\d{1,2})(?:st|nd|rd|th)?(?:,? ?(?:1[89]|20)\\d{2})?(?![\\d.%]|\\w)`,
      'g',
    ),
    accepts: (_, match) => isDayOfAnyMonth(match),
  },
  {
    class: 'date',
    shape: new RegExp(`\\b(?<day>\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${month}\\b(?:\\.?,? (?:1[89]|20)\\d{2}\\b)?`, 'g'),
    accepts: (_, match) => isDayOfAnyMonth(match),
  },
  { class: 'date', shape: new RegExp(`\\b${month}\\.?,? (?:1[89]|20)\\d{2}\\b`, 'g') },
  { class: 'age', shape: /\b(?:9\d|1[0-4]\d)[- ]?(?:years?|yrs?|y\/?o)\b/g },
  { class: 'age', shape: /\b(?:aged?|age:) ?(9\d|1[0-4]\d)\b/g },
  { class: 'address', shape: /\b(?:zip|postal)(?: ?code)?[^a-z0-9]{0,3}(\d{5}(?:-\d{4})?)\b/g },
  { class: 'address', shape: new RegExp(`, ?(?:${states}),? (\\d{5}(?:-\\d{4})?)\\b`, 'g') },
];

/** Every pattern's hits in one folded text, by offsets in the original. */
export function findPatterns(folded: Folded): Span[] {
  return patterns.flatMap((pattern) =>
    [...folded.text.matchAll(pattern.shape)].flatMap((match) => {
      const identifier = identifierOf(match);
      if (pattern.accepts && !pattern.accepts(identifier, match)) return [];
      const end = match.index + match[0].length;
      return {
        class: pattern.class,
        layer: 'pattern' as const,
        owner: 'unknown' as const,
        start: folded.start(end - identifier.length),
        end: folded.end(end - 1),
      };
    }),
  );
}

/** The group that ends the match, else all of it: groups elsewhere are separators. */
function identifierOf(match: RegExpMatchArray): string {
  const [all, first] = match;
  return first !== undefined && first.length > 1 && all.endsWith(first) ? first : all;
}

function isDayOf({ groups }: RegExpMatchArray, order?: 'swapped'): boolean {
  const [month, day] = [Number(groups?.['month']), Number(groups?.['day'])];
  return order === 'swapped' ? isDay(day, month) : isDay(month, day);
}

/** The month was written as a word. */
function isDayOfAnyMonth({ groups }: RegExpMatchArray): boolean {
  return isDay(1, Number(groups?.['day']));
}
