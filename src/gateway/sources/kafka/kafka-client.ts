import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { Kafka, logLevel, type ISocketFactoryArgs, type SASLOptions } from 'kafkajs';
import { lookOnlyForWhatWaits } from './idle-queues.js';
import type { KafkaSettings } from './kafka-settings.js';

/** TCP and TLS handshake, milliseconds. */
const CONNECT_MS = 2_000;
/** One request's answer, milliseconds. A broker that is silent for longer is asked anew. */
const REQUEST_MS = 4_000;
const KEEP_ALIVE_MS = 30_000;

lookOnlyForWhatWaits();

const saslOf = ({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>) =>
  ({ mechanism, username, password: password.reveal() }) as SASLOptions;

const tlsOf = (tls: KafkaSettings['tls']): ConnectionOptions | boolean =>
  typeof tls === 'boolean'
    ? tls
    : {
        ...(tls.ca !== null && { ca: tls.ca }),
        ...(tls.certificate !== null && { cert: tls.certificate }),
        ...(tls.key !== null && { key: tls.key.reveal() }),
      };

/** One kafkajs client whose sockets we own, so that letting go of a silent broker takes no time. */
export class KafkaClient {
  readonly kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  constructor({ brokers, tls, sasl }: KafkaSettings, clientId: string) {
    this.kafka = new Kafka({
      clientId,
      brokers: [...brokers],
      ssl: tlsOf(tls),
      ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
      connectionTimeout: CONNECT_MS,
      authenticationTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
      socketFactory: (args) => this.#socket(args),
      // Whatever it says ends in an error that we report ourselves.
      logLevel: logLevel.NOTHING,
    });
  }

  /** Cuts every connection and lets no new one begin. Requests under way fail. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy(new Error('the client was closed'));
  }

  #socket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#isClosed) throw new Error('the client was closed');
    // kafkajs passes `null` without TLS and `true` or options with it, whatever its types say.
    const tls: unknown = ssl;
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls
      ? connectTls({ host, port, ...servername, ...(tls as ConnectionOptions) }, onConnect)
      : connect({ host, port }, onConnect);
    // Requests are small and each one is waited for: nothing is gained by holding bytes back.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
