import type { FactoryProvider } from '@nestjs/common';

type Port<T> = abstract new (...parts: never[]) => T;

/**
 * A provider that is built from named ports. Each is named once, beside its token, so that no list of tokens and
 * list of names can fall out of step.
 */
export function built<T, P extends object>(
  provide: Port<T>,
  ports: { readonly [Name in keyof P]: Port<P[Name]> },
  build: (parts: P) => T,
): FactoryProvider<T> {
  const names = Object.keys(ports);
  return {
    provide,
    inject: Object.values<Port<unknown>>(ports),
    useFactory: (...instances: unknown[]) =>
      build(Object.fromEntries(names.map((name, at) => [name, instances[at]])) as P),
  };
}
