/**
 * How much bulk may be on its way over a link. What a connection has taken cannot be overtaken, so an alarm waits for all
 * of it: on a slow link that is seconds, unless little is handed over at a time. As in LEDBAT (RFC 6817) the delay that
 * bulk adds is measured, by round trips within the connection, and held at a target. A busy processor delays answers,
 * too: whether less on its way helps is tried, and only what costs no throughput is kept.
 */

/** What bulk may add to the delay of a link: less than a person notices, and enough to keep the link busy. */
const TARGET_MS = 20;
const LEAST_BYTES = 16 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;
/** Round trips that are measured a window. */
const PROBES_PER_WINDOW = 8;
const LEAST_PROBE_BYTES = 4 * 1024;
/** Growth after the first sign of a queue, as a part of what arrived; before it everything counts. */
const GROWTH = 1 / 4;
/** Half as much on its way is enough if so much of the throughput is left; twice as much is worth it for so much more. */
const ENOUGH = 0.75;
const WORTH = 1.4;
/** Throughput is measured over so many round trips, and over this time at least. */
const TRIAL_ROUND_TRIPS = 2;
const TRIAL_MS = 100;
/** So long a delay is taken for one that is not of our making. */
const OTHERS_MS = 5_000;
/** The shortest round trip is believed for so long and as long again, as routes and neighbours move. */
const BASE_MS = 30_000;
/** After such a rest nothing is known any more. */
const REST_MS = 10_000;

interface Probe {
  readonly atMs: number;
  /** Handed over before it. */
  readonly handedBytes: number;
}

/** Whether another window is as good, or better. */
interface Trial {
  readonly fromBytes: number;
  readonly toBytes: number;
  /** Bytes a millisecond before, once measured. */
  beforeRate: number | undefined;
  /** Measuring begins when so much has arrived … */
  readyBytes: number;
  /** … and was begun here. */
  since: { readonly atMs: number; readonly arrivedBytes: number } | undefined;
}

export class Pace {
  #windowBytes = LEAST_BYTES;
  #handedBytes = 0;
  #arrivedBytes = 0;
  #probedBytes = 0;
  readonly #probes: Probe[] = [];
  /** The newest round trips, in milliseconds. */
  readonly #recent: number[] = [];
  #base = { ms: Infinity, beforeMs: Infinity, sinceMs: -Infinity };
  #isStarting = true;
  /** After so much had been handed over something had to wait: until then the window is what limits. */
  #fullBytes = -1;
  #trial: Trial | undefined;
  #othersUntilMs = -Infinity;
  #lastMs = -Infinity;
  /** Half as much is on its way until so much has arrived, so that the shortest round trip shows. */
  #drainedBytes = 0;

