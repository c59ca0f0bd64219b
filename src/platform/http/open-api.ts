import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** What the document says beyond the decorators of the controllers. */
export interface Documented {
  /** Modules whose controllers are part of it. */
  readonly modules: readonly Type[];
  /** JSON Schemas by the names under which the controllers refer to them. */
  readonly schemas: Readonly<Record<string, object>>;
}

const DESCRIPTION =
  'Fields are snake_case, times RFC 3339 UTC with milliseconds. Lists page by the `Link` field. Errors are RFC 9457 ' +
  'problem documents with a stable `code`; unknown fields and query parameters are errors.';

export function openApiOf(app: INestApplication, { modules, schemas }: Documented): OpenAPIObject {
  const head = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Offswitch')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: '`ofs_admin_…`' }, 'admin_key')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: '`ofs_gateway_…`' },
      'gateway_key',
    )
    .build();
  const document = SwaggerModule.createDocument(
    app,
    { ...head, components: { ...head.components, schemas } },
    {
      include: [...modules],
      operationIdFactory: (controller, method) =>
        `${controller.replace(/Controller$/, '')}.${method}`,
    },
  );
  for (const schema of Object.values(document.components?.schemas ?? {}))
    // An unknown member is refused, so the document says so, too.
    if ('properties' in schema) schema.additionalProperties = false;
  return document;
}
