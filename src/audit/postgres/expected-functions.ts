/**
 * Every function of the audit schemas with the SHA-256 of what it is: whose rights it runs with, its settings,
 * its body. A body that somebody replaced shows itself by this; a migration that replaces one changes this too.
 */
export const EXPECTED_FUNCTIONS: Readonly<Record<string, string>> = {
  'audit.default_holds_entries()':
    '0e6b860ab359a105e4912d06c65360f861a9a3444f2be70c4225ed33d5f57da0',
  'audit.ensure_partitions()': '8449789ff2b34f5238d7b33f202d1f0ae530375277474057f382d4690e19ef1c',
  'audit.refuse_change()': '60be0872c56b7d8806da2eba4a976520d2b58cbe416fc0ff201bdbdb5af49e77',
  'audit.wrong_grants()': '7c19393b5f52832cad75e547d079d8da1040ffcfdd887c330dbae33a160a6d77',
  'audit_guard.refuse_ddl()': 'e155eda961b0db85bbd0cd92a509491450788136d00ebe7e2d0a8164125fe359',
  'audit_guard.refuse_drop()': 'c287f93fd6f662cd86e1e334c9dce3b7da65863a8095103529eaf94a7da26608',
  'audit_guard.refuse_grant()': '47f24f83038173a2300107783fae5d87f8ff28b232fc02ec30dc55a96adf2b38',
};
