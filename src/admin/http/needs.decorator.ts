import { SetMetadata } from '@nestjs/common';
import type { Deed } from '../roles.js';

export interface Need {
  readonly deed: Deed;
  /**
   * `organization`: the path names one. `installation`: only a key of the installation, for everybody else nothing is
   * there. `anywhere`: the answer depends on the key.
   */
  readonly place: 'organization' | 'installation' | 'anywhere';
  /** A revocation: it must not wait behind other work. */
  readonly isUrgent: boolean;
  /** What it does reaches beyond the organization that the path names: a key of the installation, of that role. */
  readonly reachesFurther: boolean;
}

export const NEED = 'offswitch:need';

/** What a key must be allowed to do here. A route without it answers nobody. */
export const Needs = (
  deed: Deed,
  place: Need['place'] = 'organization',
  options: { readonly urgent?: boolean; readonly reachesFurther?: boolean } = {},
): MethodDecorator =>
  SetMetadata<string, Need>(NEED, {
    deed,
    place,
    isUrgent: options.urgent ?? false,
    reachesFurther: options.reachesFurther ?? false,
  });
