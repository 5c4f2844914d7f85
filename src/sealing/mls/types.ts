/** Group keys by MLS (RFC 9420), as far as kith uses it: small values and no library behind them to be seen. */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';

/** What a commit would change, said before anything changes. */
export interface GroupChange {
  /** Who wrote the commit. */
  readonly by: DeviceKey;
  /** The committer was no member of this epoch: it joins, or comes back after losing track. */
  readonly joins: boolean;
  readonly added: readonly DeviceKey[];
  readonly removed: readonly DeviceKey[];
}

/** Who may be in a group is not MLS's business: the membership fold answers. */
export interface GroupAuthority {
  /** Whether the roll has this device with this MLS key (64 hex digits). Asked of every leaf, wherever it comes from. */
  certifies(device: DeviceKey, mlsKey: string): boolean;
  /** Undefined when the change may be made, otherwise a code that says why not. Must depend on replicated bytes alone. */
  refuses(change: GroupChange): string | undefined;
}

/** Published half and kept half of a key package: what somebody needs to take this device into a group. */
export interface OwnKeyPackage {
  readonly publicBytes: Bytes;
  /** Init key and leaf key, 64 bytes. Whoever has them opens what was founded with the package: deleted when it is used. */
  readonly secret: Bytes;
  /** RFC 9420 §5.2, 32 bytes. */
  readonly ref: Bytes;
}

export interface ReadKeyPackage {
  readonly device: DeviceKey;
  readonly ref: Bytes;
}

export interface GroupMember {
  readonly leaf: number;
  readonly device: DeviceKey;
}

/** One epoch of a group as this device has it. Nothing changes it: each step makes another. */
export interface MlsGroup {
  readonly id: Bytes;
  readonly epoch: number;
  readonly members: readonly GroupMember[];
  readonly ownLeaf: number;
  /** A commit put this device out: nothing more can be derived. */
  readonly isRemoved: boolean;
  /** The same on all who are in the same epoch of the same history (RFC 9420 §8.7). */
  readonly authenticator: Bytes;
  /** RFC 9420 §8.5. */
  exportSecret(label: string, context: Bytes, sizeBytes: number): Promise<Bytes>;
  /** What somebody needs to join by external commit, tree included. */
  groupInfo(): Promise<Bytes>;
  /** Adds and removes travel by value; but for adds alone, this device's own leaf is made anew. @throws KithError `unauthorised-commit` */
  commit(change: {
    readonly add?: readonly Bytes[];
    readonly remove?: readonly number[];
  }): Promise<Committed>;
  /**
   * The next epoch, by a commit that somebody else wrote.
   * @throws KithError `unauthorised-commit` | `bad-commit` | `other-epoch`; this value stays as it is.
   */
  process(commit: Bytes): Promise<MlsGroup>;
  /** All secrets included: seal it. */
  serialise(): Bytes;
}

export interface Committed {
  readonly group: MlsGroup;
  readonly commit: Bytes;
}

export interface Mls {
  newKeyPackage(): Promise<OwnKeyPackage>;
  /** @throws KithError `bad-key-package` unless it is well-formed, signed, of our suite, and of a device that the roll certifies. */
  readKeyPackage(bytes: Bytes): Promise<ReadKeyPackage>;
  found(id: Bytes): Promise<MlsGroup>;
  /** A fresh group of this device and those whose packages are given, and the Welcome for them. @throws KithError `unauthorised-commit` */
  foundWith(
    id: Bytes,
    packages: readonly Bytes[],
  ): Promise<{ readonly group: MlsGroup; readonly welcome: Bytes }>;
  /** The packages that a Welcome is for, by reference. @throws KithError `bad-welcome` */
  welcomed(welcome: Bytes): readonly Bytes[];
  /**
   * Only into a group that was founded just now: later trees make joins by Welcome fail in the end.
   * @throws KithError `bad-welcome`
   */
  joinFounded(welcome: Bytes, own: OwnKeyPackage): Promise<MlsGroup>;
  /**
   * @param resync this device is in the tree already and takes its own place anew.
   * @throws KithError `bad-group-info`
   */
  joinExternally(groupInfo: Bytes, options?: { readonly resync?: boolean }): Promise<Committed>;
  /** @throws KithError `damaged-store` */
  restore(serialised: Bytes): MlsGroup;
}
