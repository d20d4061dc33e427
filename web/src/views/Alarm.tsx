import { alarm } from "../state/integrity";
import { go } from "../state/route";

/** On every page, as long as an engine isn't what the log says. */
export function Alarm() {
  const verdict = alarm.value;
  if (!verdict) return null;
  return (
    <div class="alarm" role="alert" data-testid="alarm">
      <b>{verdict.halts ? "Trading is halted." : "An engine was wrong; trading goes on."}</b>
      <span>
        {verdict.engine} is not what the log says{verdict.first ? `, first at ${verdict.first}` : ""}: {verdict.what}
      </span>
      <a href="/proof" onClick={(event) => (event.preventDefault(), go("/proof"))}>Details</a>
    </div>
  );
}
