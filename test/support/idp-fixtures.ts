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

/** All of SCIM as they were read: `[provider/name, what the file holds]`. */
export const scimFiles = (): readonly (readonly [string, unknown])[] =>
  files
    .map((file) => [file, readJsonFile(`${folder}/${file}`)] as const)
    .filter(([, read]) => isOf('scim', read) || isOf('scim-group', read));

/** Those that speak SCIM: `[provider/name, fixture]`, for `it.each`. */
export const idpFixtures: readonly (readonly [string, IdpFixture])[] = files
  .map((file) => [file.replace(/\.json$/, ''), readJsonFile(`${folder}/${file}`)] as const)
  .filter((each): each is readonly [string, IdpFixture] => isOf('scim', each[1]));

function isOf(protocol: string, read: unknown): boolean {
  return (
    typeof read === 'object' && read !== null && 'protocol' in read && read.protocol === protocol
  );
}

/** One request about a group (test/fixtures/idp/README.md). */
export interface GroupFixture {
  readonly protocol: 'scim-group';
  readonly name: string;
  readonly source: string;
  readonly before: 'member' | 'outside' | 'nobody';
  readonly request: IdpFixture['request'];
  readonly expect: {
    readonly status: number;
    readonly scimType?: string;
    readonly access: 'gone' | 'back' | 'kept';
    readonly members?: readonly ('user' | 'other')[];
    readonly displayName?: string;
    readonly found?: number;
  };
}

/** Those about groups: `[provider/name, fixture]`. */
export const groupFixtures: readonly (readonly [string, GroupFixture])[] = files
  .map((file) => [file.replace(/\.json$/, ''), readJsonFile(`${folder}/${file}`)] as const)
  .filter((each): each is readonly [string, GroupFixture] => isOf('scim-group', each[1]));

/** The request about these, in place of `{id}`, `{user}` and `{other}`. */
export const aboutGroup = (
  fixture: GroupFixture,
  ids: Readonly<Record<'id' | 'user' | 'other', string>>,
): IdpFixture['request'] =>
  JSON.parse(
    JSON.stringify(fixture.request).replaceAll(
      /\{(id|user|other)\}/g,
      (_, name: keyof typeof ids) => ids[name],
    ),
  ) as IdpFixture['request'];

/** The fixture's request about one person. */
export const about = (fixture: IdpFixture, id: string): IdpFixture['request'] =>
  JSON.parse(JSON.stringify(fixture.request).replaceAll('{id}', id)) as IdpFixture['request'];
