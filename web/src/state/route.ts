// Which page is shown: its path, kept in the browser's history.

import { signal } from "@preact/signals";

export type Page = "trade" | "keys" | "proof" | "operator";

const PAGES = ["keys", "proof", "operator"] as const;

export const page = signal<Page>(pageOf(location.pathname));

function pageOf(path: string): Page {
  return PAGES.find((name) => path === `/${name}`) ?? "trade";
}

/** Go to a path of ours without loading anything. */
export function go(path: string): void {
  history.pushState(null, "", path);
  page.value = pageOf(path);
  window.scrollTo(0, 0);
}

window.addEventListener("popstate", () => {
  page.value = pageOf(location.pathname);
});
