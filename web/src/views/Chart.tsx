import { effect, signal, useSignal } from "@preact/signals";
import {
  CandlestickSeries, ColorType, createChart, HistogramSeries,
  type AutoscaleInfo, type CandlestickData, type HistogramData, type IChartApi, type ISeriesApi, type Logical, type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import { Candles, INTERVALS, type Candle, type Interval } from "../state/candles";
import { gridOf, market } from "../state/markets";
import { isResting } from "../state/orders";
import { openOrders } from "../state/session";
import { colour, theme } from "../state/theme";
import { OrderLines, type Scale } from "./OrderLines";

const SHOWN = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
type Shown = (typeof SHOWN)[number];
const LOAD_MORE_BARS = 30;
/** Orders so near to the last price, as a part of it, are kept in sight. */
const NEAR = 0.01;

/** Candles and volume of the market shown; scrolling back loads what came before. */
export function Chart() {
  const interval = useSignal<Interval>("1m");
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useSignal<Picture | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const picture = new Picture(element);
    drawn.value = picture;
    const leave = effect(() => {
      const shown = market.value;
      if (!shown) return undefined;
      const candles = new Candles(shown.symbol, interval.value);
      picture.show(candles, gridOf(shown).price);
      return () => candles.close();
    });
    const recolour = effect(() => (void theme.value, picture.recolour()));
    const refit = effect(() => (void openOrders.value, picture.redraw()));
    return () => (leave(), recolour(), refit(), picture.close());
  }, [interval, drawn]);
  return (
    <>
      <div class="intervals" role="group" aria-label="Interval">
        {SHOWN.map((name) => (
          <button key={name} type="button" aria-pressed={interval.value === name} onClick={() => (interval.value = name)}>
            {name}
          </button>
        ))}
        <label class="quiet">
          <span class="hidden">Every interval</span>
          <select
            value={SHOWN.includes(interval.value as Shown) ? "" : interval.value}
            onChange={(event) => (interval.value = event.currentTarget.value as Interval)}
          >
            <option value="" hidden>More</option>
            {Object.keys(INTERVALS).map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      </div>
      <div class="canvas" ref={frame} data-testid="candles">
        {drawn.value && <OrderLines scale={drawn.value} />}
      </div>
    </>
  );
}

/** The drawing: it shows one series of candles at a time. */
class Picture implements Scale {
  readonly scaled = signal(0);
  private readonly chart: IChartApi;
  private readonly prices: ISeriesApi<"Candlestick">;
  private readonly volumes: ISeriesApi<"Histogram">;
  private candles: Candles | null = null;
  private last = 0;
  private waiting = 0;
  /** Draw anew, as what has to be in sight may have changed. */
  redraw: () => void = () => undefined;

  constructor(element: HTMLElement) {
    this.chart = createChart(element, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: "inherit", fontSize: 11 },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, rightOffset: 6, barSpacing: 9 },
      rightPriceScale: { borderVisible: false, minimumWidth: 62 },
      crosshair: { mode: 0 },
    });
    this.prices = this.chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.volumes = this.chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.prices.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.24 } });
    this.prices.attachPrimitive({
      attached: ({ requestUpdate }) => (this.redraw = requestUpdate),
      updateAllViews: () => this.rescaled(),
      autoscaleInfo: (from, to) => this.withOrders(from, to),
    });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < LOAD_MORE_BARS) void this.candles?.loadBefore();
    });
  }

  show(candles: Candles, decimals: number): void {
    this.candles = candles;
    this.prices.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    this.prices.setData([]);
    this.volumes.setData([]);
    let isNew = true;
    candles.open(
      (all) => {
        if (this.candles !== candles) return;
        this.prices.setData(all.map(bar));
        this.volumes.setData(all.map(volume));
        this.last = all.at(-1)?.close ?? 0;
        if (isNew) this.chart.timeScale().scrollToRealTime();
        isNew = false;
      },
      (one) => {
        if (this.candles !== candles) return;
        this.last = one.close;
        this.prices.update(bar(one));
        this.volumes.update(volume(one));
      },
    );
  }

  recolour(): void {
    const line = colour("line");
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: colour("panel") }, textColor: colour("faint") },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
    });
    this.prices.applyOptions({ upColor: colour("up"), downColor: colour("down"), wickUpColor: colour("up"), wickDownColor: colour("down") });
  }

  yOf(price: number): number | null {
    const y = this.prices.priceToCoordinate(price);
    return y === null || y < 0 || y > this.chart.paneSize().height ? null : y;
  }

  priceAt(y: number): number | null {
    return this.prices.coordinateToPrice(y);
  }

  axisWidth(): number {
    return this.chart.priceScale("right").width();
  }

  close(): void {
    this.chart.remove();
  }

  /** Of many calls within a frame one is told: drawing must not wait for what follows. */
  private rescaled(): void {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      if (openOrders.value.length) this.scaled.value += 1;
    });
  }

  /** One's orders near the present price belong into the picture. */
  private withOrders(_from: Logical, _to: Logical): AutoscaleInfo | null {
    const prices = openOrders.value
      .filter((order) => order.symbol === market.value?.symbol && isResting(order))
      .map((order) => Number(order.price))
      .filter((price) => Math.abs(price - this.last) <= this.last * NEAR);
    if (!prices.length) return null;
    return { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } };
  }
}

const bar = (one: Candle): CandlestickData => ({
  time: one.start_s as UTCTimestamp, open: one.open, high: one.high, low: one.low, close: one.close,
});
const volume = (one: Candle): HistogramData => ({
  time: one.start_s as UTCTimestamp, value: one.volume,
  color: one.close >= one.open ? "rgba(47, 191, 143, 0.35)" : "rgba(235, 87, 103, 0.35)",
});
