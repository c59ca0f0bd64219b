import { chmod, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Whoever may enter the directory may ask; a proxy runs as somebody else than we do. */
const FOR_ALL = 0o666;

/** Removes a socket that a killed process left behind. One that still answers stays, and binding to it fails. */
export async function removeDeadSocket(path: string): Promise<void> {
  if ((await isSocket(path)) && (await isRefused(path))) await unlink(path);
}

export const openToAll = (path: string): Promise<void> => chmod(path, FOR_ALL);

/** Asked first, because a plain file refuses connections as well. */
async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch {
    return false; // what is wrong with the path, binding to it will say
  }
}

async function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED');
    });
  });
}
