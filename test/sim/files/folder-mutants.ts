/** Rules of folders broken on purpose; `from` is where the first seed that catches it was found. */
import type { Mutant } from '../mutants.ts';

const CORE = 'src/files/folder/core.ts';
const ACTING = 'src/files/folder/acting.ts';
const SERVICE = 'src/files/folder/service.ts';
const WORKS = 'src/files/folder/works.ts';

export const FOLDER_MUTANTS: readonly Mutant[] = [
  {
    name: 'what is written replaces every version, seen or not',
    file: CORE,
    find: 'parents: known?.base ?? deleted };',
    replace: 'parents: deleted.concat(heads.map(({ id }) => id)) };',
    from: 1,
  },
  {
    name: 'what is written says not what it was made of',
    file: CORE,
    find: 'parents: known?.base ?? deleted };',
    replace: 'parents: [] };',
    from: 1,
  },
  {
    name: 'a deletion beats an edit',
    file: CORE,
    find: "const live = heads.filter(({ state }) => state.type !== 'deleted');",
    replace: "const live = heads.some(({ state }) => state.type === 'deleted') ? [] : heads;",
    from: 1,
  },
  {
    name: 'the newest clock wins, and the other edit is dropped',
    file: 'src/files/folder/settling.ts',
    find: 'if (conflict === undefined || this.#busy.has(path)) return;',
    replace: 'return;',
    from: 1,
  },
  {
    name: 'an edit that comes before what it was made of is a conflict',
    file: 'src/files/folder/settling.ts',
    find: 'if (this.#mayBeNone(conflict, history)) {',
    replace: 'if (false) {',
    from: 2881,
  },
  {
    name: 'whoever wins differs from device to device',
    file: CORE,
    find: 'compareHlc(b.hlc, a.hlc) || (a.id < b.id ? 1 : -1)',
    replace: '0',
    from: 1,
  },
  {
    name: 'what was received is published',
    file: CORE,
    find: 'if (isAs(disk, want.state)) return settled(disk, known, want);',
    replace: "if (disk.type === 'absent' && isAs(disk, want.state)) return settled(disk, known, want);",
    from: 1,
  },
  {
    name: 'a gone disk is a deletion',
    file: SERVICE,
    find: 'if (away === undefined) return true;',
    replace: "if (this.#deps.mode !== 'list') return true;",
    from: 151,
  },
  {
    name: 'there is no brake',
    file: 'src/files/folder/core-brake.ts',
    find: 'if (isTooMuch) return false;',
    replace: '',
    from: 1,
  },
  {
    name: 'a folder goes although something lives in it',
    file: CORE,
    find: "const state: PathState = liveBelow ? { type: 'folder' } : (winner?.state ?? { type: 'deleted' });",
    replace: "const state: PathState = winner?.state ?? { type: 'deleted' };",
    from: 1,
  },
  {
    name: 'a file in place of a folder does not wait for what was in it',
    file: CORE,
    find: "if (disk.type !== 'folder' && situation.knownBelow) return { do: 'wait' };",
    replace: '',
    from: 857,
  },
  {
    name: 'a renamed or rewritten file is taken for the one that it was',
    file: 'src/files/folder/sight.ts',
    find: "if (disk.type === 'file' && isUntouched(entry, disk)) return disk.content;",
    replace: "if (disk.type === 'file') return disk.content;",
    from: 1,
  },
  {
    name: 'what came while it was looked at does not count',
    file: ACTING,
    find: 'const seen = sight.fresh(looked);',
    replace: 'const seen = looked;',
    from: 1,
  },
  {
    name: 'what is on disk is believed to be what was put there, whatever it is',
    file: CORE,
    find: 'return before.content.id !== disk.content?.id;',
    replace: 'return false;',
    from: 1,
  },
  {
    name: 'a moved file keeps its permissions',
    file: WORKS,
    find: 'await this.#permitted(path, entry, to.state)',
    replace: 'entry',
    from: 1600,
  },
  {
    name: 'what one hears of is taken over whatever one has written',
    file: CORE,
    find: 'if (!isChanged) return decideUnchanged(mode, situation, want);',
    replace: 'if (!isChanged || want.winner !== undefined) return decideUnchanged(mode, situation, want);',
    from: 1,
  },
  {
    name: 'what came while others had their turn does not count',
    file: ACTING,
    find: 'const still = turns.taken === taken ? some : some.flatMap((one) => this.#again(one));',
    replace: 'const still = some;',
    from: 501,
  },
  {
    name: 'after a start only what differs on disk is looked at',
    file: SERVICE,
    find: 'if (this.#sight.isInStep(path)) continue;',
    replace: 'continue;',
    from: 1,
  },
];
