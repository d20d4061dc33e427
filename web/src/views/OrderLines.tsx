import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { parse, text, trimmed } from "../lib/decimal";
import { sideWord } from "../lib/order";
import type { Order } from "../lib/types";
import { book } from "../state/live";
import { gridOf, market } from "../state/markets";
import { amend, cancel, isResting } from "../state/orders";
import { openOrders } from "../state/session";

/** Where prices are in the chart. */
export interface Scale {
  /** Goes up whenever prices may stand elsewhere. */
  readonly scaled: Signal<number>;
  /** Pixels from its top; null: not in sight. */
  yOf(price: number): number | null;
  priceAt(y: number): number | null;
  /** Of the prices at its right. */
  axisWidth(): number;
}

/** An order on its way to another price, in ticks. */
interface Moving { id: string; ticks: number }
type Resting = Order & { price: string; quantity: string };

const LABEL_HEIGHT = 20, LABEL_WIDTH = 150;
const DECIMALS = 18;

/** One's orders as lines in the chart: dragged, or moved by arrow keys and Enter, they are amended. */
export function OrderLines({ scale }: { scale: Scale }) {
  const moving = useSignal<Moving | null>(null);
  const shown = market.value;
  void scale.scaled.value;
  if (!shown) return null;
  const decimals = gridOf(shown).price;
  const tick = Number(shown.filters.price.tickSize);
  const lines = openOrders.value.filter((order) => order.symbol === shown.symbol && isResting(order)) as Resting[];
  const placed = lines.flatMap((order) => {
    const own = Math.round(Number(order.price) / tick);
    const ticks = moving.value?.id === order.id ? moving.value.ticks : own;
    const y = scale.yOf(ticks * tick);
    return y === null ? [] : [{ order, own, ticks, y, column: 0 }];
  });
  placed.sort((a, b) => a.y - b.y);
  placed.forEach((line, at) => {
    const above = placed[at - 1];
    if (above && line.y - above.y < LABEL_HEIGHT) line.column = above.column + 1;
  });
  const priceOf = (ticks: number): string => {
    const step = parse(shown.filters.price.tickSize, decimals) ?? 1n;
    return text(BigInt(ticks) * step, decimals);
  };

  async function drop(order: Resting, own: number): Promise<void> {
    const ticks = moving.value?.id === order.id ? moving.value.ticks : own;
    if (ticks !== own) await amend(order, priceOf(ticks), order.quantity);
    moving.value = null;
  }

  return (
    <div class="order-lines" style={{ right: `${scale.axisWidth()}px` }}>
      {placed.map(({ order, own, ticks, y, column }) => (
        <Line
          key={order.id} order={order} price={priceOf(ticks)} y={y} column={column} isMoving={moving.value?.id === order.id}
          isTaking={ticks !== own && crosses(order, ticks * tick, decimals)}
          move={(to) => {
            const price = scale.priceAt(to);
            if (price !== null) moving.value = { id: order.id, ticks: Math.max(1, Math.round(price / tick)) };
          }}
          step={(by) => (moving.value = { id: order.id, ticks: Math.max(1, ticks + by) })}
          drop={() => void drop(order, own)}
          leave={() => (moving.value = null)}
        />
      ))}
    </div>
  );
}

/** Whether it would trade at once at that price, as the book is now. */
function crosses(order: Order, price: number, decimals: number): boolean {
  const isBid = order.side === "Bid";
  const best = book.value?.rows(isBid ? "asks" : "bids", 1, 1)[0];
  if (!best) return false;
  const other = best.price / 10 ** decimals;
  return isBid ? price >= other : price <= other;
}

interface LineProps {
  order: Resting; price: string; y: number; column: number; isMoving: boolean; isTaking: boolean;
  move(y: number): void; step(by: number): void; drop(): void; leave(): void;
}

function Line({ order, price, y, column, isMoving, isTaking, move, step, drop, leave }: LineProps) {
  const words = `${sideWord(order.side)} ${left(order)}`;
  const pointer = useRef(0);
  function key(event: KeyboardEvent): void {
    const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (by) event.preventDefault(), step(event.shiftKey ? 10 * by : by);
    if (event.key === "Escape") {
      const label = event.currentTarget as HTMLElement;
      if (label.hasPointerCapture(pointer.current)) label.releasePointerCapture(pointer.current);
      leave();
    }
    if (event.key === "Enter") event.preventDefault(), drop();
  }
  function grasp(event: PointerEvent): void {
    const label = event.currentTarget as HTMLElement;
    pointer.current = event.pointerId;
    label.focus();
    label.setPointerCapture(event.pointerId);
  }
  function drag(event: PointerEvent): void {
    const label = event.currentTarget as HTMLElement;
    const frame = label.closest(".order-lines");
    if (frame && label.hasPointerCapture(event.pointerId)) move(event.clientY - frame.getBoundingClientRect().top);
  }
  return (
    <div
      class={`order-line ${order.side === "Bid" ? "bid" : "ask"} ${isMoving ? "moving" : ""}`}
      style={{ transform: `translateY(${y.toFixed(1)}px)` }} data-order={order.id} data-price={price}
    >
      <span class="label" style={{ right: `${4 + column * LABEL_WIDTH}px` }}>
        <button
          type="button" class="grip number" onKeyDown={key} onBlur={leave}
          aria-label={`${words} at ${price}. Drag, or move with the arrow keys and press Enter`}
          onPointerDown={grasp} onPointerMove={drag} onPointerUp={drop} onPointerCancel={leave}
        >
          {words} <b>{price}</b>{isTaking && " trades at once"}
        </button>
        <button type="button" class="off" tabIndex={-1} aria-label={`Cancel ${words} at ${price}`} onClick={() => void cancel(order)}>×</button>
      </span>
    </div>
  );
}

/** What of an order hasn't been filled, exactly. */
function left(order: Resting): string {
  const [all, done] = [parse(order.quantity, DECIMALS) ?? 0n, parse(order.executedQuantity, DECIMALS) ?? 0n];
  return trimmed(text(all - done, DECIMALS));
}
