import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../lib/api";
import { grouped } from "../lib/format";
import { settings } from "../state/connection";
import { tell } from "../state/notices";
import { signIn, signUp } from "../state/session";

/** Signing in and signing up. */
export function Entrance({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isNew = useSignal(false);
  const busy = useSignal(false);
  const fault = useSignal<ApiError | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const name = String(fields.get("name"));
    const password = String(fields.get("password"));
    busy.value = true;
    fault.value = null;
    try {
      await (isNew.value ? signUp(name, password) : signIn(name, password));
      tell(isNew.value ? `Welcome, ${name}` : `Signed in as ${name}`);
      close();
    } catch (failure) {
      fault.value = failure as ApiError;
    } finally {
      busy.value = false;
    }
  }

  const at = fault.value?.field;
  const given = Object.entries(settings.value?.faucet ?? {}).map(([asset, amount]) => `${grouped(amount)} ${asset}`).join(", ");
  return (
    <dialog ref={dialog} class="entrance" onClose={close} aria-labelledby="entrance-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="entrance-title">{isNew.value ? "Create an account" : "Sign in"}</h2>
        <label>
          Name
          <input name="name" autocomplete="username" required minLength={3} maxLength={24} aria-invalid={at === "name"} />
        </label>
        <label>
          Password
          <input
            name="password" type="password" required minLength={10} aria-invalid={at === "password"}
            autocomplete={isNew.value ? "new-password" : "current-password"}
          />
        </label>
        {isNew.value && <p class="hint">At least ten characters. There is no way to recover it: it is your key.</p>}
        {isNew.value && given && <p class="hint">To try it out you are given {given}.</p>}
        <p class="fault" role="alert">{fault.value?.message}</p>
        <button class="primary wide" type="submit" disabled={busy.value}>
          {isNew.value ? "Create account" : "Sign in"}
        </button>
        <div class="between">
          <button class="plain" type="button" onClick={() => (isNew.value = !isNew.value)}>
            {isNew.value ? "I have an account" : "Create an account"}
          </button>
          <button class="plain" type="button" onClick={() => dialog.current?.close()}>Cancel</button>
        </div>
      </form>
    </dialog>
  );
}
