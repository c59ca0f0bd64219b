/** A JSON Schema (2020-12, as OpenAPI 3.1 has it) of what we send. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly [keyword: string]: unknown;
}

export const id: Schema = { type: 'string', format: 'uuid' };
export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const whole: Schema = { type: 'integer' };
/** RFC 3339 UTC with milliseconds. */
export const time: Schema = { type: 'string', format: 'date-time' };

export const orNull = (schema: Schema): Schema => ({
  ...schema,
  type: [schema.type, 'null'].flat().filter((type) => type !== undefined),
  ...('enum' in schema ? { enum: [...(schema['enum'] as unknown[]), null] } : {}),
});

export const oneOf = (values: readonly string[]): Schema => ({ type: 'string', enum: [...values] });

export const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** An object with exactly these members, all of them always there. */
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
