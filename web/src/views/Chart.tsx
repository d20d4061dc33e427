import { effect, useSignal } from "@preact/signals";
import {
  CandlestickSeries, ColorType, createChart, HistogramSeries,
  type CandlestickData, type HistogramData, type IChartApi, type ISeriesApi, type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import { Candles, INTERVALS, type Candle, type Interval } from "../state/candles";
import { gridOf, market } from "../state/markets";
import { colour, theme } from "../state/theme";

const SHOWN = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
const LOAD_MORE_BARS = 30;

/** Candles and volume of the market shown; scrolling back loads what came before. */
export function Chart() {
  const interval = useSignal<Interval>("1m");
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const picture = new Picture(element);
    const leave = effect(() => {
      const shown = market.value;
      if (!shown) return undefined;
      const candles = new Candles(shown.symbol, interval.value);
      picture.show(candles, gridOf(shown).price);
      return () => candles.close();
    });
    const recolour = effect(() => (void theme.value, picture.recolour()));
    return () => (leave(), recolour(), picture.close());
  }, [interval]);
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
          <select value={interval.value} onChange={(event) => (interval.value = event.currentTarget.value as Interval)}>
            {Object.keys(INTERVALS).map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      </div>
      <div class="canvas" ref={frame} data-testid="candles" />
    </>
  );
}

/** The drawing: it shows one series of candles at a time. */
class Picture {
  private readonly chart: IChartApi;
  private readonly prices: ISeriesApi<"Candlestick">;
  private readonly volumes: ISeriesApi<"Histogram">;
  private candles: Candles | null = null;

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
        if (isNew) this.chart.timeScale().scrollToRealTime();
        isNew = false;
      },
      (one) => {
        if (this.candles !== candles) return;
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

  close(): void {
    this.chart.remove();
  }
}

const bar = (one: Candle): CandlestickData => ({
  time: one.start_s as UTCTimestamp, open: one.open, high: one.high, low: one.low, close: one.close,
});
const volume = (one: Candle): HistogramData => ({
  time: one.start_s as UTCTimestamp, value: one.volume,
  color: one.close >= one.open ? "rgba(47, 191, 143, 0.35)" : "rgba(235, 87, 103, 0.35)",
});
