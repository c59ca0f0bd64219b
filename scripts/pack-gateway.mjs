/**
 * `npm run pack:gateway [-- DIRECTORY]`: the gateway library as a package of its own, `offswitch-gateway-<version>.tgz`.
 * What it exports here as `offswitch/gateway/…` it exports there as `offswitch-gateway/…`. The two packages that it
 * needs come with it, so that a gateway installs without any registry.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './prepare.mjs';

const OURS = './gateway';
const BUILT = './dist/src/';
const NEEDED = ['canonicalize', 'uuid'];
/** Whoever uses what needs them has them already. */
const PEERS = {
  '@nestjs/common': '^12.0.0',
  express: '^5.0.0',
  fastify: '^5.0.0',
  kafkajs: '^2.2.4',
};

const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const manifest = {
  name: 'offswitch-gateway',
  version: ours.version,
  description:
    'Denies the device tokens of people who have left, within milliseconds, from memory.',
  license: ours.license,
  private: ours.private,
  type: 'module',
  engines: ours.engines,
  sideEffects: false,
  exports: Object.fromEntries(Object.entries(ours.exports).map(exported)),
  files: ['lib'],
  dependencies: Object.fromEntries(NEEDED.map((name) => [name, ours.dependencies[name]])),
  bundleDependencies: NEEDED,
  peerDependencies: PEERS,
  peerDependenciesMeta: Object.fromEntries(
    Object.keys(PEERS).map((name) => [name, { optional: true }]),
  ),
};

function exported([path, files]) {
  if (!path.startsWith(OURS)) throw new Error(`${path} is no part of the gateway`);
  const there = Object.entries(files).map(([kind, file]) => [kind, file.replace(BUILT, './lib/')]);
  return [`.${path.slice(OURS.length)}`, Object.fromEntries(there)];
}

const directory = mkdtempSync(join(tmpdir(), 'offswitch-gateway-'));
try {
  run(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...['-p', join(root, 'tsconfig.gateway.json'), '--outDir', join(directory, 'lib')],
  ]);
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(root, 'docs/gateway-library.md'), join(directory, 'README.md'));
  for (const name of NEEDED)
    cpSync(join(root, 'node_modules', name), join(directory, 'node_modules', name), {
      recursive: true,
    });
  const to = resolve(process.argv[2] ?? '.');
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', to]),
  );
  console.log(join(to, packed.filename));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function run(command, parameters) {
  try {
    return execFileSync(command, parameters, { cwd: directory, encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${command}: ${error.stdout ?? ''}`, { cause: error });
  }
}
