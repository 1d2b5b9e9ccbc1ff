/** Scans an output of any shape: every text, number and key in it, by every layer. */
import type { Finding, ScanResult, Span } from './finding.js';
import { findKnown, type KnownValues } from './known.js';
import { fold } from './normalise.js';
import { findPatterns } from './patterns.js';
import { findReferences } from './references.js';

/** More than any answer within a warrant's limits; deeper than any is a value that contains itself. */
const maxValues = 2_000_000;
const maxDepth = 20_000;

interface Node {
  readonly value: unknown;
  readonly step: string;
  readonly parent: Node | undefined;
  readonly depth: number;
}

type Detect = (text: string) => readonly Span[];

/**
 * Findings in the order of the output. JSON values only: a scanner that meets anything else cannot vouch for it.
 *
 * @throws TypeError for a value that JSON cannot say, RangeError for an output that is too large or has no end.
 */
export function scan(output: unknown, known: KnownValues): ScanResult {
  const findings: Finding[] = [];
  const detect: Detect = (text) => spansIn(text, known);
  const detectInKey = remembering(detect);
  const open: Node[] = [{ value: output, step: '', parent: undefined, depth: 0 }];
  let seen = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (++seen > maxValues) throw new RangeError('more values than a scan takes');
    if (node.depth > maxDepth) throw new RangeError('deeper than a scan goes');
    const { value, step } = node;
    if (typeof value === 'object' && value !== null) {
      for (const inner of innerOf(node, value, detectInKey, findings).toReversed()) open.push(inner);
    } else {
      const spans = detect(textOf(value)).filter((span) => span.class !== 'url' || !terminologyKeys.has(step));
      if (spans.length > 0) addTo(findings, node, spans);
    }
  }
  const [first, ...more] = findings;
  return first ? { status: 'findings', findings: [first, ...more] } : { status: 'clean' };
}

/** What lies in an object or array. Keys are texts too: a record may be keyed by its patient. */
function innerOf(parent: Node, value: object, detect: Detect, findings: Finding[]): Node[] {
  const depth = parent.depth + 1;
  if (Array.isArray(value))
    return value.map((inner: unknown, at) => ({ value: inner, step: String(at), parent, depth }));
  return Object.entries(value).flatMap(([key, inner]) => {
    if (inner === undefined) return [];
    const spans = detect(key);
    const step = spans.length === 0 && plainKey.test(key) ? key : '*';
    const node: Node = { value: inner, step, parent, depth };
    if (spans.length > 0) addTo(findings, node, spans);
    return node;
  });
}

/** One by one: an answer may hold more than the arguments that a call takes. */
function addTo(findings: Finding[], node: Node, spans: readonly Span[]): void {
  const path = pathOf(node);
  for (const span of spans) findings.push({ ...span, path });
}

const plainKey = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return '';
      throw new TypeError('not a JSON value');
  }
}

/** URIs of code systems and profiles are names of terminologies: FHIR keeps them in elements of these names. */
const terminologyKeys = new Set(['system', 'profile', 'url']);

function spansIn(text: string, known: KnownValues): Span[] {
  if (text.length < 2) return [];
  const folded = fold(text);
  const spans = [...findKnown(known, folded), ...findReferences(known.opened, folded), ...findPatterns(folded)];
  return spans.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** An answer repeats a few keys thousands of times. */
function remembering(detect: Detect): Detect {
  const seen = new Map<string, readonly Span[]>();
  return (text) => {
    const spans = seen.get(text) ?? detect(text);
    seen.set(text, spans);
    return spans;
  };
}

function pathOf(node: Node): string {
  const steps: string[] = [];
  for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) steps.push(at.step);
  return steps.reduce((below, step) => `/${step}${below}`, '');
}
