import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attachmentText as inTerminal } from '../../../src/cli/commands/attachment-text.js';
import { attachmentText as onPage } from '../../../src/pages/attachment-text.js';

const data = 'content[0].attachment.data';
const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

describe.each([
  ['on the page', onPage],
  ['in the terminal', inTerminal],
])('the text of a document %s', (_, attachmentText) => {
  it('is the one that was put in', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
        expect(attachmentText(data, base64(text))).toBe(text);
      }),
    );
  });

  it.each([
    ['another field', 'content[0].attachment.title', base64('Seen in clinic')],
    ['a field whose name only looks like it', '["content[0].attachment.data"]', base64('Seen in clinic')],
    ['bytes that are no UTF-8', data, Buffer.from([0xff, 0xfe, 0x00]).toString('base64')],
    ['what is no base64', data, 'Seen in clinic!'],
    ['base64 with another reading of the same bytes', data, 'QR=='],
    ['the other alphabet', data, '__79'],
    ['nothing', data, ''],
    ['a value of another type', data, 7],
  ])('is not read out of %s', (_case, path, value) => {
    expect(attachmentText(path, value)).toBeUndefined();
  });
});
