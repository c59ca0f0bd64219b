import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { Kafka, logLevel, type ISocketFactoryArgs, type SASLOptions } from 'kafkajs';
import type { Log } from '../log/log.js';
import { lookOnlyForWhatWaits } from './idle-queues.js';
import { CLIENT_CLOSED, kafkaLog } from './kafka-log.js';
import type { KafkaSettings } from './kafka-settings.js';

/** TCP and TLS handshake, milliseconds. */
const CONNECT_MS = 2_000;
/** One request's answer, milliseconds; longer than what the broker itself waits for its replicas. */
const REQUEST_MS = 4_000;
const KEEP_ALIVE_MS = 30_000;

lookOnlyForWhatWaits();

const saslOf = ({ sasl }: KafkaSettings): SASLOptions | null =>
  sasl && {
    mechanism: sasl.mechanism,
    username: sasl.username,
    password: sasl.password.reveal(),
  };

const tlsOf = ({ tls }: KafkaSettings): ConnectionOptions | boolean =>
  typeof tls === 'boolean'
    ? tls
    : {
        ...(tls.ca !== null && { ca: tls.ca }),
        ...(tls.certificate !== null && { cert: tls.certificate }),
        ...(tls.key !== null && { key: tls.key.reveal() }),
      };

/** One kafkajs client whose sockets we own, so that letting go of a silent broker takes no time. */
export class KafkaConnection {
  readonly kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  constructor(settings: KafkaSettings, log: Log) {
    const sasl = saslOf(settings);
    this.kafka = new Kafka({
      clientId: settings.clientId,
      brokers: [...settings.brokers],
      ssl: tlsOf(settings),
      ...(sasl ? { sasl } : {}),
      connectionTimeout: CONNECT_MS,
      authenticationTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      enforceRequestTimeout: true,
      retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
      socketFactory: (args) => this.#socket(args),
      logLevel: logLevel.INFO,
      logCreator: kafkaLog(log),
    });
  }

  /** Cuts every connection and lets no new one begin. Requests under way fail. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy(new Error(CLIENT_CLOSED));
  }

  #socket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#isClosed) throw new Error(CLIENT_CLOSED);
    // kafkajs passes `null` without TLS and `true` or options with it, whatever its types say.
    const tls: unknown = ssl;
    const socket = tls
      ? connectTls(
          {
            host,
            port,
            ...(isIP(host) === 0 ? { servername: host } : {}),
            ...(tls as ConnectionOptions),
          },
          onConnect,
        )
      : connect({ host, port }, onConnect);
    // Requests are small and each one is waited for: nothing is gained by holding bytes back.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
