/** What is known of why links stand or do not; the doctor reads it and nothing else. */
import type { LinkKey } from '../../base/ids.ts';

/** How far a dial came. `handshake`: the other side proved its key. */
export type DialStage = 'nowhere' | 'connected' | 'handshake';

export interface DialFailure {
  readonly address: string;
  /** Who was expected there. */
  readonly peer: LinkKey | undefined;
  /** Of the KithError. */
  readonly code: string;
  /** Of the operating system, such as ECONNREFUSED; empty where it said nothing. */
  readonly osCode: string;
  readonly stage: DialStage;
  /** This node's own gate refused who answered. */
  readonly ownGate: boolean;
  /** The protocol version that the other side speaks, where it is another one. */
  readonly theirVersion: number | undefined;
  readonly atMs: number;
}

/** Somebody came to this node and got no link. */
export interface Knock {
  readonly peer: LinkKey;
  readonly why: 'not-a-member' | 'version-mismatch';
  readonly theirVersion: number | undefined;
  readonly count: number;
  readonly atMs: number;
}

/** Their clock less ours, as far as the hello can tell. */
export interface ClockOffset {
  readonly offsetMs: number;
  /** It may be so much more or less. */
  readonly uncertainMs: number;
}

export interface LinkEvidence {
  readonly peer: LinkKey;
  readonly address: string;
  readonly relayed: boolean;
  readonly clock: ClockOffset | undefined;
}

/** LAN discovery on one interface. */
export interface LanEvidence {
  readonly name: string;
  readonly address: string;
  /** Packets handed to the system. */
  readonly sent: number;
  /** Own packets that came back, as multicast does on a machine that lets it. */
  readonly ownHeard: number;
  /** Devices of whom a packet came. */
  readonly heard: readonly LinkKey[];
  /** Codes of the operating system for what could not be sent or joined. */
  readonly errors: readonly string[];
  /** Whether an address lies on the same subnet. */
  contains(address: string): boolean;
}

/** Of a transport. */
export interface TransportEvidence {
  readonly links: readonly LinkEvidence[];
  readonly failures: readonly DialFailure[];
  readonly knocks: readonly Knock[];
  /** Undefined when LAN discovery is off. */
  readonly lans: readonly LanEvidence[] | undefined;
  /** The protocol version that this node speaks. */
  readonly version: number;
}

export interface Evident {
  evidence(): TransportEvidence;
}

/** All that the doctor looks at. */
export interface Evidence extends TransportEvidence {
  readonly nowMs: number;
  readonly state: 'empty' | 'running';
  readonly joining: boolean;
  /** For people: a member's name, or the beginning of a key. */
  readonly who: (peer: LinkKey) => string;
  /** Failures of what a person asked for just now weigh more than those of what was tried by itself. */
  readonly asked: readonly string[];
}

export interface Finding {
  /** Stable. */
  readonly code: string;
  /** `notice` is worth knowing, and needs nobody to act. */
  readonly severity: 'wrong' | 'notice';
  /** An address, a member or an interface. */
  readonly about: string;
  readonly message: string;
  readonly next: string;
}
