// P3: a raise of the number of partitions under a running service and a running gateway loses nothing.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Installation } from '../../../src/platform/installation/installation.js';
import { PostgresAuditLog } from '../../../src/audit/postgres/postgres-audit-log.js';
import { topicsWith } from '../../../src/contract/topics.js';
import { RaisedPartitions } from '../../../src/outbox/raised-partitions.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { growTopic } from '../../../src/platform/kafka/grow-topic.js';
import { ServiceConfig } from '../../../src/config/service-config.js';
import { eventually } from '../../support/eventually.js';
import { silentLog } from '../../support/outbox-world.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';

let service: RunningService;
let gateway: RunningGateway;

beforeAll(async () => {
  service = await RunningService.start();
  gateway = await service.gateway();
  await eventually(() => gateway.gateway.isReady);
});

afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

it('a gateway follows the new count, is fresh again, and its receipts complete cases on every partition', async () => {
  const { transactions } = service.world;
  const topic = service.app.get(ServiceConfig).topics.revocations;
  expect(topic).toContain(topicsWith('').revocations);
  const kafka = { brokers: [service.brokers], tls: false, sasl: null, clientId: 'test' };
  const { id } = service.app.get(Installation);
  const raised = new RaisedPartitions({
    transactions,
    audit: new PostgresAuditLog(),
    installation: id,
    hash: sha256,
  });
  await growTopic(kafka, { name: topic, count: 5 }, silentLog);
  await eventually(() =>
    raised.raise(5, { type: 'service', id: 'cli' }).then(
      () => true,
      () => false,
    ),
  );
  // The view of the new count rests on five chains: each has a position in what the gateway says.
  await eventually(async () => {
    const rows = await service.world.query('select distinct partition from gateway_positions');
    return rows.length === 5 && gateway.gateway.isReady;
  });
  const organization = await service.admin('POST', '/v1/organizations', { name: 'Example' });
  const at = `/v1/organizations/${organization.body.id}`;
  const made = await service.admin('POST', `${at}/revocations`, {
    subject: { scope: 'org', id: organization.body.id },
    reason: 'drill',
  });
  const state = async () => (await service.admin('GET', `${at}/cases/${made.body.id}`)).body.state;
  await eventually(async () => (await state()) === 'enforced');
});
