import { ago, duration } from "../../lib/format";
import { type Overview, perSecond, type Process } from "../../lib/overview";
import { samples } from "../../state/operator";

const OVER = 3;
const MIB = 1024 * 1024;

/** Each process: whether it does its work, where in the log it stands, and what it takes. */
export function Processes() {
  const now = samples.value.at(-1)?.told;
  const before = samples.value.at(-1 - OVER)?.told ?? samples.value[0]?.told ?? now;
  const restarts: Record<string, number> = {};
  for (const process of now?.processes ?? []) Object.assign(restarts, process.tallies.restarts);
  return (
    <section class="panel" aria-labelledby="processes">
      <div class="between title"><h2 id="processes">Processes</h2><span class="faint number">{now?.processes.length ?? ""}</span></div>
      <div class="scroll">
        <table data-testid="processes">
          <thead>
            <tr>
              <th>Process</th><th>State</th><th>Position</th><th class="right">Behind</th><th class="right">Lag</th>
              <th class="right">CPU</th><th class="right">Memory</th><th class="right">Late p99</th>
              <th class="right">Up</th><th class="right">Restarts</th>
            </tr>
          </thead>
          <tbody>
            {now?.processes.map((one) => (
              <Row key={`${one.name} ${one.host} ${one.pid}`} one={one} now={now} before={before ?? now} restarts={restarts[one.name]} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ one, now, before, restarts }: { one: Process; now: Overview; before: Overview; restarts: number | undefined }) {
  const [kind, state] = stateOf(one);
  const own = { ...now, processes: [one] };
  const cpu = perSecond(own, before, (process) => process.figures.processor_seconds ?? 0);
  const late = one.times.loop_late;
  return (
    <tr data-process={one.name}>
      <td><b>{one.name}</b> <span class="faint">{one.pid}</span></td>
      <td class={kind} title={one.reasons.join("; ")}>{state}</td>
      <td class="number">{one.position ?? <span class="faint">–</span>}</td>
      <td class="right number">{one.position ? duration(one.behindMs) : "–"}</td>
      <td class="right number">{duration(one.lagMs)}</td>
      <td class="right number">{before === now ? "–" : `${(cpu * 100).toFixed(1)} %`}</td>
      <td class="right number">{((one.figures.memory_bytes ?? 0) / MIB).toFixed(0)} MiB</td>
      <td class="right number">{late ? duration(late.p99Ms) : "–"}</td>
      <td class="right number">{ago(one.toldAt - one.startedAt)}</td>
      <td class={`right number ${restarts ? "warn" : ""}`}>{restarts ?? "–"}</td>
    </tr>
  );
}

function stateOf(one: Process): [kind: string, words: string] {
  if (one.figures.halted === 1) return ["down", "halted"];
  if (one.reasons.length) return ["down", one.reasons[0] ?? ""];
  if (!one.serving) return ["warn", "starting"];
  if (one.figures.active === 1) return ["up", "publishes"];
  return one.figures.active === 0 ? ["faint", "stands by"] : ["up", "serving"];
}
