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

/** A duration in the unit that suits it, in three digits. */
export function duration(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : ago(ms);
}

/** A long duration in its two largest units: 2 d 4 h, 12 min 30 s. */
export function ago(ms: number): string {
  const units: [name: string, seconds: number][] = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  let left = Math.floor(ms / 1000);
  const parts = units.flatMap(([name, seconds]) => {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    return count ? [`${count} ${name}`] : [];
  });
  return parts.slice(0, 2).join(" ") || "0 s";
}

export const clock = (ms: number): string => CLOCK.format(ms);
export const moment = (ms: number): string => DAY.format(ms);

/** Beginning and end of something long that nobody reads whole. */
export const ends = (long: string): string => (long.length > 17 ? `${long.slice(0, 8)}…${long.slice(-8)}` : long || "–");

/** "up", "down" or "" for a class name. */
export const direction = (value: string | number): "up" | "down" | "" =>
  Number(value) > 0 ? "up" : Number(value) < 0 ? "down" : "";

/** A time as the history gives it: UTC without a zone. */
export const utc = (naive: string): number => Date.parse(`${naive.replace(" ", "T")}Z`);
