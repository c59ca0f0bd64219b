import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTOS = fileURLToPath(new URL('protos', import.meta.url));

/** Defaults stand for what is absent, so that readers need no guard; numbers of 64 bits as text. */
const READING = { defaults: true, arrays: true, objects: true, longs: String, enums: String };

const loaded = loadPackageDefinition(
  loadSync('envoy/service/auth/v3/external_auth.proto', { ...READING, includeDirs: [PROTOS] }),
) as unknown as {
  envoy: { service: { auth: { v3: { Authorization: ServiceClientConstructor } } } };
};

/** `envoy.service.auth.v3.Authorization`, as Envoy's own files describe it. */
export const authorization = loaded.envoy.service.auth.v3.Authorization;
