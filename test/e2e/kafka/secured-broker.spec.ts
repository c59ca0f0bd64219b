// P9: fail closed; P6: Kafka never fails an IdP. A broker that wants TLS and a password gets both, or nothing is sent.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gather } from '../../../src/cli/demo/cast.js';
import { authz, bearer, call } from '../../../src/cli/demo/client.js';
import { leaveByEntra } from '../../../src/cli/demo/goodbyes.js';
import { eventually } from '../../support/eventually.js';
import { startProgram } from '../../support/processes.js';
import {
  KAFKA_PASSWORD,
  KAFKA_USER,
  securedKafka,
  type SecuredKafka,
} from '../../support/secured-kafka.js';
import { LoggingProcess, ServiceProcess } from '../../support/service-process.js';
import { World } from '../../support/world.js';

const LONG = 180_000;
let kafka: SecuredKafka;
let world: World;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  kafka = await securedKafka();
}, LONG);

beforeEach(async () => {
  world = await World.open();
}, LONG);

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
  await world.close();
}, LONG);

afterAll(() => kafka.stop(), LONG);

const keysTo = (mechanism: string, more: Readonly<Record<string, string>> = {}) => ({
  KAFKA_TLS: 'true',
  KAFKA_TLS_CA: kafka.ca,
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: KAFKA_USER,
  KAFKA_SASL_PASSWORD: KAFKA_PASSWORD,
  ...more,
});

async function start(environment: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const service = await ServiceProcess.start({
    databaseUrl: world.database.serviceUrl,
    brokers: kafka.brokers,
    environment,
  });
  running.push(service);
  return service;
}

/** A gateway of this service as a process of its own, and where it listens. */
async function startGateway(
  service: ServiceProcess,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly said: readonly Record<string, unknown>[] }> {
  const { key } = await call(`${service.url}/v1/gateways`, {
    method: 'POST',
    headers: bearer(service.adminKey),
    body: { name: `gateway-${running.length}-${Date.now()}` },
    expect: 201,
  });
  const child = startProgram(
    ['src/cli/offswitch.ts', 'gateway', '--listen', '127.0.0.1:0', '--source', 'kafka'],
    {
      env: {
        PATH: process.env['PATH'],
        OFFSWITCH_URL: service.url,
        OFFSWITCH_GATEWAY_KEY: key as string,
        KAFKA_BROKERS: kafka.brokers,
        OFFSWITCH_HOME: service.home,
        ...environment,
      },
    },
  );
  const gateway = new LoggingProcess(child);
  running.push(gateway);
  const { url } = await gateway.says('the gateway listens');
  return { url: url as string, said: gateway.said };
}

const readiness = async (url: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${url}/health/ready`);
  return { status: response.status, text: await response.text() };
};

describe('a broker that wants TLS and a password', () => {
  it.each(['scram-sha-512', 'plain'])(
    'is served by %s: a revocation walks all the way',
    async (mechanism) => {
      const service = await start(keysTo(mechanism));
      const gateway = await startGateway(service, keysTo(mechanism));
      const cast = await gather(service.url, service.adminKey);
      const tokens = cast.seats.filter(({ person }) => person === 'ada').map(({ token }) => token);
      const all = async (status: number): Promise<boolean> =>
        (await Promise.all(tokens.map((token) => authz(gateway.url, token)))).every(
          (one) => one === status,
        );
      await eventually(() => all(200));
      await leaveByEntra(cast, 'ada');
      await eventually(() => all(401));
    },
    LONG,
  );

  it.each([
    ['a wrong password', { KAFKA_SASL_PASSWORD: 'visibly-wrong' }, /SASL.*authentication failed/iu],
    ['a certificate that nobody has vouched for', { KAFKA_TLS_CA: '' }, /self-signed certificate/u],
  ])(
    'gets nothing with %s: the log says why, and IdPs are served all the same',
    async (_, mistake, why) => {
      const service = await start(keysTo('scram-sha-512', mistake));
      const cast = await gather(service.url, service.adminKey);
      await leaveByEntra(cast, 'ada');
      await eventually(() =>
        service.said.some(
          (line) => line['message'] === 'nothing is published' && why.test(JSON.stringify(line)),
        ),
      );
      const { status, text } = await readiness(service.url);
      expect(status).toBe(200);
      expect(text).toContain('degraded');
      const gateway = await startGateway(service, keysTo('scram-sha-512', mistake));
      await eventually(() =>
        gateway.said.some(
          (line) => line['alarm'] === 'source_failed' && why.test(JSON.stringify(line)),
        ),
      );
      expect((await readiness(gateway.url)).status).toBe(503);
      expect(await authz(gateway.url, cast.seats[0]!.token)).toBe(503);
      const everything = JSON.stringify([...service.said, ...gateway.said]);
      expect(everything).not.toContain(KAFKA_PASSWORD);
      expect(everything).not.toContain('visibly-wrong');
    },
    LONG,
  );
});
