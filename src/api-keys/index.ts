export { API_KEY_SCOPES, type ApiKeyScope } from './api-key-scopes.js';
export { ApiKeyDoor, type OpenApiKey } from './api-key-door.js';
export { ApiKeys, type ApiKey } from './api-keys.js';
