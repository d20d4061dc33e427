// What streams about the market shown: its book and its trades.
//
// Promise: the book follows the exchange's discipline (lib/book.ts) and is drawn once a frame at the
// most, however often it changes; the trades have no gap.

import { effect, signal } from "@preact/signals";
import { get } from "../lib/api";
import { Book } from "../lib/book";
import { tenTo } from "../lib/decimal";
import type { DepthSnapshot, DepthUpdate, Trade, TradeUpdate } from "../lib/types";
import { socket } from "./connection";
import { gridOf, market } from "./markets";

const TRADES_KEPT = 80;
const SNAPSHOT_AGAIN_MS = 300;

export const book = signal<Book | null>(null);
/** Goes up with each frame in which the book has changed. */
export const bookVersion = signal(0);
export const trades = signal<Trade[]>([]);
export const lastTrade = signal<Trade | null>(null);

let frame = 0;

function draw(): void {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    bookVersion.value += 1;
  });
}

/** Follow whichever market is shown, from now on. */
export function followMarket(): void {
  effect(() => {
    const shown = market.value;
    if (!shown) return undefined;
    const leaveBook = followBook(shown.symbol, gridOf(shown));
    const leaveTrades = followTrades(shown.symbol);
    return () => {
      leaveBook();
      leaveTrades();
    };
  });
}

function followBook(symbol: string, grid: { price: number; quantity: number }): () => void {
  const kept = new Book(Number(tenTo(grid.price)), Number(tenTo(grid.quantity)));
  let round = 0;
  book.value = kept;
  draw();

  async function begin(): Promise<void> {
    const mine = ++round;
    kept.resync();
    while (mine === round) {
      try {
        const snapshot = await get<DepthSnapshot>("/api/v1/depth", { symbol });
        if (mine !== round) return;
        if (kept.begin(snapshot)) return draw();
      } catch {
        // The exchange is away: what is shown stays, and the header says so.
      }
      await new Promise((resolve) => setTimeout(resolve, SNAPSHOT_AGAIN_MS));
    }
  }

  const leave = socket().listen(`depth.${symbol}`, {
    hear(data) {
      if (kept.change(data as DepthUpdate)) draw();
      else void begin();
    },
    reset: () => void begin(),
  });
  return () => {
    round = -1;
    leave();
  };
}

function followTrades(symbol: string): () => void {
  let isHere = true;
  trades.value = [];
  lastTrade.value = null;

  async function load(): Promise<void> {
    const found = await get<Trade[]>("/api/v1/trades", { symbol, limit: TRADES_KEPT }).catch(() => null);
    if (isHere && found) show(found);
  }

  function show(more: Trade[]): void {
    const all = new Map([...trades.value, ...more].map((trade) => [trade.id, trade]));
    trades.value = [...all.values()].sort((a, b) => b.id - a.id).slice(0, TRADES_KEPT);
    lastTrade.value = trades.value[0] ?? null;
  }

  const leave = socket().listen(`trade.${symbol}`, {
    hear(data) {
      const update = data as TradeUpdate;
      const newest = trades.value[0]?.id;
      if (newest !== undefined && update.t > newest + 1) void load();
      show([
        {
          id: update.t, price: update.p, quantity: update.q,
          timestamp: Math.floor(update.T / 1000), isBuyerMaker: update.m,
        },
      ]);
    },
    reset: () => void load(),
  });
  return () => {
    isHere = false;
    leave();
  };
}
