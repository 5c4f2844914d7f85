/** What both floods have in common: 20 nodes of degree 4, and how much is sent. */
export const NODES = 20;
export const LETTER_BYTES = 200;
export const LETTERS = Number(process.env['P2_LETTERS'] ?? 600);
/** Sent one after the other, each when the last one has reached everybody. */
export const SINGLES = 40;
/** Letters that are on their way at a time in the burst. */
export const WINDOW = 10;

/** Each to its neighbour and to the sixth one: a ring with chords, whose farthest nodes are four steps apart. */
export function edges(): [number, number][] {
  return Array.from({ length: NODES }, (_, node) => node).flatMap((node): [number, number][] => [
    [node, (node + 1) % NODES],
    [node, (node + 6) % NODES],
  ]);
}

export interface Flooded {
  readonly deliveriesPerCpuSecond: number;
  /** Median, from sending to the last node. */
  readonly lastNodeMs: number;
}

export interface Flood {
  /** Sends one from that node. */
  send(from: number): void;
  /** Deliveries so far, at all nodes but the senders. */
  delivered(): number;
  /** After the last delivery, until all of it counts. */
  settle(): Promise<void>;
}

/** @returns what it measured, and prints it as the last line. */
export async function measure(flood: Flood): Promise<void> {
  await reach(flood, 20, 20);
  const singles: number[] = [];
  for (let letter = 0; letter < SINGLES; letter += 1) {
    const before = flood.delivered();
    const startMs = performance.now();
    flood.send(letter % NODES);
    while (flood.delivered() < before + NODES - 1) await new Promise(setImmediate);
    singles.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const before = process.cpuUsage();
  const startMs = performance.now();
  await reach(flood, LETTERS, WINDOW);
  await flood.settle();
  const used = process.cpuUsage(before);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const result: Flooded & { seconds: number } = {
    deliveriesPerCpuSecond: (LETTERS * (NODES - 1)) / cpuSeconds,
    lastNodeMs: singles.sort((a, b) => a - b)[SINGLES / 2] ?? 0,
    seconds: (performance.now() - startMs) / 1000,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function reach(flood: Flood, letters: number, window: number): Promise<void> {
  const start = flood.delivered();
  let sent = 0;
  while (flood.delivered() < start + letters * (NODES - 1)) {
    const done = Math.floor((flood.delivered() - start) / (NODES - 1));
    for (; sent < letters && sent < done + window; sent += 1) flood.send(sent % NODES);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
