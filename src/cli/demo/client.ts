/** An answer that is not what the story needs. */
class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

type Json = Readonly<Record<string, unknown>>;

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly expect: number;
}

/** One request and its JSON answer. @throws Unexpected when the status is another */
export async function call(
  url: string,
  { method = 'GET', headers = {}, body, expect }: Call,
): Promise<Json> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== expect)
    throw new Unexpected(
      `${method} ${new URL(url).pathname} answered ${response.status}, not ${expect}: ${text}`,
    );
  return text === '' ? {} : (JSON.parse(text) as Json);
}

export const bearer = (key: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${key}`,
});

/** A text member of an answer. @throws Unexpected */
export function textIn(answer: Json, name: string): string {
  const value = answer[name];
  if (typeof value !== 'string') throw new Unexpected(`the answer has no ${name}`);
  return value;
}

/** What a gateway says to a token: 200, 401 or 503. */
export async function authz(gateway: string, token: string): Promise<number> {
  const response = await fetch(`${gateway}/authz`, { headers: bearer(token) });
  await response.arrayBuffer();
  return response.status;
}

/** Asks again and again until the gateway denies. @returns when that was, on performance.now() */
export async function deniedAt(gateway: string, token: string): Promise<number> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline;)
    if ((await authz(gateway, token)) === 401) return performance.now();
  throw new Unexpected('a gateway did not deny within a minute');
}

export function demand(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Unexpected(`this should be so and is not: ${claim}`);
}
