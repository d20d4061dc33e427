// A proof of liabilities, checked here: docs/proof.md tells the format, byte by byte.
//
// Promise: what `check` accepts is in the total that the venue has signed; it believes nothing that
// the exchange says, and needs nothing but SHA-256 and Ed25519 of the browser.

export interface Step { hash: string; sum: string }
export interface Branch { asset: string; atoms: string; salt: string; index: number; path: Step[] }
export interface AccountProof { root: string; accountId: number; name: string; branches: Branch[] }

export interface OfAsset { number: number; symbol: string; decimals: number; leaves: number; total: bigint; root: string }
export interface Statement {
  position: string; timeMs: number; chain: string; stateHash: string; key: string; signer: string; assets: OfAsset[];
}

/** One step of the way up: what stands beside, and what comes of both. */
export interface Rung { besideHash: string; besideSum: bigint; isRight: boolean; hash: string; sum: bigint }
export interface Owed { asset: OfAsset; atoms: bigint; leafHash: string; rungs: Rung[] }
/** `isSigned` null: this browser has no Ed25519, so the signature isn't checked. */
export interface Checked { statement: Statement; isSigned: true | null; owed: Owed[]; digest: string }

/** What a proof doesn't prove, and why. */
export class NotProved extends Error {}

const AMOUNT_MAX = 1n << 62n;
const NAME_BYTES = 24;
const EMPTY = { hash: "0".repeat(64), sum: 0n };
const NUMBER = "(0|[1-9][0-9]{0,19})";
const HASH = "([0-9a-f]{64})";
const HEAD = new RegExp(
  `^truebook liabilities 1\nposition (${NUMBER}-${NUMBER})\ntime ${NUMBER}\nchain ${HASH}\n` +
    `state ([0-9a-f]{32})\nsigner ${HASH} ([!-~]{1,16})\n`,
);
const ASSET = new RegExp(`^asset ${NUMBER} ([!-~]{1,16}) ${NUMBER} leaves ${NUMBER} total ${NUMBER} root ${HASH}$`);
const SIGNATURE = /^signature ([0-9a-f]{128})$/;

type Node = { hash: string; sum: bigint };

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));
const unhex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Check a proof, whatever it claims. Throws NotProved. */
export async function check(proof: AccountProof): Promise<Checked> {
  if (!globalThis.crypto?.subtle) throw new NotProved("this browser computes hashes on pages that come by https:// only");
  const statement = read(proof.root);
  const isSigned = await signed(proof.root, statement.key);
  const owed: Owed[] = [];
  for (const branch of proof.branches) {
    const asset = statement.assets.find((one) => one.symbol === branch.asset);
    if (!asset) throw new NotProved(`the root has no asset ${branch.asset}`);
    const last = owed.at(-1);
    if (last && last.asset.number >= asset.number) throw new NotProved("an asset stands twice, or not in its place");
    owed.push(await climb(asset, proof, branch));
  }
  return { statement, isSigned, owed, digest: await sha256(utf8(proof.root)) };
}

/** The statement in a text; its signature isn't looked at. Throws NotProved. */
export function read(text: string): Statement {
  const head = HEAD.exec(text);
  if (!head) throw new NotProved("the root doesn't begin as a statement of liabilities does");
  const [, position = "", , , time, chain = "", stateHash = "", key = "", signer = ""] = head;
  const lines = text.slice(head[0].length).split("\n");
  if (lines.pop() !== "" || !SIGNATURE.test(lines.pop() ?? "")) throw new NotProved("the root has no signature");
  const assets = lines.map(assetOf);
  assets.forEach((one, at) => {
    const before = assets[at - 1];
    if (before && before.number >= one.number) throw new NotProved("the root tells an asset twice, or not in its place");
  });
  if (new Set(assets.map((one) => one.symbol)).size < assets.length) throw new NotProved("the root tells an asset twice");
  return { position, timeMs: Number(time), chain, stateHash, key, signer, assets };
}

