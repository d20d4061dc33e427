import { compact, grouped, percent } from "../../lib/format";
import type { Market } from "../../lib/types";
import { gridOf, markets, tickers } from "../../state/markets";
import { askMarketState, STATES } from "../../state/operator";

/** The markets, what each accepts, and halting and reopening them. */
export function MarketStates() {
  return (
    <section class="panel half" aria-labelledby="market-states">
      <div class="title"><h2 id="market-states">Markets</h2></div>
      <div class="scroll">
        <table data-testid="market-states">
          <thead>
            <tr>
              <th>Market</th><th>State</th><th class="right">Last</th><th class="right">24h</th><th class="right">24h volume</th>
              <th class="right">Change</th>
            </tr>
          </thead>
          <tbody>{markets.value.map((one) => <Row key={one.symbol} one={one} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ one }: { one: Market }) {
  const figures = tickers.value.get(one.symbol);
  const [state, name] = [one.orderBookState, one.symbol.replace("_", "/")];
  const isClosed = state === "Closed";
  function chosen(select: HTMLSelectElement): void {
    const wanted = select.value;
    select.value = state; // it shows what is, until that has changed
    if (wanted !== state) askMarketState(one.symbol, wanted);
  }
  return (
    <tr data-market={one.symbol}>
      <td><b>{name}</b></td>
      <td class={state === "Open" ? "up" : isClosed ? "down" : "warn"} data-testid="state">{state}</td>
      <td class="right number">{figures ? grouped(figures.lastPrice, gridOf(one).price) : "–"}</td>
      <td class="right number">{figures ? percent(figures.priceChangePercent) : "–"}</td>
      <td class="right number">{figures ? `${compact(figures.quoteVolume)} ${one.quoteSymbol}` : "–"}</td>
      <td class="right acts">
        <select class="small" aria-label={`State of ${name}`} value={state} onChange={(event) => chosen(event.currentTarget)}>
          {Object.keys(STATES).map((known) => <option key={known}>{known}</option>)}
        </select>
        <button type="button" class="small fixed" onClick={() => askMarketState(one.symbol, isClosed ? "Open" : "Closed")}>
          {isClosed ? "Reopen" : "Halt"}
        </button>
      </td>
    </tr>
  );
}
