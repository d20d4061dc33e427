import { useSignal, useSignalEffect } from "@preact/signals";
import { get } from "../lib/api";
import { grouped, moment, utc } from "../lib/format";
import type { Fill, Order } from "../lib/types";
import { historyVersion } from "../state/session";

const PAGE = 100;

/** Ask for a page of history, now and whenever it may have changed. */
function usePage<Row>(path: string): Row[] | null {
  const rows = useSignal<Row[] | null>(null);
  useSignalEffect(() => {
    void historyVersion.value;
    get<Row[]>(path, { limit: PAGE }).then(
      (found) => (rows.value = found),
      () => undefined,
    );
  });
  return rows.value;
}

export function OrderHistory() {
  const orders = usePage<Order>("/wapi/v1/history/orders");
  if (!orders?.length) return <p class="empty">{orders ? "No orders yet." : "Loading…"}</p>;
  return (
    <table data-testid="order-history">
      <thead>
        <tr>
          <th>Time</th><th>Market</th><th>Side</th><th>Type</th>
          <th class="right">Price</th><th class="right">Amount</th><th class="right">Filled</th><th>Status</th>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <tr key={order.id}>
            <td class="faint">{moment(utc(String(order.createdAt)))}</td>
            <td>{order.symbol.replace("_", "/")}</td>
            <td class={order.side === "Bid" ? "up" : "down"}>{order.side === "Bid" ? "Buy" : "Sell"}</td>
            <td>{order.orderType}</td>
            <td class="right number">{order.price ? grouped(order.price) : "Market"}</td>
            <td class="right number">{order.quantity ?? order.quoteQuantity ?? "–"}</td>
            <td class="right number">{order.executedQuantity}</td>
            <td>{order.status}{order.expiryReason ? ` (${order.expiryReason})` : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function FillTable() {
  const fills = usePage<Fill>("/wapi/v1/history/fills");
  if (!fills?.length) return <p class="empty">{fills ? "No fills yet." : "Loading…"}</p>;
  return (
    <table data-testid="fills">
      <thead>
        <tr>
          <th>Time</th><th>Market</th><th>Side</th><th class="right">Price</th><th class="right">Amount</th>
          <th class="right">Fee</th><th>Role</th>
        </tr>
      </thead>
      <tbody>
        {fills.map((fill) => (
          <tr key={`${fill.tradeId}-${fill.orderId}`}>
            <td class="faint">{moment(utc(fill.timestamp))}</td>
            <td>{fill.symbol.replace("_", "/")}</td>
            <td class={fill.side === "Bid" ? "up" : "down"}>{fill.side === "Bid" ? "Buy" : "Sell"}</td>
            <td class="right number">{grouped(fill.price)}</td>
            <td class="right number">{fill.quantity}</td>
            <td class="right number">{fill.fee} {fill.feeSymbol}</td>
            <td>{fill.isMaker ? "Maker" : "Taker"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
