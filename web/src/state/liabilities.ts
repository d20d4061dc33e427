// The latest proof of liabilities: the root that everybody gets, and one's own branches, checked.

import { effect, signal } from "@preact/signals";
import { ApiError, get } from "../lib/api";
import { type AccountProof, check, type Checked, NotProved } from "../lib/liabilities";
import { session } from "./session";

export interface Root {
  root: string; digest: string; position: string; timeMs: number; signer: string; trusted: boolean;
  totals: Record<string, string>;
}
/** Where checking one's own proof stands. */
export type Mine =
  | { stage: "checking" }
  | { stage: "absent"; reason: string }
  | { stage: "wrong"; reason: string; proof: AccountProof | null }
  | { stage: "right"; checked: Checked; proof: AccountProof };

export const root = signal<Root | null>(null);
export const absence = signal("");
export const mine = signal<Mine>({ stage: "checking" });

/** Fetch the latest root; and for whoever is signed in, now or later, fetch and check the branches
 *  that lead there. Returns what ends it. */
export function followProof(): () => void {
  get<Root>("/api/v1/proof/root").then(
    (found) => { root.value = found; absence.value = ""; },
    (failure: ApiError) => { root.value = null; absence.value = failure.message; },
  );
  return effect(() => {
    if (session.value) void checkMine(session.value.accountId, session.value.name);
  });
}

async function checkMine(accountId: number, name: string): Promise<void> {
  mine.value = { stage: "checking" };
  let proof: AccountProof | null = null;
  try {
    proof = await get<AccountProof>("/api/v1/proof");
    // Somebody else's leaf may be true, and isn't ours.
    if (proof.accountId !== accountId || proof.name !== name) throw new NotProved(`it is ${proof.name}'s, not ${name}'s`);
    const checked = await check(proof);
    const known = root.value;
    if (known && known.position === checked.statement.position && known.root !== proof.root) {
      throw new NotProved("its root is another than the one that everybody is shown");
    }
    mine.value = { stage: "right", checked, proof };
  } catch (failure) {
    const reason = (failure as Error).message;
    const isAbsent = failure instanceof ApiError;
    mine.value = isAbsent ? { stage: "absent", reason } : { stage: "wrong", reason, proof };
  }
}
