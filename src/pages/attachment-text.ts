/** A document's text travels in FHIR as base64 (Attachment.data), which nobody can read: approvers are shown the text. */
import { unbase64 } from './bytes.js';

/**
 * The text of an attachment; undefined for another field, and for data that are no text. Only what says the same when it
 * is encoded again: nobody reads another text than the one that is signed.
 */
export function attachmentText(path: string, value: unknown): string | undefined {
  if (!/^content\[\d+\]\.attachment\.data$/.test(path) || typeof value !== 'string') return undefined;
  try {
    const bytes = unbase64(value);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const again = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    return again === value && text !== '' ? text : undefined;
  } catch {
    return undefined;
  }
}
