import { join } from 'node:path';
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

/** What runs a program of the project, or of tests, as it was compiled for this run: arguments for Node, and the file. */
export function programOf(file: string): readonly [readonly string[], string] {
  const compiled = process.env['OFFSWITCH_TEST_COMPILED'];
  if (compiled === undefined) return [fromSource, inProject(file)];
  return [['--disable-warning=ExperimentalWarning'], join(compiled, file.replace(/\.ts$/, '.js'))];
}

/** For `startEmbedded`. */
export const supervisorProgram = (): readonly string[] =>
  programOf('src/platform/embedded/supervisor.ts').flat();
