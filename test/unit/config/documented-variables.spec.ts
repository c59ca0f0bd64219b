// P9: nothing is guessed; what an operator may set is what docs/operations.md says.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { VARIABLES } from '../../../src/config/environment.js';
import { SIDECAR_VARIABLES } from '../../../src/config/sidecar-environment.js';

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

/** The first cells of the table under a heading, without their backticks. */
function namesUnder(heading: string): readonly string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = '']) => name);
}

describe('docs/operations.md', () => {
  it('lists every variable of the service, in the order of the code, and no other', () => {
    expect(namesUnder('Variables of the service')).toEqual([...VARIABLES]);
  });

  it('lists every variable of a gateway, in the order of the code, and no other', () => {
    expect(namesUnder('Variables of a gateway')).toEqual([...SIDECAR_VARIABLES]);
  });
});
