const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")\s*(:)?|[{}[\]]/g;

/**
 * Whether an object of this JSON, which is known to be valid, has a member twice: `JSON.parse` drops all but the last.
 * Names are compared as the readers compare them, letter by letter and without their escapes. No recursion.
 */
export function repeatsMember(text: string): boolean {
  /** The names of each object that is open; null for a list. */
  const open: (Set<string> | null)[] = [];
  for (const [token, quoted, colon] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null);
    else if (token === '}' || token === ']') open.pop();
    else if (quoted !== undefined && colon !== undefined) {
      const names = open.at(-1);
      const name = JSON.parse(quoted) as string;
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
  }
  return false;
}
