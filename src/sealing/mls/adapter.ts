/**
 * The one door to `ts-mls`, which is pinned to 1.6.4: in the pre-releases of 2.0 a removed member can still read.
 * docs/decisions/0011-mls.md has its traps; adapter.test.ts shows that none of them is open.
 */
import {
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeGroupState,
  decodeMlsMessage,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  mlsExporter,
  processPublicMessage,
  type Capabilities,
  type CiphersuiteImpl,
  type CiphersuiteName,
  type ClientConfig,
  type ClientState,
  type GroupState,
  type KeyPackage,
  type MLSMessage,
  type PrivateKeyPackage,
  type Proposal,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { concatBytes, equalBytes, type Bytes } from '../../base/bytes.ts';
import { assert, isKithError, KithError } from '../../base/errors.ts';
import { idToBytes, type DeviceKey } from '../../base/ids.ts';
import { publicKeyOf } from '../../identity/signing.ts';
import { changeOf, deviceOf, isCertified, membersOf, refusedCommit } from './leaves.ts';
import { withNodeCrypto } from './suite.ts';
import type {
  Committed,
  GroupAuthority,
  GroupChange,
  GroupMember,
  Mls,
  MlsGroup,
  OwnKeyPackage,
  ReadKeyPackage,
} from './types.ts';

/** 0x0001, the suite that every implementation of MLS must have. */
const SUITE: CiphersuiteName = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [],
  proposals: [],
  credentials: ['basic'],
};
/** How long a package serves is decided by who publishes it, not by the clock of who uses it. */
const LIFETIME = { notBefore: 0n, notAfter: 9_223_372_036_854_775_807n };
const SECRET_BYTES = 32;
const MOST_MESSAGE_BYTES = 512 * 1024;

export interface MlsDeps {
  readonly device: DeviceKey;
  /** Of the MLS key that the device's certificate names. */
  readonly seed: Bytes;
  readonly authority: GroupAuthority;
}

export async function createMls(deps: MlsDeps): Promise<Mls> {
  return new Adapter(deps, withNodeCrypto(await getCiphersuiteImpl(getCiphersuiteFromName(SUITE))));
}

class Adapter implements Mls {
  readonly suite: CiphersuiteImpl;
  readonly config: ClientConfig;
  readonly authority: GroupAuthority;
  readonly #deps: MlsDeps;
  readonly #publicKey: Bytes;

  constructor(deps: MlsDeps, suite: CiphersuiteImpl) {
    this.#deps = deps;
    this.suite = suite;
    this.authority = deps.authority;
    this.#publicKey = idToBytes(publicKeyOf(deps.seed));
    this.config = {
      ...defaultClientConfig,
      authService: {
        validateCredential: async (credential, key) => isCertified(deps.authority, credential, key),
      },
    };
  }

  async newKeyPackage(): Promise<OwnKeyPackage> {
    const { publicPackage, privatePackage } = await this.#generate();
    return {
      publicBytes: encodeMlsMessage({
        version: 'mls10',
        wireformat: 'mls_key_package',
        keyPackage: publicPackage,
      }),
      secret: concatBytes(rawKey(privatePackage.initPrivateKey), rawKey(privatePackage.hpkePrivateKey)),
      ref: await makeKeyPackageRef(publicPackage, this.suite.hash),
    };
  }

  async readKeyPackage(bytes: Bytes): Promise<ReadKeyPackage> {
    const keyPackage = keyPackageIn(bytes);
    const { leafNode } = keyPackage;
    const device = deviceOf(leafNode.credential);
    const { signature } = this.suite;
    const holds =
      keyPackage.cipherSuite === SUITE &&
      isCertified(this.authority, leafNode.credential, leafNode.signaturePublicKey) &&
      (await orFalse(verifyKeyPackage(keyPackage, signature))) &&
      (await orFalse(verifyLeafNodeSignatureKeyPackage(leafNode, signature)));
    if (!holds || device === undefined) throw badKeyPackage();
    return { device, ref: await makeKeyPackageRef(keyPackage, this.suite.hash) };
  }

  async found(id: Bytes): Promise<MlsGroup> {
    const { publicPackage, privatePackage } = await this.#generate();
    return new Group(this, await createGroup(id, publicPackage, privatePackage, [], this.suite, this.config));
  }

