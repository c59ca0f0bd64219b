import { Gateway, KafkaTransport, type Follower, type Transport } from '../../src/gateway/index.js';
import { Secret } from '../../src/kernel/secret.js';
import { SystemClock } from '../../src/platform/clock/system-clock.js';
import { machineMs } from '../frame/load.js';

/**
 * A gateway of the library. It holds one token per person; when a message has gone through the view, the guard is asked
 * about the token of the person whom it speaks of, and if it denies, that is the time of denial. Nothing polls.
 */
const env = (name: string): string => process.env[name] ?? '';
const clock = new SystemClock();
const tokens = new Map<string, string>();
const denied: [user: string, atMs: number][] = [];
const stopping = new AbortController();
let stillIn = 0;

const kafka = new KafkaTransport({
  settings: { brokers: [env('KAFKA_BROKERS')], tls: false, sasl: null },
  clientId: `offswitch-bench-${env('NAME')}`,
  clock,
  report: () => undefined,
});

function ask(messages: readonly { readonly type: string; readonly text: string }[]): void {
  for (const { type, text } of messages) {
    if (type !== 'revocation') continue;
    const { subject: user } = JSON.parse(text) as { readonly subject: string };
    const token = tokens.get(user);
    if (token === undefined) continue;
    if (gateway.check(token).kind === 'deny') {
      denied.push([user, machineMs()]);
      tokens.delete(user);
    } else stillIn += 1;
  }
}

/** The same follower, and the guard is asked each time it has received something. */
const watched = <F extends Follower>(follower: F): F =>
  new Proxy(follower, {
    get: (target, name): unknown => {
      if (name === 'receive')
        return (...received: Parameters<Follower['receive']>): void => {
          target.receive(...received);
          ask(received[1]);
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

const transport: Transport = {
  follow: (followed, follower, stop) => kafka.follow(followed, watched(follower), stop),
  sendReceipt: (topic, receipt) => kafka.sendReceipt(topic, receipt),
  close: () => kafka.close(),
};

const gateway = new Gateway({
  service: { url: env('OFFSWITCH_URL'), key: new Secret(env('OFFSWITCH_GATEWAY_KEY')) },
  transport,
  policy: 'strict',
  version: '0.0.0',
  directory: null,
  clock,
  report: () => undefined,
});

process.on(
  'message',
  (said: { readonly kind: string; readonly holders?: readonly [string, string][] }) => {
    if (said.kind === 'hold') {
      let allowed = 0;
      for (const [user, token] of said.holders ?? []) {
        tokens.set(user, token);
        if (gateway.check(token).kind === 'allow') allowed += 1;
      }
      process.send?.({ kind: 'held', allowed });
    }
    if (said.kind === 'tell') process.send?.({ kind: 'told', denied: denied.splice(0), stillIn });
  },
);
process.on('SIGTERM', () => {
  stopping.abort();
});

const running = gateway.run(stopping.signal);
while (!gateway.isReady && !stopping.signal.aborted)
  await new Promise((resolve) => setTimeout(resolve, 50));
process.send?.({ kind: 'ready' });
await running;
process.disconnect();
