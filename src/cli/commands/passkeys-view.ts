/** Answers of the API about passkeys, and how they are told. */
import { z } from 'zod';
import { table } from '../terminal.js';
import { shownLetters } from './find-id.js';
import { localTime } from './local-time.js';
import { printable } from './printable.js';

const instant = z.iso.datetime();

export const passkeyView = z.looseObject({
  id: z.uuid(),
  credential: z.string(),
  rpId: z.string(),
  enrolledAt: instant,
  lastUsedAt: instant.nullable(),
  revokedAt: instant.nullable(),
});
export type PasskeyView = z.infer<typeof passkeyView>;

export const passkeyList = z.looseObject({ passkeys: z.array(passkeyView) });

export const enrolmentView = z.looseObject({
  enrolment: z.uuid(),
  challenge: z.string(),
  rpId: z.string(),
  user: z.looseObject({ id: z.string() }),
  expiresAt: instant,
});

export const enrolledView = z.union([
  passkeyView.transform((passkey) => ({ status: 'enrolled' as const, passkey })),
  z.object({ status: z.literal('pending') }),
]);

export function passkeyLines(passkeys: readonly PasskeyView[]): string[] {
  if (passkeys.length === 0) return ['You have no passkey: countersign passkeys enrol.'];
  const rows = passkeys.map(({ id, rpId, enrolledAt, lastUsedAt, revokedAt }) => [
    id.slice(0, shownLetters),
    printable(rpId),
    localTime(enrolledAt),
    lastUsedAt === null ? 'never' : localTime(lastUsedAt),
    revokedAt === null ? 'votes for you' : `revoked ${localTime(revokedAt)}`,
  ]);
  return table([['ID', 'SITE', 'ENROLLED', 'LAST USED', 'STATE'], ...rows]);
}

/** What somebody has in hand who just enrolled a key, and what they have not. */
export function enrolledLines({ id, rpId }: PasskeyView): string[] {
  return [
    `Passkey ${id.slice(0, shownLetters)} is enrolled.`,
    `It signs your votes at ${printable(rpId)}, also those that no sign-in alone is strong enough for. It lets nobody sign in.`,
    `If you lose it: countersign passkeys revoke ${id.slice(0, shownLetters)}`,
  ];
}
