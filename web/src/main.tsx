import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { connect } from "./state/connection";
import { followMarket } from "./state/live";
import { followIntegrity } from "./state/integrity";
import { loadMarkets } from "./state/markets";
import { tell } from "./state/notices";
import { followAccount, resume } from "./state/session";
import { beginTheme } from "./state/theme";
import { followKeys } from "./state/ticket";
import { App } from "./views/App";

const AGAIN_MS = 1000;

async function begin(): Promise<void> {
  try {
    await connect();
    followMarket();
    followAccount();
    await Promise.all([loadMarkets(), resume()]);
  } catch {
    tell("The exchange can't be reached: trying again", true);
    setTimeout(() => location.reload(), AGAIN_MS);
  }
}

beginTheme();
followKeys();
void followIntegrity();
render(<App />, document.getElementById("app")!);
void begin();
