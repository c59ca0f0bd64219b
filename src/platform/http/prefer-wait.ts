const WAIT = /^\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;|$)/iu;

/**
 * How many seconds the client would like to wait at most (RFC 7240 §4.3); null when it says nothing of it. What
 * cannot be understood is ignored, and the first word counts, as §2 wants it.
 */
export function preferredWait(prefer: string | undefined): number | null {
  const named = partsOf(prefer ?? '').find((part) => /^\s*wait\s*(?:[=;]|$)/iu.test(part));
  const [, quoted, plain] = WAIT.exec(named ?? '') ?? [];
  const seconds = quoted ?? plain;
  return seconds === undefined ? null : Number(seconds);
}

/** Whether the client would rather have an answer than an outcome (RFC 7240 §4.1). */
export const prefersAsync = (prefer: string | undefined): boolean =>
  partsOf(prefer ?? '').some((part) => /^\s*respond-async\s*(?:;|$)/iu.test(part));

/** What stands between commas; a comma inside a quoted string separates nothing. */
function partsOf(list: string): string[] {
  const parts: string[] = [];
  let [from, isQuoted] = [0, false];
  for (let at = 0; at < list.length; at += 1) {
    const sign = list.charAt(at);
    if (sign === '"') isQuoted = !isQuoted;
    else if (sign === '\\' && isQuoted) at += 1;
    else if (sign === ',' && !isQuoted) {
      parts.push(list.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, list.slice(from)];
}
