// What the processes of the exchange tell of themselves, and what follows from it.
//
// Counts and times are since each process started, so whatever is "a second" or "of the last minute"
// is the difference of two answers, process by process: one that was started again begins anew.

export interface Bucket { belowMs: number; count: number }
export interface Took { count: number; p99Ms: number; longestMs: number; buckets: Bucket[] }
export interface Process {
  name: string; role: string; host: string; pid: number; version: string; startedAt: number; toldAt: number;
  serving: boolean; healthy: boolean; reasons: string[]; position: string | null; behindMs: number; lagMs: number;
  figures: Record<string, number>;
  tallies: Record<string, Record<string, number>>;
  times: Record<string, Took>;
}
export interface Overview { healthy: boolean; reasons: string[]; position: string; processes: Process[] }

/** How long something took, of all processes that do it; quantiles as the buckets' upper ends. */
export interface Times { count: number; perS: number; p50Ms: number; p99Ms: number; p999Ms: number; longestMs: number; buckets: Bucket[] }

type Count = (process: Process) => number;

const lifeOf = (process: Process): string => `${process.name} ${process.host} ${process.startedAt}`;

/** Each process with what it told before, if it is still the same one. */
function pairs(now: Overview, before: Overview): [Process, Process | undefined][] {
  const known = new Map(before.processes.map((process) => [lifeOf(process), process]));
  return now.processes.map((process) => [process, known.get(lifeOf(process))]);
}

/** How fast a count grows in all processes together; what began in between doesn't count yet. */
export function perSecond(now: Overview, before: Overview, count: Count): number {
  let sum = 0;
  for (const [process, earlier] of pairs(now, before)) {
    const elapsed_ms = earlier ? process.toldAt - earlier.toldAt : 0;
    if (earlier && elapsed_ms > 0) sum += ((count(process) - count(earlier)) * 1000) / elapsed_ms;
  }
  return Math.max(0, sum);
}

/** The times of a name since `before`; since the processes started where that is null. */
export function timesOf(name: string, now: Overview, before: Overview | null): Times {
  const counts = new Map<number, number>();
  let [longestMs, perS] = [0, 0];
  for (const [process, earlier] of pairs(now, before ?? { ...now, processes: [] })) {
    const took = process.times[name];
    if (!took) continue;
    const former = new Map(earlier?.times[name]?.buckets.map((one) => [one.belowMs, one.count]));
    let count = 0;
    for (const bucket of took.buckets) {
      const more = bucket.count - (former.get(bucket.belowMs) ?? 0);
      if (more > 0) counts.set(bucket.belowMs, (counts.get(bucket.belowMs) ?? 0) + more);
      count += more;
    }
    longestMs = Math.max(longestMs, took.longestMs);
    perS += (count * 1000) / Math.max(1, process.toldAt - (earlier?.toldAt ?? process.startedAt));
  }
  const buckets = [...counts].map(([belowMs, count]) => ({ belowMs, count })).sort((a, b) => a.belowMs - b.belowMs);
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const quantile = (share: number) => quantileOf(buckets, count * share);
  return { count, perS, p50Ms: quantile(0.5), p99Ms: quantile(0.99), p999Ms: quantile(0.999), longestMs, buckets };
}

function quantileOf(buckets: Bucket[], wanted: number): number {
  let sum = 0;
  for (const bucket of buckets) {
    sum += bucket.count;
    if (sum >= wanted) return bucket.belowMs;
  }
  return 0;
}

/** Buckets gathered in columns of equal width on a logarithmic axis; what is outside counts at its end. */
export function columnsOf(buckets: Bucket[], fromMs: number, toMs: number, columns: number): number[] {
  const found = Array<number>(columns).fill(0);
  const width = Math.log(toMs / fromMs) / columns;
  for (const { belowMs, count } of buckets) {
    const at = Math.ceil(Math.log(belowMs / fromMs) / width - 1e-9) - 1;
    const column = Math.min(columns - 1, Math.max(0, at));
    found[column] = (found[column] ?? 0) + count;
  }
  return found;
}
