import type { PoolClient } from 'pg';
import { digest, type ActionId, type Digest, type TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Aead } from './aead.js';
import type { KeyCache } from './key-cache.js';
import {
  destroyDeks,
  findDek,
  findSealed,
  findSubjectKey,
  findTenantKey,
  insertDek,
  insertSealed,
  insertSubjectKey,
  insertTenantKey,
  rewrapDek,
  type DekKind,
  type WrappedKey,
} from './key.store.js';
import { disposalKek, openKek, tenantKek, type KekId, type Keyring } from './keyring.js';

export interface KeychainDeps {
  readonly keyring: Keyring;
  readonly aead: Aead;
  readonly cache: KeyCache;
}

/** Content that was sealed, with what binds it. */
export interface Unsealed {
  readonly bytes: Uint8Array;
  /** HMAC-SHA-256 under the salt that lies with the content: what votes and leaves carry instead of a hash. */
  readonly commitment: Digest;
  readonly salt: Uint8Array;
}

const saltLength = 32;
const dekKinds: readonly DekKind[] = ['history', 'content'];

/** The data keys of actions, the content under them, and the pseudonyms of patients. SQL runs on the given connection. */
export class Keychain {
  readonly #keyring: Keyring;
  readonly #aead: Aead;
  readonly #cache: KeyCache;

  constructor({ keyring, aead, cache }: KeychainDeps) {
    this.#keyring = keyring;
    this.#aead = aead;
    this.#cache = cache;
  }

  /** Makes both data keys of a new action under the open KEK of `month` (`yyyy-mm`). */
  async create(tx: PoolClient, tenant: TenantId, action: ActionId, month: string): Promise<void> {
    for (const kind of dekKinds) {
      const key = this.#aead.random();
      await insertDek(
        tx,
        action,
        kind,
        await this.#wrap(openKek(tenant, month), key, dekContext(tenant, action, kind)),
      );
      this.#cache.put(dekName(tenant, action, kind), key);
    }
  }

  /** The action's data key; undefined once it was destroyed. @throws Refusal `key.gone`, `key.unreadable`. */
  async dek(tx: PoolClient, tenant: TenantId, action: ActionId, kind: DekKind): Promise<Uint8Array | undefined> {
    const name = dekName(tenant, action, kind);
    const cached = this.#cache.get(name);
    if (cached) return cached;
    const { epoch } = this.#cache;
    const wrapped = await findDek(tx, action, kind);
    if (!wrapped) return undefined;
    const key = await this.#keyring.unwrap(wrapped.kek, wrapped.wrapped, dekContext(tenant, action, kind));
    this.#cache.put(name, key, epoch);
    return key;
  }

