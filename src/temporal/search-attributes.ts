/**
 * Search attributes are stored in clear and are what operators read without a key, so their values are closed words,
 * slugs and instants: never a reference, a name or a text of a request.
 */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';

const { KEYWORD, DATETIME } = SearchAttributeType;

export const searchAttributes = {
  type: defineSearchAttributeKey('GovType', KEYWORD),
  tier: defineSearchAttributeKey('GovTier', KEYWORD),
  state: defineSearchAttributeKey('GovState', KEYWORD),
  agent: defineSearchAttributeKey('GovAgent', KEYWORD),
  tenant: defineSearchAttributeKey('GovTenant', KEYWORD),
  purpose: defineSearchAttributeKey('GovPurpose', KEYWORD),
  /** Who is still to approve, as roles: `1 clinical_staff`. */
  needs: defineSearchAttributeKey('GovNeeds', KEYWORD),
  deadline: defineSearchAttributeKey('GovDeadline', DATETIME),
};

/** Letters, digits, dots, blanks, underscores, plus, comma and hyphen: the words that keyword values are made of. */
const keyword = /^[A-Za-z0-9_.,+ -]{1,80}$/;

/**
 * Lets through the Gov* attributes with values of their closed shape.
 *
 * @throws TypeError for any other attribute or value; the message names the attribute, never the value.
 */
export function assertSearchAttributes(pairs: readonly SearchAttributePair[]): void {
  const known = new Map<string, string>(Object.values(searchAttributes).map(({ name, type }) => [name, type]));
  for (const { key, value } of pairs) {
    if (known.get(key.name) !== key.type) throw new TypeError(`search attribute ${key.name} is not one of ours`);
    if (value === null) continue;
    const fits = key.type === DATETIME ? value instanceof Date : typeof value === 'string' && keyword.test(value);
    if (!fits) throw new TypeError(`search attribute ${key.name} holds what it may not`);
  }
}

/** Name → Temporal's IndexedValueType number, for registration at each start. */
export const searchAttributeTypes: Readonly<Record<string, number>> = Object.fromEntries(
  Object.values(searchAttributes).map(({ name, type }) => [name, type === DATETIME ? 6 : 2]),
);
