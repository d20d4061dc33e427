import { describe, expect, it } from "vitest";
import { columnsOf, type Overview, perSecond, type Process, timesOf } from "../src/lib/overview";

function told(toldAt: number, count: number, buckets: [number, number][], startedAt = 0, name = "api-1"): Process {
  return {
    name, role: "api", host: "here", pid: 1, version: "1", startedAt, toldAt,
    serving: true, healthy: true, reasons: [], position: null, behindMs: 0, lagMs: 0,
    figures: { sent_messages: count }, tallies: {},
    times: {
      order: {
        count: buckets.reduce((sum, [, one]) => sum + one, 0), p99Ms: 0, longestMs: 9,
        buckets: buckets.map(([belowMs, one]) => ({ belowMs, count: one })),
      },
    },
  };
}
const all = (...processes: Process[]): Overview => ({ healthy: true, reasons: [], position: "", processes });
const sent = (process: Process): number => process.figures.sent_messages ?? 0;

describe("what follows from two answers", () => {
  it("a rate is what was added, by the clocks of those who counted", () => {
    const before = all(told(1000, 100, []), told(5000, 7, [], 0, "api-2"));
    const now = all(told(3000, 500, []), told(6000, 17, [], 0, "api-2"));
    expect(perSecond(now, before, sent)).toBe(200 + 10);
  });

  it("a process that was started again counts from its next answer on", () => {
    expect(perSecond(all(told(3000, 50, [], 2000)), all(told(1000, 500, [])), sent)).toBe(0);
  });

  it("times of a span are the difference of the buckets", () => {
    const before = all(told(1000, 0, [[1, 50], [100, 1]]));
    const now = all(told(3000, 0, [[1, 50], [2, 98], [100, 3]]));
    const recent = timesOf("order", now, before);
    expect(recent).toMatchObject({ count: 100, perS: 50, p50Ms: 2, p99Ms: 100, longestMs: 9 });
    expect(timesOf("order", now, null).count).toBe(151);
  });

  it("columns of a histogram hold every count once, those off the axis at its ends", () => {
    const columns = columnsOf([{ belowMs: 0.001, count: 1 }, { belowMs: 1, count: 2 }, { belowMs: 1.01, count: 4 }, { belowMs: 1e6, count: 8 }], 0.01, 100, 4);
    expect(columns).toEqual([1, 2, 4, 8]);
  });
});
