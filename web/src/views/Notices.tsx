import { notices } from "../state/notices";

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={notice.isBad ? "notice bad" : "notice"}>
          {notice.text}
        </div>
      ))}
    </div>
  );
}
