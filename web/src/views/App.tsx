import { page } from "../state/route";
import { Header } from "./Header";
import { Keys } from "./Keys";
import { Notices } from "./Notices";
import { Trade } from "./Trade";

export function App() {
  return (
    <>
      <Header />
      {page.value === "keys" ? <Keys /> : <Trade />}
      <Notices />
    </>
  );
}
