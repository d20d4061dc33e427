import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AccountProof, check, NotProved, read } from "../src/lib/liabilities";

// Made by the exchange: tests/unit/proof/test_vector.py.
const text = readFileSync(new URL("./proof.json", import.meta.url), "utf8");
const fresh = (): AccountProof => JSON.parse(text) as AccountProof;

async function refused(change: (proof: AccountProof) => void, why: RegExp): Promise<void> {
  const proof = fresh();
  change(proof);
  const failure = await check(proof).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NotProved);
  expect((failure as Error).message).toMatch(why);
}

describe("a proof of liabilities", () => {
  it("proves what the exchange has proved", async () => {
    const found = await check(fresh());
    expect(found.isSigned).toBe(true);
    expect(found.owed.map((one) => [one.asset.symbol, one.atoms])).toEqual([["USDC", 100n], ["SOL", 4n]]);
    expect(found.owed[0]?.rungs.length).toBe(2);
    expect(found.statement.assets.map((one) => one.total)).toEqual([114n, 7n, 0n]);
  });
  it("is another's, or nobody's, with anything changed", async () => {
    await refused((proof) => { proof.accountId = 2; }, /does not end at the signed root/);
    await refused((proof) => { proof.name = "bob"; }, /does not end at/);
    await refused((proof) => { proof.branches[0]!.atoms = "101"; }, /does not end at/);
    await refused((proof) => { proof.branches[0]!.index ^= 1; }, /does not end at/);
    await refused((proof) => { proof.branches[0]!.path.reverse(); }, /does not end at/);
    await refused((proof) => { proof.branches[0]!.path.pop(); }, /ends too early/);
    await refused((proof) => { proof.branches[0]!.path.push(proof.branches[0]!.path[0]!); }, /beyond the root/);
    await refused((proof) => { proof.branches.reverse(); }, /not in its place/);
    await refused((proof) => { proof.root = proof.root.replace("total 114", "total 113"); }, /signature is wrong/);
  });
  it("has no sum that is negative or too large", async () => {
    for (const sum of ["-5", "18446744073709551611", "4611686018427387905", "1e3", "05", ""]) {
      await refused((proof) => { proof.branches[0]!.path[0]!.sum = sum; }, /an amount is none/);
    }
    await refused((proof) => { proof.branches[0]!.path[0]!.sum = "4611686018427387904"; }, /too large/);
    await refused((proof) => { proof.branches[0]!.atoms = "0"; }, /a leaf of nothing/);
  });
  it("is refused with one letter of its root changed, wherever", async () => {
    const { root } = fresh();
    for (let at = 0; at < root.length; at += 3) {
      const other = root[at] === "0" ? "1" : "0";
      await refused((proof) => { proof.root = root.slice(0, at) + other + root.slice(at + 1); }, /./);
    }
  });
  it("tells a total only with leaves that can have it", () => {
    const { root } = fresh();
    for (const [from, to] of [["leaves 4 total 114", "leaves 0 total 114"], ["leaves 3 total 7", "leaves 8 total 7"]] as const) {
      expect(() => read(root.replace(from, to))).toThrow(NotProved);
    }
  });
});