  async foundWith(
    id: Bytes,
    packages: readonly Bytes[],
  ): Promise<{ readonly group: MlsGroup; readonly welcome: Bytes }> {
    const { publicPackage, privatePackage } = await this.#generate();
    const state = await createGroup(id, publicPackage, privatePackage, [], this.suite, this.config);
    const extraProposals = packages.map(addOf);
    const made = await createCommit(
      { state, cipherSuite: this.suite },
      { extraProposals, wireAsPublicMessage: true, ratchetTreeExtension: true },
    ).catch((cause: unknown) => {
      throw wrapped(cause, 'bad-key-package', 'A group cannot be founded with these keys.');
    });
    assert(made.welcome !== undefined, 'whoever is added is welcomed');
    const welcome = encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_welcome',
      welcome: made.welcome,
    });
    return { group: new Group(this, made.newState), welcome };
  }

  welcomed(welcome: Bytes): readonly Bytes[] {
    return welcomeIn(welcome).secrets.map(({ newMember }) => newMember);
  }

  async joinFounded(welcome: Bytes, own: OwnKeyPackage): Promise<MlsGroup> {
    const message = welcomeIn(welcome);
    const state = await joinGroup(
      message,
      keyPackageIn(own.publicBytes),
      this.#privateHalf(own.secret),
      emptyPskIndex,
      this.suite,
      undefined,
      undefined,
      this.config,
    ).catch((cause: unknown) => {
      throw wrapped(cause, 'bad-welcome', 'An invitation to a group does not open.');
    });
    const group = new Group(this, state);
    const isFresh = state.groupContext.epoch === 1n && group.members.every(({ leaf }, at) => leaf === at);
    if (!isFresh || state.groupContext.extensions.length > 0)
      throw new KithError('bad-welcome', 'An invitation to a group that was not founded just now.');
    return group;
  }

  async joinExternally(groupInfo: Bytes, { resync = false } = {}): Promise<Committed> {
    const message = messageIn(groupInfo, 'bad-group-info');
    if (message.wireformat !== 'mls_group_info') throw badGroupInfo();
    const { groupInfo: info } = message;
    if (info.groupContext.extensions.length > 0 || info.groupContext.cipherSuite !== SUITE)
      throw badGroupInfo();
    const { publicPackage, privatePackage } = await this.#generate();
    const { publicMessage, newState } = await joinGroupExternal(
      info,
      publicPackage,
      privatePackage,
      resync,
      this.suite,
      undefined,
      this.config,
    ).catch((cause: unknown) => {
      throw badGroupInfo(cause);
    });
    const commit = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage });
    return { group: new Group(this, newState), commit };
  }

  restore(serialised: Bytes): MlsGroup {
    const decoded = decodedState(serialised);
    if (decoded === undefined) throw damagedState();
    return new Group(this, { ...decoded, clientConfig: this.config });
  }

  async #generate(): Promise<{ publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }> {
    const { device, seed } = this.#deps;
    return generateKeyPackageWithKey(
      { credentialType: 'basic', identity: idToBytes(device) },
      CAPABILITIES,
      LIFETIME,
      [],
      { signKey: seed, publicKey: this.#publicKey },
      this.suite,
    );
  }

  #privateHalf(secret: Bytes): PrivateKeyPackage {
    return {
      initPrivateKey: secret.slice(0, SECRET_BYTES),
      hpkePrivateKey: secret.slice(SECRET_BYTES),
      signaturePrivateKey: this.#deps.seed,
    };
  }
}

class Group implements MlsGroup {
  readonly #mls: Adapter;
  readonly #state: ClientState;

  constructor(mls: Adapter, state: ClientState) {
    this.#mls = mls;
    // What the library keeps of past epochs would open their messages, of which kith has none. Asked to keep none, it keeps all.
    this.#state = { ...state, historicalReceiverData: new Map() };
  }

  get id(): Bytes {
    return this.#state.groupContext.groupId;
  }

