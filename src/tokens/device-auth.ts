import type { AuditLog, Refusals } from '../audit/index.js';
import type { ApiKeys } from '../api-keys/index.js';
import type { Cases } from '../cases/index.js';
import type { Devices, Organizations, People } from '../directory/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Transactions } from '../kernel/tx.js';
import type { Outbox, RevocationPublisher } from '../outbox/index.js';
import type { TokenKeys } from '../platform/crypto/key-ring.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import type { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import { sha256 } from '../platform/crypto/sha256.js';
import type { Installation } from '../platform/installation/installation.js';
import type { Log } from '../platform/log/log.js';
import { AccessMinter } from './access-minter.js';
import type { DeviceAssignments } from './device-assignments.js';
import { DeviceDoor } from './device-door.js';
import { DEVICE_SCOPES } from './domain/device-scopes.js';
import { Endings } from './endings.js';
import { IssueBootstrapToken } from './issue-bootstrap-token.js';
import { RedeemBootstrapToken } from './redeem-bootstrap-token.js';
import { RefreshDeviceToken } from './refresh-device-token.js';
import { RefusedDeeds } from './refused-deeds.js';
import { RevokeDeviceToken } from './revoke-device-token.js';
import { StoredDeviceAssignments } from './stored-device-assignments.js';

export interface DeviceAuthParts {
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  readonly cases: Cases;
  readonly outbox: Outbox;
  readonly publisher: RevocationPublisher;
  readonly people: Pick<People, 'whoIs' | 'isActive'>;
  readonly devices: Pick<Devices, 'ensure' | 'owners' | 'assign' | 'unassign'>;
  readonly organizations: Pick<Organizations, 'allowsOwnerless'>;
  readonly apiKeys: Pick<ApiKeys, 'isLive'>;
  readonly secrets: OpaqueSecrets;
  readonly rotating: RotatingSecrets;
  readonly keys: TokenKeys;
  readonly installation: Installation;
  readonly log: Log;
  /** `aud` of access tokens. */
  readonly audience: string;
}

/** All that devices, the backends that enrol them, and those who hand them out can do. */
export class DeviceAuth {
  readonly door: DeviceDoor;
  readonly issue: IssueBootstrapToken;
  readonly redeem: RedeemBootstrapToken;
  readonly refresh: RefreshDeviceToken;
  readonly revoke: RevokeDeviceToken;
  readonly assignments: DeviceAssignments;

  constructor(given: DeviceAuthParts) {
    const { installation, audience } = given;
    const { id, issuer, partitions, epoch } = installation;
    const parts = {
      ...given,
      epoch,
      door: new DeviceDoor({ ...given, installation: id }),
      refused: new RefusedDeeds(given),
      endings: new Endings({ ...given, press: { hash: sha256, partitions, epoch } }),
      minter: new AccessMinter({ ...given, issuer: { issuer, audience } }),
      deviceScopes: DEVICE_SCOPES,
    };
    this.door = parts.door;
    this.issue = new IssueBootstrapToken(parts);
    this.redeem = new RedeemBootstrapToken(parts);
    this.refresh = new RefreshDeviceToken(parts);
    this.revoke = new RevokeDeviceToken(parts);
    this.assignments = new StoredDeviceAssignments(parts);
  }
}
