import type { Signal } from "@preact/signals";

interface Props<Name extends string> { names: readonly Name[]; chosen: Signal<Name>; label: string }

/** A row of choices; arrow keys move between them. */
export function Tabs<Name extends string>({ names, chosen, label }: Props<Name>) {
  function move(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    const at = names.indexOf(chosen.value) + step;
    const next = names[(at + names.length) % names.length];
    if (next) chosen.value = next;
    const buttons = (event.currentTarget as HTMLElement).querySelectorAll("button");
    buttons[(at + names.length) % names.length]?.focus();
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {names.map((name) => (
        <button
          key={name} type="button" role="tab" aria-selected={chosen.value === name}
          tabIndex={chosen.value === name ? 0 : -1} onClick={() => (chosen.value = name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
