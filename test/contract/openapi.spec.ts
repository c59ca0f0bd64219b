// P7: what outsiders may rely on is written down, and the code keeps it.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describeApi } from '../../scripts/describe-api.js';

const document = await describeApi();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Record<string, unknown>>).map(([method, operation]) => ({
    name: `${method} ${path}`,
    operation,
  })),
);

describe('docs/openapi.json', () => {
  it('says what the code says; if that was meant, run npm run openapi', async () => {
    const written = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(written)).toEqual(document);
  });

  it('is OpenAPI 3.1 whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(100);
    for (const [, path = ''] of references) {
      const found = path
        .split('/')
        .reduce<unknown>(
          (at, name) => (at as Record<string, unknown> | undefined)?.[name.replaceAll('~1', '/')],
          document,
        );
      expect([path, typeof found]).toEqual([path, 'object']);
    }
  });

  it('has schemas that compile as JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'openapi', components: document.components }, 'openapi');
    for (const name of Object.keys(document.components?.schemas ?? {}))
      expect(typeof ajv.compile({ $ref: `openapi#/components/schemas/${name}` })).toBe('function');
  });

  it('names each operation once, in words, with its refusals', () => {
    const ids = operations.map(({ operation }) => operation['operationId'] as string);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations) {
      expect([name, operation['summary']]).toEqual([name, expect.stringMatching(/^[A-Z].{5}/)]);
      const statuses = Object.keys(operation['responses'] as object);
      expect([name, statuses.some((status) => status.startsWith('2'))]).toEqual([name, true]);
      expect([name, statuses.includes('500') && statuses.includes('503')]).toEqual([name, true]);
      if (JSON.stringify(operation['security'] ?? []).includes('admin_key'))
        expect([name, statuses]).toEqual([
          name,
          expect.arrayContaining(['400', '401', '403', '404']),
        ]);
    }
  });

  it('describes every parameter of every path', () => {
    for (const { name, operation } of operations) {
      const inPath = [...name.matchAll(/\{([^}]+)\}/g)].map(([, one]) => one);
      const parameters = (operation['parameters'] ?? []) as { in: string; name: string }[];
      expect(
        parameters
          .filter((one) => one.in === 'path')
          .map((one) => one.name)
          .sort(),
      ).toEqual(inPath.sort());
    }
  });
});
