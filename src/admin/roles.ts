/** Who may do what: an auditor reads, an operator acts on people, devices and revocations, an owner gives credentials. */
export const ROLES = ['owner', 'operator', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** What a route takes. */
export type Deed = 'read' | 'operate' | 'own';

const MAY: Readonly<Record<Role, readonly Deed[]>> = {
  auditor: ['read'],
  operator: ['read', 'operate'],
  owner: ['read', 'operate', 'own'],
};

export const mayDo = (role: Role, deed: Deed): boolean => MAY[role].includes(deed);
