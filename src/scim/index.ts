export { readActive } from './read/active.js';
