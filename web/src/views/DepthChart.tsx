import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Book } from "../lib/book";
import { book, bookVersion } from "../state/live";
import { gridOf, market } from "../state/markets";
import { colour, theme } from "../state/theme";

const DRAW_MS = 250;
const LEVELS = 400;
const NEAR = 0.03;

/** What stands in the book up to each price, three per cent around the middle. */
export function DepthChart() {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    let plot: uPlot | null = null;
    let drawn = 0;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const stop = effect(() => {
      void theme.value;
      plot?.destroy();
      plot = new uPlot({ ...size(), ...options() }, [[], [], []], element);
    });
    const follow = effect(() => {
      void bookVersion.value;
      const shown = market.value;
      const now = performance.now();
      if (!shown || !book.value || now - drawn < DRAW_MS) return;
      drawn = now;
      plot?.setData(curve(book.value, gridOf(shown)));
    });
    const observer = new ResizeObserver(() => plot?.setSize(size()));
    observer.observe(element);
    return () => (stop(), follow(), observer.disconnect(), plot?.destroy());
  }, []);
  return <div class="canvas" ref={frame} data-testid="depth-chart" />;
}

function options(): Omit<uPlot.Options, "width" | "height"> {
  const step = uPlot.paths.stepped?.({ align: 1 });
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const side = (name: string) => ({ stroke: colour(name), fill: `${colour(name)}26`, width: 1.5, points: { show: false }, ...(step ? { paths: step } : {}) });
  return {
    scales: { x: { time: false } },
    axes: [axis, { ...axis, side: 1, size: 60 }],
    series: [{}, { label: "Bids", ...side("up") }, { label: "Asks", ...side("down") }],
    legend: { show: false },
    cursor: { y: false },
  };
}

function curve(kept: Book, grid: { price: number; quantity: number }): uPlot.AlignedData {
  const bids = kept.rows("bids", LEVELS, 1);
  const asks = kept.rows("asks", LEVELS, 1);
  const middle = ((bids[0]?.price ?? 0) + (asks[0]?.price ?? 0)) / 2;
  const near = (price: number) => Math.abs(price - middle) <= middle * NEAR;
  const below = bids.filter((row) => near(row.price)).reverse();
  const above = asks.filter((row) => near(row.price));
  const price = (ticks: number) => ticks / 10 ** grid.price;
  const size = (lots: number) => lots / 10 ** grid.quantity;
  return [
    [...below, ...above].map((row) => price(row.price)),
    [...below.map((row) => size(row.total)), ...above.map(() => null)],
    [...below.map(() => null), ...above.map((row) => size(row.total))],
  ];
}
