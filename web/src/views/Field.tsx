import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { ApiError } from "../lib/api";
import { decimalsOf, parse, text, trimmed } from "../lib/decimal";

interface Props { label: string; unit: string; value: Signal<string>; fault: ApiError | null; step?: string | undefined }

/** A number with its unit; the fault stands where it belongs. Arrow keys go by the market's step. */
export function Field({ label, unit, value, fault, step }: Props) {
  const id = useId();
  function move(event: KeyboardEvent): void {
    const sign = event.key === "ArrowUp" ? 1n : event.key === "ArrowDown" ? -1n : 0n;
    if (!sign || !step) return;
    event.preventDefault();
    const decimals = decimalsOf(step);
    const grid = parse(step, decimals) ?? 1n;
    const next = (parse(value.value || "0", decimals) ?? 0n) + sign * grid * (event.shiftKey ? 10n : 1n);
    if (next > 0n) value.value = trimmed(text(next, decimals));
  }
  return (
    <div class={fault ? "field bad" : "field"}>
      <label for={id}>{label}</label>
      <input
        id={id} inputMode="decimal" autocomplete="off" spellcheck={false} value={value.value}
        aria-invalid={fault !== null} aria-describedby={`${id}-fault`} onKeyDown={move}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
      <span class="unit">{unit}</span>
      <p id={`${id}-fault`} class="fault" role="alert">{fault?.message ?? ""}</p>
    </div>
  );
}
