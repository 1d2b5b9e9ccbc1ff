/** A document's text travels in FHIR as base64 (Attachment.data), which nobody can read: approvers are shown the text. */

/**
 * The text of an attachment; undefined for another field, and for data that are no text. Only what says the same when it
 * is encoded again: nobody reads another text than the one that is signed.
 */
export function attachmentText(path: string, value: unknown): string | undefined {
  if (!/^content\[\d+\]\.attachment\.data$/.test(path) || typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  const text = bytes.toString('utf8');
  const same = bytes.toString('base64') === value && Buffer.from(text, 'utf8').equals(bytes);
  return same && text !== '' ? text : undefined;
}
