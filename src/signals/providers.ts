import type { ConnectionKind } from '../directory/index.js';
import type { SignalOutcome } from '../deprovision/index.js';
import type { Arrival, Authenticate } from './authenticate/authenticate.js';
import { authorizationSecret } from './authenticate/authorization-secret.js';
import { standardWebhooks } from './authenticate/standard-webhooks.js';
import { readOktaEventHook } from './read/okta-event-hook.js';
import type { Read } from './read/reading.js';
import { readStandardWebhook } from './read/standard-webhooks.js';

/** What the sender is told. `body` null: nothing. */
export interface Answer {
  readonly status: 200 | 204;
  readonly body: Readonly<Record<string, string | null>> | null;
}

/** One sort of sender: how it proves itself, what it says, and what it wants to hear. */
export interface Provider {
  readonly authenticate: Authenticate;
  readonly read: Read;
  /** @param outcomes of everything that one delivery said; all of it has been committed */
  readonly answer: (outcomes: readonly SignalOutcome[]) => Answer;
  /** What a GET at the door is answered with, for senders that check the door first; null when it asks nothing. */
  readonly challenge?: (arrival: Arrival) => Answer | null;
}

const nothing = (): Answer => ({ status: 204, body: null });

/** An in-house system's developer sees here when a type or a person means nothing to us. */
const ofOne = ([outcome]: readonly SignalOutcome[]): Answer => ({
  status: 200,
  body:
    outcome === undefined
      ? {}
      : { signal: outcome.signal, outcome: outcome.kind, case: outcome.case },
});

/** Okta checks a new hook once: what the field holds goes back in the body. */
function oktaChallenge({ header }: Arrival): Answer | null {
  const [verification] = header('x-okta-verification-challenge');
  return verification === undefined ? null : { status: 200, body: { verification } };
}

/** Every kind of webhook connection. A new provider is a reader, its fixtures, and a line here. */
export const PROVIDERS: Readonly<Record<Exclude<ConnectionKind, 'scim'>, Provider>> = {
  'okta-event-hook': {
    authenticate: authorizationSecret,
    read: readOktaEventHook,
    answer: nothing,
    challenge: oktaChallenge,
  },
  'standard-webhooks': {
    authenticate: standardWebhooks,
    read: readStandardWebhook,
    answer: ofOne,
  },
};
