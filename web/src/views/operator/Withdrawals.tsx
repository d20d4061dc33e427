import { ends, grouped } from "../../lib/format";
import { askSettlement, withdrawals } from "../../state/operator";

/** What people want to take out, and letting it leave or not. */
export function Withdrawals() {
  const waiting = withdrawals.value;
  return (
    <section class="panel half" aria-labelledby="withdrawals">
      <div class="between title"><h2 id="withdrawals">Pending withdrawals</h2><span class="faint number">{waiting.length || ""}</span></div>
      {waiting.length === 0 ? <p class="empty">None waits.</p> : (
        <div class="scroll">
          <table data-testid="withdrawals">
            <thead>
              <tr><th class="right">No.</th><th>Account</th><th class="right">Amount</th><th>To</th><th class="right">Settle</th></tr>
            </thead>
            <tbody>
              {waiting.map((one) => (
                <tr key={one.withdrawalId} data-withdrawal={one.withdrawalId}>
                  <td class="right number">{one.withdrawalId}</td>
                  <td><b>{one.name}</b> <span class="faint">{one.accountId}</span></td>
                  <td class="right number">{grouped(one.quantity)} {one.symbol}</td>
                  <td><code title={one.toAddress}>{ends(one.toAddress)}</code> <span class="faint">{one.blockchain}</span></td>
                  <td class="right acts">
                    <button type="button" class="small" onClick={() => askSettlement(one, "confirmed")}>Approve</button>
                    <button type="button" class="small" onClick={() => askSettlement(one, "declined")}>Decline</button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
