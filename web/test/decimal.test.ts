import { describe, expect, it } from "vitest";
import { decimalsOf, parse, text, trimmed } from "../src/lib/decimal";

describe("decimals", () => {
  it("are exact where floats are not", () => {
    const sum = parse("0.1", 18)! + parse("0.2", 18)!;
    expect(trimmed(text(sum, 18))).toBe("0.3");
  });
  it("are refused where they are finer than the grid, or none", () => {
    for (const bad of ["1.001", "1e5", "-1", "", ".", "1,5", "０"]) expect(parse(bad, 2)).toBeNull();
  });
  it("may be typed as people type", () => {
    expect(parse("5.", 2)).toBe(500n);
    expect(parse(".5", 2)).toBe(50n);
    expect(parse("1.500", 2)).toBe(150n);
  });
  it("know their grid", () => {
    expect(decimalsOf("0.0001")).toBe(4);
    expect(decimalsOf("5")).toBe(0);
  });
});
