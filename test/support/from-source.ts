import { fileURLToPath } from 'node:url';

/** Arguments for Node that make it run the TypeScript sources: `spawn(process.execPath, [...fromSource, 'src/main.ts'])`. */
export const fromSource: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--enable-source-maps',
  '--import',
  new URL('./typescript.mjs', import.meta.url).href,
];

/** Absolute path of a file of the project. */
export const inProject = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));
