/**
 * How a text can stand in bytes that somebody stored: as it is, in hexadecimal, in base64 at any alignment. Searching
 * for all of them is what makes "it is not there" mean something.
 */
export function secretForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].map((lead) => innerBase64(bytes, lead));
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([bytes.toString('latin1'), secret, hex, hex.toUpperCase(), ...base64, ...url])];
}

/** Base64 of the bytes behind `lead` others: only the letters that depend on none of their neighbours. */
function innerBase64(bytes: Buffer, lead: number): string {
  const text = Buffer.concat([Buffer.alloc(lead), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const end = (lead + bytes.length) % 3 === 0 ? undefined : -1;
  return text.slice(lead === 0 ? 0 : lead + 1, end);
}
