/** Check digits and ranges: what a number must satisfy to be what it looks like. Inputs are matched texts. */

const digitsOf = (text: string): number[] => [...text.replace(/\D/g, '')].map(Number);

/** Luhn (ISO/IEC 7812-1 annex B). */
export function isLuhn(text: string): boolean {
  const sum = digitsOf(text)
    .toReversed()
    .reduce((total, digit, place) => total + (place % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9), 0);
  return sum % 10 === 0;
}

/** A National Provider Identifier: Luhn with the prefix 80840 (45 CFR 162.406). */
export function isNpi(text: string): boolean {
  return /^[12]\d{9}$/.test(text) && isLuhn(`80840${text}`);
}

/** Areas 000, 666 and 900–999, group 00 and serial 0000 are never assigned (SSA). */
export function isSsn(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits);
}

/** A DEA registration number: the last digit checks the six before it (21 CFR 1301). */
export function isDea(text: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, check = -1] = digitsOf(text);
  return (a + c + e + 2 * (b + d + f)) % 10 === check;
}

/** North American numbering plan: no service code (N11) as area or exchange. */
export function isNanp(text: string): boolean {
  return /^1?[2-9](?!11)\d{2}[2-9](?!11)\d{2}\d{4}$/.test(text.replace(/\D/g, ''));
}

export function isIpv4(text: string): boolean {
  return text.split('.').every((octet) => Number(octet) <= 255);
}

/** A day that a calendar may have; 29 February is taken as there in every year. */
export function isDay(month: number, day: number): boolean {
  const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}