  get epoch(): number {
    return Number(this.#state.groupContext.epoch);
  }

  get members(): readonly GroupMember[] {
    return membersOf(this.#state.ratchetTree);
  }

  get ownLeaf(): number {
    return this.#state.privatePath.leafIndex;
  }

  get isRemoved(): boolean {
    return this.#state.groupActiveState.kind === 'removedFromGroup';
  }

  get authenticator(): Bytes {
    return this.#state.keySchedule.epochAuthenticator;
  }

  async exportSecret(label: string, context: Bytes, sizeBytes: number): Promise<Bytes> {
    this.#mustBeIn();
    const { exporterSecret } = this.#state.keySchedule;
    return mlsExporter(exporterSecret, label, context, sizeBytes, this.#mls.suite);
  }

  async groupInfo(): Promise<Bytes> {
    this.#mustBeIn();
    const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(this.#state, [], this.#mls.suite);
    return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo });
  }

  async commit({
    add = [],
    remove = [],
  }: {
    readonly add?: readonly Bytes[];
    readonly remove?: readonly number[];
  }): Promise<Committed> {
    this.#mustBeIn();
    const extraProposals: Proposal[] = [
      ...remove.map((leaf): Proposal => ({ proposalType: 'remove', remove: { removed: leaf } })),
      ...add.map(addOf),
    ];
    const made = await createCommit(
      { state: this.#state, cipherSuite: this.#mls.suite },
      { extraProposals, wireAsPublicMessage: true },
    ).catch((cause: unknown) => {
      throw wrapped(cause, 'unauthorised-commit', 'This change of a group cannot be made.');
    });
    assert(made.commit.wireformat === 'mls_public_message', 'as it was asked for');
    this.#mustAllow(changeOf(this.#state, made.commit.publicMessage));
    return { group: new Group(this.#mls, made.newState), commit: encodeMlsMessage(made.commit) };
  }

  async process(commit: Bytes): Promise<MlsGroup> {
    this.#mustBeIn();
    const message = messageIn(commit, 'bad-commit');
    // Commits travel inside what is sealed already. A private message could not be judged before it is processed.
    if (message.wireformat !== 'mls_public_message') throw badCommit();
    const { content } = message.publicMessage;
    if (!equalBytes(content.groupId, this.id) || content.epoch !== this.#state.groupContext.epoch)
      throw new KithError('other-epoch', 'A change of a group that is at another point.', {
        next: 'Join the group anew.',
      });
    this.#mustAllow(changeOf(this.#state, message.publicMessage));
    const { newState, actionTaken } = await processPublicMessage(
      this.#state,
      message.publicMessage,
      emptyPskIndex,
      this.#mls.suite,
    ).catch((cause: unknown) => {
      throw badCommit(cause);
    });
    if (actionTaken !== 'accept') throw badCommit();
    return new Group(this.#mls, newState);
  }

  serialise(): Bytes {
    return encodeGroupState(this.#state);
  }

  #mustAllow(change: GroupChange): void {
    const code = this.#mls.authority.refuses(change);
    if (code !== undefined) throw refusedCommit(code);
  }

  #mustBeIn(): void {
    if (this.isRemoved) throw new KithError('removed-from-group', 'This device was taken out of the group.');
  }
}

function addOf(bytes: Bytes): Proposal {
  return { proposalType: 'add', add: { keyPackage: keyPackageIn(bytes) } };
}

/** Decoders of the library return undefined or throw whatever comes; here both become one failure. */
function messageIn(bytes: Bytes, code: string): MLSMessage {
  if (bytes.byteLength <= MOST_MESSAGE_BYTES) {
    try {
      const decoded = decodeMlsMessage(bytes, 0);
      if (decoded !== undefined && decoded[1] === bytes.byteLength) return decoded[0];
    } catch (cause) {
      throw new KithError(code, 'A message about group keys cannot be read.', { cause });
    }
  }
  throw new KithError(code, 'A message about group keys cannot be read.');
}

function keyPackageIn(bytes: Bytes): KeyPackage {
  const message = messageIn(bytes, 'bad-key-package');
  if (message.wireformat !== 'mls_key_package') throw badKeyPackage();
  return message.keyPackage;
}

function welcomeIn(bytes: Bytes): Extract<MLSMessage, { wireformat: 'mls_welcome' }>['welcome'] {
  const message = messageIn(bytes, 'bad-welcome');
  if (message.wireformat !== 'mls_welcome' || message.welcome.cipherSuite !== SUITE)
    throw new KithError('bad-welcome', 'This is no invitation to a group.');
  return message.welcome;
}

function decodedState(bytes: Bytes): GroupState | undefined {
  try {
    const decoded = decodeGroupState(bytes, 0);
    return decoded !== undefined && decoded[1] === bytes.byteLength ? decoded[0] : undefined;
  } catch {
    return undefined;
  }
}

function rawKey(key: Bytes): Bytes {
  assert(key.byteLength === SECRET_BYTES, 'an X25519 private key has 32 bytes');
  return key;
}

async function orFalse(checked: Promise<boolean>): Promise<boolean> {
  try {
    return await checked;
  } catch {
    return false;
  }
}

function wrapped(cause: unknown, code: string, sentence: string): KithError {
  return isKithError(cause) ? cause : new KithError(code, sentence, { cause });
}

function badKeyPackage(): KithError {
  return new KithError('bad-key-package', 'Published keys of a device do not hold.');
}

function badGroupInfo(cause?: unknown): KithError {
  return new KithError('bad-group-info', 'A group cannot be joined with what is known of it.', { cause });
}

function badCommit(cause?: unknown): KithError {
  return new KithError('bad-commit', 'A change of a group does not hold.', { cause });
}

function damagedState(): KithError {
  return new KithError('damaged-store', 'The stored keys of a group cannot be read.');
}
