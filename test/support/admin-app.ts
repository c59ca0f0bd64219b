import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from '../../src/app.module.js';
import { ServiceConfig } from '../../src/config/service-config.js';
import { topicsWith } from '../../src/contract/topics.js';
import { createApp } from '../../src/create-app.js';
import { Deprovision } from '../../src/deprovision/index.js';
import {
  newId,
  type ConnectionId,
  type GroupId,
  type OrganizationId,
  type UserId,
} from '../../src/kernel/ids.js';
import { Secret } from '../../src/kernel/secret.js';
import { TokenKeys } from '../../src/platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../../src/platform/crypto/opaque-secrets.js';
import { generatePrivateJwks, type PrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { Installation } from '../../src/platform/installation/installation.js';
import { PinoLog } from '../../src/platform/log/pino-log.js';
import { DocumentedAnswers } from './documented-answers.js';
import { inProject } from './from-source.js';
import { topicPrefix } from './kafka.js';
import { TcpProxy } from './tcp-proxy.js';
import { World } from './world.js';

const PEPPER = new Uint8Array(32).fill(7);
/** Nobody listens there: whatever the admin API does, it does without Kafka (P6). */
const NO_BROKER = '127.0.0.1:1';

/** As it is published: test/contract/ holds it against the code. */
const document = (): OpenAPIObject =>
  JSON.parse(readFileSync(inProject('docs/openapi.json'), 'utf8')) as OpenAPIObject;

/** The whole service over HTTP on a database of its own, with Kafka away, and with PostgreSQL behind a wire that can be cut. */
export class AdminApp {
  readonly installation: Installation;
  /** Every answer is held against the document. */
  readonly documented: DocumentedAnswers;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly world: World,
    readonly wire: TcpProxy,
    /** The first installation key. */
    readonly ownerKey: string,
    readonly url: string,
    readonly lines: readonly string[],
  ) {
    this.installation = app.get(Installation);
    this.documented = new DocumentedAnswers(document());
  }

  /** @param more.beside a replica of this one, on its database */
  static async start(
    more: {
      readonly tokenKeys?: PrivateJwks;
      readonly recordKeys?: PrivateJwks;
      readonly beside?: AdminApp;
    } = {},
  ): Promise<AdminApp> {
    const { beside } = more;
    const world = beside?.world ?? (await World.open());
    const wire = await TcpProxy.to(world.database.serviceUrl);
    const ownerKey = beside
      ? new Secret(beside.ownerKey)
      : new OpaqueSecrets(PEPPER).mint('admin', newId()).text;
    const lines: string[] = [];
    const sink = { write: (line: string) => void lines.push(line) };
    const log = new PinoLog({ level: 'info', pretty: false, sink });
    const config = new ServiceConfig({
      kafka: { brokers: [NO_BROKER], tls: false, sasl: null },
      topics: topicsWith(topicPrefix()),
      audience: 'offswitch',
      stalenessMs: 10_000,
      outboxDays: 8,
      adminKey: ownerKey,
      gatewayKey: null,
      publicUrl: null,
    });
    const installation = await world.transactions.run('service', (tx) => Installation.of(tx, null));
    const root = AppModule.in({
      databaseUrl: new Secret(wire.instead(world.database.serviceUrl)),
      crypto: {
        pepper: PEPPER,
        encryptionKey: new Uint8Array(32).fill(8),
        tokenKeys: more.tokenKeys ?? generatePrivateJwks(),
        recordKeys: more.recordKeys ?? generatePrivateJwks(),
      },
      config,
      installation,
      log,
    });
    const app = await createApp(root, { log });
    await app.listen(0, '127.0.0.1');
    return new AdminApp(app, world, wire, ownerKey.reveal(), await app.getUrl(), lines);
  }

  /** The id of the key that signs access tokens. */
  get tokenKid(): string {
    return this.app.get(TokenKeys).kid;
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.world.close();
  }

  /** Stops, and leaves the database to the replicas that stay. */
  async leave(): Promise<void> {
    await this.app.close();
    await this.wire.close();
  }

  /** A new organization. */
  async organization(): Promise<string> {
    return (
      (await this.ask('POST', '/v1/organizations', { body: { name: 'Example' } })).body as {
        id: string;
      }
    ).id;
  }

  /** A new key of an organization. */
  async adminKey(org: string, role = 'owner'): Promise<string> {
    const path = `/v1/organizations/${org}/admin-keys`;
    return (
      (await this.ask('POST', path, { body: { name: 'a key', role } })).body as { key: string }
    ).key;
  }

  /** A person whom a new SCIM connection has made. */
  async person(org: string, userName: string): Promise<{ user: UserId; connection: ConnectionId }> {
    const organization = org as OrganizationId;
    const connection = await this.world.connection(organization);
    const outcome = await this.app.get(Deprovision).changeResource({
      kind: 'create',
      origin: { organization, connection, requestId: newId(), receivedAt: new Date() },
      word: 'absent',
      image: {
        userName,
        externalId: `ext-${userName}`,
        emails: [userName.toLowerCase()],
        active: true,
        attributes: {},
      },
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return { user: outcome.resource.user, connection };
  }

  /** A group of a SCIM connection. */
  async group(org: string, connection: ConnectionId, members: readonly string[]): Promise<GroupId> {
    const organization = org as OrganizationId;
    const outcome = await this.app.get(Deprovision).changeGroup({
      kind: 'create',
      origin: { organization, connection, requestId: newId(), receivedAt: new Date() },
      image: { displayName: 'Staff', externalId: null },
      members,
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return outcome.group.id;
  }

  async ask(
    method: string,
    path: string,
    more: {
      readonly key?: string | null;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    } = {},
  ): Promise<Answer> {
    const key = more.key === undefined ? this.ownerKey : more.key;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(more.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
    });
    const text = await response.text();
    const body: unknown = text === '' ? null : JSON.parse(text);
    const type = response.headers.get('content-type');
    const fault = this.documented.fault(method, path, { status: response.status, type, body });
    if (fault !== null) throw new Error(fault);
    return { status: response.status, headers: response.headers, body };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON as it came; the schemas are checked elsewhere
  readonly body: any;
}
