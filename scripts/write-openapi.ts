/** `npm run openapi`: writes docs/openapi.json anew, after a change of the API that was meant. */
import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { describeApi } from './describe-api.js';

const file = new URL('../docs/openapi.json', import.meta.url);
await writeFile(file, `${JSON.stringify(await describeApi(), null, 2)}\n`);
