/**
 * yamux answers every data frame with a window update of its own, sealed and written by itself: a small frame costs its
 * receiver a write, and its sender a read. What was taken in is told once for several frames here, as yamux's
 * specification has it; bulk, and what opens or resumes a stream, is answered as before.
 */
import type { Stream } from '@libp2p/interface';

/** Of a window of 256 KiB or more. */
const TOLD_BYTES = 32 * 1024;
/** `StreamState.Established`, which yamux does not export. */
const ESTABLISHED = 3;

interface YamuxStream {
  readonly state: number;
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

function isYamux(stream: object): stream is YamuxStream {
  return 'recvWindow' in stream && 'recvWindowCapacity' in stream && 'sendWindowUpdate' in stream;
}

/** Changes nothing about a stream of another muxer, or of a yamux that works otherwise. */
export function tellWindowSeldom(stream: Stream): void {
  if (!isYamux(stream)) return;
  const tell = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    const untoldBytes = stream.recvWindow - stream.recvWindowCapacity;
    if (stream.state !== ESTABLISHED || untoldBytes >= Math.min(TOLD_BYTES, stream.recvWindow / 2)) tell();
  };
}
