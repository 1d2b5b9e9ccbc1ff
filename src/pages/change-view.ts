/** What a write would change, field by field, and what somebody else changed since the request was made. */
import { attachmentText } from './attachment-text.js';
import { element, facts, valueOf } from './element.js';
import { identityRows } from './identity-view.js';
import { isObject, type JsonObject } from './json.js';

interface FieldChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Members of `change` that have a place of their own. */
const worded: readonly string[] = ['changes', 'meanwhile'];
/** Shown above it, if they are of the shape that is known there. */
const identity: readonly string[] = ['patient', 'record'];

/** A change of another shape than this page knows is shown as JSON, whole. */
export function changeView(change: unknown): HTMLElement {
  if (!isObject(change)) return valueOf(change);
  const changes = changesIn(change, 'changes');
  const meanwhile = changesIn(change, 'meanwhile');
  if (!changes || !meanwhile) return valueOf(change);

  const moved = new Set(meanwhile.map(({ path }) => path));
  const shown = identityRows(change).length > 0 ? [...worded, ...identity] : worded;
  const others = Object.entries(change).filter(([name]) => !shown.includes(name));
  return element(
    'div',
    {},
    ...(others.length > 0 ? [facts(others.map(([name, value]) => [name, valueOf(value)] as const))] : []),
    ...(meanwhile.length > 0
      ? [
          element(
            'p',
            { class: 'notice' },
            element('strong', {}, 'The record has changed since this was first asked.'),
            ' Earlier votes were cleared. Read what changed meanwhile before you decide.',
          ),
          table('Changed meanwhile, by somebody else', meanwhile, () => false),
        ]
      : []),
    table('What this action would change', changes, ({ path }) => moved.has(path)),
  );
}

/** Undefined for a list that is not all field changes; one that is not there is empty. */
function changesIn(change: JsonObject, name: string): readonly FieldChange[] | undefined {
  const value = change[name] ?? [];
  return Array.isArray(value) && value.every(isFieldChange) ? value : undefined;
}

/** With no further member: what has no column would be hidden. */
function isFieldChange(value: unknown): value is FieldChange {
  return (
    isObject(value) &&
    typeof value['path'] === 'string' &&
    'before' in value &&
    'after' in value &&
    Object.keys(value).length === 3
  );
}

function table(
  caption: string,
  changes: readonly FieldChange[],
  isMarked: (change: FieldChange) => boolean,
): HTMLElement {
  const header = ['Field', 'Before', 'After'].map((name) => element('th', { scope: 'col' }, name));
  const rows = changes.map((change) =>
    element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element('span', { class: 'value' }, change.path),
        ...(isMarked(change) ? [element('strong', { class: 'moved' }, 'changed meanwhile')] : []),
      ),
      element('td', { 'data-column': 'Before' }, sideOf(change.path, change.before)),
      element('td', { 'data-column': 'After' }, sideOf(change.path, change.after)),
    ),
  );
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, ...rows),
  );
}

/** `null` stands for a field that is not there. A document can be read, and its bytes, which are signed, stay at hand. */
function sideOf(path: string, value: unknown): HTMLElement {
  if (value === null) return element('em', {}, 'not there');
  const text = attachmentText(path, value);
  if (text === undefined) return valueOf(value);
  return element(
    'div',
    {},
    valueOf(text),
    element('details', {}, element('summary', {}, 'As base64, as it is signed'), valueOf(value)),
  );
}
