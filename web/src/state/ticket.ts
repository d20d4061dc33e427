// What stands in the order ticket, so that a click into the book can fill it in.

import { signal } from "@preact/signals";
import type { Side } from "../lib/types";

export const side = signal<Side>("Bid");
export const price = signal("");
export const quantity = signal("");

/** Take a price out of the book. */
export function take(value: string): void {
  price.value = value;
}
