import { signal } from "@preact/signals";
import { duration } from "../../lib/format";
import { columnsOf, timesOf } from "../../lib/overview";
import { type Sample, samples } from "../../state/operator";
import { Tabs } from "../Tabs";

const SPANS = ["Last minute", "Since start"] as const;
const MINUTE_MS = 60_000;
const FROM_MS = 0.01, TO_MS = 10_000, COLUMNS = 48;
const MARKS = ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"];
const HIGH = 18;

/** In the order in which an order passes them. */
const TIMES: [name: string, words: string][] = [
  ["order", "Order, until answered"],
  ["append", "Written to disk"],
  ["entry_age", "In the log, until applied"],
  ["apply", "Applied, a batch"],
  ["publish", "Published, a batch"],
  ["feed_pass", "Told by the feed"],
  ["fan_out", "Given to websockets"],
  ["store_write", "Stored, a batch"],
  ["request", "Other requests"],
];

const span = signal<(typeof SPANS)[number]>("Last minute");

/** How long things take, on one logarithmic axis. */
export function Latencies() {
  const now = samples.value.at(-1);
  return (
    <section class="panel latencies" aria-labelledby="latencies">
      <div class="between title">
        <h2 id="latencies">Latencies</h2>
        <Tabs names={SPANS} chosen={span} label="Of which time" />
      </div>
      <div class="scroll">
        <table data-testid="latencies">
          <thead>
            <tr>
              <th>What</th><th class="right">A second</th><th class="right">p50</th><th class="right">p99</th><th class="right">p99.9</th>
              <th class="right">Longest ever</th>
              <th class="axis"><span class="hidden">Distribution</span><Scale /></th>
            </tr>
          </thead>
          <tbody>{now && TIMES.map(([name, words]) => <Row key={name} name={name} words={words} now={now} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function Scale() {
  return (
    <div class="scale" aria-hidden="true">
      {MARKS.map((mark, at) => <i key={mark} style={{ left: `${(100 * at) / (MARKS.length - 1)}%` }}>{mark}</i>)}
    </div>
  );
}

function Row({ name, words, now }: { name: string; words: string; now: Sample }) {
  const first = samples.value.find((one) => now.at_ms - one.at_ms <= MINUTE_MS);
  const isRecent = span.value === "Last minute";
  const times = timesOf(name, now.told, isRecent && first ? first.told : null);
  const figure = (ms: number) => <td class="right number">{times.count ? duration(ms) : "–"}</td>;
  const columns = columnsOf(times.buckets, FROM_MS, TO_MS, COLUMNS);
  const most = Math.max(...columns, 1);
  return (
    <tr data-times={name} data-count={times.count}>
      <td>{words}</td>
      <td class="right number">{times.perS.toFixed(1)}</td>
      {figure(times.p50Ms)}{figure(times.p99Ms)}{figure(times.p999Ms)}
      <td class="right number">{times.longestMs ? duration(times.longestMs) : "–"}</td>
      <td class="axis">
        <svg viewBox={`0 0 ${COLUMNS} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={`Distribution of: ${words}`}>
          {columns.map((count, at) => {
            const high = count ? Math.max(1, (count / most) * HIGH) : 0;
            return <rect key={at} x={at + 0.1} width={0.8} y={HIGH - high} height={high} />;
          })}
        </svg>
      </td>
    </tr>
  );
}
