// Short messages at the edge of the page: what was done, what failed.

import { signal } from "@preact/signals";

export interface Notice { id: number; text: string; isBad: boolean }

const SHOWN_MS = 5000;
let last = 0;

export const notices = signal<Notice[]>([]);

export function tell(text: string, isBad = false): void {
  const notice = { id: ++last, text, isBad };
  notices.value = [...notices.value.slice(-3), notice];
  setTimeout(() => {
    notices.value = notices.value.filter((one) => one !== notice);
  }, SHOWN_MS);
}
