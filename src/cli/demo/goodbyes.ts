import { bearer, call } from './client.js';
import { oktaId, type Cast } from './cast.js';

/** Entra's request when somebody leaves: capital `Replace`, and the string "False" (facts: Entra, without flags). */
export const leaveByEntra = (cast: Cast, name: string) =>
  call(`${cast.scim.url}/Users/${cast.people[name] ?? ''}`, {
    method: 'PATCH',
    headers: { ...bearer(cast.scim.secret), 'content-type': 'application/scim+json' },
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    },
    expect: 200,
  });

/** Okta's event hook: the person is in `target`, never in `actor`. */
export const leaveByOktaHook = (cast: Cast, name: string, uuid: string) => {
  const now = new Date().toISOString();
  return call(cast.hook.url, {
    method: 'POST',
    headers: { authorization: cast.hook.secret },
    body: {
      eventType: 'com.okta.event_hook',
      eventTypeVersion: '1.0',
      cloudEventsVersion: '0.1',
      source: 'https://example.okta.com/api/v1/eventHooks/whoexample',
      eventId: uuid,
      eventTime: now,
      contentType: 'application/json',
      data: {
        events: [
          {
            uuid,
            published: now,
            eventType: 'user.lifecycle.deactivate',
            version: '0',
            actor: { id: '00uadminexample', type: 'User', alternateId: 'admin@example.com' },
            outcome: { result: 'SUCCESS' },
            target: [
              {
                id: oktaId(name),
                type: 'User',
                alternateId: `${name}@example.com`,
                displayName: name,
              },
            ],
          },
        ],
      },
    },
    expect: 204,
  });
};