  /** Bytes that may be handed over now, at most what goes between two probes. */
  roomBytes(nowMs: number): number {
    const onTheWayBytes = this.#handedBytes - this.#arrivedBytes;
    if (onTheWayBytes === 0 && nowMs - this.#lastMs > REST_MS) this.#startAnew();
    const isDraining = this.#arrivedBytes < this.#drainedBytes;
    const windowBytes = isDraining ? Math.max(LEAST_BYTES, this.#windowBytes / 2) : this.#windowBytes;
    const roomBytes = Math.max(0, Math.floor(windowBytes - onTheWayBytes));
    if (roomBytes === 0) this.#fullBytes = this.#handedBytes;
    return Math.min(roomBytes, this.#everyBytes);
  }

  handed(bytes: number, nowMs: number): void {
    this.#handedBytes += bytes;
    this.#lastMs = nowMs;
  }

  /** @param nextBytes about to be handed over; many of them want to know the link before. */
  wantsProbe(nextBytes: number): boolean {
    const bytes = this.#handedBytes - this.#probedBytes;
    if (this.#probes.length === 0 && bytes + nextBytes >= LEAST_PROBE_BYTES) return true;
    return bytes >= this.#everyBytes;
  }

  get #everyBytes(): number {
    return Math.max(LEAST_PROBE_BYTES, Math.floor(this.#windowBytes / PROBES_PER_WINDOW));
  }

  /** A probe follows what was handed over. */
  probed(atMs: number): void {
    this.#probedBytes = this.#handedBytes;
    this.#probes.push({ atMs, handedBytes: this.#handedBytes });
  }

  /** The oldest probe came back: whatever was handed over before it has arrived. */
  answered(nowMs: number): void {
    const probe = this.#probes.shift();
    if (probe === undefined) return;
    const arrivedBytes = probe.handedBytes - this.#arrivedBytes;
    this.#arrivedBytes = probe.handedBytes;
    this.#lastMs = nowMs;
    this.#measured(nowMs - probe.atMs, nowMs);
    if (this.#trial !== undefined) this.#goOnTrying(this.#trial, nowMs);
    else this.#steer(arrivedBytes, nowMs);
  }

  #startAnew(): void {
    this.#windowBytes = LEAST_BYTES;
    this.#isStarting = true;
    this.#trial = undefined;
    this.#recent.length = 0;
  }

  #measured(roundTripMs: number, nowMs: number): void {
    this.#recent.push(roundTripMs);
    while (this.#recent.length > this.#windowBytes / this.#everyBytes) this.#recent.shift();
    if (nowMs - this.#base.sinceMs >= BASE_MS) {
      this.#base = { ms: roundTripMs, beforeMs: this.#base.ms, sinceMs: nowMs };
      this.#drainedBytes = this.#handedBytes;
    }
    this.#base.ms = Math.min(this.#base.ms, roundTripMs);
  }

  #steer(arrivedBytes: number, nowMs: number): void {
    const queueMs = Math.min(...this.#recent) - Math.min(this.#base.ms, this.#base.beforeMs);
    if (queueMs > TARGET_MS) {
      const wasStarting = this.#isStarting;
      this.#isStarting = false;
      if (nowMs < this.#othersUntilMs) return;
      if (wasStarting) this.#become(this.#windowBytes / 2);
      else this.#try(this.#windowBytes > LEAST_BYTES ? 'less' : 'more', nowMs);
    } else if (this.#arrivedBytes <= this.#fullBytes && queueMs <= TARGET_MS / 2)
      this.#become(this.#windowBytes + arrivedBytes * (this.#isStarting ? 1 : GROWTH));
  }

  #try(what: 'less' | 'more', nowMs: number): void {
    this.#trial = {
      fromBytes: this.#windowBytes,
      toBytes: what === 'less' ? this.#windowBytes / 2 : this.#windowBytes * 2,
      beforeRate: undefined,
      readyBytes: this.#arrivedBytes,
      since: { atMs: nowMs, arrivedBytes: this.#arrivedBytes },
    };
  }

  #goOnTrying(trial: Trial, nowMs: number): void {
    // What a window does shows once it has been on its way, behind what the one before it had sent.
    if (this.#arrivedBytes < trial.readyBytes) return;
    if (trial.since === undefined) {
      trial.since = { atMs: nowMs, arrivedBytes: this.#arrivedBytes };
      return;
    }
    const tookMs = nowMs - trial.since.atMs;
    if (tookMs < Math.max(TRIAL_MS, TRIAL_ROUND_TRIPS * Math.min(...this.#recent))) return;
    const rate = (this.#arrivedBytes - trial.since.arrivedBytes) / tookMs;
    if (trial.beforeRate !== undefined) {
      this.#judge(trial, rate / trial.beforeRate, nowMs);
      return;
    }
    trial.beforeRate = rate;
    trial.since = undefined;
    this.#become(trial.toBytes);
    trial.readyBytes = this.#handedBytes + this.#windowBytes;
  }

  /** @param gain throughput with the other window, as a part of what it was. */
  #judge({ fromBytes, toBytes }: Trial, gain: number, nowMs: number): void {
    this.#trial = undefined;
    if (toBytes < fromBytes) {
      if (gain >= ENOUGH) return;
      this.#become(fromBytes);
      this.#try('more', nowMs);
    } else if (gain >= WORTH) this.#try('more', nowMs);
    else {
      this.#become(fromBytes);
      this.#othersUntilMs = nowMs + OTHERS_MS;
    }
  }

  #become(windowBytes: number): void {
    this.#windowBytes = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, windowBytes));
  }
}
