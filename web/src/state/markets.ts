// The markets, their figures of the last 24 hours, and the one that is shown.

import { computed, signal } from "@preact/signals";
import { get } from "../lib/api";
import { decimalsOf } from "../lib/decimal";
import type { Market, Ticker, TickerUpdate } from "../lib/types";
import { socket } from "./connection";

export const markets = signal<Market[]>([]);
export const tickers = signal<ReadonlyMap<string, Ticker>>(new Map());
export const symbol = signal(symbolOfPath());

/** The market shown; undefined until the markets are known. */
export const market = computed(() => markets.value.find((one) => one.symbol === symbol.value));
export const ticker = computed(() => tickers.value.get(symbol.value));

/** How finely a market counts. */
export function gridOf(one: Market): { price: number; quantity: number } {
  return {
    price: decimalsOf(one.filters.price.tickSize),
    quantity: decimalsOf(one.filters.quantity.stepSize),
  };
}

/** The same by symbol, if there is such a market. */
export function digitsOf(name: string): { price: number; quantity: number } | undefined {
  const found = markets.value.find((one) => one.symbol === name);
  return found && gridOf(found);
}

function symbolOfPath(): string {
  const found = /^\/trade\/([A-Z0-9_]+)$/.exec(location.pathname);
  return found?.[1] ?? "";
}

/** Show another market. */
export function choose(next: string): void {
  symbol.value = next;
  history.replaceState(null, "", `/trade/${next}`);
  localStorage.setItem("market", next);
}

export async function loadMarkets(): Promise<void> {
  const found = await get<Market[]>("/api/v1/markets");
  markets.value = found;
  if (!market.value) {
    const kept = localStorage.getItem("market") ?? "";
    const first = found.find((one) => one.symbol === kept) ?? found[0];
    if (first) symbol.value = first.symbol;
  }
  for (const one of found) {
    socket().listen(`ticker.${one.symbol}`, {
      hear: (data) => follow(data as TickerUpdate),
      reset: () => void loadTickers(),
    });
  }
  await loadTickers();
}

async function loadTickers(): Promise<void> {
  const found = await get<Ticker[]>("/api/v1/tickers");
  tickers.value = new Map(found.map((one) => [one.symbol, one]));
}

function follow(update: TickerUpdate): void {
  const first = Number(update.o);
  const changed: Ticker = {
    symbol: update.s,
    firstPrice: update.o,
    lastPrice: update.c,
    priceChangePercent: String(first ? (Number(update.c) - first) / first : 0),
    high: update.h,
    low: update.l,
    volume: update.v,
    quoteVolume: update.V,
  };
  tickers.value = new Map(tickers.value).set(update.s, changed);
}
