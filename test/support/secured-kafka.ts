import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaPrograms, kafkaStorage } from '../../src/platform/embedded/kafka-programs.js';
import { startEmbedded } from '../../src/platform/embedded/start-embedded.js';
import { supervisorProgram } from './from-source.js';

const run = promisify(execFile);

export const KAFKA_USER = 'offswitch';
export const KAFKA_PASSWORD = 'visibly-fake-password';
const STORE_PASSWORD = 'visibly-fake-store-password';

export interface SecuredKafka {
  /** `host:port`: TLS with a certificate that nobody knows, and a password. */
  readonly brokers: string;
  /** PEM, the broker's own certificate: whoever trusts it trusts this broker. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** A real broker that listens with SASL_SSL only; PLAIN and SCRAM-SHA-512 know the same user. */
export async function securedKafka(): Promise<SecuredKafka> {
  const home = await mkdtemp(join(tmpdir(), 'offswitch-secured-'));
  try {
    const store = await selfSigned(home);
    await format(join(home, 'kafka'));
    const embedded = await startEmbedded({
      home,
      postgres: false,
      kafka: true,
      supervisor: supervisorProgram(),
      kafkaSettings: settingsWith(store.path),
    });
    return {
      brokers: embedded.kafkaBrokers!,
      ca: store.certificate,
      stop: async () => {
        await embedded.stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

/** A key and its certificate, made by the keytool that every Java has. */
async function selfSigned(home: string): Promise<{ path: string; certificate: string }> {
  const { java } = await kafkaPrograms();
  const keytool = java.replace(/java$/u, 'keytool');
  const path = join(home, 'broker.p12');
  const store = ['-keystore', path, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD];
  const who = ['-dname', 'CN=broker', '-ext', 'san=ip:127.0.0.1', '-validity', '30'];
  const key = ['-alias', 'broker', '-keyalg', 'EC', '-groupname', 'secp256r1'];
  await run(keytool, ['-genkeypair', ...key, ...who, ...store]);
  const file = join(home, 'ca.pem');
  await run(keytool, ['-exportcert', '-rfc', '-alias', 'broker', '-file', file, ...store]);
  return { path, certificate: await readFile(file, 'utf8') };
}

/** SCRAM's first user can only be made while the disk is formatted: without it nobody could log in to make one. */
async function format(directory: string): Promise<void> {
  const id = '0ffswitchofthetestruns';
  const properties = join(directory, 'format.properties');
  await mkdir(directory, { recursive: true });
  await writeFile(
    properties,
    [
      'process.roles=broker,controller',
      'node.id=1',
      'controller.listener.names=CONTROLLER',
      'controller.quorum.voters=1@127.0.0.1:9093',
      'listeners=CONTROLLER://127.0.0.1:9093,PLAINTEXT://127.0.0.1:9092',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      `log.dirs=${join(directory, 'data')}`,
    ].join('\n'),
  );
  const scram = `SCRAM-SHA-512=[name=${KAFKA_USER},password=${KAFKA_PASSWORD}]`;
  const goal = ['format', '--cluster-id', id, '--config', properties, '--add-scram', scram];
  await kafkaStorage(await kafkaPrograms(), goal);
  await writeFile(join(directory, 'formatted'), id);
}

/** The listener that the embedded broker calls PLAINTEXT speaks SASL_SSL: the name is only a name. */
const settingsWith = (keystore: string): Readonly<Record<string, string>> => ({
  'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'listener.name.plaintext.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required username="${KAFKA_USER}" password="${KAFKA_PASSWORD}" user_${KAFKA_USER}="${KAFKA_PASSWORD}";`,
  'listener.name.plaintext.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'ssl.keystore.location': keystore,
  'ssl.keystore.type': 'PKCS12',
  'ssl.keystore.password': STORE_PASSWORD,
  'ssl.key.password': STORE_PASSWORD,
  'ssl.truststore.location': keystore,
  'ssl.truststore.type': 'PKCS12',
  'ssl.truststore.password': STORE_PASSWORD,
});
