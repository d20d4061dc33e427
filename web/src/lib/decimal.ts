// Exact decimals: amounts are whole numbers of a smallest unit, and never floats.
//
// Promise: what the exchange sent as text is shown and sent back with the same digits; arithmetic
// on amounts is exact.

const PLAIN = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** How many digits stand behind the point: of "0.01" two. */
export function decimalsOf(grid: string): number {
  return grid.split(".")[1]?.length ?? 0;
}

/** A decimal text as a whole number of 10 ** -decimals; null if it is none, or finer than that. */
export function parse(text: string, decimals: number): bigint | null {
  if (text.trim() === ".") return null;
  const plain = text.trim().replace(/^\./, "0.").replace(/\.$/, "");
  if (!PLAIN.test(plain)) return null;
  const [whole = "0", rest = ""] = plain.split(".");
  const digits = rest.replace(/0+$/, "");
  if (digits.length > decimals) return null;
  return BigInt(whole + digits.padEnd(decimals, "0"));
}

/** The text of a whole number of 10 ** -decimals. */
export function text(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return sign + digits.slice(0, point) + (decimals ? `.${digits.slice(point)}` : "");
}

/** The text without zeros at its end. */
export function trimmed(value: string): string {
  return value.includes(".") ? value.replace(/\.?0+$/, "") : value;
}

/** Divide, rounding down, or up with `up`. Both must not be negative. */
export function divide(a: bigint, b: bigint, up = false): bigint {
  return b === 0n ? 0n : (a + (up ? b - 1n : 0n)) / b;
}

export const tenTo = (exponent: number): bigint => 10n ** BigInt(exponent);
