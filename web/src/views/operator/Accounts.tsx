import { signal } from "@preact/signals";
import { grouped } from "../../lib/format";
import { accounts, ACCOUNTS_A_PAGE, askBlocked, askTerms, firstAccount, showAccounts } from "../../state/operator";

const sought = signal("");

/** The accounts, a page of numbers at a time. */
export function Accounts() {
  const first = firstAccount.value;
  const shown = accounts.value.filter((one) => one.name.includes(sought.value.trim()));
  return (
    <section class="panel" aria-labelledby="accounts">
      <div class="between title">
        <h2 id="accounts">Accounts</h2>
        <div class="pager">
          <input
            class="seek" type="search" aria-label="Name contains" placeholder="Name contains" value={sought.value}
            onInput={(event) => (sought.value = event.currentTarget.value)}
          />
          <button type="button" class="small" disabled={first === 0} onClick={() => showAccounts(first - ACCOUNTS_A_PAGE)} aria-label="Accounts before these">←</button>
          <span class="faint number">{first} – {first + ACCOUNTS_A_PAGE - 1}</span>
          <button type="button" class="small" disabled={accounts.value.length === 0} onClick={() => showAccounts(first + ACCOUNTS_A_PAGE)} aria-label="Accounts after these">→</button>
        </div>
      </div>
      {shown.length === 0 ? <p class="empty">No such account among these.</p> : (
        <div class="scroll">
          <table data-testid="accounts">
            <thead>
              <tr>
                <th class="right">No.</th><th>Name</th><th>State</th><th class="right">Fee tier</th><th class="right">Open orders at most</th>
                <th class="right">Change</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.accountId} data-account={one.name}>
                  <td class="right number">{one.accountId}</td>
                  <td><b>{one.name}</b></td>
                  <td class={one.blocked ? "down" : "up"}>{one.blocked ? "blocked" : "active"}</td>
                  <td class="right number">{one.tier}</td>
                  <td class="right number">{grouped(String(one.openOrdersMax))}</td>
                  <td class="right acts">
                    <button type="button" class="small" onClick={() => askTerms(one)}>Terms</button>
                    <button type="button" class="small fixed" onClick={() => askBlocked(one, !one.blocked)}>{one.blocked ? "Unblock" : "Block"}</button>
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
