import { groupFixtures, idpFixtures, type GroupFixture, type IdpFixture } from './idp-fixtures.js';

/** How the folders of test/fixtures/idp are called in a heading. */
const PROVIDERS: Readonly<Record<string, string>> = {
  okta: 'Okta',
  entra: 'Microsoft Entra ID',
  onelogin: 'OneLogin',
  jumpcloud: 'JumpCloud',
  google: 'Google Workspace',
  ping: 'Ping Identity',
  rippling: 'Rippling',
  authentik: 'authentik',
  keycloak: 'Keycloak',
  'ibm-verify': 'IBM Verify',
  sailpoint: 'SailPoint',
  'scim-validator': "Microsoft's SCIM validator",
  any: 'Whoever it is',
};

type Named = readonly [string, IdpFixture | GroupFixture];

const EFFECTS = {
  gone: 'access ends',
  held: 'held until the next readable word',
  back: 'may enrol again',
  kept: 'access stays as it is',
} as const satisfies Record<IdpFixture['expect']['access'], string>;

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** `Okta (custom app) renames …`: below the heading of Okta its name is not said again. */
function row([file, { name, request, expect, source }]: Named): string {
  const answer = expect.scimType === undefined ? '' : ` \`${expect.scimType}\``;
  const link = `[${file.split('/')[1] ?? file}](../test/fixtures/idp/${file}.json)`;
  const asked = `\`${request.method} ${request.path}\``;
  return `| ${cell(name)} | ${cell(asked)} | ${String(expect.status)}${answer}, ${EFFECTS[expect.access]} | ${link} | ${cell(source)} |`;
}

/** docs/idp-corpus.md: every request of the corpus, and what becomes of it. */
export function corpusPage(): string {
  const all: readonly Named[] = [...idpFixtures, ...groupFixtures];
  const of = (folder: string) => all.filter(([file]) => file.startsWith(`${folder}/`));
  const sections = Object.entries(PROVIDERS).map(([folder, title]) =>
    [
      `## ${title}`,
      '',
      '| what it sends | request | what becomes of it | file | source |',
      '| --- | --- | --- | --- | --- |',
      ...of(folder).map(row),
      '',
    ].join('\n'),
  );
  return [
    '# What each IdP sends, and what we do',
    '',
    '<!-- Written by `npm run corpus` from test/fixtures/idp, and held against it by a test. -->',
    '',
    `${String(all.length)} requests. Each is run against the readers, over HTTP against PostgreSQL, and what changes anything through Kafka to a gateway.`,
    'The [format](../test/fixtures/idp/README.md) has a [JSON Schema](../test/fixtures/idp/fixture.schema.json): run them against your own server.',
    '',
    ...sections,
  ].join('\n');
}

/** Folders that the page would leave out. */
export const unlisted = (): readonly string[] =>
  [...idpFixtures, ...groupFixtures]
    .map(([file]) => file.split('/')[0] ?? file)
    .filter((folder) => PROVIDERS[folder] === undefined);
