/** Addresses as people write them, and as libp2p wants them. */
import {
  CODE_DNS,
  CODE_DNS4,
  CODE_DNS6,
  CODE_IP4,
  CODE_IP6,
  CODE_P2P,
  CODE_P2P_CIRCUIT,
  CODE_TCP,
  CODE_TLS,
  CODE_WS,
  CODE_WSS,
  multiaddr,
} from '@multiformats/multiaddr';
import type { Component, Multiaddr } from '@multiformats/multiaddr';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { parsePeerId, peerIdOf } from './keys.ts';

/** Taken where an address names no port. Unassigned by IANA; K-I-T-H on a telephone's keys. */
export const DEFAULT_PORT = 5484;

export interface PeerAddress {
  /** Without the `/p2p/…` at its end: host and port, and for a relayed address the hub and `/p2p-circuit`. */
  readonly multiaddr: Multiaddr;
  /** Whom the address promises, if it does. */
  readonly peer: LinkKey | undefined;
  /** The hub that has to pass it on, if one has to. */
  readonly hub: LinkKey | undefined;
}

const HOST_CODES: readonly number[] = [CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6];
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;
const MAX_ADDRESS_CHARS = 400;

/**
 * An address to dial: a multiaddr with or without `/p2p/…`, `host:port`, `[v6]:port`, or a host alone.
 * @throws KithError `bad-address`
 */
export function parsePeerAddress(text: string): PeerAddress {
  const trimmed = text.trim();
  const parsed = trimmed.startsWith('/')
    ? parseMultiaddr(trimmed)
    : { multiaddr: parseHostPort(trimmed), peer: undefined, hub: undefined };
  if (portOf(parsed.multiaddr) === 0) throw badAddress(text, 'port 0 cannot be dialled');
  return parsed;
}

/**
 * Addresses to listen on: as above without `/p2p/…`; port 0 is any free one; `:5484` is that port on every interface.
 * @throws KithError `bad-address`
 */
export function parseListenAddress(text: string): readonly Multiaddr[] {
  const trimmed = text.trim();
  const everywhere = /^:(\d{1,5})$/.exec(trimmed);
  if (everywhere !== null) return listenEverywhere(parsePort(text, everywhere[1] ?? ''));
  const parsed = trimmed.startsWith('/')
    ? parseMultiaddr(trimmed)
    : { multiaddr: parseHostPort(trimmed), peer: undefined, hub: undefined };
  if (parsed.hub !== undefined) throw badAddress(text, 'hubs are asked by themselves, they need no --listen');
  if (parsed.peer !== undefined) throw badAddress(text, 'an address to listen on names no peer');
  return [parsed.multiaddr];
}

export function listenEverywhere(port: number): readonly Multiaddr[] {
  return [multiaddr(`/ip4/0.0.0.0/tcp/${port}`), multiaddr(`/ip6/::/tcp/${port}`)];
}

/** As `--peer` takes it. */
export function printPeerAddress(address: Multiaddr, peer: LinkKey): string {
  return `${withoutPeer(address).toString()}/p2p/${peerIdOf(peer).toString()}`;
}

/** Without the peer at its end; the hub before `/p2p-circuit` stays, for without it there is no way. */
export function withoutPeer(address: Multiaddr): Multiaddr {
  const last = address.getComponents().at(-1);
  return last?.code === CODE_P2P ? address.decapsulateCode(CODE_P2P) : address;
}

export function withPeer(address: Multiaddr, peer: LinkKey): Multiaddr {
  return address.encapsulate(`/p2p/${peerIdOf(peer).toString()}`);
}

/** Who has to pass it on, if somebody has to. */
export function hubOf(address: Multiaddr): LinkKey | undefined {
  const parts = address.getComponents();
  const circuit = parts.findIndex(({ code }) => code === CODE_P2P_CIRCUIT);
  return circuit < 1 ? undefined : parsePeerId(parts[circuit - 1]?.value ?? '');
}

/** The way to a peer through a hub, from an address of the hub. @throws KithError `bad-address` */
export function printThrough(hubAddress: string, hub: LinkKey, peer: LinkKey): string {
  const { multiaddr: place } = parsePeerAddress(hubAddress);
  return printPeerAddress(withPeer(place, hub).encapsulate('/p2p-circuit'), peer);
}

export function isWebSocket(address: Multiaddr): boolean {
  const [last] = address.getComponents().slice(-1);
  return last?.code === CODE_WS || last?.code === CODE_WSS;
}

