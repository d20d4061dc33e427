import { useSignal } from "@preact/signals";
import { Chart } from "./Chart";
import { DepthChart } from "./DepthChart";
import { Desk } from "./Desk";
import { Ladder } from "./Ladder";
import { MarketBar } from "./MarketBar";
import { Tape } from "./Tape";
import { Tabs } from "./Tabs";
import { Ticket } from "./Ticket";

type Picture = "Candles" | "Depth";

export function Trade() {
  const picture = useSignal<Picture>("Candles");
  return (
    <main class="trade">
      <MarketBar />
      <section class="panel picture" aria-label="Chart">
        <Tabs names={["Candles", "Depth"] as const} chosen={picture} label="Chart" />
        {picture.value === "Candles" ? <Chart /> : <DepthChart />}
      </section>
      <section class="panel ladder" aria-label="Order book"><Ladder /></section>
      <section class="panel tape" aria-label="Trades"><Tape /></section>
      <section class="panel ticket" aria-label="Order ticket"><Ticket /></section>
      <section class="panel desk" aria-label="Your account"><Desk /></section>
    </main>
  );
}
