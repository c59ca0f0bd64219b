/**
 * Who may know whom (docs/ARCHITECTURE.md). All rooms may use kernel; service rooms also contract, config and platform.
 * A room is entered by its index.ts; only *.module.ts may import another room's *.module.ts.
 */
const may = {
  kernel: [],
  contract: ['kernel'],
  config: ['kernel', 'contract'],
  platform: ['kernel', 'contract', 'config'],
  audit: [],
  cases: ['audit'],
  outbox: ['cases', 'audit'],
  directory: ['audit'],
  'api-keys': ['directory', 'audit'],
  tokens: ['api-keys', 'directory', 'cases', 'outbox', 'audit'],
  deprovision: ['audit', 'cases', 'outbox', 'directory', 'api-keys', 'tokens'],
  scim: ['deprovision', 'directory', 'audit'],
  signals: ['deprovision', 'directory', 'audit'],
  admin: [
    'audit',
    'cases',
    'outbox',
    'directory',
    'api-keys',
    'tokens',
    'deprovision',
    'scim',
    'signals',
  ],
  health: [
    'audit',
    'cases',
    'outbox',
    'directory',
    'api-keys',
    'tokens',
    'deprovision',
    'scim',
    'signals',
    'admin',
  ],
  gateway: ['contract', 'kernel'],
  sidecar: ['gateway', 'contract', 'config', 'platform', 'kernel'],
};
const shared = ['kernel', 'contract', 'config', 'platform'];
const serviceRooms = [
  'audit',
  'cases',
  'outbox',
  'directory',
  'api-keys',
  'tokens',
  'deprovision',
  'scim',
  'signals',
  'admin',
  'health',
];

const edges = Object.entries(may).map(([room, others]) => {
  const allowed = [room, ...others, ...(serviceRooms.includes(room) ? shared : [])];
  return {
    name: `edges-of-${room}`,
    comment: `${room} may know only: ${allowed.join(', ')}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: { path: '^src/', pathNot: allowed.map((r) => `^src/${r}/`) },
  };
});

const vendorOnlyIn = (name, vendor, places) => ({
  name,
  severity: 'error',
  from: { path: '^(src|migrations)/', pathNot: places },
  to: { path: `^node_modules/${vendor}` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...edges,
    {
      name: 'one-door-per-room',
      comment:
        'Enter another room by its index.ts (modules: by its *.module.ts). The kernel, contract, config and platform are libraries of small files.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: ['^src/cli/', '^src/health/'] },
      to: {
        path: '^src/[^/]+/.+',
        pathNot: [
          '^src/$1/',
          '^src/(kernel|contract|config|platform)/',
          '^src/[^/]+/index\\.ts$',
          '^src/[^/]+/[^/]+\\.module\\.ts$',
        ],
      },
    },
    {
      name: 'modules-by-modules',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['\\.module\\.ts$', '^src/(create-app|start-service|main)\\.ts$', '^src/cli/'],
      },
      to: { path: '\\.module\\.ts$' },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    vendorOnlyIn('nest-at-the-edge', '@nestjs/', [
      '\\.(module|controller|guard|filter|pipe|interceptor|decorator|dto)\\.ts$',
      '^src/(app\\.module|create-app|start-service|main)\\.ts$',
      '^src/platform/',
      '^src/health/',
    ]),
    vendorOnlyIn('typeorm-in-postgres', 'typeorm/', [
      '\\.row\\.ts$',
      '/postgres/',
      '^migrations/',
      '\\.module\\.ts$',
    ]),
    vendorOnlyIn('pg-in-postgres', 'pg/', ['/postgres/', '^src/platform/embedded/']),
    vendorOnlyIn('kafkajs-in-kafka', 'kafkajs/', ['/kafka/']),
    vendorOnlyIn('grpc-in-ext-authz', '@grpc/', ['^src/sidecar/ext-authz/']),
    {
      name: 'heart-and-domain-are-plain',
      comment: 'Pure rooms know no framework, driver or Node API.',
      severity: 'error',
      from: { path: '^src/(kernel|contract|[^/]+/domain|gateway/view)/' },
      to: { dependencyTypes: ['core'], pathNot: [] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
