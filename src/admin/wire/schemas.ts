import { accessGroupSchema, addedAccessGroupSchema } from './access-groups.dto.js';
import { caseSchema } from './cases.dto.js';
import { clientKeysSchema } from './client-keys.dto.js';
import { connectionHealthSchema, seenRequestSchema } from './connection-health.dto.js';
import { connectionSchema, newConnectionSchema, newSecretSchema } from './connections.dto.js';
import { deviceSchema } from './devices.dto.js';
import { eventSchema } from './events.dto.js';
import { gatewaySchema, newGatewaySchema } from './gateways.dto.js';
import { issuerSubjectSchema } from './issuer-subjects.dto.js';
import { issuerSchema } from './issuers.dto.js';
import { adminKeySchema, apiKeySchema, newAdminKeySchema, newApiKeySchema } from './keys.dto.js';
import { refusedRecordSchema } from './outbox.dto.js';
import { organizationSchema } from './organizations.dto.js';
import { problemSchema } from './problem.js';
import { findingSchema, reconciliationSchema } from './reconciliations.dto.js';
import { rosterDemandSchema } from './rosters.dto.js';
import type { Schema } from './schema.js';
import { userSchema } from './users.dto.js';

/** What the admin API sends, by the names under which its routes refer to it. */
export const adminSchemas: Readonly<Record<string, Schema>> = {
  AccessGroup: accessGroupSchema,
  AddedAccessGroup: addedAccessGroupSchema,
  AdminKey: adminKeySchema,
  ApiKey: apiKeySchema,
  AuditEvent: eventSchema,
  Case: caseSchema,
  ClientKeys: clientKeysSchema,
  Connection: connectionSchema,
  ConnectionHealth: connectionHealthSchema,
  ConnectionRequest: seenRequestSchema,
  Device: deviceSchema,
  Finding: findingSchema,
  Gateway: gatewaySchema,
  Issuer: issuerSchema,
  IssuerSubject: issuerSubjectSchema,
  NewAdminKey: newAdminKeySchema,
  NewApiKey: newApiKeySchema,
  NewConnection: newConnectionSchema,
  NewGateway: newGatewaySchema,
  NewSecret: newSecretSchema,
  Organization: organizationSchema,
  Problem: problemSchema,
  Reconciliation: reconciliationSchema,
  RefusedRecord: refusedRecordSchema,
  RosterDemand: rosterDemandSchema,
  User: userSchema,
};
