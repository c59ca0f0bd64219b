import { Global, Module, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ServiceConfig } from '../src/config/service-config.js';
import { documented } from '../src/create-app.js';
import { Clock } from '../src/kernel/clock.js';
import { Transactions } from '../src/kernel/tx.js';
import { RecordKeys, TokenKeys } from '../src/platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../src/platform/crypto/opaque-secrets.js';
import { RotatingSecrets } from '../src/platform/crypto/rotating-secrets.js';
import { Sealer } from '../src/platform/crypto/sealer.js';
import { ErrorRenderers } from '../src/platform/http/error-renderers.js';
import { HttpAdapter, httpDefaults } from '../src/platform/http/http-adapter.js';
import { openApiOf } from '../src/platform/http/open-api.js';
import { Installation } from '../src/platform/installation/installation.js';
import { Log } from '../src/platform/log/log.js';
import { PinoLog } from '../src/platform/log/pino-log.js';
import { Metrics } from '../src/platform/metrics/metrics.js';
import { WalkTimes } from '../src/platform/metrics/walk-times.js';
import { DatabaseGuard } from '../src/platform/postgres/database-guard.js';

/** What the root gives every room. Nothing of it is used: a preview makes no provider and calls no factory. */
const given = [
  Clock,
  DatabaseGuard,
  ErrorRenderers,
  Installation,
  Log,
  Metrics,
  OpaqueSecrets,
  RecordKeys,
  RotatingSecrets,
  Sealer,
  ServiceConfig,
  TokenKeys,
  Transactions,
  WalkTimes,
].map((provide) => ({ provide, useValue: {} }));

@Global()
@Module({ providers: given, exports: given.map(({ provide }) => provide) })
class Given {}

/** docs/openapi.json as the code says it, without a database or a broker. */
export async function describeApi(): Promise<OpenAPIObject> {
  const log = new PinoLog({ level: 'silent', pretty: false });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the class only holds options
  const options: NestApplicationOptions = { preview: true, logger: false, abortOnError: false };
  const app = await NestFactory.create(
    { module: Given, imports: [...documented.modules] },
    new HttpAdapter({ ...httpDefaults, log }),
    options,
  );
  // As JSON has it: members that are undefined are none.
  return JSON.parse(JSON.stringify(openApiOf(app, documented))) as OpenAPIObject;
}
