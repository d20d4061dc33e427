import { clock, grouped } from "../lib/format";
import { trades } from "../state/live";
import { gridOf, market } from "../state/markets";
import { take } from "../state/ticket";

/** What was traded, newest first; the colour is the taker's side. */
export function Tape() {
  const shown = market.value;
  const grid = shown && gridOf(shown);
  return (
    <>
      <div class="between title"><h2>Trades</h2></div>
      <div class="row head">
        <span>Price ({shown?.quoteSymbol ?? ""})</span>
        <span>Size ({shown?.baseSymbol ?? ""})</span>
        <span>Time</span>
      </div>
      <div class="scroll" data-testid="tape">
        {trades.value.map((trade) => (
          <button
            type="button" tabIndex={-1} key={trade.id} data-trade={trade.id}
            class={`row deal ${trade.isBuyerMaker ? "sold" : "bought"}`} onClick={() => take(trade.price)}
          >
            <span class="price">{grouped(trade.price, grid?.price)}</span>
            <span>{grouped(trade.quantity, grid?.quantity)}</span>
            <span class="faint">{clock(trade.timestamp)}</span>
          </button>
        ))}
      </div>
    </>
  );
}
