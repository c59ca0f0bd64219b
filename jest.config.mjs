import { bundledDependencies } from './test/support/dependencies.mjs';
import { swcOptions } from './test/support/typescript.mjs';

const { files } = await bundledDependencies();
const exactly = (name) => `^${name.replaceAll('.', '\\.')}$`;

export default {
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  // Ours second: of five extensions that were tried for each import it was the fifth.
  moduleFileExtensions: ['js', 'ts', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...Object.fromEntries([...files].map(([name, file]) => [exactly(name), file])),
  },
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // The ESM module registry is not freed between files (jestjs/jest#14605): restart a worker that grows.
  workerIdleMemoryLimit: '2GB',
  // Twice as many as the smallest machine has cores: the slow files wait for servers most of the time.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  // Ends what hangs; it is no measure of speed.
  testTimeout: 120_000,
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
};
