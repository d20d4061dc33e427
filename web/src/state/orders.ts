// What can be done to one's open orders.

import { signal } from "@preact/signals";
import { type ApiError, patch, remove } from "../lib/api";
import type { Order } from "../lib/types";
import { tell } from "./notices";
import { openOrders, refresh } from "./session";

/** Orders that are being cancelled. */
export const leaving = signal<ReadonlySet<string>>(new Set());

/** Whether it rests in the book, so that its price and amount can be changed. */
export function isResting(order: Order): order is Order & { price: string; quantity: string } {
  return order.status !== "TriggerPending" && Boolean(order.price && order.quantity);
}

export async function cancel(order: Order): Promise<void> {
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

export async function cancelAll(): Promise<void> {
  const symbols = new Set(openOrders.value.map((order) => order.symbol));
  let failed: ApiError | null = null;
  for (const symbol of symbols) {
    await remove("/api/v1/orders", { symbol }).catch((failure: ApiError) => (failed = failure));
  }
  if (failed) tell((failed as ApiError).message, true);
  else tell("All orders cancelled");
  refresh();
}

/** Give an order another price and whole quantity; false if the exchange refused. */
export async function amend(order: Order, price: string, quantity: string): Promise<boolean> {
  try {
    const changed = await patch<Order>("/api/v1/order", { symbol: order.symbol, orderId: order.id, price, quantity });
    openOrders.value = openOrders.value.map((one) => (one.id === order.id ? { ...one, ...changed } : one));
    tell("Order changed");
    return true;
  } catch (failure) {
    tell((failure as ApiError).message, true);
    return false;
  } finally {
    refresh();
  }
}
