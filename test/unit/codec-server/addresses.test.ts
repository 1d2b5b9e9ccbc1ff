import { describe, expect, it } from '@jest/globals';
import { addressesOf } from '../../../src/codec-server/addresses.js';

const of = (codec: string, ui?: string) => addressesOf({ codec, ui, uiPort: 8233 });

describe('the addresses of codec server and UI', () => {
  it('differ by port alone unless told otherwise', () => {
    const { ui, cookie } = of('http://localhost:8788');
    expect(ui.origin).toBe('http://localhost:8233');
    expect(cookie).toEqual({ name: 'countersign_operator', secure: false });
  });

  it('make the cookie secure over HTTPS', () => {
    const { ui, cookie } = of('https://temporal.example:8788', 'https://temporal.example');
    expect(ui.origin).toBe('https://temporal.example');
    expect(cookie).toEqual({ name: '__Host-countersign_operator', secure: true });
  });

  it.each([
    ['http://localhost:8788', 'http://127.0.0.1:8233', /share protocol and host/],
    ['https://codec.example', 'https://ui.example', /share protocol and host/],
    ['https://temporal.example:8788', 'http://temporal.example:8233', /share protocol and host/],
    ['http://localhost:8788', 'http://localhost:8788', /a port each/],
    ['http://temporal.example:8788', 'http://temporal.example:8233', /must be https/],
    ['http://localhost:8788/codec', undefined, /must be an origin/],
    ['ftp://localhost:8788', undefined, /must be an origin/],
  ])('are refused when one sign-in could not serve both: %s and %s', (codec, ui, message) => {
    expect(() => of(codec, ui)).toThrow(message);
  });
});