  /** Moves both keys under the KEK of their disposal month. Keys that are gone stay gone. */
  async rewrap(tx: PoolClient, tenant: TenantId, action: ActionId, disposalDate: string): Promise<void> {
    for (const kind of dekKinds) {
      const held = await findDek(tx, action, kind);
      if (!held) continue;
      const context = dekContext(tenant, action, kind);
      const key = await this.#keyring.unwrap(held.kek, held.wrapped, context);
      await rewrapDek(tx, action, kind, await this.#wrap(disposalKek(tenant, disposalDate), key, context));
    }
  }

  /** Logical erasure: the rows go, and other processes drop theirs from their caches. How many keys there were. */
  async destroy(tx: PoolClient, tenant: TenantId, action: ActionId): Promise<number> {
    const gone = await destroyDeks(tx, action);
    this.forget(tenant, action);
    return gone;
  }

  forget(tenant: TenantId, action: ActionId): void {
    this.#cache.forget(`dek/${tenant}/${action}/`);
  }

  /** Every action's keys; those of the tenant stay. */
  forgetAll(): void {
    this.#cache.forget('dek/');
  }

  /**
   * Seals content at a path of the action, once; returns the commitment of what lies there. Of two writers the first
   * wins.
   *
   * @throws Refusal `key.gone` when the action's keys were destroyed.
   */
  async seal(tx: PoolClient, tenant: TenantId, action: ActionId, path: string, bytes: Uint8Array): Promise<Digest> {
    const key = await this.#content(tx, tenant, action);
    const salt = this.#aead.random(saltLength);
    const content = new Uint8Array(saltLength + bytes.length);
    content.set(salt);
    content.set(bytes, saltLength);
    const first = await insertSealed(tx, action, path, this.#aead.seal(key, content, [tenant, action, path]));
    return first ? this.commitment(salt, bytes) : (await this.unseal(tx, tenant, action, path)).commitment;
  }

  /** @throws Refusal `sealed.missing` where nothing was sealed, `key.gone`, `key.unreadable`. */
  async unseal(tx: PoolClient, tenant: TenantId, action: ActionId, path: string): Promise<Unsealed> {
    const key = await this.#content(tx, tenant, action);
    const box = await findSealed(tx, action, path);
    if (!box) throw new Refusal('sealed.missing', 'Nothing is sealed there.');
    const content = this.#aead.open(key, box, [tenant, action, path]);
    if (!content) throw new Refusal('key.unreadable', 'Sealed content belongs to something else, or was changed.');
    const salt = content.slice(0, saltLength);
    const bytes = content.slice(saltLength);
    return { bytes, salt, commitment: this.commitment(salt, bytes) };
  }

  commitment(salt: Uint8Array, bytes: Uint8Array): Digest {
    return digest(hex(this.#aead.hmac(salt, bytes)));
  }

  /** Pseudonym of a FHIR reference under its patient's key; undefined for a patient without one, unless `create`. */
  async pseudonym(
    tx: PoolClient,
    tenant: TenantId,
    patient: string,
    reference: string,
    { create }: { readonly create: boolean },
  ): Promise<Digest | undefined> {
    const index = await this.tenantKey(tx, tenant, 'index', { create });
    const lookup = index && this.#aead.hmac(index, utf8(patient));
    if (!lookup) return undefined;
    const context = [tenant, 'subject', hex(lookup)];
    const found =
      (await findSubjectKey(tx, lookup)) ??
      (create
        ? await this.#made(
            (key) => insertSubjectKey(tx, lookup, key),
            () => findSubjectKey(tx, lookup),
            tenantKek(tenant),
            context,
          )
        : undefined);
    if (!found) return undefined;
    const key = await this.#keyring.unwrap(found.kek, found.wrapped, context);
    return digest(hex(this.#aead.hmac(key, utf8(reference))));
  }

  /** A key of the tenant; undefined when it was never made, unless `create`. */
  async tenantKey(
    tx: PoolClient,
    tenant: TenantId,
    purpose: 'system' | 'index',
    { create }: { readonly create: boolean },
  ): Promise<Uint8Array | undefined> {
    const name = `tenant/${tenant}/${purpose}`;
    const cached = this.#cache.get(name);
    if (cached) return cached;
    const context = [tenant, 'tenant_key', purpose];
    const found =
      (await findTenantKey(tx, purpose)) ??
      (create
        ? await this.#made(
            (key) => insertTenantKey(tx, purpose, key),
            () => findTenantKey(tx, purpose),
            tenantKek(tenant),
            context,
          )
        : undefined);
    if (!found) return undefined;
    const key = await this.#keyring.unwrap(found.kek, found.wrapped, context);
    // A transaction that rolls back takes the key that it made along: remembered, it would make pseudonyms of nobody.
    if (!found.uncommitted) this.#cache.put(name, key);
    return key;
  }

  async #content(tx: PoolClient, tenant: TenantId, action: ActionId): Promise<Uint8Array> {
    const key = await this.dek(tx, tenant, action, 'content');
    if (!key) throw new Refusal('key.gone', 'The keys of this action were destroyed.');
    return key;
  }

  async #wrap(kek: KekId, key: Uint8Array, context: readonly string[]): Promise<WrappedKey> {
    return { kek, wrapped: await this.#keyring.wrap(kek, key, context) };
  }

  /** Makes a random key and inserts it; whoever was first, the stored one counts. */
  async #made<T extends WrappedKey>(
    insert: (key: WrappedKey) => Promise<void>,
    find: () => Promise<T | undefined>,
    kek: KekId,
    context: readonly string[],
  ): Promise<T | undefined> {
    await insert(await this.#wrap(kek, this.#aead.random(), context));
    return find();
  }
}

const dekName = (tenant: TenantId, action: ActionId, kind: DekKind): string => `dek/${tenant}/${action}/${kind}`;
const dekContext = (tenant: TenantId, action: ActionId, kind: DekKind): string[] => [tenant, action, kind];
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
