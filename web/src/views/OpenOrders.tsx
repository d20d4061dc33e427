import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { type ApiError, patch, remove } from "../lib/api";
import { grouped, moment } from "../lib/format";
import type { Order } from "../lib/types";
import { tell } from "../state/notices";
import { openOrders, refresh } from "../state/session";

const leaving = signal<ReadonlySet<string>>(new Set());

async function cancel(order: Order): Promise<void> {
  leaving.value = new Set(leaving.value).add(order.id);
  try {
    await remove("/api/v1/order", { symbol: order.symbol, orderId: order.id });
    tell("Order cancelled");
  } catch (failure) {
    tell((failure as ApiError).message, true);
  }
  const rest = new Set(leaving.value);
  rest.delete(order.id);
  leaving.value = rest;
  refresh();
}

async function cancelAll(): Promise<void> {
  const symbols = new Set(openOrders.value.map((order) => order.symbol));
  for (const symbol of symbols) {
    await remove("/api/v1/orders", { symbol }).catch((failure: ApiError) => tell(failure.message, true));
  }
  tell("All orders cancelled");
  refresh();
}

/** The order that is being changed, if one is. */
const changing = signal<{ id: string; price: string; quantity: string } | null>(null);

async function amend(order: Order): Promise<void> {
  const change = changing.value;
  if (!change) return;
  try {
    await patch("/api/v1/order", { symbol: order.symbol, orderId: order.id, price: change.price, quantity: change.quantity });
    tell("Order changed");
    changing.value = null;
  } catch (failure) {
    tell((failure as ApiError).message, true);
  }
  refresh();
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
            <td>{order.symbol.replace("_", "/")}</td>
            <td class={order.side === "Bid" ? "up" : "down"}>{order.side === "Bid" ? "Buy" : "Sell"}</td>
            <td>{order.orderType}</td>
            <td class="right number">
              <Changeable order={order} field="price">{order.price ? grouped(order.price) : "Market"}</Changeable>
            </td>
            <td class="right number">
              <Changeable order={order} field="quantity">{order.quantity ?? order.triggerQuantity ?? order.quoteQuantity ?? "–"}</Changeable>
            </td>
            <td class="right number">{order.executedQuantity}</td>
            <td>{order.status === "TriggerPending" ? `Trigger at ${order.triggerPrice ?? "?"}` : order.status}</td>
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
        if (event.key === "Enter") void amend(order);
        if (event.key === "Escape") changing.value = null;
      }}
    />
  );
}

function Change({ order }: { order: Order }) {
  if (order.status === "TriggerPending" || !order.price || !order.quantity) return null;
  const { id, price, quantity } = order;
  return changing.value?.id === id ? (
    <button type="button" class="small" onClick={() => void amend(order)}>Save</button>
  ) : (
    <button type="button" class="small" onClick={() => (changing.value = { id, price, quantity })} aria-label={`Change order ${id}`}>
      Change
    </button>
  );
}
