/** Signs of life on links: when to give one, and when a neighbour that gives none is dead. Pure. */
export const PULSE = {
  beatMs: 2000,
  /** Every so many beats one carries a digest. */
  beatsADigest: 8,
  quietMs: 4500,
  deadMs: 8000,
  /** For a link on which no presence channel stands, however alive it is otherwise. */
  speechlessMs: 15_000,
  /** Between two looks. What is longer, this machine slept or was too busy: that time counts against nobody. */
  lookMs: 1000,
  /** A wall clock that went so much further than the monotonic one tells of a sleep, too. */
  sleptMs: 4000,
} as const;

interface Heart {
  /** Since when it stands without a presence channel. */
  muteMs: number;
  heardMs: number;
  speaks: boolean;
  nextBeatMs: number;
  beats: number;
}

export type PulseEffect<Link> =
  | { readonly type: 'beat'; readonly link: Link; readonly withDigest: boolean }
  | { readonly type: 'dead'; readonly link: Link; readonly silentMs: number };

export class Pulse<Link> {
  readonly #hearts = new Map<Link, Heart>();
  #lookedMs: number | undefined;
  #wallMs: number | undefined;

  linked(nowMs: number, link: Link): void {
    this.#hearts.set(link, { muteMs: nowMs, heardMs: nowMs, speaks: false, nextBeatMs: nowMs, beats: 0 });
  }

  unlinked(link: Link): void {
    this.#hearts.delete(link);
  }

  opened(nowMs: number, link: Link): void {
    const heart = this.#hearts.get(link);
    if (heart !== undefined)
      Object.assign(heart, { speaks: true, heardMs: nowMs, nextBeatMs: nowMs + PULSE.beatMs });
  }

  closed(nowMs: number, link: Link): void {
    const heart = this.#hearts.get(link);
    if (heart !== undefined) Object.assign(heart, { speaks: false, muteMs: nowMs });
  }

  alive(nowMs: number, link: Link): void {
    const heart = this.#hearts.get(link);
    if (heart !== undefined) heart.heardMs = nowMs;
  }

  isQuiet(nowMs: number, link: Link): boolean {
    const heart = this.#hearts.get(link);
    return heart !== undefined && heart.speaks && nowMs - heart.heardMs > PULSE.quietMs;
  }

  /** @param wallMs shows a sleep where the monotonic clock stands still in it. */
  tick(nowMs: number, wallMs: number): PulseEffect<Link>[] {
    const lostMs = this.#timeLost(nowMs, wallMs);
    const effects: PulseEffect<Link>[] = [];
    for (const [link, heart] of this.#hearts) {
      heart.heardMs = Math.min(nowMs, heart.heardMs + lostMs);
      heart.muteMs = Math.min(nowMs, heart.muteMs + lostMs);
      const silentMs = nowMs - heart.heardMs;
      const isSpeechless = !heart.speaks && nowMs - heart.muteMs > PULSE.speechlessMs;
      if (isSpeechless || (heart.speaks && silentMs > PULSE.deadMs))
        effects.push({ type: 'dead', link, silentMs });
      else if (heart.speaks && nowMs >= heart.nextBeatMs) effects.push(this.#beat(nowMs, link, heart));
    }
    return effects;
  }

  #timeLost(nowMs: number, wallMs: number): number {
    const [passedMs, passedWallMs] = [nowMs - (this.#lookedMs ?? nowMs), wallMs - (this.#wallMs ?? wallMs)];
    this.#lookedMs = nowMs;
    this.#wallMs = wallMs;
    const sleptMs = passedWallMs - passedMs;
    return Math.max(0, passedMs - PULSE.lookMs) + (sleptMs > PULSE.sleptMs ? sleptMs : 0);
  }

  #beat(nowMs: number, link: Link, heart: Heart): PulseEffect<Link> {
    heart.nextBeatMs = nowMs + PULSE.beatMs;
    heart.beats += 1;
    return { type: 'beat', link, withDigest: heart.beats % PULSE.beatsADigest === 0 };
  }
}
