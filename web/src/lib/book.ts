// A book kept from a snapshot and the changes that follow it.
//
// Promise: between two calls of `resync` the book is the exchange's own as of `updateId`: a change is
// taken only directly behind the one before it (U = u + 1), and where one is missing the book begins
// again from a snapshot. Prices and sizes are whole ticks and lots.

import type { DepthSnapshot, DepthUpdate, Level } from "./types";

export interface Row { price: number; size: number; total: number }

const scale = (text: string, factor: number): number => Math.round(Number(text) * factor);

export class Book {
  /** Ticks → lots. */
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  updateId = 0;
  isWhole = false;
  private waiting: DepthUpdate[] = [];

  constructor(
    private readonly ticks: number,
    private readonly lots: number,
  ) {}

  /** Forget everything: a snapshot is on its way. */
  resync(): void {
    this.isWhole = false;
    this.waiting = [];
  }

  /** Begin with a snapshot; false if it is older than the first change that was heard. */
  begin(snapshot: DepthSnapshot): boolean {
    const last = Number(snapshot.lastUpdateId);
    const following = this.waiting.filter((update) => update.u > last);
    if (following[0] && following[0].U > last + 1) return false;
    this.bids.clear();
    this.asks.clear();
    this.put(this.bids, snapshot.bids);
    this.put(this.asks, snapshot.asks);
    this.updateId = last;
    this.isWhole = true;
    this.waiting = [];
    return following.every((update) => this.change(update));
  }

  /** Take a change; false if one before it is missing. */
  change(update: DepthUpdate): boolean {
    if (!this.isWhole) {
      this.waiting.push(update);
      return true;
    }
    if (update.u <= this.updateId) return true;
    if (update.U > this.updateId + 1) return false;
    this.put(this.bids, update.b);
    this.put(this.asks, update.a);
    this.updateId = update.u;
    return true;
  }

  /** The best rows of a side, prices gathered in groups of so many ticks, away from the spread. */
  rows(side: "bids" | "asks", count: number, group: number): Row[] {
    const levels = this[side];
    const prices = [...levels.keys()].sort(side === "bids" ? (a, b) => b - a : (a, b) => a - b);
    const rows: Row[] = [];
    let total = 0;
    for (const price of prices) {
      const size = levels.get(price) ?? 0;
      const at = (side === "bids" ? Math.floor(price / group) : Math.ceil(price / group)) * group;
      const row = rows[rows.length - 1];
      if (row && row.price === at) {
        total += size;
        row.size += size;
        row.total = total;
      } else if (rows.length < count) {
        total += size;
        rows.push({ price: at, size, total });
      } else break;
    }
    return rows;
  }

  private put(levels: Map<number, number>, changes: Level[]): void {
    for (const [price, size] of changes) {
      const lots = scale(size, this.lots);
      if (lots) levels.set(scale(price, this.ticks), lots);
      else levels.delete(scale(price, this.ticks));
    }
  }
}
