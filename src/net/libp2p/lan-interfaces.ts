/** The interfaces of this machine on which a LAN may be. */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface LanInterface {
  /** Changes with anything that matters here. */
  readonly id: string;
  readonly name: string;
  /** IPv4: what multicast is sent from. */
  readonly address: string;
  readonly internal: boolean;
  /** This machine's own addresses there, of both families. */
  readonly hosts: readonly string[];
  /** Whether an address lies on the same subnet. */
  contains(address: string): boolean;
}

type Address = NonNullable<ReturnType<typeof networkInterfaces>[string]>[number];

export function lanInterfaces(): readonly LanInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => describe(name, addresses));
}

function describe(name: string, addresses: readonly Address[]): readonly LanInterface[] {
  const first = addresses.find(({ family }) => family === 'IPv4');
  if (first === undefined) return [];
  const subnets = subnetsOf(addresses);
  const lan: LanInterface = {
    id: [name, first.address, ...addresses.map(({ cidr }) => cidr)].join(' '),
    name,
    address: first.address,
    internal: first.internal,
    hosts: addresses.map(({ address }) => address),
    contains: (address) =>
      isIP(address) !== 0 && subnets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  };
  return [lan];
}

function subnetsOf(addresses: readonly Address[]): BlockList {
  const subnets = new BlockList();
  for (const { cidr, family } of addresses) {
    const [network, prefix] = (cidr ?? '').split('/');
    if (network !== undefined && prefix !== undefined) {
      subnets.addSubnet(network, Number(prefix), family === 'IPv6' ? 'ipv6' : 'ipv4');
    }
  }
  return subnets;
}
