// What the exchange sends, as far as the page reads it. Amounts are decimal texts.

export type Side = "Bid" | "Ask";

export interface Market {
  symbol: string;
  baseSymbol: string;
  quoteSymbol: string;
  orderBookState: string;
  filters: {
    price: { minPrice: string; maxPrice: string | null; tickSize: string };
    quantity: { minQuantity: string; maxQuantity: string | null; stepSize: string };
  };
}

export interface Ticker {
  symbol: string;
  firstPrice: string;
  lastPrice: string;
  priceChangePercent: string;
  high: string;
  low: string;
  volume: string;
  quoteVolume: string;
}

export interface TickerUpdate { s: string; o: string; c: string; h: string; l: string; v: string; V: string }

export type Level = [price: string, size: string];

export interface DepthSnapshot { asks: Level[]; bids: Level[]; lastUpdateId: string }
export interface DepthUpdate { U: number; u: number; a: Level[]; b: Level[] }

export interface Trade { id: number; price: string; quantity: string; timestamp: number; isBuyerMaker: boolean }
export interface TradeUpdate { p: string; q: string; t: number; m: boolean; T: number }

export interface Kline {
  start: string; open: string | null; high: string | null; low: string | null; close: string | null; volume: string;
}
export interface KlineUpdate { t: string; o: string; h: string; l: string; c: string; v: string; X: boolean }

export interface Order {
  id: string;
  symbol: string;
  side: Side;
  orderType: "Limit" | "Market";
  status: string;
  price?: string | null;
  quantity?: string | null;
  quoteQuantity?: string | null;
  executedQuantity: string;
  executedQuoteQuantity: string;
  timeInForce: string;
  postOnly?: boolean | null;
  triggerPrice?: string | null;
  triggerQuantity?: string | null;
  createdAt: number | string;
  expiryReason?: string | null;
}

export interface Fill {
  tradeId: number; orderId: string; symbol: string; side: Side; price: string; quantity: string;
  fee: string; feeSymbol: string; isMaker: boolean; timestamp: string;
}

export type Balances = Record<string, { available: string; locked: string; staked: string }>;

export interface Session { accountId: number; name: string; permissions: string[]; expiresAt: number }

export interface ApiKey {
  apiKey: string; label: string; permissions: string[]; addresses: string[];
  createdAt: number | null; expiresAt: number | null;
}

export interface AccountTerms { spotMakerFee: string; spotTakerFee: string }
