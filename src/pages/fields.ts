/** Fields of a form, each with its label. */
import { element } from './element.js';

export interface Option {
  readonly value: string;
  readonly words: string;
  readonly chosen: boolean;
}

export interface Field {
  readonly element: HTMLElement;
  /** What is typed or chosen, in the order of the options. */
  values(): readonly string[];
  focus(): void;
}

/** Options one below the other, so that a whole sentence can stand for each. */
export function choice(legend: string, type: 'radio' | 'checkbox', options: readonly Option[]): Field {
  const name = idOf(legend);
  const inputs = options.map(({ value, chosen }) => {
    const input = element('input', { type, name, value });
    input.checked = chosen;
    return input;
  });
  const labels = options.map(({ words }, place) => element('label', {}, ...inputs.slice(place, place + 1), words));
  return {
    element: element('fieldset', {}, element('legend', {}, legend), ...labels),
    values: () => inputs.filter(({ checked }) => checked).map(({ value }) => value),
    focus: () => inputs[0]?.focus(),
  };
}

/** Text that is typed: one line, or several. */
export function typedText(label: string, note: string, lines: 'one' | 'several'): Field {
  const id = idOf(label);
  const shared = { id, 'aria-describedby': `${id}-note` };
  const input =
    lines === 'one'
      ? element('input', { ...shared, autocomplete: 'off' })
      : element('textarea', { ...shared, rows: '3', maxlength: '2000' });
  const above = element('label', { for: id }, label);
  return {
    element: element('div', { class: 'field' }, above, element('p', { id: `${id}-note`, class: 'note' }, note), input),
    values: () => [input.value],
    focus: () => input.focus(),
  };
}

function idOf(label: string): string {
  return label.toLowerCase().replaceAll(' ', '-');
}
