/** Where the provider keeps sessions, codes and used assertions: in memory, so that a restart signs everybody out. */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Row {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const madeFromGrants = /^(AccessToken|AuthorizationCode|RefreshToken):/;

/** One storage for all kinds of record, each kind a namespace of it. */
export function memoryAdapter(): AdapterFactory {
  const rows = new Map<string, Row>();

  return (kind): Adapter => {
    const keyOf = (id: string) => `${kind}:${id}`;
    const live = (row: Row | undefined): AdapterPayload | undefined =>
      row && row.expires > Date.now() ? row.payload : undefined;
    const findBy = async (matches: (payload: AdapterPayload) => boolean) =>
      [...rows]
        .filter(([key]) => key.startsWith(`${kind}:`))
        .flatMap(([, row]): AdapterPayload[] => {
          const payload = live(row);
          return payload ? [payload] : [];
        })
        .find(matches);

    return {
      async upsert(id, payload, seconds = Number.POSITIVE_INFINITY) {
        for (const [key, row] of rows) if (!live(row)) rows.delete(key);
        rows.set(keyOf(id), { payload, expires: Date.now() + seconds * 1_000 });
      },
      async find(id) {
        return live(rows.get(keyOf(id)));
      },
      findByUid: (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: (code) => findBy((payload) => payload.userCode === code),
      async consume(id) {
        const row = rows.get(keyOf(id));
        if (row) row.payload.consumed = Math.floor(Date.now() / 1_000);
      },
      async destroy(id) {
        rows.delete(keyOf(id));
      },
      async revokeByGrantId(grant) {
        // An interaction names a grant too, and outlives it: the person who signs out in it goes on signing in.
        for (const [key, row] of rows) if (madeFromGrants.test(key) && row.payload.grantId === grant) rows.delete(key);
      },
    };
  };
}
