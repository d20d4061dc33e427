import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Book, Row } from "../lib/book";
import { book, bookVersion } from "../state/live";
import { gridOf, market } from "../state/markets";
import { colour, theme } from "../state/theme";

const DRAW_MS = 250;
const LEVELS = 400;
const NEAR = 0.03;
/** How much further than the shorter side's last level is shown. */
const WIDER = 1.5;

/** What stands in the book up to each price, three per cent around the middle at most. */
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
      const shown = market.value;
      plot?.destroy();
      plot = new uPlot({ ...size(), ...options(shown ? gridOf(shown).price : 2) }, [[], [], []], element);
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

function options(decimals: number): Omit<uPlot.Options, "width" | "height"> {
  const step = uPlot.paths.stepped?.({ align: 1 });
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const side = (name: string) => ({ stroke: colour(name), fill: `${colour(name)}26`, width: 1.5, points: { show: false }, ...(step ? { paths: step } : {}) });
  return {
    scales: { x: { time: false } },
    axes: [{ ...axis, values: (_, prices) => prices.map((price) => price.toFixed(decimals)) }, { ...axis, side: 1, size: 60 }],
    series: [{}, { label: "Bids", ...side("up") }, { label: "Asks", ...side("down") }],
    legend: { show: false },
    cursor: { y: false },
  };
}

/** Sums by price, as far to one side of the middle as to the other; the last ones go on to the edge. */
function curve(kept: Book, grid: { price: number; quantity: number }): uPlot.AlignedData {
  const bids = kept.rows("bids", LEVELS, 1);
  const asks = kept.rows("asks", LEVELS, 1);
  if (!bids[0] || !asks[0]) return [[], [], []];
  const middle = (bids[0].price + asks[0].price) / 2;
  const reach = Math.min(middle - (bids.at(-1)?.price ?? 0), (asks.at(-1)?.price ?? 0) - middle);
  const width = Math.min(middle * NEAR, Math.max(reach * WIDER, 1));
  const near = (row: Row) => Math.abs(row.price - middle) <= width;
  const below = bids.filter(near).reverse();
  const above = asks.filter(near);
  const sums = (rows: Row[]) => rows.map((row) => row.total / 10 ** grid.quantity);
  const nothing = (rows: Row[]) => Array<null>(rows.length + 1).fill(null);
  const [bidSums, askSums] = [sums(below), sums(above)];
  return [
    [middle - width, ...below.map((row) => row.price), ...above.map((row) => row.price), middle + width].map((ticks) => ticks / 10 ** grid.price),
    [bidSums[0] ?? null, ...bidSums, ...nothing(above)],
    [...nothing(below), ...askSums, askSums.at(-1) ?? null],
  ];
}
