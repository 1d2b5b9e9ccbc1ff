/**
 * Every refusal that our own code can speak, one closed union. A refusal says no to its caller and nothing else: it
 * does not mean that something broke. Messages hold no input values. Each room keeps its block of codes together.
 */
export type RefusalCode =
  // action
  | 'action.not_authorised'
  | 'action.not_found'
  | 'action.not_releasable'
  | 'action.release_over'
  | 'idempotency.mismatch'
  | 'request.invalid'
  | 'retention.unknown_class'
  | 'tenant.other'
  | 'type.unknown'
  // directory
  | 'directory.conflict'
  | 'directory.invalid'
  // identity
  | 'identity.unreachable'
  | 'principal.other_agent'
  | 'principal.unknown'
  | 'token.audience'
  | 'token.expired'
  | 'token.invalid'
  | 'token.issuer'
  | 'token.missing'
  | 'token.scope'
  // approval
  | 'challenge.closed'
  | 'challenge.confirmation_needed'
  | 'challenge.reason_needed'
  | 'challenge.unknown_meaning'
  | 'vote.busy'
  | 'vote.inactive'
  | 'vote.self'
  | 'vote.untrained'
  | 'vote.wrong_role'
  // passkey
  | 'passkey.no_relying_party'
  | 'passkey.too_many'
  | 'vouching.duplicate'
  | 'vouching.no_passkey'
  | 'vouching.not_vouched'
  | 'vouching.own'
  | 'vouching.revoked'
  // audit
  | 'audit.conflict'
  | 'checkpoint.not_yet'
  | 'evidence.not_yet'
  | 'log.behind'
  | 'log.unsigned'
  // keys
  | 'key.forbidden'
  | 'key.gone'
  | 'key.unreadable'
  | 'keyring.local_in_production'
  | 'keyring.missing'
  | 'sealed.missing'
  // rulebook
  | 'rulebook.missing'
  | 'rulebook.unreadable'
  // ehr
  | 'ehr.busy'
  | 'ehr.endless_paging'
  | 'ehr.malformed'
  | 'ehr.off_base'
  | 'ehr.other_patient'
  | 'ehr.other_type'
  | 'ehr.redirect'
  | 'ehr.rejected'
  | 'ehr.too_large'
  | 'ehr.unasked'
  | 'ehr.unauthorised'
  | 'ehr.unavailable'
  | 'ehr.written_otherwise'
  // write
  | 'write.change_shape'
  | 'write.forbidden_field'
  | 'write.no_change'
  | 'write.not_applicable'
  | 'write.other_target'
  // warrant
  | 'warrant.altered'
  | 'warrant.argument'
  | 'warrant.closed'
  | 'warrant.expired'
  | 'warrant.issuer'
  | 'warrant.lease_over'
  | 'warrant.leased'
  | 'warrant.missing'
  | 'warrant.not_yet'
  | 'warrant.other_action'
  | 'warrant.other_element'
  | 'warrant.other_episode'
  | 'warrant.other_location'
  | 'warrant.other_patient'
  | 'warrant.other_request'
  | 'warrant.revoked'
  | 'warrant.spent'
  | 'warrant.superseded'
  | 'warrant.unapproved';

/** A typed no. `message` is for people and names what to do next; `code` is for `switch`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** Non-confidential particulars: ids, rule ids, counts, instants. */
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[]>>;

  constructor(code: RefusalCode, message: string, details: Refusal['details'] = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A later attempt may go through: somebody else was unreachable or busy. Everything else is refused for good. */
const retryable: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'checkpoint.not_yet',
  'ehr.busy',
  'ehr.unavailable',
  'evidence.not_yet',
  'identity.unreachable',
  'log.behind',
  'log.unsigned',
  'vote.busy',
  'warrant.lease_over',
  'warrant.leased',
]);

export function isRetryable(code: RefusalCode): boolean {
  return retryable.has(code);
}
