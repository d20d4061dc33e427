import { page } from "../state/route";
import { Alarm } from "./Alarm";
import { Header } from "./Header";
import { Keys } from "./Keys";
import { Notices } from "./Notices";
import { Operator } from "./operator/Operator";
import { Proof } from "./Proof";
import { Trade } from "./Trade";

const PAGES = { trade: Trade, keys: Keys, proof: Proof, operator: Operator };

export function App() {
  const Shown = PAGES[page.value];
  return (
    <>
      <Header />
      <Alarm />
      <Shown />
      <Notices />
    </>
  );
}
