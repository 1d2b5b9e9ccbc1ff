/** Answers of the API about passkeys, and how they are told. */
import { z } from 'zod';
import { statementSchema } from '../../passkey/vouching.js';
import { table } from '../terminal.js';
import { shownLetters } from './find-id.js';
import { localTime } from './local-time.js';
import { printable } from './printable.js';

const instant = z.iso.datetime();

const shared = {
  id: z.uuid(),
  /** As the API says; whoever vouches computes it again. */
  fingerprint: z.string(),
  rpId: z.string(),
  enrolledAt: instant,
  revokedAt: instant.nullable(),
  vouched: z.looseObject({ by: z.string(), at: instant }).nullable(),
};

export const passkeyView = z.looseObject({ ...shared, credential: z.string(), lastUsedAt: instant.nullable() });
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

/** A passkey of somebody else. */
export const othersPasskey = z.looseObject({ ...shared, owner: z.string() });
export type OthersPasskey = z.infer<typeof othersPasskey>;

export const vouchingView = z.looseObject({
  statement: statementSchema,
  hash: z.string(),
  rpId: z.string(),
  expiresAt: instant,
});

export const wordView = z.union([
  othersPasskey.transform((passkey) => ({ status: 'vouched' as const, passkey })),
  z.object({ status: z.literal('pending') }),
]);

export function passkeyLines(passkeys: readonly PasskeyView[]): string[] {
  if (passkeys.length === 0) return ['You have no passkey: countersign passkeys enrol.'];
  const rows = passkeys.map(({ id, rpId, fingerprint, enrolledAt, lastUsedAt, revokedAt, vouched }) => [
    id.slice(0, shownLetters),
    printable(rpId),
    printable(fingerprint),
    localTime(enrolledAt),
    lastUsedAt === null ? 'never' : localTime(lastUsedAt),
    vouched === null ? 'nobody' : printable(vouched.by),
    revokedAt === null ? 'votes for you' : `revoked ${localTime(revokedAt)}`,
  ]);
  const alone = passkeys.filter(({ vouched, revokedAt }) => vouched === null && revokedAt === null);
  return [
    ...table([['ID', 'SITE', 'FINGERPRINT', 'ENROLLED', 'LAST USED', 'VOUCHED BY', 'STATE'], ...rows]),
    ...alone.map(vouchingLine),
  ];
}

/** What its owner asks of a colleague. */
function vouchingLine({ id, fingerprint }: PasskeyView): string {
  const read = `once you have read them ${printable(fingerprint)}: countersign passkeys vouch ${id}`;
  return `For T3 and for changes of the rules a colleague vouches for it, ${read}`;
}

/** A passkey that somebody is asked to vouch for. */
export function othersLines({ owner, fingerprint, rpId, enrolledAt, revokedAt, vouched }: OthersPasskey): string[] {
  return table([
    ['Owner', printable(owner)],
    ['Fingerprint', printable(fingerprint)],
    ['Site', printable(rpId)],
    ['Enrolled', localTime(enrolledAt)],
    ...(vouched === null ? [] : [['Vouched by', `${printable(vouched.by)}, ${localTime(vouched.at)}`]]),
    ...(revokedAt === null ? [] : [['Revoked', localTime(revokedAt)]]),
  ]);
}

export function vouchedLines({ owner, id }: OthersPasskey): string[] {
  return [`You vouched for passkey ${id.slice(0, shownLetters)} of ${printable(owner)}: it may vote at T3 too.`];
}

/** What somebody has in hand who just enrolled a key, and what they have not. */
export function enrolledLines(passkey: PasskeyView): string[] {
  const { id, rpId } = passkey;
  return [
    `Passkey ${id.slice(0, shownLetters)} is enrolled.`,
    `It signs your votes at ${printable(rpId)}, also those that no sign-in alone is strong enough for. It lets nobody sign in.`,
    vouchingLine(passkey),
    `If you lose it: countersign passkeys revoke ${id.slice(0, shownLetters)}`,
  ];
}
