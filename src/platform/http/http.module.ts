import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { ErrorRenderers } from './error-renderers.js';

/** What every room may ask of the HTTP server: `ErrorRenderers`, for a protocol with errors of its own. */
@Module({})
export class HttpModule {
  static around(root: Type | DynamicModule, renderers: ErrorRenderers): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      imports: [root],
      providers: [{ provide: ErrorRenderers, useValue: renderers }],
      exports: [ErrorRenderers],
    };
  }
}
