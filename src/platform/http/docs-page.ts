import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';

/** What the page loads, and nothing else of the package. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Offswitch API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#ui', deepLinking: true, validatorUrl: null });
`;

/**
 * The API's document for people at `/docs`, and for machines at `/docs/openapi.json`. Everything comes from here:
 * the page loads nothing from other hosts.
 */
export function serveDocs(instance: FastifyInstance, document: () => object): void {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  instance.get('/docs', (_, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  instance.get('/docs/start.js', (_, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  instance.get('/docs/openapi.json', (_, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(document())),
  );
  instance.get<{ Params: { file: string } }>('/docs/:file', async ({ params }, reply) => {
    const type = FILES[params.file];
    if (type === undefined)
      throw new DomainError('request.path_unknown', 'nothing is served under this path');
    return reply.type(type).send(await readFile(join(folder, params.file)));
  });
}
