import { describe, expect, it } from "vitest";
import { Book } from "../src/lib/book";

const update = (U: number, u: number, b: [string, string][] = [], a: [string, string][] = []) => ({ U, u, a, b });

describe("a book", () => {
  it("takes a snapshot and what was heard before it came", () => {
    const book = new Book(100, 10);
    expect(book.change(update(11, 12, [["1.00", "5.0"]]))).toBe(true);
    expect(book.begin({ asks: [["1.02", "3.0"]], bids: [["1.00", "4.0"], ["0.99", "1.0"]], lastUpdateId: "10" })).toBe(true);
    expect(book.rows("bids", 5, 1)).toEqual([
      { price: 100, size: 50, total: 50 },
      { price: 99, size: 10, total: 60 },
    ]);
    expect(book.updateId).toBe(12);
  });
  it("refuses a snapshot that is older than the first change it heard", () => {
    const book = new Book(100, 10);
    book.change(update(15, 15));
    expect(book.begin({ asks: [], bids: [], lastUpdateId: "10" })).toBe(false);
  });
  it("says that a change is missing", () => {
    const book = new Book(100, 10);
    book.begin({ asks: [], bids: [], lastUpdateId: "10" });
    expect(book.change(update(11, 11))).toBe(true);
    expect(book.change(update(13, 13))).toBe(false);
  });
  it("drops a level whose size is zero, and ignores what it has", () => {
    const book = new Book(100, 10);
    book.begin({ asks: [["1.02", "3.0"]], bids: [], lastUpdateId: "10" });
    book.change(update(9, 10, [], [["1.02", "9.0"]]));
    expect(book.asks.get(102)).toBe(30);
    book.change(update(11, 11, [], [["1.02", "0.0"]]));
    expect(book.asks.size).toBe(0);
  });
  it("gathers prices away from the spread", () => {
    const book = new Book(100, 10);
    book.begin({ asks: [["1.01", "1.0"], ["1.09", "1.0"]], bids: [["1.09", "1.0"], ["1.01", "1.0"]], lastUpdateId: "1" });
    expect(book.rows("asks", 5, 10)).toEqual([{ price: 110, size: 20, total: 20 }]);
    expect(book.rows("bids", 5, 10)).toEqual([{ price: 100, size: 20, total: 20 }]);
  });
});
