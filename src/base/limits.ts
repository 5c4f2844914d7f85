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
  /** What somebody may write in one letter, in bytes of UTF-8; larger content goes as a file. */
  letterTextBytes: 64 * 1024,
  /** A sealed letter on the wire, with all that its recipients need. */
  letterWireBytes: 1024 * 1024 - 64,
  /** A recipient's word in a receipt. */
  receiptWordBytes: 256,
  letterLifeDays: 30,
  letterLifeMaxDays: 90,
  /** Letters of others that this node carries, all together … */
  mailCarriedBytes: 256 * 1024 * 1024,
  mailCarriedLetters: 100_000,
  /** … and of those what any one neighbour brought. */
  mailPerNeighbourBytes: 128 * 1024 * 1024,
  /** This node's own letters that have not arrived everywhere. */
  mailOutboxBytes: 64 * 1024 * 1024,
  /** Receipts that are remembered so that copies never come back. */
  mailReceipts: 400_000,
  /** What mail may put into one sealed letter: 64 KiB of text, and what it says around it. */
  letterPayloadBytes: 66 * 1024,
  /** Members that one letter is sealed to; more take several. */
  letterRecipients: 64,
  /** As many members with as many devices as each may have. */
  letterDevices: 64 * 16,
  /** What founds a session with one member's devices. */
  letterWelcomeBytes: 16 * 1024,
  keyPackageBytes: 1024,
  letterKeysPerEntry: 64,
  /** What one beacon may say. */
  beaconBytes: 2048,
  neighboursPerBeacon: 64,
  addressesPerBeacon: 8,
  addressChars: 200,
  /** Nodes whose beacons a node remembers. */
  beaconsKept: 16_384,
  beaconsPerFrame: 256,
  /** What a relayed frame may carry, its own header and signature left out. */
  relayedBytes: 4 * 1024,
  relayTopicChars: 40,
  relayHops: 3,
  /** What an alert says, as an entry; it crosses every link in one frame, ahead of all else. */
  alertBytes: 48 * 1024,
  /** A CAP file, before it is read. */
  capBytes: 512 * 1024,
  /** One text of an alert, in characters; one list of it, in items. */
  alertTextChars: 16_384,
  alertItems: 128,
  /** Members that one alert names to be told when others have not seen it. */
  escalateTo: 64,
  /** What somebody may write into a room at once, in characters; larger content goes as a file. */
  roomTextChars: 2048,
  roomNameChars: 80,
  /** One message of a room, sealed: so many characters, three bytes each, and what is said around them. */
  roomMessageBytes: 10 * 1024,
  /** One entry of a room: the largest are changes of keys, with something for each member in the worst case. */
  roomCommandBytes: 64 * 1024,
  /** What a member tells a newcomer to join the keys by: the whole tree. */
  roomKeysBytes: 512 * 1024,
  roomEntriesPerFrame: 512,
  /** Copies of a room: members with their devices, and lives that are on their way out. */
  roomReplicas: 512,
  roomMembers: 200,
  /** Messages of others that wait here for a majority, in one room; what one author may have waiting. */
  roomWaiting: 4096,
  roomWaitingPerAuthor: 256,
  roomPage: 200,
  /** How long a request waits for a majority. */
  roomWaitMs: 60_000,
  /** One piece of a file; it crosses a link in one frame. */
  pieceBytes: 1024 * 1024 - 4096,
  /** Pieces that one manifest lists, and how many pieces may be listed with the version itself. */
  manifestPieces: 16_384,
  piecesInline: 8,
  /** Of one file, however large: a bit for each crosses a link in one frame. */
  piecesOfFile: 1024 * 1024,
  /** A list may have one piece for so many bytes, and a few more. */
  leastPieceBytes: 32 * 1024,
  fileBytes: 256 * 1024 ** 3,
  /** A path within a folder, and one name of it, in bytes of UTF-8. */
  filePathBytes: 2048,
  fileNameBytes: 255,
  /** Names in a path, the file's own among them; Windows holds some thirty of usual length, and each is a row in every index. */
  filePathNames: 64,
  /** Names in all paths of one entry of versions. */
  namesPerEntry: 8192,
  folderNameChars: 80,
  /** Paths of one folder that a node keeps in step; those that any one device put there. */
  folderPaths: 300_000,
  folderPathsOfAuthor: 150_000,
  versionsPerEntry: 500,
  versionParents: 16,
  heldPerEntry: 2048,
  /** Members that a folder is restricted to. */
  folderMembers: 512,
  foldersPerDevice: 256,
  /** Members that one offer of a file names; each is a part of the entry. */
  offerRecipients: 16,
} as const;
