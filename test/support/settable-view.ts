import type { Freshness } from '../../src/gateway/view/freshness.js';
import { Generations } from '../../src/gateway/view/generations.js';
import type { ReadableView } from '../../src/gateway/view/view.js';
import { TopicWriter } from './topic-writer.js';

/** A view that knows what it is told, and is as fresh as it is told. */
export class SettableView implements ReadableView {
  readonly generations = new Generations();
  now: Freshness = { state: 'fresh', ageMs: 1_000 };

  least(...[scope, subject]: Parameters<ReadableView['least']>): number {
    return this.generations.least(scope, subject);
  }

  notBefore(org: string, subject: string): number {
    return this.generations.notBefore(org, subject);
  }

  isKidRevoked(kid: string): boolean {
    return this.generations.isKidRevoked(kid);
  }

  freshness(): Freshness {
    return this.now;
  }

  revoke(
    scope: 'org' | 'user' | 'device' | 'family' | 'kid',
    subject: string,
    generation = 2,
  ): void {
    const fields = scope === 'kid' ? {} : { generation };
    this.generations.apply(new TopicWriter().record({ scope, subject, ...fields }).record);
  }
}