/** The IP address or name in it. */
export function hostOf(address: Multiaddr): string {
  return address.getComponents()[0]?.value ?? '';
}

/** Where a TCP connection to that address goes: for one through a hub, to the hub. @throws KithError `bad-address` */
export function tcpPlace(text: string): { readonly host: string; readonly port: number } {
  const { multiaddr: address } = parsePeerAddress(text);
  return { host: hostOf(address), port: portOf(address) };
}

export function isLoopback(address: Multiaddr): boolean {
  const host = hostOf(address);
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function portOf(address: Multiaddr): number {
  return Number(address.getComponents().find((component) => component.code === CODE_TCP)?.value);
}

function parseMultiaddr(text: string): PeerAddress {
  if (text.length > MAX_ADDRESS_CHARS) throw badAddress(text.slice(0, 40), 'it is too long');
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (cause) {
    throw badAddress(text, 'it is not a multiaddr', cause);
  }
  const [host, tcp, ...after] = address.getComponents();
  if (!isHost(host) || tcp?.code !== CODE_TCP)
    throw badAddress(text, 'only /ip4, /ip6 or /dns with /tcp can be reached so far');
  return { multiaddr: withoutPeer(address), ...readPeers(text, after.slice(webSocketLength(after))) };
}

/** `/ws`, `/wss` and `/tls/ws` may stand between the port and the peer. */
function webSocketLength([first, second]: readonly Component[]): number {
  if (first?.code === CODE_WS || first?.code === CODE_WSS) return 1;
  return first?.code === CODE_TLS && second?.code === CODE_WS ? 2 : 0;
}

/** What follows the port: nobody, a peer, or a hub, `/p2p-circuit` and perhaps a peer. */
function readPeers(text: string, rest: readonly Component[]): Pick<PeerAddress, 'peer' | 'hub'> {
  const [first, circuit, last, ...more] = rest;
  if (first === undefined) return { peer: undefined, hub: undefined };
  const named = parsePeer(text, first);
  if (circuit === undefined) return { peer: named, hub: undefined };
  if (circuit.code !== CODE_P2P_CIRCUIT || more.length > 0)
    throw badAddress(text, 'behind a node only /p2p-circuit/p2p/… may follow');
  return { peer: last === undefined ? undefined : parsePeer(text, last), hub: named };
}

function isHost(component: Component | undefined): boolean {
  return component !== undefined && HOST_CODES.includes(component.code);
}

function parsePeer(text: string, component: Component): LinkKey {
  if (component.code !== CODE_P2P) throw badAddress(text, 'after the port only /ws and /p2p/… may follow');
  const key = parsePeerId(component.value ?? '');
  if (key === undefined) throw badAddress(text, 'its /p2p/ part is not the id of a kith node');
  return key;
}

function parseHostPort(text: string): Multiaddr {
  const [host, port] = splitHostPort(text);
  if (isIPv4(host)) return multiaddr(`/ip4/${host}/tcp/${port}`);
  if (isIPv6(host) && !host.includes('%')) return multiaddr(`/ip6/${host}/tcp/${port}`);
  // A name that ends in a number is a mistyped IPv4 address, never a host (WHATWG URL §4.3).
  if (!HOST_NAME.test(host) || /(^|\.)\d+\.?$/.test(host))
    throw badAddress(text, 'the host is neither a name nor an IP address');
  return multiaddr(`/dns/${host}/tcp/${port}`);
}

function splitHostPort(text: string): readonly [host: string, port: number] {
  if (isIP(text) === 6) return [text, DEFAULT_PORT];
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(text);
  if (match === null) throw badAddress(text, 'write host:port, and an IPv6 address in brackets');
  const host = match[1] ?? match[2] ?? '';
  if (match[1] !== undefined && !isIPv6(host))
    throw badAddress(text, 'only an IPv6 address goes in brackets');
  return [host, match[3] === undefined ? DEFAULT_PORT : parsePort(text, match[3])];
}

function parsePort(text: string, digits: string): number {
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) throw badAddress(text, 'a port is a number up to 65535');
  return port;
}

function badAddress(text: string, why: string, cause?: unknown): KithError {
  return new KithError('bad-address', `"${text}" is not an address that kith can use: ${why}.`, {
    next: `Write it like 192.168.1.20:${DEFAULT_PORT}, [fd00::2]:${DEFAULT_PORT}, camp.example.org or /ip4/192.168.1.20/tcp/${DEFAULT_PORT}/p2p/12D3….`,
    cause,
  });
}
