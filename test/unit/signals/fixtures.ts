import { readFileSync } from 'node:fs';

const ROOT = new URL('../../fixtures/idp/', import.meta.url);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- recorded JSON, which tests take apart and damage
export type Loose = any;

/** A recorded request's body, exactly as the sender wrote it. */
export const oktaBody = (name: string): Loose =>
  JSON.parse(readFileSync(new URL(`okta-event-hook/${name}.json`, ROOT), 'utf8'));

export interface RecordedWebhook {
  readonly secret: string;
  readonly public_key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const webhook = (name: string): RecordedWebhook =>
  JSON.parse(readFileSync(new URL(`standard-webhooks/${name}.json`, ROOT), 'utf8'));
