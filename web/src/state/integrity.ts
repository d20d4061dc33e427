// Whether the engines are what the log says: asked for all the time, shown on every page if not.

import { computed, signal } from "@preact/signals";
import { get } from "../lib/api";
import { page } from "./route";

export interface Engine {
  name: string; position: string; lagMs: number; stateHash: string; publishes: boolean; halted: boolean;
  attested: { position: string; timeMs: number; stateHash: string } | null;
}
export interface Verdict { engine: string; agreed: string; first: string; what: string; atMs: number; halts: boolean }
export interface Integrity {
  state: "Agreed" | "Alone" | "Wrong" | "Halted" | "Unknown";
  position: string;
  engines: Engine[];
  witness: { position: string; stateHash: string; verdicts: number; hasTrouble: boolean } | null;
  verdict: Verdict | null;
}

const LOOKING_MS = 2000;
const ELSEWHERE_MS = 5000;

/** null: not known yet, or nobody could say. */
export const integrity = signal<Integrity | null>(null);
/** What somebody should see whatever they look at. */
export const alarm = computed(() => {
  const found = integrity.value;
  return found?.verdict && (found.state === "Halted" || found.state === "Wrong") ? found.verdict : null;
});

/** Ask from now on; more often while somebody looks at the page about it. */
export async function followIntegrity(): Promise<void> {
  for (;;) {
    if (!document.hidden) integrity.value = await get<Integrity>("/api/v1/integrity").catch(() => integrity.value);
    const pause = page.value === "proof" ? LOOKING_MS : ELSEWHERE_MS;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