function assetOf(line: string): OfAsset {
  const found = ASSET.exec(line);
  if (!found) throw new NotProved(`the root has a line that can't be read: ${line.slice(0, 80)}`);
  const [, number, symbol = "", decimals, leaves, total = "", root = ""] = found;
  const asset = {
    number: Number(number), symbol, decimals: Number(decimals), leaves: Number(leaves), total: BigInt(total), root,
  };
  const isEmpty = asset.total === 0n && root === EMPTY.hash;
  const canBe = asset.number < 256 && asset.decimals <= 18 && asset.leaves <= 1 << 22 && asset.total <= AMOUNT_MAX;
  if (!canBe || isEmpty !== (asset.leaves === 0) || asset.total < BigInt(asset.leaves)) {
    throw new NotProved(`${symbol}: no venue can owe what the root says`);
  }
  return asset;
}

async function signed(text: string, key: string): Promise<true | null> {
  const end = text.lastIndexOf("signature ");
  const signature = unhex(text.slice(end + 10, -1));
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", unhex(key), "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
  if (await crypto.subtle.verify("Ed25519", imported, signature, utf8(text.slice(0, end)))) return true;
  throw new NotProved("the root's signature is wrong");
}

/** From the leaf to the root, step by step. */
async function climb(asset: OfAsset, proof: AccountProof, branch: Branch): Promise<Owed> {
  const { index, path } = branch;
  if (!Number.isInteger(index) || index < 0 || index >= asset.leaves) throw new NotProved(`${asset.symbol}: no such leaf`);
  const atoms = amount(branch.atoms);
  if (atoms === 0n) throw new NotProved(`${asset.symbol}: a leaf of nothing`);
  let node: Node = { hash: await leafHash(asset, proof, branch, atoms), sum: atoms };
  const owed: Owed = { asset, atoms, leafHash: node.hash, rungs: [] };
  let [at, width, taken] = [index, asset.leaves, 0];
  while (width > 1) {
    const isAlone = at % 2 === 0 && at + 1 === width;
    const step = path[taken];
    if (!isAlone && !step) throw new NotProved(`${asset.symbol}: the way up ends too early`);
    const beside: Node = isAlone || !step ? EMPTY : { hash: hash(step.hash), sum: amount(step.sum) };
    if (!isAlone) taken += 1;
    const isRight = at % 2 === 0;
    node = await parent(isRight ? node : beside, isRight ? beside : node);
    if (node.sum > AMOUNT_MAX) throw new NotProved(`${asset.symbol}: a sum on the way up is too large`);
    owed.rungs.push({ besideHash: beside.hash, besideSum: beside.sum, isRight, hash: node.hash, sum: node.sum });
    [at, width] = [Math.floor(at / 2), Math.ceil(width / 2)];
  }
  if (taken !== path.length) throw new NotProved(`${asset.symbol}: the way up goes on beyond the root`);
  if (node.hash !== asset.root || node.sum !== asset.total) {
    throw new NotProved(`${asset.symbol}: the way up does not end at the signed root`);
  }
  return owed;
}

async function leafHash(asset: OfAsset, proof: AccountProof, branch: Branch, atoms: bigint): Promise<string> {
  const name = utf8(proof.name);
  if (name.length > NAME_BYTES || name.includes(0)) throw new NotProved("there is no such name");
  const bytes = new Uint8Array(88);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8("truebook leaf"));
  bytes.set(unhex(hash(branch.salt)), 16);
  bytes.set(name, 48);
  view.setBigUint64(72, atoms, true);
  view.setUint32(80, proof.accountId, true);
  view.setUint32(84, asset.number, true);
  return sha256(bytes);
}

async function parent(left: Node, right: Node): Promise<Node> {
  const bytes = new Uint8Array(96);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8("truebook node"));
  bytes.set(unhex(left.hash), 16);
  view.setBigUint64(48, left.sum, true);
  bytes.set(unhex(right.hash), 56);
  view.setBigUint64(88, right.sum, true);
  return { hash: await sha256(bytes), sum: left.sum + right.sum };
}

function amount(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > AMOUNT_MAX) throw new NotProved("an amount is none");
  return BigInt(text);
}

function hash(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new NotProved("a hash is none");
  return text;
}
