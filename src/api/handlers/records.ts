import type { NodeFacade } from '../../node/facade.ts';
import type { recordRoutes } from '../contract/records.ts';
import type { Handlers } from '../handler.ts';

export function recordHandlers({ records }: NodeFacade): Handlers<typeof recordRoutes> {
  return {
    addRecord: ({ kind, fields, id }) => records.add({ kind, fields, id }),
    searchRecords: async ({ age, kind, status, sex, region, ...question }) => ({
      records: await records.search({ ...question, kind, status, sex, region, age: yearsIn(age) }),
      asOf: await records.asOf(),
    }),
    refreshRecords: ({ attempts }, { signal }) => records.refresh({ attempts }, signal),
    record: ({ id }) => records.show(id),
    editRecord: ({ id, fields }) => records.edit(id, fields),
    noteRecord: ({ id, fields }) => records.note(id, fields),
    recordMatches: async ({ id, limit }) => ({ records: await records.matches(id, limit) }),
    linkRecords: ({ id, other, linked, reason }) => records.link(id, other, { linked, reason }),
    recordHistory: ({ id }) => records.history(id),
    expireRecord: ({ id }) => records.expire(id),
    recordErasure: ({ id }) => records.erasure(id),
  };
}

function yearsIn(age: string | undefined): { readonly from: number; readonly to: number } | undefined {
  if (age === undefined) return undefined;
  const [from = 0, to = from] = age.split('-').map(Number);
  return { from: Math.min(from, to), to: Math.max(from, to) };
}
