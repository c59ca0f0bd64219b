import { newId } from '../../src/kernel/ids.js';
import { bearer, type Answered, type RunningService } from './running-service.js';

/** Somebody with a device. */
export interface Enrolled {
  readonly user: string;
  readonly device: string;
  readonly token: string;
  readonly refresh: string;
}

/** An organization with one SCIM connection and one API key, asked over HTTP as IdPs and backends do. */
export class Company {
  private constructor(
    readonly id: string,
    readonly scim: string,
    readonly apiKey: string,
  ) {}

  static async found(service: RunningService): Promise<Company> {
    const { body } = await service.admin('POST', '/v1/organizations', { name: 'Example' });
    const at = `/v1/organizations/${body.id}`;
    const connection = await service.admin('POST', `${at}/connections`, {
      kind: 'scim',
      name: 'IdP',
    });
    const key = await service.admin('POST', `${at}/api-keys`, {
      name: 'backend',
      scopes: ['device-tokens:bootstrap'],
    });
    return new Company(body.id as string, connection.body.secret as string, key.body.key as string);
  }

  /** `ttlS`: how long access tokens live. */
  async enrol(service: RunningService, ttlS?: number): Promise<Enrolled> {
    const user = await this.provision(service);
    const device = newId();
    const issued = await service.ask('POST', '/api/v1/device-auth/token', {
      headers: { 'x-api-key': this.apiKey },
      body: { device_id: device, user: { id: user } },
    });
    const { body } = await service.ask('POST', '/api/v1/device-auth/bootstrap', {
      headers: bearer(issued.body.bootstrap_token as string),
      body: {
        device_identifier: device,
        ...(ttlS !== undefined && { access_ttl_seconds: ttlS }),
      },
    });
    const token = body.access_token as string;
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    const refresh = body.refresh_token as string;
    return { user: claims.sub, device: claims.did, token, refresh };
  }

  /** @returns the SCIM id, which is the user's own id */
  async provision(
    service: RunningService,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const { body } = await service.ask('POST', '/scim/v2/Users', {
      headers: bearer(this.scim),
      body: {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: `${newId()}@example.com`,
        active: true,
        ...more,
      },
    });
    return body.id as string;
  }

  /** Entra's way to say that somebody left. */
  leave(service: RunningService, user: string): Promise<Answered> {
    return service.ask('PATCH', `/scim/v2/Users/${user}`, {
      headers: bearer(this.scim),
      body: {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
      },
    });
  }

  refresh(service: RunningService, { refresh }: Enrolled): Promise<Answered> {
    const body = { refresh_token: refresh };
    return service.ask('POST', '/api/v1/device-auth/refresh', { body });
  }
}
