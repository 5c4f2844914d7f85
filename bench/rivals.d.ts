// The rivals bring no types, and are there only when a bar needs them.
declare module 'hypercore';
declare module 'pouchdb-node';
declare module '@libp2p/gossipsub';
declare module '@libp2p/identify';
