import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Row } from "../lib/book";
import { grouped } from "../lib/format";
import { book, bookVersion, lastTrade } from "../state/live";
import { gridOf, market } from "../state/markets";
import { openOrders } from "../state/session";
import { take } from "../state/ticket";

const ROW_PX = 20;
const HEAD_PX = 92;
const GROUPS = [1, 5, 10, 50, 100, 1000];

/** The order book: asks above, bids below, with sums as bars. A click takes the price. */
export function Ladder() {
  const group = useSignal(1);
  const count = useSignal(12);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current?.parentElement;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      count.value = Math.max(5, Math.floor((element.clientHeight - HEAD_PX) / 2 / ROW_PX));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [count]);

  void bookVersion.value; // drawn anew in each frame in which the book has changed
  const shown = market.value;
  const kept = book.value;
  if (!shown || !kept) return <div ref={frame} />;
  const grid = gridOf(shown);
  const asks = kept.rows("asks", count.value, group.value);
  const bids = kept.rows("bids", count.value, group.value);
  const largest = Math.max(asks.at(-1)?.total ?? 0, bids.at(-1)?.total ?? 0, 1);
  const own = ownPrices(shown.symbol, grid.price, group.value);
  const price = (ticks: number) => (ticks / 10 ** grid.price).toFixed(grid.price);
  const size = (lots: number) => (lots / 10 ** grid.quantity).toFixed(grid.quantity);
  const blanks = (rows: Row[]) => Array<null>(Math.max(0, count.value - rows.length)).fill(null);
  const line = (row: Row | null, kind: "ask" | "bid", index: number) =>
    row === null ? (
      <div class="row blank" key={`${kind}-blank-${index}`} />
    ) : (
      <button
        type="button" class={`row ${kind}`} key={`${kind}-${row.price}`} tabIndex={-1}
        data-price={price(row.price)} data-size={size(row.size)} onClick={() => take(price(row.price))}
      >
        <i style={{ transform: `scaleX(${row.total / largest})` }} />
        <span class="price">{own.has(row.price) && <em title="Your order" />}{grouped(price(row.price))}</span>
        <span class="changed" key={row.size}>{size(row.size)}</span>
        <span>{size(row.total)}</span>
      </button>
    );

  const spread = asks[0] && bids[0] && group.value === 1 ? asks[0].price - bids[0].price : null;
  return (
    <div class="book" ref={frame} data-testid="book" data-update={kept.updateId} data-whole={kept.isWhole}>
      <div class="between title">
        <h2>Order book</h2>
        <label class="quiet">
          <span class="hidden">Group prices by</span>
          <select value={group.value} onChange={(event) => (group.value = Number(event.currentTarget.value))}>
            {GROUPS.map((ticks) => <option key={ticks} value={ticks}>{price(ticks)}</option>)}
          </select>
        </label>
      </div>
      <div class="row head">
        <span>Price ({shown.quoteSymbol})</span>
        <span>Size ({shown.baseSymbol})</span>
        <span>Sum</span>
      </div>
      <div class="side above">{[...blanks(asks), ...[...asks].reverse()].map((row, at) => line(row, "ask", at))}</div>
      <div class="middle">
        <span class="number">{lastTrade.value ? grouped(lastTrade.value.price, grid.price) : "–"}</span>
        <span class="faint">{spread === null ? "" : `Spread ${price(spread)}`}</span>
      </div>
      <div class="side">{[...bids, ...blanks(bids)].map((row, at) => line(row, "bid", at))}</div>
    </div>
  );
}

/** The grouped prices at which orders of the account rest. */
function ownPrices(symbol: string, decimals: number, group: number): Set<number> {
  const prices = new Set<number>();
  for (const order of openOrders.value) {
    if (order.symbol !== symbol || !order.price || order.status === "TriggerPending") continue;
    const ticks = Math.round(Number(order.price) * 10 ** decimals);
    prices.add((order.side === "Bid" ? Math.floor(ticks / group) : Math.ceil(ticks / group)) * group);
  }
  return prices;
}
