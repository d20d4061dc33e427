// An order's figures and state as people read them.

import { grouped } from "./format";
import type { Order } from "./types";

const STATUS: Record<string, string> = {
  New: "Open", PartiallyFilled: "Partly filled", Filled: "Filled", Cancelled: "Cancelled", Expired: "Expired",
  TriggerPending: "Waiting", TriggerFailed: "Trigger failed",
};

/** How finely figures are shown: digits behind the point. */
export interface Digits { price: number; quantity: number }

export const marketName = (symbol: string): string => symbol.replace("_", "/");

export const sideWord = (side: string): string => (side === "Bid" ? "Buy" : "Sell");

export function priceOf(order: Order, digits?: Digits): string {
  return order.price ? grouped(order.price, digits?.price) : "Market";
}

/** What it is for; an amount of money where it was ordered by that. */
export function amountOf(order: Order, digits?: Digits): string {
  const base = order.quantity ?? order.triggerQuantity;
  if (base) return grouped(base, digits?.quantity);
  return order.quoteQuantity ? `${grouped(order.quoteQuantity)} ${order.symbol.split("_")[1] ?? ""}` : "–";
}

export function statusOf(order: Order): string {
  if (order.status === "TriggerPending") return `Trigger at ${order.triggerPrice ?? "?"}`;
  const words = STATUS[order.status] ?? order.status;
  return order.expiryReason ? `${words} (${order.expiryReason})` : words;
}
