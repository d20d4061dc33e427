// Light or dark: as the reader's system has it, unless he chose.

import { signal } from "@preact/signals";

export type Theme = "dark" | "light";

const system = window.matchMedia("(prefers-color-scheme: light)");

export const theme = signal<Theme>("dark");

function chosen(): Theme | null {
  const kept = localStorage.getItem("theme");
  return kept === "dark" || kept === "light" ? kept : null;
}

function show(next: Theme): void {
  theme.value = next;
  document.documentElement.dataset.theme = next;
}

export function beginTheme(): void {
  const follow = (): void => show(chosen() ?? (system.matches ? "light" : "dark"));
  follow();
  system.addEventListener("change", follow);
}

export function toggleTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  show(next);
}

/** A colour of style.css by its name, as the present theme has it. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
