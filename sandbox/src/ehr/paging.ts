/** Bundles that come in pages. R4 §3.1.1.4.14. */
import type { FhirCall } from './call.js';

export interface Page {
  /** Address of what is paged, without a query. */
  readonly url: string;
  /** Where this page began. */
  readonly after: number;
  /** Where the next one begins; undefined on the last. */
  readonly next: number | undefined;
}

export function pageLinks({ query, fault }: FhirCall, { url, after, next: honest }: Page) {
  // Every place below 1 is the first page, so that an endless server never gives the same link twice.
  const next = fault === 'endless_paging' ? Math.min(after, 0) - 1 : honest;
  return [
    { relation: 'self', url: pageUrl(url, query) },
    ...(next === undefined ? [] : [{ relation: 'next', url: pageUrl(url, query, next) }]),
  ];
}

function pageUrl(url: string, query: URLSearchParams, after?: number): string {
  const page = new URLSearchParams(query);
  if (after !== undefined) page.set('_after', String(after));
  return page.size === 0 ? url : `${url}?${page}`;
}
