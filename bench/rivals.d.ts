// The rivals bring no types, and are there only when a bar needs them.
declare module 'hypercore';
declare module 'pouchdb-node';
