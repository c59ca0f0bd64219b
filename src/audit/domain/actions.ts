/**
 * Everything that is worth an entry. The names are stable: auditors filter by them. A new deed adds its name
 * here, in the group of the room that does it.
 */
export const ACTIONS = [
  // the installation and its organizations
  'installation.created',
  'installation.partitions_raised',
  'installation.moved',
  'installation.recovered',
  'recovery.adopted',
  'roster.reconciled',
  'roster.compared',
  'roster.applied',
  'organization.created',
  'organization.changed',
  'connection.created',
  'connection.changed',
  'connection.removed',
  'connection.secret_rotated',
  'connection.secret_ending',
  'connection.client_keys_set',
  'connection.token_issued',
  'connection.silent',
  'connection.heard',
  'admin_key.created',
  'admin_key.revoked',
  'api_key.created',
  'api_key.revoked',
  'gateway.registered',
  'gateway.leased',
  'gateway.process_gone',
  'gateway.deleted',
  'issuer.registered',
  'issuer.removed',
  // people
  'user.created',
  'user.changed',
  'user.deprovisioned',
  'user.revoked',
  'user.reactivated',
  'user.held',
  'user.deleted',
  'user.subject_added',
  'user.subject_removed',
  'group.created',
  'group.changed',
  'group.deleted',
  'access_group.added',
  'access_group.removed',
  'hold.set',
  'hold.lifted',
  // what IdPs said
  'signal.received',
  'signal.refused',
  'signal.applied',
  // devices and their tokens
  'device.created',
  'device.assigned',
  'device.unassigned',
  'token.issued',
  'token.redeemed',
  'token.refreshed',
  'token.reuse_detected',
  'token.revoked',
  // revocations asked for by people, and what had to be set aside
  'revocation.requested',
  'record.set_aside',
  'record.retried',
  // refusals: one entry per door, reason and minute before authentication, one each after it
  'credential.refused',
  'request.refused',
  // the log about itself
  'audit.checked',
  'audit.partition_created',
  'audit.read',
] as const;

export type AuditAction = (typeof ACTIONS)[number];
