// The candles of one market and interval: history by pages, then live.
//
// Promise: candles are in order and without gaps from the first loaded to the present one; after a
// lost connection the newest page is asked for again, which fills what was missed.

import { get } from "../lib/api";
import { utc } from "../lib/format";
import type { Kline, KlineUpdate } from "../lib/types";
import { socket } from "./connection";

const MINUTE = 60, HOUR = 3600, DAY = 86_400;
export const INTERVALS = {
  "1s": 1, "1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE,
  "1h": HOUR, "2h": 2 * HOUR, "4h": 4 * HOUR, "6h": 6 * HOUR, "8h": 8 * HOUR, "12h": 12 * HOUR,
  "1d": DAY, "3d": 3 * DAY, "1w": 7 * DAY, "1month": 31 * DAY,
} as const;
export type Interval = keyof typeof INTERVALS;

export interface Candle { start_s: number; open: number; high: number; low: number; close: number; volume: number }

const PAGE = 500;

export class Candles {
  private readonly kept = new Map<number, Candle>();
  private leave: (() => void) | null = null;
  private isLoading = false;
  private isComplete = false;
  private changed: (all: Candle[]) => void = () => undefined;

  constructor(
    private readonly symbol: string,
    private readonly interval: Interval,
  ) {}

  /** Begin: `whole` is given all candles whenever history came in, `one` the present one. */
  open(whole: (all: Candle[]) => void, one: (candle: Candle) => void): void {
    this.changed = whole;
    this.leave = socket().listen(`kline.${this.interval}.${this.symbol}`, {
      hear: (data) => {
        const update = data as KlineUpdate;
        const candle = candleOf(utc(update.t) / 1000, update.o, update.h, update.l, update.c, update.v);
        if (!candle) return;
        const newest = Math.max(0, ...this.kept.keys());
        if (this.isLoading || candle.start_s < newest) return;
        this.kept.set(candle.start_s, candle);
        one(candle);
      },
      reset: () => void this.load(Math.floor(Date.now() / 1000)),
    });
    void this.load(Math.floor(Date.now() / 1000));
  }

  close(): void {
    this.leave?.();
    this.changed = () => undefined;
  }

  /** The page before the first candle that is there. */
  async loadBefore(): Promise<void> {
    if (this.isLoading || this.isComplete || !this.kept.size) return;
    const first = Math.min(...this.kept.keys());
    const before = this.kept.size;
    await this.load(first - 1);
    this.isComplete = this.kept.size === before;
  }

  private async load(end_s: number): Promise<void> {
    if (this.isLoading) return;
    this.isLoading = true;
    const start_s = Math.max(1, end_s - PAGE * INTERVALS[this.interval]);
    const query = { symbol: this.symbol, interval: this.interval, startTime: start_s, endTime: end_s };
    const page = await get<Kline[]>("/api/v1/klines", query).catch(() => []);
    this.isLoading = false;
    for (const kline of page) {
      const { open, high, low, close } = kline;
      const candle = candleOf(utc(kline.start) / 1000, open, high, low, close, kline.volume);
      if (candle) this.kept.set(candle.start_s, candle);
    }
    this.changed([...this.kept.values()].sort((a, b) => a.start_s - b.start_s));
  }
}

function candleOf(
  start_s: number, open: string | null, high: string | null, low: string | null, close: string | null, volume: string,
): Candle | null {
  if (open === null || high === null || low === null || close === null) return null;
  return { start_s, open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(volume) };
}
