import { describe, expect, it } from '@jest/globals';
import { printable } from '../../../src/cli/commands/printable.js';

describe('text from elsewhere on a terminal', () => {
  it.each([
    ['an escape sequence', 'a\u001B[2Kb', 'a<U+001B>[2Kb'],
    ['a carriage return', 'approve\rdeny', 'approve deny'],
    ['a backspace', 'no\b\byes', 'no<U+0008><U+0008>yes'],
    ['text that runs the other way', 'a\u202Eb', 'a<U+202E>b'],
    ['a letter of no width', 'pay\u200Bpal', 'pay<U+200B>pal'],
    ['an eight-bit control', 'a\u009B2Jb', 'a<U+009B>2Jb'],
    ['several lines', 'one\n\n  two', 'one two'],
  ])('shows %s as what it is', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('leaves names and signs of any language alone', () => {
    expect(printable('Zoë Müller, 田中, عمر, 👩‍⚕'.replace('\u200D', ''))).toBe('Zoë Müller, 田中, عمر, 👩⚕');
  });
});
