import { signal } from "@preact/signals";
import { openOrders, session } from "../state/session";
import { BalanceTable } from "./BalanceTable";
import { FillTable, OrderHistory } from "./History";
import { OpenOrders } from "./OpenOrders";
import { Tabs } from "./Tabs";

const PAGES = ["Open orders", "Order history", "Fills", "Balances"] as const;
const chosen = signal<(typeof PAGES)[number]>("Open orders");

/** What is the account's: orders, fills, balances. */
export function Desk() {
  return (
    <>
      <div class="between">
        <Tabs names={PAGES} chosen={chosen} label="Your account" />
        <span class="faint count">{openOrders.value.length ? `${openOrders.value.length} open` : ""}</span>
      </div>
      <div class="scroll">{session.value ? <Shown /> : <p class="empty">Sign in to see your orders and balances.</p>}</div>
    </>
  );
}

function Shown() {
  switch (chosen.value) {
    case "Open orders": return <OpenOrders />;
    case "Order history": return <OrderHistory />;
    case "Fills": return <FillTable />;
    case "Balances": return <BalanceTable />;
  }
}
