import { signal, useSignal } from "@preact/signals";
import { ApiError, post } from "../lib/api";
import { parse, text, trimmed } from "../lib/decimal";
import { grouped } from "../lib/format";
import { estimate } from "../lib/estimate";
import type { Order } from "../lib/types";
import { book } from "../state/live";
import { gridOf, market } from "../state/markets";
import { tell } from "../state/notices";
import { available, refresh, session, terms } from "../state/session";
import { price, quantity, side } from "../state/ticket";
import { Field } from "./Field";
import { Tabs } from "./Tabs";

const KINDS = ["Limit", "Market", "Trigger"] as const;
const PREVENTION = ["RejectTaker", "RejectMaker", "RejectBoth", "Allow"];
const HOWS = { rest: "Rests until cancelled", post_only: "Post-only: never takes", ioc: "Fill what there is (IOC)", fok: "All or nothing" };
type How = keyof typeof HOWS;

const kind = signal<(typeof KINDS)[number]>("Limit");
const trigger = signal("");
const how = signal<How>("rest");
const byQuote = signal(false);
const prevention = signal("RejectTaker");

/** The order ticket: everything an order can be, with what it costs before it is sent. */
export function Ticket() {
  const busy = useSignal(false);
  const fault = useSignal<ApiError | null>(null);
  const shown = market.value;
  if (!shown) return <div />;
  const grid = gridOf(shown);
  const isBid = side.value === "Bid";
  const isMarket = kind.value === "Market" || (kind.value === "Trigger" && price.value === "");
  const inQuote = kind.value === "Market" && byQuote.value;
  const asset = inQuote ? shown.quoteSymbol : shown.baseSymbol;
  const plan = estimate({
    isBid, isMarket, inQuote, price: price.value, quantity: quantity.value, grid,
    book: book.value, feeBasisPoints: Number(how.value === "post_only" ? terms.value?.spotMakerFee : terms.value?.spotTakerFee) || 0,
  });
  const spent = isBid ? shown.quoteSymbol : shown.baseSymbol;
  const got = isBid ? shown.baseSymbol : shown.quoteSymbol;

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!shown || busy.value) return;
    busy.value = true;
    fault.value = null;
    try {
      const order = await post<Order>("/api/v1/order", orderOf(shown.symbol, isMarket, inQuote));
      tell(`${isBid ? "Buy" : "Sell"} ${shown.baseSymbol}: ${wordsOf(order)}`);
      quantity.value = "";
      refresh();
    } catch (failure) {
      fault.value = failure as ApiError;
    } finally {
      busy.value = false;
    }
  }

  function part(percentage: number): void {
    const funds = parse(available(spent), 18) ?? 0n;
    const share = (funds * BigInt(percentage)) / 100n;
    if (inQuote ? isBid : !isBid) {
      quantity.value = trimmed(cut(share, inQuote ? 2 : grid.quantity));
    } else {
      const at = parse(price.value || plan.reference, 18) ?? 0n;
      if (at > 0n) quantity.value = trimmed(cut((share * 10n ** 18n) / at, grid.quantity));
    }
  }

  const at = fault.value?.field ?? "";
  const general = fault.value && !["price", "quantity", "quoteQuantity", "triggerPrice", "triggerQuantity"].includes(at);
  return (
    <form onSubmit={(event) => void submit(event)} noValidate data-testid="ticket">
      <div class="sides" role="group" aria-label="Side">
        <button type="button" class="buy" aria-pressed={isBid} onClick={() => (side.value = "Bid")}>Buy</button>
        <button type="button" class="sell" aria-pressed={!isBid} onClick={() => (side.value = "Ask")}>Sell</button>
      </div>
      <Tabs names={KINDS} chosen={kind} label="Order type" />
      {kind.value === "Trigger" && (
        <Field label="Trigger price" unit={shown.quoteSymbol} value={trigger} fault={at === "triggerPrice" ? fault.value : null} />
      )}
      {kind.value !== "Market" && (
        <Field
          label={kind.value === "Trigger" ? "Limit (empty: market)" : "Price"} unit={shown.quoteSymbol} value={price}
          fault={at === "price" ? fault.value : null} step={shown.filters.price.tickSize}
        />
      )}
      <Field
        label={inQuote ? (isBid ? "Spend" : "Receive") : "Amount"} unit={asset} value={quantity}
        fault={at === "quantity" || at === "quoteQuantity" || at === "triggerQuantity" ? fault.value : null}
        step={inQuote ? undefined : shown.filters.quantity.stepSize}
      />
      <div class="parts" role="group" aria-label="Part of what is available">
        {[25, 50, 75, 100].map((percentage) => (
          <button key={percentage} type="button" onClick={() => part(percentage)} disabled={!session.value}>{percentage}%</button>
        ))}
      </div>
      {kind.value === "Market" && (
        <label class="check">
          <input type="checkbox" checked={byQuote.value} onChange={(event) => (byQuote.value = event.currentTarget.checked)} />
          Amount in {shown.quoteSymbol}
        </label>
      )}
      <details class="more">
        <summary>More</summary>
        {kind.value === "Limit" && (
          <label class="choice">Fills
            <select value={how.value} onChange={(event) => (how.value = event.currentTarget.value as How)}>
              {Object.entries(HOWS).map(([name, words]) => <option key={name} value={name}>{words}</option>)}
            </select>
          </label>
        )}
        <label class="choice">Self-trade
          <select value={prevention.value} onChange={(event) => (prevention.value = event.currentTarget.value)}>
            {PREVENTION.map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      </details>
      <dl class="sums">
        <Line name="Available" value={session.value ? grouped(trimmed(available(spent))) : "–"} unit={spent} />
        <Line name={isBid ? "Cost, about" : "Sells"} value={plan.spent} unit={spent} />
        <Line name="Fee, at most about" value={plan.fee} unit={got} />
        <Line name="You receive, about" value={plan.received} unit={got} />
      </dl>
      <p class="fault" role="alert">{general ? fault.value?.message : ""}</p>
      <button
        class={`wide ${isBid ? "buy" : "sell"}`} type="submit" data-testid="submit"
        disabled={busy.value || !session.value || quantity.value === ""}
      >
        {session.value ? `${isBid ? "Buy" : "Sell"} ${shown.baseSymbol}` : "Sign in to trade"}
      </button>
    </form>
  );
}

