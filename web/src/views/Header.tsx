import { useSignal } from "@preact/signals";
import { settings, socket } from "../state/connection";
import { go, page, type Page } from "../state/route";
import { isAdmin, session, signOut } from "../state/session";
import { theme, toggleTheme } from "../state/theme";
import { Entrance } from "./Entrance";

export function Header() {
  const entering = useSignal(false);
  const who = session.value;
  return (
    <header class="top">
      <a class="brand" href="/" onClick={(event) => (event.preventDefault(), go("/"))}>
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path d="M6 7h18v4h-7v13h-4V11H6z" fill="currentColor" />
          <path d="M19 19l4 4 6-9" fill="none" stroke="var(--up)" stroke-width="3" />
        </svg>
        Truebook
      </a>
      <nav aria-label="Pages">
        <Way to="/" leads="trade">Trade</Way>
        <Way to="/proof" leads="proof">Proof</Way>
        {who && <Way to="/keys" leads="keys">API keys</Way>}
        {isAdmin.value && <Way to="/operator" leads="operator">Operator</Way>}
        <a href="/docs">API</a>
      </nav>
      <Link />
      <button class="plain" type="button" onClick={toggleTheme} aria-label="Light or dark">
        {theme.value === "dark" ? "☾" : "☀"}
      </button>
      {who ? (
        <>
          <span class="who" data-testid="who">{who.name}</span>
          <button type="button" onClick={() => void signOut()}>Sign out</button>
        </>
      ) : (
        <button class="primary" type="button" onClick={() => (entering.value = true)}>Sign in</button>
      )}
      {entering.value && <Entrance close={() => (entering.value = false)} />}
    </header>
  );
}

function Way({ to, leads, children }: { to: string; leads: Page; children: string }) {
  return (
    <a href={to} aria-current={page.value === leads ? "page" : undefined} onClick={(event) => (event.preventDefault(), go(to))}>
      {children}
    </a>
  );
}

/** Whether the streams are there. */
function Link() {
  const link = settings.value ? socket().link.value : "connecting";
  const words = { live: "Live", connecting: "Connecting", silent: "No news", lost: "Connection lost" };
  return (
    <span class={`link ${link}`} role="status" data-testid="link">
      <i aria-hidden="true" />
      {words[link]}
    </span>
  );
}
