// How figures are shown: grouped, of one length, in the reader's own time zone.

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/** A decimal text with thousands grouped, cut or filled to so many decimals. */
export function grouped(value: string, decimals?: number): string {
  const negative = value.startsWith("-");
  const [whole = "0", rest = ""] = (negative ? value.slice(1) : value).split(".");
  const digits = decimals === undefined ? rest : rest.slice(0, decimals).padEnd(decimals, "0");
  const body = WHOLE.format(BigInt(whole)) + (digits ? `.${digits}` : "");
  return negative ? `-${body}` : body;
}

/** 65.8K, 1.2M: for volumes, where the last digit matters to nobody. */
export const compact = (value: string | number): string => SHORT.format(Number(value));

/** A fraction as a signed percentage. */
export function percent(fraction: string | number): string {
  const value = Number(fraction) * 100;
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}%`;
}

export const clock = (ms: number): string => CLOCK.format(ms);
export const moment = (ms: number): string => DAY.format(ms);

/** "up", "down" or "" for a class name. */
export const direction = (value: string | number): "up" | "down" | "" =>
  Number(value) > 0 ? "up" : Number(value) < 0 ? "down" : "";

/** A time as the history gives it: UTC without a zone. */
export const utc = (naive: string): number => Date.parse(`${naive.replace(" ", "T")}Z`);
