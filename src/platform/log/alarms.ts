/** What an operator must look at. Closed: `docs/alarms.md` says of each one what it means and what to do. */
export const ALARMS = [
  'active_unreadable',
  'audit_defences_wrong',
  'audit_partitions_missing',
  'audit_self_check_failed',
  'connection_secret_ending',
  'connection_silent',
  'credentials_guessed',
  'event_refused',
  'outbox_partitions_missing',
  'record_set_aside',
  'signal_person_ambiguous',
  'signal_person_unknown',
  'signal_unreadable',
  'token_keys_revoked',
  'topic_settings_wrong',
] as const;

export type AlarmCode = (typeof ALARMS)[number];
