/** Limits that both ends of a link check. One table, so that a message about a limit and the check agree. */
export const LIMITS = {
  /** One frame on a channel, its length prefix left out. */
  frameBytes: 1024 * 1024,
  /** One part of an entry; larger content goes as a file. */
  partBytes: 256 * 1024,
  /** Parts of one entry: one an audience. */
  partsPerEntry: 16,
  headerBytes: 8 * 1024,
  /** Entries under one signature, and their bytes; what a receiver buffers before it can verify. */
  entriesPerSeal: 1024,
  sealedRunBytes: 768 * 1024,
  /** Links from one entry to the membership acts that its author had seen. */
  linksPerEntry: 32,
  audienceChars: 80,
  kindChars: 32,
  /** Names, organisations and places, in characters. */
  nameChars: 120,
  devicesPerMember: 16,
  /** Feeds of one device: three lanes for each incarnation. */
  feedsPerDevice: 192,
  /** Feeds that one revocation or change of role can cut. */
  cutsPerAct: 3000,
  membersPerNetwork: 10_000,
  /** What may lie in quarantine for one revoked device before the rest is dropped. */
  quarantineEntriesPerDevice: 10_000,
  quarantineBytesPerDevice: 16 * 1024 * 1024,
  /** What an alert says, as an entry; it crosses every link in one frame, ahead of all else. */
  alertBytes: 48 * 1024,
  /** A CAP file, before it is read. */
  capBytes: 512 * 1024,
  /** One text of an alert, in characters; one list of it, in items. */
  alertTextChars: 16_384,
  alertItems: 128,
  /** Members that one alert names to be told when others have not seen it. */
  escalateTo: 64,
} as const;
