import type { MigrationInterface } from 'typeorm';
import { Roles1763900000000 } from './1763900000000-roles.js';
import { Organizations1763900000100 } from './1763900000100-organizations.js';
import { PeopleAndDevices1763900000200 } from './1763900000200-people-and-devices.js';
import { SignalsAndCases1763900000300 } from './1763900000300-signals-and-cases.js';
import { OutboxAndGateways1763900000400 } from './1763900000400-outbox-and-gateways.js';
import { Heart1763900000500 } from './1763900000500-heart.js';
import { DeviceTokens1763900000600 } from './1763900000600-device-tokens.js';
import { Audit1763900000900 } from './1763900000900-audit.js';
import { InstallationMoves1764250000000 } from './1764250000000-installation-moves.js';
import { RevokedKidsSignNothing1764251500000 } from './1764251500000-revoked-kids-sign-nothing.js';
import { WhoOwnsATakenName1764251600000 } from './1764251600000-who-owns-a-taken-name.js';
import { OrganizationPolicy1764252000000 } from './1764252000000-organization-policy.js';
import { Feed1764252310000 } from './1764252310000-feed.js';
import { RefusedRecords1764271000000 } from './1764271000000-refused-records.js';
import { OutboxByDay1764272000000 } from './1764272000000-outbox-by-day.js';
import { FoldedAttributes1764273500000 } from './1764273500000-folded-attributes.js';
import { SharedSweeping1764274000000 } from './1764274000000-shared-sweeping.js';
import { Retention1764277000000 } from './1764277000000-retention.js';
import { ConnectionTraffic1764281500000 } from './1764281500000-connection-traffic.js';
import { Groups1764282500000 } from './1764282500000-groups.js';
import { Reconciliations1764283700000 } from './1764283700000-reconciliations.js';
import { ForeignIssuers1764289900000 } from './1764289900000-foreign-issuers.js';
import { StrictConnections1764291000000 } from './1764291000000-strict-connections.js';
import { AccessGroups1764293000000 } from './1764293000000-access-groups.js';
import { ClientCredentials1764294500000 } from './1764294500000-client-credentials.js';
import { GroupsOfAnySize1764296000000 } from './1764296000000-groups-of-any-size.js';
import { MembersByTheirIds1764299500000 } from './1764299500000-members-by-their-ids.js';
import { WhatConnectionsAccept1764303100000 } from './1764303100000-what-connections-accept.js';
import { ProvisioningEvents1764304500000 } from './1764304500000-provisioning-events.js';
import { EndingSecrets1764305200000 } from './1764305200000-ending-secrets.js';
import { ReceiptsWithoutAReference1764306500000 } from './1764306500000-receipts-without-a-reference.js';
import { PeopleInOneGo1764307300000 } from './1764307300000-people-in-one-go.js';
import { NamedGroupsLift1764308500000 } from './1764308500000-named-groups-lift.js';
import { RoomForMarks1764309200000 } from './1764309200000-room-for-marks.js';
import { BulkJobs1764310900000 } from './1764310900000-bulk-jobs.js';
import { ManyPeopleInOnePlan1764311500000 } from './1764311500000-many-people-in-one-plan.js';
import { IssuerSubjects1764312900000 } from './1764312900000-issuer-subjects.js';
import { LeaversTogether1764313700000 } from './1764313700000-leavers-together.js';
import { LeaversPlannedOnce1764313900000 } from './1764313900000-leavers-planned-once.js';
import { GatewayProcessesThatAreGone1764314700000 } from './1764314700000-gateway-processes-that-are-gone.js';
import { BulkJobsInTurn1764315500000 } from './1764315500000-bulk-jobs-in-turn.js';
import { WordsThatProcessesAreGone1764316300000 } from './1764316300000-words-that-processes-are-gone.js';
import { WhatEndsAccessIsTold1764317400000 } from './1764317400000-what-ends-access-is-told.js';
import { AGroupsIdNamesNoPerson1764318200000 } from './1764318200000-a-groups-id-names-no-person.js';
import { AGroupsIdGivesNoPlace1764319100000 } from './1764319100000-a-groups-id-gives-no-place.js';

export interface Migration extends MigrationInterface {
  readonly name: string;
  /**
   * True when it changes the audit schema. Once that schema belongs to its own role, the owner can no longer
   * do that: `migrate` says so, and `migrate --privileged` does it.
   */
  readonly changesAudit?: boolean;
}

/** Every migration in order. One that has been released is never edited; a new one goes at the end. */
export const migrations: readonly (new () => Migration)[] = [
  Roles1763900000000,
  Organizations1763900000100,
  PeopleAndDevices1763900000200,
  SignalsAndCases1763900000300,
  OutboxAndGateways1763900000400,
  Heart1763900000500,
  DeviceTokens1763900000600,
  Audit1763900000900,
  InstallationMoves1764250000000,
  RevokedKidsSignNothing1764251500000,
  WhoOwnsATakenName1764251600000,
  OrganizationPolicy1764252000000,
  Feed1764252310000,
  RefusedRecords1764271000000,
  OutboxByDay1764272000000,
  FoldedAttributes1764273500000,
  SharedSweeping1764274000000,
  Retention1764277000000,
  ConnectionTraffic1764281500000,
  Groups1764282500000,
  Reconciliations1764283700000,
  ForeignIssuers1764289900000,
  StrictConnections1764291000000,
  AccessGroups1764293000000,
  ClientCredentials1764294500000,
  GroupsOfAnySize1764296000000,
  MembersByTheirIds1764299500000,
  WhatConnectionsAccept1764303100000,
  ProvisioningEvents1764304500000,
  EndingSecrets1764305200000,
  ReceiptsWithoutAReference1764306500000,
  PeopleInOneGo1764307300000,
  NamedGroupsLift1764308500000,
  RoomForMarks1764309200000,
  BulkJobs1764310900000,
  ManyPeopleInOnePlan1764311500000,
  IssuerSubjects1764312900000,
  LeaversTogether1764313700000,
  LeaversPlannedOnce1764313900000,
  GatewayProcessesThatAreGone1764314700000,
  BulkJobsInTurn1764315500000,
  WordsThatProcessesAreGone1764316300000,
  WhatEndsAccessIsTold1764317400000,
  AGroupsIdNamesNoPerson1764318200000,
  AGroupsIdGivesNoPlace1764319100000,
];
