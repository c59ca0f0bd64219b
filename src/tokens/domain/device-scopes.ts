/**
 * What a device may ask for unless the installation says otherwise. It is a closed list: nobody but the device itself
 * names its scopes, so what is not here cannot be had by asking.
 */
export const DEVICE_SCOPES = [
  'devices:read',
  'devices:write',
  'heartbeat:write',
  'models:read',
  'telemetry:write',
] as const;

/** What a device gets that asks for nothing. */
export const DEFAULT_SCOPES: readonly string[] = ['devices:write'];
