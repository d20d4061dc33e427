import { moment } from "../lib/format";
import { type Engine, integrity, type Integrity, type Verdict } from "../state/integrity";
import { Liabilities } from "./Liabilities";

const WORDS: Record<Integrity["state"], [kind: string, title: string, text: string]> = {
  Agreed: ["good", "Every engine is what the log says", "A witness compares what engines sign, with each other and with the log."],
  Alone: ["calm", "One engine, which watches itself", "It looks through its memory all the time. With a second engine a witness compares both."],
  Wrong: ["bad", "An engine was not what the log says", "It was told to begin again from the log; trading goes on."],
  Halted: ["bad", "Trading is halted", "The engine that publishes is not what the log says. Nothing is carried out until an operator resumes from the log."],
  Unknown: ["bad", "No engine answers", "Nobody can say how things stand at the moment."],
};

/** Whether the exchange is what its log says, and what it owes. */
export function Proof() {
  const found = integrity.value;
  return (
    <main class="page">
      <h1>Proof</h1>
      <p class="hint">
        Every request stands in one durable log, and state is a function of that log: whoever replays it gets the same hash.
      </p>
      {found ? <Standing found={found} /> : <p class="panel empty">Asking the engines…</p>}
      <Liabilities />
    </main>
  );
}

function Standing({ found }: { found: Integrity }) {
  const [kind, title, text] = WORDS[found.state];
  return (
    <>
      <section class={`panel standing ${kind}`} aria-labelledby="standing" data-testid="standing" data-state={found.state}>
        <h2 id="standing">{title}</h2>
        <p>{text}</p>
        {found.verdict && <Told verdict={found.verdict} />}
      </section>
      <section class="panel" aria-labelledby="engines">
        <div class="between title"><h2 id="engines">Engines</h2><span class="faint number">log at {found.position}</span></div>
        <div class="scroll">
          <table data-testid="engines">
            <thead>
              <tr>
                <th>Engine</th><th>Position</th><th class="right">Lag</th><th>State hash</th><th>Last attestation</th>
              </tr>
            </thead>
            <tbody>{found.engines.map((one) => <Row key={one.name} one={one} />)}</tbody>
          </table>
        </div>
        <Witness witness={found.witness} />
      </section>
    </>
  );
}

function Row({ one }: { one: Engine }) {
  const role = one.halted ? "halted" : one.publishes ? "publishes" : "stands by";
  return (
    <tr>
      <td><b>{one.name}</b> <span class={one.halted ? "down" : "faint"}>{role}</span></td>
      <td class="number">{one.position}</td>
      <td class="right number">{one.lagMs} ms</td>
      <td><code title={one.stateHash}>{one.stateHash.slice(0, 16)}…</code></td>
      <td class="number">
        {one.attested ? <>{one.attested.position} <span class="faint">{moment(one.attested.timeMs)}</span></> : <span class="faint">none yet</span>}
      </td>
    </tr>
  );
}

function Witness({ witness }: { witness: Integrity["witness"] }) {
  if (!witness) return <p class="note faint">No witness runs: there is nobody to compare with.</p>;
  return (
    <p class="note" data-testid="witness">
      <b>Witness</b>{" "}
      {witness.position ? <>agreed at <span class="number">{witness.position}</span>, state <code>{witness.stateHash.slice(0, 16)}…</code></> : "has nothing to compare yet"}
      {witness.hasTrouble && <span class="warn">, can't compare at the moment</span>}
      <span class="faint">, {witness.verdicts === 0 ? "no verdict ever passed" : `${witness.verdicts} verdicts ever passed`}</span>
    </p>
  );
}

function Told({ verdict }: { verdict: Verdict }) {
  return (
    <dl class="facts" data-testid="verdict">
      <dt>Engine</dt><dd>{verdict.engine}</dd>
      <dt>Last right at</dt><dd class="number">{verdict.agreed || "no known position"}</dd>
      <dt>First wrong at</dt><dd class="number">{verdict.first}</dd>
      <dt>What differs</dt><dd>{verdict.what}</dd>
      <dt>Found</dt><dd class="number">{verdict.atMs ? moment(verdict.atMs) : "–"}</dd>
    </dl>
  );
}
