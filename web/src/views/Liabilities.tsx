import { useEffect } from "preact/hooks";
import { text, trimmed } from "../lib/decimal";
import { ends, grouped, moment } from "../lib/format";
import type { AccountProof, Checked, OfAsset, Owed } from "../lib/liabilities";
import { absence, followProof, mine, root, type Root } from "../state/liabilities";
import { session } from "../state/session";

const amount = (atoms: bigint, asset: OfAsset): string => grouped(trimmed(text(atoms, asset.decimals)));

/** What the venue owes in all, and what of it is one's own. */
export function Liabilities() {
  useEffect(followProof, []);
  return (
    <>
      <section class="panel" aria-labelledby="owes">
        <div class="title"><h2 id="owes">What the exchange owes</h2></div>
        {root.value ? <Totals found={root.value} /> : <p class="empty">{absence.value || "Loading…"}</p>}
      </section>
      <section class="panel" aria-labelledby="mine">
        <div class="title"><h2 id="mine">What it owes you</h2></div>
        {session.value ? <Mine /> : <p class="empty">Sign in, and this browser checks that your balance is in these totals.</p>}
      </section>
    </>
  );
}

function Totals({ found }: { found: Root }) {
  return (
    <div class="owes" data-testid="totals">
      <ul class="totals">
        {Object.entries(found.totals).map(([asset, total]) => (
          <li key={asset}><span class="faint">{asset}</span><b class="number">{grouped(total)}</b></li>
        ))}
      </ul>
      <dl class="facts">
        <dt>As of</dt><dd class="number">{moment(found.timeMs)} <span class="faint">position {found.position}</span></dd>
        <dt>Signed by</dt>
        <dd>{found.signer} <span class={found.trusted ? "up" : "down"}>{found.trusted ? "whose key the log trusts" : "whose key the log does not trust"}</span></dd>
        <dt>Digest</dt><dd><code data-testid="digest">{found.digest}</code></dd>
      </dl>
      <p class="hint">
        Compare the digest with what others were given: it must be the same for all. This says what is owed, not what is there to pay it.
      </p>
    </div>
  );
}

function Mine() {
  const now = mine.value;
  switch (now.stage) {
    case "checking": return <p class="empty">Checking…</p>;
    case "absent": return <p class="empty">{now.reason}</p>;
    case "wrong": return (
      <div class="mine">
        <p class="verdict bad" role="alert" data-testid="proved" data-proved="false">✗ Not proved: {now.reason}</p>
        {now.proof && <Save proof={now.proof} position="wrong" />}
      </div>
    );
    case "right": return <Right checked={now.checked} proof={now.proof} />;
  }
}

function Right({ checked, proof }: { checked: Checked; proof: AccountProof }) {
  const { statement, owed } = checked;
  if (!owed.length) {
    return <p class="empty" data-testid="proved" data-proved="nothing">At that position your account had nothing. The next proof has what you have then.</p>;
  }
  return (
    <div class="mine">
      <p class="verdict good" data-testid="proved" data-proved="true">
        ✓ Proved in this browser: what you had on {moment(statement.timeMs)}, in orders or not, is in the signed totals.
      </p>
      {checked.isSigned === null && <p class="warn">This browser has no Ed25519: hashes and sums are checked, the signature is not.</p>}
      {owed.map((one) => <Way key={one.asset.symbol} one={one} />)}
      <Save proof={proof} position={statement.position} />
    </div>
  );
}

/** One asset's way up, as it was computed here. */
function Way({ one }: { one: Owed }) {
  const { asset } = one;
  return (
    <details class="way" data-testid={`way-${asset.symbol}`}>
      <summary>
        <b>{asset.symbol}</b> <span class="number">{amount(one.atoms, asset)}</span>
        <span class="faint"> in {one.rungs.length} steps to {amount(asset.total, asset)} of {asset.leaves} accounts</span>
      </summary>
      <div class="scroll">
        <table>
          <thead><tr><th class="right">Step</th><th>Neighbour</th><th class="right">Its sum</th><th>Comes to</th><th class="right">Sum</th></tr></thead>
          <tbody>
            <tr>
              <td class="right number">0</td><td class="faint">your leaf</td><td />
              <td><code>{ends(one.leafHash)}</code></td><td class="right number">{amount(one.atoms, asset)}</td>
            </tr>
            {one.rungs.map((rung, at) => (
              <tr key={rung.hash}>
                <td class="right number">{at + 1}</td>
                <td><code>{ends(rung.besideHash)}</code> <span class="faint">{rung.isRight ? "right" : "left"}</span></td>
                <td class="right number">{amount(rung.besideSum, asset)}</td>
                <td><code>{ends(rung.hash)}</code></td>
                <td class="right number">{amount(rung.sum, asset)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td /><td colSpan={2}>Signed root</td>
              <td><code>{ends(asset.root)}</code> <span class="up">✓ the same</span></td>
              <td class="right number">{amount(asset.total, asset)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
    </details>
  );
}

function Save({ proof, position }: { proof: AccountProof; position: string }) {
  function save(): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(proof)], { type: "application/json" }));
    link.download = `proof-${position}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
  return (
    <div class="between">
      <span class="faint">To check it without us: <code>truebook proof verify FILE</code></span>
      <button type="button" onClick={save}>Save the proof</button>
    </div>
  );
}
