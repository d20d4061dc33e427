// API keys made in the browser, so that their secret never leaves it.

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** A new Ed25519 key pair in base64, as Backpack's clients want them; null: this browser can't. */
export async function makeKeyPair(): Promise<{ publicKey: string; secret: string } | null> {
  try {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const wrapped = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
    return { publicKey: base64(publicKey), secret: base64(wrapped.slice(-32)) };
  } catch {
    return null;
  }
}
