import type { Jwks, Lease, LeaseRequest } from '../contract/lease.js';
import type { Clock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { newSigningKey } from './crypto/signing-key.js';
import { ForeignTokens } from './foreign/foreign-tokens.js';
import type { GatewayOptions } from './gateway-options.js';
import { Resolver } from './resolver.js';
import { Disk } from './keep/disk.js';
import { IssuersFile } from './keep/issuers-file.js';
import { ViewFile, type Discarded } from './keep/view-file.js';
import { ViewKeeper } from './keep/view-keeper.js';
import { EndedProcesses } from './lease/ended-processes.js';
import { KeptLease } from './lease/kept-lease.js';
import { LeaseKeeper } from './lease/lease-keeper.js';
import { foreignJwks, ServiceClient } from './lease/service-client.js';
import { pause } from './pause.js';
import { trustIn, type Route } from './policy.js';
import { Receipts } from './receipts/receipts.js';
import { systemClock } from './system-clock.js';
import { Streams, type Bound, type Closing } from './streams/streams.js';
import { TokenKeys } from './token/token-keys.js';
import { Unit } from './unit.js';
import type { Unsure, Verdict } from './verdict.js';
import type { Freshness } from './view/freshness.js';
import type { KeptView } from './view/kept-view.js';

const KEYS_AGE_MS = 60_000;
const KEEP_VIEW_MS = 10_000;
const UNLOADED: Unsure = { kind: 'unsure', reason: 'view.unloaded' };

/** A gateway process: it holds a lease, follows the topic, decides, and says what it has applied. */
export class Gateway {
  readonly #options: GatewayOptions & { readonly clock: Clock };
  readonly #request: LeaseRequest;
  readonly #stopping = new AbortController();
  readonly #service: ServiceClient;
  readonly #keys: TokenKeys;
  readonly #foreign: ForeignTokens | undefined;
  readonly #receipts: Receipts;
  readonly #resolver: Resolver;
  readonly #streams: Streams;
  readonly #kept: KeptLease | null;
  readonly #ended: EndedProcesses | null;
  readonly #viewFile: ViewFile | null;
  readonly #issuersFile: IssuersFile | null;
  #lease: Lease | null = null;
  #jwks: Jwks | null = null;
  #written = '';
  #unit: Unit | null = null;
  /** Catches up under new terms while the unit before goes on deciding. */
  #next: Unit | null = null;

  constructor(options: GatewayOptions) {
    const { clock = systemClock, report, transport, service, directory = null } = options;
    const { sign, publicJwk } = newSigningKey();
    const boot = newId();
    this.#options = { ...options, clock };
    this.#request = {
      boot,
      version: options.version,
      policy: options.policy,
      public_key: publicJwk,
    };
    this.#service = new ServiceClient(service.url, service.key);
    const disk = new Disk();
    const isViewKept = directory !== null && options.keepViewMs !== 0;
    this.#kept = directory === null ? null : new KeptLease(directory, disk);
    this.#ended = directory === null ? null : new EndedProcesses(directory, disk);
    this.#viewFile = isViewKept ? new ViewFile(directory, service.key, disk) : null;
    this.#issuersFile =
      directory === null
        ? null
        : new IssuersFile({ directory, gatewayKey: service.key, disk, report });
    this.#keys = new TokenKeys({
      clock,
      fetch: () => this.#service.jwks(this.#lease?.jwks_url ?? '', this.#stopping.signal),
      onFailure: (error) => {
        report({ kind: 'keys.failed', error });
      },
      onChange: (jwks) => {
        this.#jwks = jwks;
        void this.#keep();
      },
    });
    if (options.foreignTokens === 'accept')
      this.#foreign = new ForeignTokens({
        clock,
        fetch: (url) => foreignJwks(url, this.#stopping.signal),
        onKeys: () => {
          void this.#issuersFile?.write(() => this.#foreign?.keep() ?? []);
        },
        onFailure: (error) => {
          report({ kind: 'keys.failed', error });
        },
      });
    this.#resolver = new Resolver({
      guard: {
        check: (token, route) => this.check(token, route),
        checkWith: (word, token, route) =>
          this.#unit?.guard.checkWith(word, token, route) ?? UNLOADED,
      },
      introspect: (token) => this.#service.introspect(token, this.#stopping.signal),
      refreshKeys: async (foreign) =>
        this.#lease !== null &&
        (await (foreign === null ? this.#keys.refresh() : this.#foreign?.refreshKeys(foreign))) ===
          true,
      onFailure: (error) => {
        report({ kind: 'introspection.failed', error });
      },
    });
    this.#streams = new Streams({
      check: (token, route) => this.check(token, route),
      review: (token, route) => this.#unit?.guard.checkWith('unasked', token, route) ?? UNLOADED,
      isFresh: () => this.freshness().state === 'fresh',
      nowMs: () => clock.now().getTime(),
      onFailure: (error) => {
        report({ kind: 'stream.not-closed', error });
      },
    });
    this.#receipts = new Receipts({
      boot,
      sign,
      clock,
      gateway: () => this.#lease?.id ?? null,
      positions: () => this.#unit?.follower.positions() ?? [],
      send: (receipt) => transport.sendReceipt(this.#lease?.kafka.topics.receipts ?? '', receipt),
      onFailure: (error) => {
        report({ kind: 'receipts.failed', error });
      },
    });
  }

  /** Whether the token may pass. Synchronous; a doubt may be cleared by {@link resolve}. */
  check(token: string, route?: Route): Verdict {
    return this.#unit?.guard.check(token, route) ?? UNLOADED;
  }

  /**
   * Clears a doubt where that can be done: an unknown key may be a new one, and the service knows what an old view
   * does not. If it cannot be asked, the policy decides (design §8). What is still unsure then is a 503.
   */
  async resolve(doubt: Unsure): Promise<Verdict> {
    return this.#resolver.resolve(doubt);
  }

  /**
   * Lets a connection live as long as its token would be let in: it is closed when a revocation hits, at `exp`, and
   * when the view becomes older than the policy allows. Resolve a doubt first: an old view binds no strict stream.
   */
  bind(token: string, close: (why: Closing) => void, route?: Route): Bound {
    return this.#streams.bind(token, close, route);
  }

  freshness(): Freshness {
    return this.#unit?.follower.freshness() ?? { state: 'unloaded' };
  }

  /** Whether a good token would be let in now under the gateway's own policy. */
  get isReady(): boolean {
    if (this.#unit === null || this.#keys.isEmpty) return false;
    const { staleness_ms: stalenessMs } = this.#unit.lease;
    const trust = trustIn(this.freshness(), this.#options.policy, { stalenessMs, alone: true });
    return trust === 'fresh' || trust === 'tolerated';
  }

  /** How many subjects are remembered. */
  get size(): number {
    return this.#unit?.follower.view.size ?? 0;
  }

  /** Runs until `stop` is aborted and everything has ended; from then on everything is unsure. Never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const { report, transport } = this.#options;
    await this.#restore();
    const keeper = new LeaseKeeper({
      service: this.#service,
      request: this.#request,
      ended: this.#ended,
      report,
      onLease: (lease) => {
        this.#follow(lease);
        void this.#keep();
        if (this.#keys.isEmpty || this.#keys.ageMs >= KEYS_AGE_MS) void this.#keys.refresh();
      },
    });
    await Promise.all([keeper.run(stop), this.#receipts.run(stop), this.#keepView(stop)]);
    this.#stopping.abort();
    this.#streams.closeAll();
    const [unit, next] = [this.#unit, this.#next];
    // Who has ended lets nobody in any more: that is what the service will be told, now or by a later start.
    this.#unit = null;
    await Promise.all([unit?.stop(), next?.stop()]);
    await Promise.all([transport.close(), keeper.goodbye()]);
  }

  /** A start while the service is away goes by the last lease; a view without watermarks grows stale all the same. */
  async #restore(): Promise<void> {
    const kept = await this.#kept?.read();
    if (kept == null) return;
    this.#keys.restore(kept.jwks);
    this.#jwks = kept.jwks;
    const [view, issuers] = await Promise.all([this.#readView(), this.#issuersFile?.read()]);
    this.#follow(kept.lease);
    this.#foreign?.restore(issuers ?? []);
    this.#options.report({ kind: 'lease.restored' });
    if (view !== null) this.#restoreView(view);
  }

  /** What has been followed since is younger: nothing is lost by a view that is no good but time. */
  #restoreView(view: KeptView | Discarded | 'unreadable'): void {
    const { report } = this.#options;
    if (typeof view === 'string') report({ kind: 'view.discarded', why: view });
    else if (this.#unit?.follower.restore(view) === true)
      report({ kind: 'view.restored', size: this.size });
    else report({ kind: 'view.discarded', why: 'foreign' });
  }

  async #readView(): Promise<KeptView | Discarded | 'unreadable' | null> {
    try {
      return (await this.#viewFile?.read()) ?? null;
    } catch {
      return 'unreadable';
    }
  }

  async #keepView(stop: AbortSignal): Promise<void> {
    const { clock, report, keepViewMs: everyMs = KEEP_VIEW_MS } = this.#options;
    const view = (): KeptView | null => this.#unit?.follower.keep() ?? null;
    if (this.#viewFile !== null)
      await new ViewKeeper({ file: this.#viewFile, view, everyMs, clock, report }).run(stop);
  }

  #follow(lease: Lease): void {
    this.#lease = lease;
    if (this.#stopping.signal.aborted) return;
    this.#foreign?.learn(lease);
    for (const unit of [this.#unit, this.#next]) {
      if (unit?.hasTermsOf(lease)) unit.follower.learn(lease.record_keys, lease.epoch);
    }
    if (this.#next?.hasTermsOf(lease)) return;
    void this.#next?.stop();
    this.#next = null;
    if (this.#unit?.hasTermsOf(lease)) return;
    this.#next = new Unit({
      ...this.#options,
      lease,
      keys: this.#keys,
      foreign: this.#foreign,
      onApplied: (digests) => {
        this.#receipts.note(digests);
      },
      onRevoked: (scope, subject) => {
        this.#streams.revoked(scope, subject);
      },
    });
    void this.#promote(this.#next);
  }

  /** The first unit serves at once, to say what it can refuse; later ones when they can replace what is there. */
  async #promote(next: Unit): Promise<void> {
    while (this.#unit?.isLoaded && !next.isLoaded) {
      await pause(100, this.#stopping.signal);
      if (this.#next !== next || this.#stopping.signal.aborted) return;
    }
    const before = this.#unit;
    this.#unit = next;
    this.#next = null;
    this.#streams.recheck();
    await before?.stop();
  }

  async #keep(): Promise<void> {
    const [lease, jwks] = [this.#lease, this.#jwks];
    if (this.#kept === null || lease === null || jwks === null) return;
    // The end of the lease says nothing to a later start; only what does is worth a write.
    const text = JSON.stringify([{ ...lease, lease_until: null }, jwks]);
    if (text === this.#written) return;
    this.#written = text;
    try {
      await this.#kept.write({ lease, jwks });
    } catch (error) {
      this.#options.report({ kind: 'lease.not-kept', error });
    }
  }
}
