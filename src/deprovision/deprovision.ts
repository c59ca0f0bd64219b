import type {
  ResourceChange,
  ResourceOutcome,
  SignalChange,
  SignalOutcome,
} from './domain/change.js';

/** The heart: every change to a person enters here, and nowhere else. */
export abstract class Deprovision {
  /**
   * Applies one SCIM request. When it resolves, everything that the outcome says has been committed.
   *
   * @throws DomainError `store.unavailable`: nothing may be concluded, the IdP sends it again
   */
  abstract changeResource(change: ResourceChange): Promise<ResourceOutcome>;

  /**
   * Takes one verified signal, once per dedupe key. When it resolves, the signal and all that came of it have
   * been committed.
   *
   * @throws DomainError `store.unavailable`
   */
  abstract takeSignal(change: SignalChange): Promise<SignalOutcome>;
}
