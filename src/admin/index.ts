export { adminSchemas } from './wire/schemas.js';
