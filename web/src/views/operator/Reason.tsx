import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../../lib/api";
import { carryOut, change, type Change } from "../../state/operator";

const REASON_MAX = 200;

/** Asks for the reason of a change, which stands in the log beside it. */
export function Reason() {
  return change.value && <Asked key={change.value.title} wanted={change.value} />;
}

function Asked({ wanted }: { wanted: Change }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const busy = useSignal(false);
  const fault = useSignal<ApiError | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const fields = Object.fromEntries(wanted.fields.map(({ name }) => [name, String(given.get(name)).trim()]));
    busy.value = true;
    try {
      await carryOut(String(given.get("reason")), fields);
    } catch (failure) {
      fault.value = failure as ApiError;
      busy.value = false;
    }
  }

  const at = fault.value?.field;
  return (
    <dialog ref={dialog} class="entrance" onClose={() => (change.value = null)} aria-labelledby="reason-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="reason-title">{wanted.title}</h2>
        <p class="hint">{wanted.explained}</p>
        {wanted.fields.map(({ name, label, value }) => (
          <label key={name}>
            {label}
            <input name={name} defaultValue={value} inputMode="numeric" required aria-invalid={at === name} />
          </label>
        ))}
        <label>
          Why? It stands in the log, with your name
          <input name="reason" required maxLength={REASON_MAX} autocomplete="off" aria-invalid={at === "reason"} />
        </label>
        <p class="fault" role="alert">{fault.value?.message}</p>
        <div class="between">
          <button class="plain" type="button" onClick={() => dialog.current?.close()}>Cancel</button>
          <button class={wanted.isGrave ? "grave" : "primary"} type="submit" disabled={busy.value}>Do it</button>
        </div>
      </form>
    </dialog>
  );
}
