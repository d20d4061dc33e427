import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { grouped, moment } from "../lib/format";
import { amountOf, marketName, priceOf, sideWord, statusOf } from "../lib/order";
import type { Order } from "../lib/types";
import { digitsOf } from "../state/markets";
import { amend, cancel, cancelAll, isResting, leaving } from "../state/orders";
import { openOrders } from "../state/session";

/** The order that is being changed, if one is. */
const changing = signal<{ id: string; price: string; quantity: string } | null>(null);

async function save(order: Order): Promise<void> {
  const change = changing.value;
  if (change && (await amend(order, change.price, change.quantity))) changing.value = null;
}

export function OpenOrders() {
  const orders = openOrders.value;
  if (!orders.length) return <p class="empty">No open orders.</p>;
  return (
    <table data-testid="open-orders">
      <thead>
        <tr>
          <th>Time</th><th>Market</th><th>Side</th><th>Type</th>
          <th class="right">Price</th><th class="right">Amount</th><th class="right">Filled</th><th>Status</th>
          <th class="right"><button type="button" class="small" onClick={() => void cancelAll()}>Cancel all</button></th>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <tr key={order.id} data-order={order.id}>
            <td class="faint">{moment(Number(order.createdAt))}</td>
            <td>{marketName(order.symbol)}</td>
            <td class={order.side === "Bid" ? "up" : "down"}>{sideWord(order.side)}</td>
            <td>{order.orderType}</td>
            <td class="right number">
              <Changeable order={order} field="price">{priceOf(order, digitsOf(order.symbol))}</Changeable>
            </td>
            <td class="right number">
              <Changeable order={order} field="quantity">{amountOf(order, digitsOf(order.symbol))}</Changeable>
            </td>
            <td class="right number">{grouped(order.executedQuantity, digitsOf(order.symbol)?.quantity)}</td>
            <td>{statusOf(order)}</td>
            <td class="right">
              <Change order={order} />
              <button
                type="button" class="small" disabled={leaving.value.has(order.id)} onClick={() => void cancel(order)}
                aria-label={`Cancel order ${order.id}`}
              >
                Cancel
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A figure of an order; a field while the order is being changed. Enter saves, Escape leaves it. */
function Changeable({ order, field, children }: { order: Order; field: "price" | "quantity"; children: ComponentChildren }) {
  const change = changing.value;
  if (change?.id !== order.id) return <>{children}</>;
  return (
    <input
      class="cell" aria-label={field === "price" ? "New price" : "New amount"} value={change[field]} inputMode="decimal"
      onInput={(event) => (changing.value = { ...change, [field]: event.currentTarget.value })}
      onKeyDown={(event) => {
        if (event.key === "Enter") void save(order);
        if (event.key === "Escape") changing.value = null;
      }}
    />
  );
}

function Change({ order }: { order: Order }) {
  if (!isResting(order)) return null;
  const { id, price, quantity } = order;
  return changing.value?.id === id ? (
    <button type="button" class="small" onClick={() => void save(order)}>Save</button>
  ) : (
    <button type="button" class="small" onClick={() => (changing.value = { id, price, quantity })} aria-label={`Change order ${id}`}>
      Change
    </button>
  );
}
