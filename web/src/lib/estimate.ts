// What an order will cost, before it is sent: from the book as the page has it.
//
// It is an estimate: the book moves. Fees are taken from what is received, as the exchange does.

import { decimalsOf, parse, trimmed } from "./decimal";
import { grouped } from "./format";
import type { Book } from "./book";

interface Question {
  isBid: boolean;
  isMarket: boolean;
  inQuote: boolean;
  price: string;
  quantity: string;
  grid: { price: number; quantity: number };
  book: Book | null;
  feeBasisPoints: number;
}

export interface Estimate {
  spent: string;
  fee: string;
  received: string;
  /** The best opposite price, to reckon with. */
  reference: string;
}

const DEPTH = 200;
const show = (value: number): string =>
  Number.isFinite(value) && value > 0 ? grouped(trimmed(value.toFixed(value < 1 ? 8 : 4))) : "–";

export function estimate(question: Question): Estimate {
  const { isBid, grid, book } = question;
  const offers = book?.rows(isBid ? "asks" : "bids", DEPTH, 1) ?? [];
  const levels = offers.map((row) => ({ price: row.price / 10 ** grid.price, size: row.size / 10 ** grid.quantity }));
  const reference = levels[0] ? levels[0].price.toFixed(grid.price) : "";
  const wanted = parse(question.quantity, Math.max(18, decimalsOf(question.quantity))) === null ? NaN : Number(question.quantity);
  const { base, quote } = question.isMarket
    ? walk(levels, wanted, question.inQuote)
    : { base: wanted, quote: wanted * Number(question.price || NaN) };
  const gross = isBid ? base : quote;
  const fee = (gross * question.feeBasisPoints) / 10_000;
  return { spent: show(isBid ? quote : base), fee: show(fee), received: show(gross - fee), reference };
}

/** Take from the book until the amount is reached. */
function walk(levels: { price: number; size: number }[], wanted: number, inQuote: boolean): { base: number; quote: number } {
  let base = 0, quote = 0;
  for (const { price, size } of levels) {
    const left = inQuote ? (wanted - quote) / price : wanted - base;
    const taken = Math.min(left, size);
    if (!(taken > 0)) break;
    base += taken;
    quote += taken * price;
  }
  return { base, quote };
}
