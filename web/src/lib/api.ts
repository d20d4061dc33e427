// The exchange's HTTP interface, as the page uses it. Who is signed in travels in a cookie that
// scripts can't read.

/** A refusal: what, and of which field if one is to blame. `status` 0: nobody answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** Ids that may be larger than a number here is exact: they are kept as text. */
const LONG_ID = /"(withdrawalId)":(\d+)/g;

type Query = Record<string, string | number | undefined>;

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: {
        "X-Truebook-Request": "1",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, "UNREACHABLE", "The exchange can't be reached");
  }
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text);
  return (text ? JSON.parse(text.replace(LONG_ID, '"$1":"$2"')) : null) as T;
}

function refusal(status: number, text: string): ApiError {
  try {
    const { code, message, field } = JSON.parse(text) as { code: string; message: string; field?: string };
    return new ApiError(status, code, message, field ?? null);
  } catch {
    return new ApiError(status, "SERVER_ERROR", `The exchange answered ${status}`);
  }
}

export function get<T>(path: string, query: Query = {}): Promise<T> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return call("GET", text ? `${path}?${text}` : path);
}

export const post = <T>(path: string, body: unknown = {}): Promise<T> => call("POST", path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => call("PATCH", path, body);
export const remove = <T>(path: string, body: unknown): Promise<T> => call("DELETE", path, body);
