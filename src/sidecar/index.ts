export { startSidecar, type Sidecar, type SidecarOptions } from './start-sidecar.js';
