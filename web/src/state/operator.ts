// What somebody who runs the exchange sees of it, and what he changes.
//
// Promise: while the page is open its processes are asked for every two seconds; the last minutes are
// kept, so rates and recent times can be told. Every change is sent with its reason, which stands in
// the log beside it; what is shown afterwards is asked for anew.

import { signal } from "@preact/signals";
import { type ApiError, get, patch, post } from "../lib/api";
import type { Overview } from "../lib/overview";
import type { Market } from "../lib/types";
import { markets } from "./markets";
import { tell } from "./notices";

export interface Account { accountId: number; name: string; tier: number; openOrdersMax: number; blocked: boolean }
export interface Withdrawal {
  withdrawalId: string; accountId: number; name: string; symbol: string; quantity: string;
  toAddress: string; blockchain: string; clientId: string;
}
/** What the processes told at one time, by the clock of this browser. */
export interface Sample { at_ms: number; told: Overview }
/** A change that waits for its reason. */
export interface Change {
  title: string;
  explained: string;
  isGrave: boolean;
  fields: { name: string; label: string; value: string }[];
  send(reason: string, fields: Record<string, string>): Promise<unknown>;
  done: string;
}

const ASK_MS = 2000;
/** Lists are asked for once in so many times. */
const LISTS_EVERY = 3;
const KEPT_MS = 5 * 60_000;
export const ACCOUNTS_A_PAGE = 50;

export const samples = signal<Sample[]>([]);
/** Why nothing is known; empty: it is. */
export const trouble = signal("");
export const accounts = signal<Account[]>([]);
/** The lowest account number that is shown. */
export const firstAccount = signal(0);
export const withdrawals = signal<Withdrawal[]>([]);
export const change = signal<Change | null>(null);

/** Ask from now on. Returns what ends it. */
export function followOperator(): () => void {
  let isOpen = true;
  async function ask(): Promise<void> {
    for (let round = 0; isOpen; round++) {
      if (!document.hidden) {
        await askOverview();
        if (round % LISTS_EVERY === 0) await askLists();
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }
  void ask();
  return () => {
    isOpen = false;
    samples.value = [];
  };
}

async function askOverview(): Promise<void> {
  try {
    const told = await get<Overview>("/api/v1/admin/overview");
    const at_ms = Date.now();
    samples.value = [...samples.value.filter((one) => at_ms - one.at_ms < KEPT_MS), { at_ms, told }];
    trouble.value = "";
  } catch (failure) {
    trouble.value = (failure as ApiError).message;
  }
}

async function askLists(): Promise<void> {
  const page = { from: firstAccount.value, limit: ACCOUNTS_A_PAGE };
  const [found, waiting, known] = await Promise.all([
    get<Account[]>("/api/v1/admin/accounts", page).catch(() => null),
    get<Withdrawal[]>("/api/v1/admin/withdrawals").catch(() => null),
    get<Market[]>("/api/v1/markets").catch(() => null),
  ]);
  if (found && page.from === firstAccount.value) accounts.value = found;
  if (waiting) withdrawals.value = waiting;
  if (known && JSON.stringify(known) !== JSON.stringify(markets.value)) markets.value = known;
}

/** Show the accounts from this number on. */
export function showAccounts(first: number): void {
  firstAccount.value = Math.max(0, first);
  void askLists();
}

/** Do what waits, now that its reason is known. Throws ApiError. */
export async function carryOut(reason: string, fields: Record<string, string>): Promise<void> {
  const wanted = change.value;
  if (!wanted) return;
  await wanted.send(reason, fields);
  change.value = null;
  tell(wanted.done);
  await askLists();
}

const simple = { isGrave: false, fields: [] };

export function askMarketState(symbol: string, state: string): void {
  const name = symbol.replace("_", "/");
  change.value = {
    ...simple,
    title: `${name}: ${state}`,
    explained: STATES[state] ?? "",
    isGrave: state !== "Open",
    send: (reason) => post("/api/v1/admin/markets/state", { symbol, state, reason }),
    done: `${name} is ${state}`,
  };
}

/** What each state of a market lets people do. */
export const STATES: Record<string, string> = {
  Open: "Everything is accepted.",
  PostOnly: "Only orders that come to rest are accepted; cancelling goes on.",
  LimitOnly: "No market orders; all else goes on.",
  CancelOnly: "Nothing new is accepted and nothing trades; cancelling goes on.",
  Closed: "Nothing trades, and nothing is accepted: what rests in the book stays there and can't be cancelled.",
};

export function askSettlement(one: Withdrawal, status: "confirmed" | "declined"): void {
  const isConfirmed = status === "confirmed";
  change.value = {
    ...simple,
    title: `${isConfirmed ? "Approve" : "Decline"} ${one.quantity} ${one.symbol} of ${one.name}`,
    explained: isConfirmed
      ? "Say so when it has been paid out: it can't be taken back. Where it goes to is the database's word here; `truebook admin withdrawals` reads it in the log."
      : "The amount is available to its owner again.",
    isGrave: true,
    send: (reason) => post("/api/v1/admin/withdrawals", { withdrawalId: one.withdrawalId, status, reason }),
    done: `Withdrawal ${one.withdrawalId} ${status}`,
  };
}

export function askBlocked(one: Account, blocked: boolean): void {
  change.value = {
    ...simple,
    title: `${blocked ? "Block" : "Unblock"} ${one.name}`,
    explained: blocked ? "The account can only cancel until it is unblocked: it places, changes and withdraws nothing." : "The account may trade and withdraw again.",
    isGrave: blocked,
    send: (reason) => patch("/api/v1/admin/accounts", { accountId: String(one.accountId), blocked, reason }),
    done: `${one.name} is ${blocked ? "blocked" : "unblocked"}`,
  };
}

export function askTerms(one: Account): void {
  change.value = {
    ...simple,
    title: `Terms of ${one.name}`,
    explained: "The tier must have been set before.",
    fields: [
      { name: "tier", label: "Fee tier", value: String(one.tier) },
      { name: "openOrdersMax", label: "Open orders at most", value: String(one.openOrdersMax) },
    ],
    send: (reason, fields) => patch("/api/v1/admin/accounts", { accountId: String(one.accountId), ...fields, reason }),
    done: `Terms of ${one.name} changed`,
  };
}
