/** `npm run vectors`: writes test/fixtures/protocol anew, after a change of the protocol that was meant. */
import { mkdir, writeFile } from 'node:fs/promises';
import { asText, protocolVectors } from '../test/support/protocol-vectors.js';

const directory = new URL('../test/fixtures/protocol/', import.meta.url);
await mkdir(directory, { recursive: true });
for (const [file, vectors] of Object.entries(protocolVectors()))
  await writeFile(new URL(file, directory), asText(vectors));
