// Where the streams are, and the one connection to them.

import { signal } from "@preact/signals";
import { get } from "../lib/api";
import { Socket } from "../lib/socket";

interface Settings { wsUrl: string | null; wsPort: number; faucet: Record<string, string> }

export const settings = signal<Settings | null>(null);
let made: Socket | null = null;

/** Ask where the streams are, and connect. */
export async function connect(): Promise<void> {
  const found = await get<Settings>("/web/settings.json");
  settings.value = found;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  made = new Socket(found.wsUrl ?? `${scheme}://${location.hostname}:${found.wsPort}/`);
  made.open();
}

/** The connection; there is one from `connect` on. */
export function socket(): Socket {
  if (!made) throw new Error("not connected");
  return made;
}
