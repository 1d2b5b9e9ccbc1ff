/** Bytes as WebAuthn and JOSE write them, and the two hashes that votes are made of. */

export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return Uint8Array.from(new TextEncoder().encode(text));
}

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: ArrayBuffer | Bytes): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Base64 in either alphabet. @throws DOMException for any other. */
export function unbase64(text: string): Bytes {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}

export function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export async function hmacSha256(key: Bytes, bytes: Bytes): Promise<Bytes> {
  const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', hmac, bytes));
}

/** base64url of so many bytes that nobody can guess. */
export function randomText(length: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(length)));
}
