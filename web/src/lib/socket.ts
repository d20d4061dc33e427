// The websocket: one connection, many streams.
//
// Promise: whoever listens hears each message of his stream in order, and is told by `reset` when
// messages may be missing (the connection is new), so that he can begin again from a snapshot. A
// lost connection is made again by itself, with a wait that doubles up to five seconds. A connection
// on which nothing comes is told apart from one that is well: then the exchange behind it stands still.

import { signal } from "@preact/signals";

export interface Listener {
  hear(data: unknown): void;
  /** The stream begins, or begins anew. */
  reset?(): void;
  /** The exchange refuses the stream. */
  refused?(message: string): void;
}

/** Silent: connected, but nothing comes. */
export type Link = "connecting" | "live" | "silent" | "lost";

const WAIT_MS_MAX = 5000;
/** The depth of a market that is listened to tells something four times a second, changed or not. */
const SILENT_MS = 1500;
const LOOK_MS = 500;

export class Socket {
  readonly link = signal<Link>("connecting");
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly asked = new Map<number, string>();
  private socket: WebSocket | null = null;
  private wait_ms = 250;
  private lastId = 0;
  private heard_ms = 0;

  constructor(private readonly url: string) {
    setInterval(() => {
      const isSilent = performance.now() - this.heard_ms > SILENT_MS;
      if (this.link.value === "live" && isSilent) this.link.value = "silent";
    }, LOOK_MS);
  }

  /** Connect, or connect anew (a session's cookie is shown only when a connection begins). */
  open(): void {
    if (this.socket) {
      this.socket.onclose = null;
      this.socket.close();
    }
    const socket = (this.socket = new WebSocket(this.url));
    socket.onopen = () => {
      this.wait_ms = 250;
      this.heard();
      this.asked.clear();
      for (const stream of this.listeners.keys()) this.begin(stream);
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      this.heard();
      this.dispatch(event.data);
    };
    socket.onclose = () => {
      this.link.value = "lost";
      this.socket = null;
      setTimeout(() => this.open(), this.wait_ms);
      this.wait_ms = Math.min(2 * this.wait_ms, WAIT_MS_MAX);
    };
  }

  /** Listen to a stream; returns what ends it. */
  listen(stream: string, listener: Listener): () => void {
    const present = this.listeners.get(stream);
    if (present) {
      present.add(listener);
      if (this.isOpen()) listener.reset?.();
    } else {
      this.listeners.set(stream, new Set([listener]));
      if (this.isOpen()) this.begin(stream);
    }
    return () => this.leave(stream, listener);
  }

  private heard(): void {
    this.heard_ms = performance.now();
    this.link.value = "live";
  }

  private leave(stream: string, listener: Listener): void {
    const present = this.listeners.get(stream);
    if (!present?.delete(listener) || present.size) return;
    this.listeners.delete(stream);
    if (this.isOpen()) this.send({ method: "UNSUBSCRIBE", params: [stream] });
  }

  private begin(stream: string): void {
    const id = ++this.lastId;
    this.asked.set(id, stream);
    this.send({ method: "SUBSCRIBE", params: [stream], id });
    for (const listener of this.listeners.get(stream) ?? []) listener.reset?.();
  }

  private dispatch(text: string): void {
    const message = JSON.parse(text) as {
      stream?: string; data?: unknown; id?: number | null; error?: { message: string };
    };
    if (message.stream !== undefined) {
      for (const listener of this.listeners.get(message.stream) ?? []) listener.hear(message.data);
    } else if (typeof message.id === "number") {
      const stream = this.asked.get(message.id);
      this.asked.delete(message.id);
      if (stream && message.error) {
        for (const listener of this.listeners.get(stream) ?? []) listener.refused?.(message.error.message);
      }
    }
  }

  private isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  private send(message: unknown): void {
    this.socket?.send(JSON.stringify(message));
  }
}
