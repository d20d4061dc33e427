import { parse, text, trimmed } from "../lib/decimal";
import { grouped } from "../lib/format";
import { tickers } from "../state/markets";
import { balances } from "../state/session";

const QUOTE = "USDC";
const DECIMALS = 18;

export function BalanceTable() {
  const rows = Object.entries(balances.value);
  if (!rows.length) return <p class="empty">No balances yet.</p>;
  const worth = (asset: string, amount: string): number =>
    Number(amount) * (asset === QUOTE ? 1 : Number(tickers.value.get(`${asset}_${QUOTE}`)?.lastPrice ?? 0));
  const total = rows.reduce((sum, [asset, one]) => sum + worth(asset, one.available) + worth(asset, one.locked), 0);
  const whole = (one: { available: string; locked: string }): string =>
    trimmed(text((parse(one.available, DECIMALS) ?? 0n) + (parse(one.locked, DECIMALS) ?? 0n), DECIMALS));
  return (
    <table data-testid="balances">
      <thead>
        <tr>
          <th>Asset</th><th class="right">Available</th><th class="right">In orders</th><th class="right">Total</th>
          <th class="right">Worth ({QUOTE})</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([asset, one]) => (
          <tr key={asset}>
            <td><b>{asset}</b></td>
            <td class="right number" data-testid={`available-${asset}`}>{grouped(one.available)}</td>
            <td class="right number">{grouped(one.locked)}</td>
            <td class="right number">{grouped(whole(one))}</td>
            <td class="right number">{grouped(worth(asset, whole(one)).toFixed(2))}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr><td colSpan={4}>All together</td><td class="right number">{grouped(total.toFixed(2))}</td></tr>
      </tfoot>
    </table>
  );
}
