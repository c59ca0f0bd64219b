import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { fromSource, inProject } from './from-source.js';

const run = promisify(execFile);

/** Somebody else's project that has installed the gateway's package, and nothing more than it is given. */
export class PackedGateway {
  readonly #running: ChildProcessByStdio<Writable, Readable, Readable>[] = [];

  private constructor(
    readonly directory: string,
    /** The `.tgz`. */
    readonly file: string,
  ) {}

  /** Packs the sources as they are, and installs that without any registry. */
  static async install(): Promise<PackedGateway> {
    const around = await mkdtemp(join(tmpdir(), 'offswitch-packed-'));
    const packed = await run(process.execPath, [inProject('scripts/pack-gateway.mjs'), around]);
    const directory = join(around, 'project');
    await mkdir(directory);
    await writeFile(join(directory, 'package.json'), '{"private":true,"type":"module"}');
    const project = new PackedGateway(directory, packed.stdout.trim());
    const quiet = ['--no-audit', '--no-fund', '--offline', '--cache', join(around, 'cache')];
    await run('npm', ['install', ...quiet, project.file], { cwd: directory });
    return project;
  }

  /** The project has this package, too. */
  async add(name: string): Promise<void> {
    const path = join(this.directory, 'node_modules', name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(inProject(`node_modules/${name}`), path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }

  /** Copies a program into the project. */
  async copy(program: string): Promise<string> {
    const copy = join(this.directory, `${basename(dirname(program))}-${basename(program)}`);
    await copyFile(inProject(program), copy);
    return copy;
  }

  /** Runs a program in the project. Resolves with its URL, when it says on which port it listens. */
  async start(program: string, environment: Readonly<Record<string, string>>): Promise<string> {
    const copy = await this.copy(program);
    const tie = pathToFileURL(inProject('scripts/tied-to-parent.mjs')).href;
    const typescript = program.endsWith('.ts') ? fromSource : [];
    const child = spawn(process.execPath, [...typescript, '--import', tie, copy], {
      cwd: this.directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PORT: '0', ...environment, OFFSWITCH_TIED_TO: String(process.pid) },
    });
    this.#running.push(child);
    const complaints = text(child.stderr);
    for await (const line of createInterface(child.stdout)) {
      const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
      if (port !== undefined) return `http://127.0.0.1:${port}`;
    }
    throw new Error(`${program} ended before it listened: ${await complaints}`);
  }

  async remove(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(dirname(this.directory), { recursive: true });
  }
}
