/** Makes parts of the page. Text goes in as text, whatever it holds: there is no way from here to markup. */
import { visibleParts } from './visible.js';

type Child = Node | string;

/** An element with its attributes and children; strings come out with every character visible. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  fill(made, ...children);
  return made;
}

/** Puts these in the place of what was there. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...children.flatMap((child) => (typeof child === 'string' ? textNodes(child) : [child])));
}

export function button(label: string, press: () => unknown, attributes: Readonly<Record<string, string>> = {}) {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', () => void press());
  return made;
}

/** Names and values, one below the other. */
export function facts(rows: readonly (readonly [name: string, value: Child])[]): HTMLDListElement {
  return element(
    'dl',
    {},
    ...rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/** A value of JSON: text as it is, everything else as JSON, and so is text that would look like none. */
export function valueOf(value: unknown): HTMLElement {
  if (typeof value === 'string' && value.trim() !== '') return element('span', { class: 'value' }, value);
  return element('code', { class: 'value' }, JSON.stringify(value, undefined, 2));
}

function textNodes(text: string): Node[] {
  return visibleParts(text).map((part) => {
    if (part.kind === 'text') return document.createTextNode(part.text);
    const mark = document.createElement('mark');
    mark.textContent = part.text;
    return mark;
  });
}
