// P7: what outsiders may import is there, and nothing else is.
import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const root = new URL('../../', import.meta.url);
const { exports } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as Manifest;

describe('the exports of the package', () => {
  it.each(Object.entries(exports))(
    '%s is built from a file of ours, with its types',
    async (...of) => {
      const [, { default: code, types }] = of;
      const source = code.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
      await access(new URL(source, root));
      expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
    },
  );

  it('are the gateway and its adapters', () => {
    expect(Object.keys(exports)).toEqual(
      ['', '/http', '/fastify', '/express', '/nestjs'].map((door) => `./gateway${door}`),
    );
  });
});
