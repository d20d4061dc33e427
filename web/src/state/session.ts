// Who is signed in, and what is his: balances, open orders, terms.
//
// Promise: after a change that the exchange tells of on the private streams, or that was made here,
// what is shown is asked for anew; while those streams can't be had, every few seconds.

import { computed, effect, signal } from "@preact/signals";
import { ApiError, get, post } from "../lib/api";
import type { AccountTerms, Balances, Order, Session } from "../lib/types";
import { socket } from "./connection";

const ASK_AGAIN_MS = 3000;
const TOGETHER_MS = 120;
/** Kept where scripts can see it, which the cookie is not: whether it is worth asking who is in. */
const SIGNED_IN = "signed-in";

export const session = signal<Session | null>(null);
export const balances = signal<Balances>({});
export const openOrders = signal<Order[]>([]);
export const terms = signal<AccountTerms | null>(null);
/** Goes up when histories may have changed. */
export const historyVersion = signal(0);
export const isAdmin = computed(() => session.value?.permissions.includes("admin") ?? false);

/** What the account may spend of an asset, as text. */
export const available = (asset: string): string => balances.value[asset]?.available ?? "0";

let waiting = 0;

/** Ask for balances and orders anew, shortly. */
export function refresh(): void {
  if (waiting || !session.value) return;
  waiting = window.setTimeout(() => {
    waiting = 0;
    void load();
  }, TOGETHER_MS);
}

async function load(): Promise<void> {
  if (!session.value) return;
  try {
    const [funds, orders] = await Promise.all([
      get<Balances>("/api/v1/capital"),
      get<Order[]>("/api/v1/orders"),
    ]);
    balances.value = funds;
    openOrders.value = orders.sort((a, b) => Number(b.createdAt) - Number(a.createdAt));
    historyVersion.value += 1;
    terms.value ??= await get<AccountTerms>("/api/v1/account");
  } catch (failure) {
    if (failure instanceof ApiError && failure.status === 401) forget();
  }
}

function forget(): void {
  localStorage.removeItem(SIGNED_IN);
  window.clearTimeout(waiting);
  waiting = 0;
  session.value = null;
  balances.value = {};
  openOrders.value = [];
  terms.value = null;
}

/** Find out whether the browser is signed in already. */
export async function resume(): Promise<void> {
  if (!localStorage.getItem(SIGNED_IN)) return;
  const found = await get<Session>("/api/v1/auth/session").catch(() => null);
  if (found) enter(found, false);
  else localStorage.removeItem(SIGNED_IN);
}

function enter(found: Session, isNew: boolean): void {
  session.value = found;
  localStorage.setItem(SIGNED_IN, "1");
  if (isNew) socket().open();
  refresh();
}

export async function signIn(name: string, password: string): Promise<void> {
  enter(await post<Session>("/api/v1/auth/login", { name, password }), true);
}

export async function signUp(name: string, password: string): Promise<void> {
  enter(await post<Session>("/api/v1/auth/signup", { name, password }), true);
}

export async function signOut(): Promise<void> {
  forget();
  await post("/api/v1/auth/logout").catch(() => undefined);
  socket().open();
}

/** Follow the account of whoever is signed in, from now on. */
export function followAccount(): void {
  effect(() => {
    if (!session.value) return undefined;
    let asking = 0;
    const leaveBalances = socket().listen("account.balanceUpdate", { hear: refresh });
    const leaveOrders = socket().listen("account.orderUpdate", {
      hear: refresh,
      reset: () => {
        window.clearInterval(asking);
        refresh();
      },
      refused: () => {
        window.clearInterval(asking);
        asking = window.setInterval(refresh, ASK_AGAIN_MS);
      },
    });
    return () => {
      window.clearInterval(asking);
      leaveBalances();
      leaveOrders();
    };
  });
}
