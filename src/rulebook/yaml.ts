/** Reads a YAML file to plain data, and remembers where everything stood. */
import {
  LineCounter,
  Lexer,
  Parser,
  Scalar,
  isMap,
  isNode,
  isPair,
  isScalar,
  parseAllDocuments,
  visit,
  type Document,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { fail, throwProblems, type Path, type Problem } from './problem.js';

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ReadFile {
  readonly data: unknown;
  /** Where the value at this path stands, or its key; the nearest ancestor for what is not there. */
  readonly locate: (path: Path, atKey?: boolean) => Place;
}

/** Far above any rulebook that people can review. */
const maxLength = 1_000_000;
/** Far above any rulebook too. What parses a file goes down level by level, and would use the stack up. */
const maxDepth = 64;
/** One mistake early in a file makes the parser complain about everything after it. */
const maxProblems = 20;

/**
 * YAML 1.2, core schema, one document, and only what reads the same to everybody: no directive, anchor, alias, merge key
 * or tag.
 *
 * @throws RulebookError for those, for duplicate keys and for anything that does not parse.
 */
export function readYaml(file: string, text: string): ReadFile {
  if (text.length > maxLength) fail({ file, line: 1, column: 1, message: 'the file is larger than 1 MB' });
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const deep = beyondDepth(text);
  if (deep) fail({ file, ...deep, message: 'nested too deep' });
  const documents = parseAllDocuments(text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: false });
  const [document, second] = 'empty' in documents ? [] : documents;
  if (document === undefined) fail({ ...place(0), message: 'the file is empty' });
  if (second !== undefined) fail({ ...place(second.range[0]), message: 'more than one document' });
  // It could say YAML 1.1, in which `no` is a truth and no word.
  if (document.directives?.yaml.explicit)
    fail({ ...place(Math.max(0, text.search(/^%YAML/m))), message: 'directives are not allowed' });

  throwProblems(
    [...document.errors, ...document.warnings].slice(0, maxProblems).map(({ message, pos }): Problem => ({
      ...place(pos[0]),
      message: message.replace(/ at line \d+[^]*$/, ''),
    })),
  );
  throwProblems(
    forbiddenIn(document)
      .slice(0, maxProblems)
      .map(({ offset, message }) => ({ ...place(offset), message })),
  );
  return {
    data: document.toJS(),
    locate: (path, atKey = false) => place(offsetOf(document, path, atKey)),
  };
}

/** Where the text is nested deeper than any rulebook is. Tokens are read one by one, with a stack of the reader's own. */
function beyondDepth(text: string): { line: number; column: number } | undefined {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme)); // what it makes of them, the document is made of later
    if (parser.stack.length <= maxDepth) continue;
    const { line, col: column } = lines.linePos(parser.offset);
    return { line, column };
  }
  return undefined;
}

function forbiddenIn(document: Document): { offset: number; message: string }[] {
  const found: { offset: number; message: string }[] = [];
  const check = ({ range, anchor, tag }: Scalar | YAMLMap | YAMLSeq) => {
    const offset = range?.[0] ?? 0;
    if (anchor !== undefined) found.push({ offset, message: 'anchors are not allowed' });
    if (tag !== undefined) found.push({ offset, message: 'tags are not allowed' });
  };
  visit(document, {
    Alias: (_, node) => void found.push({ offset: node.range?.[0] ?? 0, message: 'aliases are not allowed' }),
    // The parser compares each key with every other one, which takes minutes where there are many.
    Map: (_, node) => {
      check(node);
      const seen = new Set<string>();
      for (const { key } of node.items) {
        if (!isScalar(key) || typeof key.value !== 'string') continue;
        if (seen.has(key.value)) found.push({ offset: key.range?.[0] ?? 0, message: 'map keys must be unique' });
        seen.add(key.value);
      }
    },
    Scalar: (_, node) => check(node),
    Seq: (_, node) => check(node),
    Pair: (_, { key }) => {
      const name = isScalar(key) ? key.value : undefined;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      if (typeof name !== 'string') found.push({ offset, message: 'keys must be plain words' });
      else if (name === '<<' && isScalar(key) && key.type === Scalar.PLAIN)
        found.push({ offset, message: 'merge keys are not allowed' });
      else if (name === '__proto__') found.push({ offset, message: 'a reserved word' });
    },
  });
  return found;
}

function offsetOf(document: Document, path: Path, atKey: boolean): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const parent: unknown = length > 0 ? document.getIn(path.slice(0, length - 1), true) : undefined;
    if ((atKey || node === undefined) && isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === path[length - 1],
      );
      if (pair && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
