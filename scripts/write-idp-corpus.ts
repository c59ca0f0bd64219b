/** `npm run corpus`: writes docs/idp-corpus.md anew, after a fixture was added or changed. */
import { writeFile } from 'node:fs/promises';
import { corpusPage } from '../test/support/idp-corpus.js';

await writeFile(new URL('../docs/idp-corpus.md', import.meta.url), corpusPage());
