import { useEffect } from "preact/hooks";
import { isAdmin, session } from "../../state/session";
import { followOperator, samples, trouble } from "../../state/operator";
import { Accounts } from "./Accounts";
import { Latencies } from "./Latencies";
import { MarketStates } from "./MarketStates";
import { Processes } from "./Processes";
import { Rates } from "./Rates";
import { Reason } from "./Reason";
import { Withdrawals } from "./Withdrawals";

/** How the exchange is, and what of it can be changed, for those who run it. */
export function Operator() {
  if (!session.value) return <main class="page"><p class="empty">Sign in as an administrator.</p></main>;
  if (!isAdmin.value) return <main class="page"><p class="empty">This page is for administrators.</p></main>;
  return <Board />;
}

function Board() {
  useEffect(followOperator, []);
  return (
    <main class="page operator">
      <h1 class="hidden">Operator</h1>
      <Health />
      <Rates />
      <Latencies />
      <Processes />
      <MarketStates />
      <Withdrawals />
      <Accounts />
      <Reason />
    </main>
  );
}

function Health() {
  const told = samples.value.at(-1)?.told;
  if (trouble.value || !told) {
    return (
      <section class={`panel standing health ${trouble.value ? "bad" : "calm"}`} aria-label="Health">
        <h2>{trouble.value ? "Nobody can say how the processes are" : "Asking the processes…"}</h2>
        <p class="faint">{trouble.value}</p>
      </section>
    );
  }
  return (
    <section class={`panel standing health ${told.healthy ? "good" : "bad"}`} aria-label="Health" data-testid="health" data-healthy={told.healthy}>
      <div class="between">
        <h2>{told.healthy ? "Every process does its work" : "Something is wrong"}</h2>
        <span class="faint number">log at {told.position}</span>
      </div>
      {told.reasons.length > 0 && <ul>{told.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>}
    </section>
  );
}
