import { compact } from "../../lib/format";
import { type Overview, perSecond, type Process } from "../../lib/overview";
import { type Sample, samples } from "../../state/operator";

/** A rate is measured over so many samples, since each process tells once a second only. */
const OVER = 3;
const WIDE = 120, HIGH = 26;

const figure = (name: string) => (process: Process): number => process.figures[name] ?? 0;
const ofActiveEngine = (name: string) => (process: Process): number => (process.figures.active === 1 ? figure(name)(process) : 0);
const answered = (process: Process): number => Object.values(process.tallies.requests ?? {}).reduce((sum, one) => sum + one, 0);
const total = (told: Overview, name: string): number => told.processes.reduce((sum, one) => sum + figure(name)(one), 0);

const RATES: [name: string, count: (process: Process) => number][] = [
  ["Orders", (process) => process.times.order?.count ?? 0],
  ["HTTP requests", answered],
  ["Log entries", ofActiveEngine("applied_entries")],
  ["Log records", ofActiveEngine("applied_records")],
  ["Messages", figure("sent_messages")],
];

/** How much goes on, a second, and how that changed in the last minutes. */
export function Rates() {
  const now = samples.value.at(-1)?.told;
  return (
    <section class="panel rates" aria-label="Throughput" data-testid="rates">
      {RATES.map(([name, count]) => {
        const points = rates(samples.value, count);
        return (
          <div key={name}>
            <span class="faint">{name} a second</span>
            <b class="number">{shown(points.at(-1))}</b>
            <Line points={points} />
          </div>
        );
      })}
      <div>
        <span class="faint">Open websockets</span>
        <b class="number">{now ? total(now, "sessions") : "–"}</b>
        <Line points={samples.value.map((one) => total(one.told, "sessions"))} />
      </div>
    </section>
  );
}

const shown = (rate: number | undefined): string =>
  rate === undefined ? "–" : rate < 100 ? rate.toFixed(1) : compact(rate);

function rates(kept: Sample[], count: (process: Process) => number): number[] {
  const found: number[] = [];
  for (let at = 1; at < kept.length; at++) {
    const [now, before] = [kept[at], kept[Math.max(0, at - OVER)]];
    if (now && before) found.push(perSecond(now.told, before.told, count));
  }
  return found;
}

function Line({ points }: { points: number[] }) {
  const top = Math.max(...points, 1e-9);
  const step = WIDE / Math.max(points.length - 1, 1);
  const path = points.map((value, at) => `${(at * step).toFixed(1)},${(HIGH - 1 - (value / top) * (HIGH - 3)).toFixed(1)}`).join(" ");
  return (
    <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
      {points.length > 1 && <polyline points={path} />}
    </svg>
  );
}
