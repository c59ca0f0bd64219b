import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { ServiceConfig } from '../../src/config/service-config.js';
import { topicsWith } from '../../src/contract/topics.js';
import { createApp } from '../../src/create-app.js';
import { newId } from '../../src/kernel/ids.js';
import { Secret } from '../../src/kernel/secret.js';
import { OpaqueSecrets } from '../../src/platform/crypto/opaque-secrets.js';
import { generatePrivateJwks, type PrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { Installation } from '../../src/platform/installation/installation.js';
import { PinoLog } from '../../src/platform/log/pino-log.js';
import { kafkaBrokers, topicPrefix } from './kafka.js';
import { RunningGateway, type RunningGatewayOptions } from './running-gateway.js';
import { World } from './world.js';

export interface Answered {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON as it came
  readonly body: any;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export const bearer = (key: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${key}`,
});

/** What stays of an installation when its process ends. */
interface Identity {
  readonly pepper: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly adminKey: Secret;
  readonly tokenKeys: PrivateJwks;
  readonly recordKeys: PrivateJwks;
  readonly prefix: string;
}

function newIdentity(): Identity {
  const pepper = randomBytes(32);
  return {
    pepper,
    encryptionKey: randomBytes(32),
    adminKey: new OpaqueSecrets(pepper).mint('admin', newId()).text,
    // The first signs, the second is announced.
    tokenKeys: { keys: [...generatePrivateJwks().keys, ...generatePrivateJwks().keys] },
    recordKeys: generatePrivateJwks(),
    prefix: topicPrefix(),
  };
}

/** The whole service in this process, on a database of its own, with topics of its own on real Kafka. */
export class RunningService {
  private constructor(
    readonly world: World,
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly brokers: string,
    readonly identity: Identity,
  ) {}

  static async start(world?: World, identity = newIdentity()): Promise<RunningService> {
    const [given, brokers] = await Promise.all([world ?? World.open(), kafkaBrokers()]);
    return RunningService.#begin(given, brokers, { identity, port: 0 });
  }

  static async #begin(
    world: World,
    brokers: string,
    { identity, port }: { readonly identity: Identity; readonly port: number },
  ): Promise<RunningService> {
    const { pepper, adminKey, tokenKeys, recordKeys, prefix } = identity;
    const log = new PinoLog({ level: 'silent', pretty: false });
    const root = AppModule.in({
      databaseUrl: new Secret(world.database.serviceUrl),
      crypto: {
        pepper,
        encryptionKey: identity.encryptionKey,
        tokenKeys,
        recordKeys,
      },
      installation: await world.transactions.run('service', (tx) => Installation.of(tx, null)),
      log,
      config: new ServiceConfig({
        kafka: { brokers: [brokers], tls: false, sasl: null },
        topics: topicsWith(prefix),
        audience: 'offswitch',
        stalenessMs: 10_000,
        outboxDays: 8,
        adminKey,
        gatewayKey: null,
        publicUrl: null,
      }),
    });
    const app = await createApp(root, { log });
    await app.listen(port, '127.0.0.1');
    return new RunningService(world, app, await app.getUrl(), brokers, identity);
  }

  get adminKey(): string {
    return this.identity.adminKey.reveal();
  }

  /** What an operator's command beside this service needs to know. */
  get environment(): Readonly<Record<string, string>> {
    const { identity, brokers, world } = this;
    return {
      DATABASE_URL: world.database.serviceUrl,
      KAFKA_BROKERS: brokers,
      OFFSWITCH_TOPIC_PREFIX: identity.prefix,
      OFFSWITCH_PEPPER: Buffer.from(identity.pepper).toString('base64'),
      OFFSWITCH_ENCRYPTION_KEY: Buffer.from(identity.encryptionKey).toString('base64'),
      OFFSWITCH_TOKEN_KEYS: JSON.stringify(identity.tokenKeys),
      OFFSWITCH_RECORD_KEYS: JSON.stringify(identity.recordKeys),
      OFFSWITCH_ADMIN_KEY: identity.adminKey.reveal(),
      OFFSWITCH_ISSUER: 'urn:offswitch:test',
      LOG_LEVEL: 'error',
    };
  }

  /** The process ends and another begins: the same secrets, database, topics and address. */
  async again(): Promise<RunningService> {
    await this.app.close();
    const port = Number(new URL(this.url).port);
    return RunningService.#begin(this.world, this.brokers, { identity: this.identity, port });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.world.close();
  }

  /** A gateway of this service, in this process; a strict one unless told otherwise. */
  async gateway(
    more: Pick<RunningGatewayOptions, 'foreignTokens' | 'policy' | 'source'> = {},
  ): Promise<RunningGateway> {
    const { body } = await this.admin('POST', '/v1/gateways', { name: `gateway-${newId()}` });
    const service = { url: this.url, key: body.key as string };
    return new RunningGateway({ brokers: this.brokers, service, ...more });
  }

  async ask(method: string, path: string, { headers = {}, body }: Ask = {}): Promise<Answered> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  admin(method: string, path: string, body?: unknown): Promise<Answered> {
    const headers = bearer(this.adminKey);
    return this.ask(method, path, { headers, ...(body !== undefined && { body }) });
  }
}
