/** Prometheus metrics, read from the node when they are asked for. */
import { Gauge, Registry } from 'prom-client';
import type { NodeStatus } from './facade.ts';

export interface Measured {
  status(): Promise<NodeStatus>;
  /** Entries by lane. */
  entries(): Readonly<Record<string, number>>;
  frames(): Readonly<Record<string, number>>;
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
  gauge('kith_alarms', 'Alarms that are active here', measured.alarms(), 'kind');
  gauge('process_resident_memory_bytes', 'Resident memory', { value: memory.rss });
  gauge('process_cpu_seconds_total', 'Processor time', {
    value: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  });
  return registry.metrics();
}
