import { useSignal, useSignalEffect } from "@preact/signals";
import { get } from "../lib/api";
import { grouped, moment, utc } from "../lib/format";
import { amountOf, marketName, priceOf, sideWord, statusOf } from "../lib/order";
import type { Fill, Order } from "../lib/types";
import { digitsOf } from "../state/markets";
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
            <td>{marketName(order.symbol)}</td>
            <td class={order.side === "Bid" ? "up" : "down"}>{sideWord(order.side)}</td>
            <td>{order.orderType}</td>
            <td class="right number">{priceOf(order, digitsOf(order.symbol))}</td>
            <td class="right number">{amountOf(order, digitsOf(order.symbol))}</td>
            <td class="right number">{grouped(order.executedQuantity, digitsOf(order.symbol)?.quantity)}</td>
            <td>{statusOf(order)}</td>
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
            <td>{marketName(fill.symbol)}</td>
            <td class={fill.side === "Bid" ? "up" : "down"}>{sideWord(fill.side)}</td>
            <td class="right number">{grouped(fill.price, digitsOf(fill.symbol)?.price)}</td>
            <td class="right number">{grouped(fill.quantity, digitsOf(fill.symbol)?.quantity)}</td>
            <td class="right number">{fill.fee} {fill.feeSymbol}</td>
            <td>{fill.isMaker ? "Maker" : "Taker"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
