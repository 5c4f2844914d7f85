/** Prometheus metrics, read from the node when they are asked for. */
import { Gauge, Registry } from 'prom-client';
import type { MeshService } from '../net/mesh/service.ts';
import type { NodeStatus } from './facade.ts';

export interface Measured {
  status(): Promise<NodeStatus>;
  /** Entries by lane. */
  entries(): Readonly<Record<string, number>>;
  frames(): Readonly<Record<string, number>>;
  letters(): Readonly<Record<'carried' | 'bytes' | 'unread', number>>;
  mesh(): Pick<MeshService, 'counts' | 'map' | 'relay' | 'conduct'> | undefined;
  /** Alarms and drills that are active, and those that somebody has not seen in time. */
  alarms(): Readonly<Record<string, number>>;
}

/** Text in Prometheus' exposition format. */
export async function metricsOf(measured: Measured): Promise<string> {
  const registry = new Registry();
  const gauge = (
    name: string,
    help: string,
    values: Readonly<Record<string, number>>,
    label?: string,
  ): void => {
    const metric = new Gauge({
      name,
      help,
      registers: [registry],
      labelNames: label === undefined ? [] : [label],
    });
    for (const [key, value] of Object.entries(values)) {
      if (label === undefined) metric.set(value);
      else metric.set({ [label]: key }, value);
    }
  };
  const status = await measured.status();
  const memory = process.memoryUsage();
  gauge('kith_ready', '1 when the node takes part in its network', { value: status.ready ? 1 : 0 });
  gauge('kith_neighbours', 'Devices that this node has a link to', { value: status.neighbours });
  gauge('kith_members', 'Active members of the network', { value: status.members });
  gauge('kith_quarantined_entries', 'Entries that lie in quarantine', { value: status.quarantined });
  gauge('kith_log_entries', 'Entries in the log', measured.entries(), 'lane');
  gauge('kith_frames_total', 'Frames on links since the node started', measured.frames(), 'direction');
  const letters = measured.letters();
  gauge('kith_letters_carried', 'Letters of others that this node carries', { value: letters.carried });
  gauge('kith_letters_carried_bytes', 'Their size', { value: letters.bytes });
  gauge('kith_inbox_unread', 'Letters in the inbox that nobody has read', { value: letters.unread });
  const mesh = measured.mesh();
  gauge('kith_beacons_total', 'Beacons since the node started', mesh?.counts ?? {}, 'what');
  gauge(
    'kith_relayed_frames_total',
    'Relayed frames since the node started',
    mesh?.relay.counts ?? {},
    'what',
  );
  gauge('kith_nodes', 'Nodes of the network by how they stand', statuses(mesh), 'status');
  gauge('kith_misbehaving', 'Neighbours that are slowed down or cut off', standings(mesh), 'standing');
  gauge('kith_alarms', 'Alarms that are active here', measured.alarms(), 'kind');
  gauge('process_resident_memory_bytes', 'Resident memory', { value: memory.rss });
  gauge('process_cpu_seconds_total', 'Processor time', {
    value: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  });
  return registry.metrics();
}

function statuses(mesh: ReturnType<Measured['mesh']>): Record<string, number> {
  const counts: Record<string, number> = { here: 0, quiet: 0, dead: 0, left: 0, away: 0 };
  for (const { status } of mesh?.map() ?? []) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function standings(mesh: ReturnType<Measured['mesh']>): Record<string, number> {
  const counts: Record<string, number> = { throttled: 0, cut: 0 };
  for (const { standing } of mesh?.conduct.list() ?? [])
    if (standing !== 'good') counts[standing] = (counts[standing] ?? 0) + 1;
  return counts;
}
