/** base64url without padding (RFC 4648 §5), as WebAuthn and JOSE write bytes. */
import { base64, unbase64 } from '../audit/bytes.js';

export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Undefined for any other alphabet, for padding, and for a second spelling of the same bytes. */
export function unbase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return unbase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
}
