import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type ApiError, get, post, remove } from "../lib/api";
import { moment } from "../lib/format";
import { makeKeyPair } from "../lib/keypair";
import type { ApiKey } from "../lib/types";
import { tell } from "../state/notices";
import { session } from "../state/session";

const PERMISSIONS = ["read", "trade", "withdraw"];

interface New { apiKey: string; secret: string; isOurs: boolean }

/** API keys: made here, their secret shown once. */
export function Keys() {
  const keys = useSignal<ApiKey[] | null>(null);
  const fresh = useSignal<New | null>(null);
  const fault = useSignal("");

  const load = (): Promise<void> =>
    get<ApiKey[]>("/api/v1/keys").then((found) => { keys.value = found; }, () => { keys.value = []; });
  useEffect(() => void (session.value && load()), [session.value]);

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const pair = await makeKeyPair();
    fault.value = "";
    try {
      const made = await post<{ apiKey: string; apiSecret?: string }>("/api/v1/keys", {
        label: String(fields.get("label")),
        permissions: PERMISSIONS.filter((name) => fields.has(name)),
        addresses: String(fields.get("addresses")).split(/[\s,]+/).filter(Boolean),
        ...(pair ? { publicKey: pair.publicKey } : {}),
      });
      fresh.value = { apiKey: made.apiKey, secret: made.apiSecret ?? pair?.secret ?? "", isOurs: !pair };
      await load();
    } catch (failure) {
      fault.value = (failure as ApiError).message;
    }
  }

  async function revoke(apiKey: string): Promise<void> {
    await remove("/api/v1/keys", { apiKey }).then(
      () => tell("Key revoked"),
      (failure: ApiError) => tell(failure.message, true),
    );
    await load();
  }

  if (!session.value) return <main class="page"><p class="empty">Sign in to make API keys.</p></main>;
  return (
    <main class="page">
      <h1>API keys</h1>
      <p class="hint">Bots sign with an Ed25519 key, as on Backpack. The secret is made in this browser and is shown once.</p>
      {fresh.value && <Fresh made={fresh.value} />}
      <form class="panel form" onSubmit={(event) => void create(event)}>
        <div class="pair">
          <label>Label <input name="label" maxLength={40} /></label>
          <label>Addresses it may be used from <input name="addresses" placeholder="any" /></label>
        </div>
        <fieldset>
          <legend>It may</legend>
          {PERMISSIONS.map((name) => (
            <label key={name} class="check"><input type="checkbox" name={name} defaultChecked={name !== "withdraw"} /> {name}</label>
          ))}
        </fieldset>
        <p class="fault" role="alert">{fault.value}</p>
        <button class="primary" type="submit">Make a key</button>
      </form>
      <section class="panel" aria-labelledby="present-keys">
        <div class="between title"><h2 id="present-keys">Your keys</h2><span class="faint number">{keys.value?.length || ""}</span></div>
        {!keys.value?.length ? <p class="empty">{keys.value ? "No keys yet." : "Loading…"}</p> : (
          <div class="scroll">
            <table data-testid="keys">
              <thead><tr><th>Key</th><th>Label</th><th>May</th><th>Addresses</th><th>Made</th><th /></tr></thead>
              <tbody>
                {keys.value.map((key) => (
                  <tr key={key.apiKey}>
                    <td><code>{key.apiKey}</code></td><td>{key.label}</td><td>{key.permissions.join(", ")}</td>
                    <td>{key.addresses.join(", ") || "any"}</td><td class="faint">{key.createdAt ? moment(key.createdAt) : ""}</td>
                    <td class="right"><button type="button" class="small" onClick={() => void revoke(key.apiKey)}>Revoke</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </main>
  );
}

function Fresh({ made }: { made: New }) {
  return (
    <div class="panel fresh" role="status">
      <p>Keep the secret now: it is not shown again{made.isOurs ? "" : ", and the exchange never had it"}.</p>
      <dl>
        <dt>API key</dt><dd><code data-testid="new-key">{made.apiKey}</code></dd>
        <dt>Secret</dt><dd><code data-testid="new-secret">{made.secret}</code></dd>
      </dl>
    </div>
  );
}