function Line({ name, value, unit }: { name: string; value: string; unit: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value} <small>{unit}</small></dd>
    </div>
  );
}

/** A whole number of 10 ** -18 as text, cut to so many decimals. */
const cut = (units: bigint, decimals: number): string => text(units / 10n ** BigInt(18 - decimals), decimals);

function orderOf(symbol: string, isMarket: boolean, inQuote: boolean): Record<string, unknown> {
  const isTrigger = kind.value === "Trigger";
  const amount = isTrigger
    ? { triggerPrice: trigger.value, triggerQuantity: quantity.value }
    : inQuote ? { quoteQuantity: quantity.value } : { quantity: quantity.value };
  const limits = { rest: {}, post_only: { postOnly: true }, ioc: { timeInForce: "IOC" }, fok: { timeInForce: "FOK" } };
  return {
    symbol,
    side: side.value,
    orderType: isMarket ? "Market" : "Limit",
    ...amount,
    ...(isMarket ? {} : { price: price.value }),
    ...(kind.value === "Limit" ? limits[how.value] : {}),
    selfTradePrevention: prevention.value,
  };
}

function wordsOf(order: Order): string {
  const words: Record<string, string> = {
    New: "resting in the book", PartiallyFilled: "partly filled, the rest is in the book", Filled: "filled",
    Expired: `expired${order.expiryReason ? ` (${order.expiryReason})` : ""}, ${order.executedQuantity} filled`,
    TriggerPending: "waiting for its trigger price",
  };
  return words[order.status] ?? order.status;
}
