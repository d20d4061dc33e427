import { compact, direction, grouped, percent } from "../lib/format";
import type { Market } from "../lib/types";
import { lastTrade, trades } from "../state/live";
import { choose, gridOf, market, markets, symbol, ticker, tickers } from "../state/markets";

/** All markets, and the figures of the one that is shown. */
export function MarketBar() {
  return (
    <section class="panel bar" aria-label="Markets">
      <ul class="markets">
        {markets.value.map((one) => <Choice key={one.symbol} one={one} />)}
      </ul>
      <Figures />
    </section>
  );
}

function Choice({ one }: { one: Market }) {
  const figures = tickers.value.get(one.symbol);
  const change = figures?.priceChangePercent ?? "0";
  return (
    <li>
      <button
        type="button" class="market" aria-pressed={one.symbol === symbol.value}
        onClick={() => choose(one.symbol)}
      >
        <b>{one.symbol.replace("_", "/")}</b>
        <span class="number changed" key={figures?.lastPrice}>{figures ? grouped(figures.lastPrice, gridOf(one).price) : "–"}</span>
        <span class={`number ${direction(change)}`}>{percent(change)}</span>
        <span class="number faint">{figures ? compact(figures.quoteVolume) : "–"}</span>
      </button>
    </li>
  );
}

function Figures() {
  const shown = market.value;
  const figures = ticker.value;
  if (!shown) return <dl class="figures" />;
  const decimals = gridOf(shown).price;
  const price = lastTrade.value?.price ?? figures?.lastPrice;
  document.title = price ? `${grouped(price, decimals)} ${shown.symbol.replace("_", "/")} · Truebook` : "Truebook";
  const moved = Number(price ?? 0) - Number(trades.value[1]?.price ?? price ?? 0);
  const entry = (name: string, value: string, kind = "") => (
    <div>
      <dt>{name}</dt>
      <dd class={`number ${kind}`}>{value}</dd>
    </div>
  );
  const money = (value?: string) => (value === undefined ? "–" : grouped(value, decimals));
  return (
    <dl class="figures">
      <div class="last">
        <dt>Last price</dt>
        <dd class={`number ${direction(moved)}`} data-testid="last-price">{money(price)}</dd>
      </div>
      {entry("24h change", figures ? percent(figures.priceChangePercent) : "–", direction(figures?.priceChangePercent ?? 0))}
      {entry("24h high", money(figures?.high))}
      {entry("24h low", money(figures?.low))}
      {entry(`24h volume (${shown.baseSymbol})`, figures ? compact(figures.volume) : "–")}
      {entry(`24h volume (${shown.quoteSymbol})`, figures ? compact(figures.quoteVolume) : "–")}
      {shown.orderBookState !== "Open" && entry("State", shown.orderBookState, "warn")}
    </dl>
  );
}
