import type { FastifyInstance } from 'fastify';

/** Which methods each path answers, so that a wrong method is told from a wrong path. */
export class RouteTable {
  readonly #routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Listens for routes; call it before the first one is registered. */
  watch(instance: FastifyInstance): void {
    instance.addHook('onRoute', ({ url, method }) => {
      const known = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const one of [method].flat()) known.methods.add(one);
      this.#routes.set(url, known);
    });
  }

  /** The methods that the path answers; empty when it is unknown. */
  methodsAt(url: string): readonly string[] {
    const path = (url.split('?', 1)[0] ?? url).replace(/(?<=.)\/$/, '');
    const found = new Set<string>();
    for (const { pattern, methods } of this.#routes.values())
      if (pattern.test(path)) for (const method of methods) found.add(method);
    return [...found].sort();
  }
}

/** `/v1/users/:id` → one segment for each parameter; `*` → the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
