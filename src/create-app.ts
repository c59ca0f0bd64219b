import type { DynamicModule, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminModule } from './admin/admin.module.js';
import { adminSchemas } from './admin/index.js';
import { FeedModule } from './outbox/feed/feed.module.js';
import { GatewaysModule } from './outbox/gateways.module.js';
import { BodyInterceptor } from './platform/http/body.interceptor.js';
import { BodyPipe } from './platform/http/body.pipe.js';
import { HttpAdapter, httpDefaults, type HttpSettings } from './platform/http/http-adapter.js';
import { HttpModule } from './platform/http/http.module.js';
import { serveDocs } from './platform/http/docs-page.js';
import { openApiOf, type Documented } from './platform/http/open-api.js';
import { ProblemFilter } from './platform/http/problem.filter.js';
import { QueryGuard } from './platform/http/query.guard.js';
import type { Log } from './platform/log/log.js';
import { NestLog } from './platform/log/nest-log.js';
import { ScimOAuthModule } from './scim/scim-oauth.module.js';
import { IntrospectionModule } from './tokens/introspection.module.js';
import { TokensModule } from './tokens/tokens.module.js';

export interface AppOptions extends Partial<Omit<HttpSettings, 'log'>> {
  readonly log: Log;
}

/** What docs/openapi.json describes. */
export const documented: Documented = {
  modules: [
    AdminModule,
    TokensModule,
    IntrospectionModule,
    GatewaysModule,
    FeedModule,
    ScimOAuthModule,
  ],
  schemas: adminSchemas,
};

/**
 * The one app that `main`, the tests and the demo share. It is initialised but does not listen yet; `app.close()`
 * lets answers under way finish, then stops the rooms.
 */
export async function createApp(
  root: Type | DynamicModule,
  options: AppOptions,
): Promise<NestFastifyApplication> {
  const adapter = new HttpAdapter({ ...httpDefaults, ...options });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the class only holds options
  const settings: NestApplicationOptions = {
    logger: new NestLog(options.log),
    bodyParser: false,
    abortOnError: false,
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    HttpModule.around(root, adapter.renderers),
    adapter,
    settings,
  );
  app.useGlobalFilters(new ProblemFilter(adapter.answers));
  app.useGlobalGuards(new QueryGuard());
  app.useGlobalInterceptors(new BodyInterceptor());
  app.useGlobalPipes(new BodyPipe());
  serveDocs(adapter.getInstance(), () => openApiOf(app, documented));
  await app.init();
  return app;
}
