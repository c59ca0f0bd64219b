import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenAPIObject } from '@nestjs/swagger';

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** Holds answers against the OpenAPI document: a status or a member that it does not name is a fault. */
export class DocumentedAnswers {
  readonly #document: OpenAPIObject;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  /** `METHOD /path/{pattern} status`, of every answer that was checked. */
  readonly seen = new Set<string>();

  constructor(document: OpenAPIObject) {
    this.#document = document;
    this.#ajv.addSchema({ $id: 'openapi', components: document.components }, 'openapi');
  }

  /** The operations that this kind of credential opens: `METHOD /path/{pattern}`. */
  operationsOpenedBy(scheme: string): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { readonly security?: readonly object[] }>)
        .filter(([, { security = [] }]) => security.some((one) => scheme in one))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** What is wrong with the answer; null when it is as the document says. */
  fault(
    method: string,
    path: string,
    answer: { readonly status: number; readonly type: string | null; readonly body: unknown },
  ): string | null {
    const pattern = this.#patternOf(path);
    if (pattern === null) return null;
    const name = `${method} ${pattern} ${answer.status}`;
    const item = this.#document.paths[pattern] as Record<
      string,
      { readonly responses: Record<string, Described> } | undefined
    >;
    const operation = item[method.toLowerCase()];
    // Another method than the documented ones: its 405 belongs to no operation.
    if (operation === undefined) return null;
    const described = operation.responses[String(answer.status)];
    if (described === undefined) return `${name} is not documented`;
    this.seen.add(name);
    const [type, content] = Object.entries(described.content ?? {})[0] ?? [null, null];
    if (content === null) return answer.body === null ? null : `${name} has no documented body`;
    if (answer.type?.split(';')[0] !== type) return `${name} is documented as ${type}`;
    const validate = this.#validatorOf(name, content.schema);
    return validate(answer.body) ? null : `${name}: ${this.#ajv.errorsText(validate.errors)}`;
  }

  /** Compiled once: that takes longer than all answers. */
  #validatorOf(name: string, schema: object): ValidateFunction {
    const known = this.#validators.get(name);
    if (known !== undefined) return known;
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/');
    const compiled = this.#ajv.compile(JSON.parse(text) as object);
    this.#validators.set(name, compiled);
    return compiled;
  }

  #patternOf(path: string): string | null {
    const bare = path.split('?', 1)[0]!.replace(/\/$/, '');
    const patterns = Object.keys(this.#document.paths).filter((pattern) =>
      new RegExp(`^${pattern.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(bare),
    );
    return patterns.find((pattern) => pattern === bare) ?? patterns[0] ?? null;
  }
}
