/** How `kith up` starts a node. The command line knows this much and no more of what a node is. */

/** A node that lives for one command only. It opens no API but the socket, and ends with its standard input. */
export type Purpose =
  /** `init`, `restore`: no link to anybody. */
  | 'offline'
  /** `join`: looks for others and links with them, as far as joining needs it. */
  | 'joining';

export interface StartOptions {
  /** The data folder: an absolute path; made when it is not there. */
  readonly data: string;
  /** Addresses to listen on; none: the default ones. */
  readonly listen: readonly string[];
  /** Addresses to dial, again and again. */
  readonly peers: readonly string[];
  /** Reachable from outside: introduce nodes to each other and relay. */
  readonly hub: boolean;
  readonly mdns: boolean;
  /** Port of the API on loopback; 0: any free one; undefined: the default one or any free one. */
  readonly apiPort: number | undefined;
  /** Where phones reach the public desk, `host:port` or `:port`; undefined: there is none. */
  readonly desk: string | undefined;
  readonly temporary: Purpose | undefined;
}

export interface RunningNode {
  readonly socket: string | undefined;
  /** `http://127.0.0.1:PORT` */
  readonly url: string | undefined;
  readonly tokenFile: string;
  /** Of the public desk, as a phone reaches it, the likeliest first; none where there is no desk. */
  readonly deskUrls: readonly string[];
  /** Resolves when the node has stopped in order, whoever asked; rejects when it broke. */
  readonly ended: Promise<void>;
  /** Begins to stop; calling it again does nothing. */
  stop(): void;
}

/** Resolves when the API answers. @throws KithError, such as `already-running`, `bad-address`, `port-in-use`. */
export type StartNode = (options: StartOptions) => Promise<RunningNode>;
