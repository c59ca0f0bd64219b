import { readdirSync, readFileSync } from 'node:fs';
import { inProject } from './from-source.js';

/** One request as an identity provider sends it, and what must come of it (test/fixtures/idp/README.md). */
export interface IdpFixture {
  readonly protocol: 'scim';
  readonly name: string;
  readonly source: string;
  readonly before: 'active' | 'inactive' | 'unreadable' | 'nobody';
  readonly request: {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    /** Below the SCIM root; `{id}` stands for the person's id, here and in the body. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly expect: {
    readonly status: number;
    readonly scimType?: string;
    readonly access: 'gone' | 'back' | 'kept' | 'held';
    readonly active?: boolean;
    readonly attributes?: Readonly<Record<string, unknown>>;
    readonly absent?: readonly string[];
    readonly found?: number;
  };
}

const folder = inProject('test/fixtures/idp');

const readJsonFile = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** The person of the fixtures, as their IdP created them. */
export const person = readJsonFile(`${folder}/person.json`) as Readonly<Record<string, unknown>>;

const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(`${folder}/${name}`).map((file) => `${name}/${file}`));

/** Those that speak SCIM: `[provider/name, fixture]`, for `it.each`. */
export const idpFixtures: readonly (readonly [string, IdpFixture])[] = files
  .map((file) => [file.replace(/\.json$/, ''), readJsonFile(`${folder}/${file}`)] as const)
  .filter((each): each is readonly [string, IdpFixture] => isScim(each[1]));

function isScim(read: unknown): read is IdpFixture {
  return (
    typeof read === 'object' && read !== null && 'protocol' in read && read.protocol === 'scim'
  );
}

/** The fixture's request about one person. */
export const about = (fixture: IdpFixture, id: string): IdpFixture['request'] =>
  JSON.parse(JSON.stringify(fixture.request).replaceAll('{id}', id)) as IdpFixture['request'];
