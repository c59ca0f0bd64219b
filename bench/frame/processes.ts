import { spawn, type ChildProcess } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { endChild } from '../../src/cli/demo/end-child.js';
import { fromSource, inProject } from '../../test/support/from-source.js';

const TIE = pathToFileURL(inProject('scripts/tied-to-parent.mjs')).href;

/** The processes of one run: they end with it, and with this process, however it ends. */
export class Processes {
  readonly #children = new Set<ChildProcess>();

  /** A program of `dist/` or `bench/`, with a channel for messages. */
  start(
    file: string,
    environment: Readonly<Record<string, string>>,
    nodeArguments: readonly string[] = [],
    parameters: readonly string[] = [],
  ): ChildProcess {
    const argv = file.endsWith('.ts') ? fromSource : [];
    const child = spawn(
      process.execPath,
      [...argv, '--import', TIE, ...nodeArguments, inProject(file), ...parameters],
      {
        stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
        env: {
          PATH: process.env['PATH'] ?? '',
          OFFSWITCH_TIED_TO: String(process.pid),
          ...environment,
        },
      },
    );
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#children].map(endChild));
  }
}

/** The next message of that kind. @throws Error when the process ends instead */
export function message<T extends { readonly kind: string }>(
  from: ChildProcess,
  kind: T['kind'],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const hear = (said: T): void => {
      if (said.kind !== kind) return;
      from.off('message', hear);
      from.off('exit', gone);
      resolve(said);
    };
    const gone = (): void => {
      reject(new Error(`a process ended before it said ${kind}`));
    };
    from.on('message', hear);
    from.once('exit', gone);
  });
}
