// What stands in the order ticket, so that a click into the book can fill it in.

import { signal } from "@preact/signals";
import type { Side } from "../lib/types";

export const side = signal<Side>("Bid");
export const price = signal("");
export const quantity = signal("");

/** B and S choose the side, wherever nothing is being typed. */
export function followKeys(): void {
  window.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "b") side.value = "Bid";
    if (event.key === "s") side.value = "Ask";
  });
}

/** Take a price out of the book. */
export function take(value: string): void {
  price.value = value;
}
