/**
 * TLS of libp2p, loaded with the first link or soon after the start: what it needs to make certificates is a quarter of
 * all modules that a node loads, and a node is there for its user before it has a neighbour.
 */
import { serviceCapabilities, type ConnectionEncrypter, type SecuredConnection } from '@libp2p/interface';
import type * as Tls from '@libp2p/tls';

/** Of @libp2p/tls, which is not asked for it so early. */
const PROTOCOL = '/tls/1.0.0';

/** Into memory, where it stays; what is imported again is there at once. */
export async function loadTls(): Promise<typeof Tls> {
  return import('@libp2p/tls');
}

export function lazyTls(): (components: Tls.TLSComponents) => ConnectionEncrypter {
  return (components) => {
    let loading: Promise<ConnectionEncrypter> | undefined;
    const load = (): Promise<ConnectionEncrypter> => {
      loading ??= loadTls().then(({ tls }) => tls()(components));
      return loading;
    };
    return new LazyEncrypter(load);
  };
}

class LazyEncrypter implements ConnectionEncrypter {
  readonly protocol = PROTOCOL;
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption'];
  readonly #load: () => Promise<ConnectionEncrypter>;

  constructor(load: () => Promise<ConnectionEncrypter>) {
    this.#load = load;
  }

  async secureInbound(
    ...given: Parameters<ConnectionEncrypter['secureInbound']>
  ): Promise<SecuredConnection> {
    return (await this.#load()).secureInbound(...given);
  }

  async secureOutbound(
    ...given: Parameters<ConnectionEncrypter['secureOutbound']>
  ): Promise<SecuredConnection> {
    return (await this.#load()).secureOutbound(...given);
  }
}
