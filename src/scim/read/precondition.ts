import type { Edit } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';

/**
 * Whether the header of a conditional request (RFC 9110 §13.1, RFC 7644 §3.14) names this version. Weak and strong tags
 * are the same here: a version is a version.
 */
export const names = (header: string, version: number): boolean =>
  header.trim() === '*' ||
  header.split(',').some((tag) => TAG.exec(tag.trim())?.[1] === String(version));

const TAG = /^(?:W\/)?"(\d{1,16})"$/i;

export const versionLost = (): DomainError =>
  new DomainError('scim.version_lost', 'the resource has another version by now');

/** An edit of one version only. When it is lost, what the request says of `active` still counts (P9). */
export function editOf(ifMatch: string | undefined, edit: Edit): Edit {
  if (ifMatch === undefined) return edit;
  const conditional: Edit = (stored) => {
    const edited = edit(stored);
    return 'refused' in edited || names(ifMatch, stored.version)
      ? edited
      : { word: edited.word, refused: versionLost() };
  };
  return edit.word === undefined ? conditional : Object.assign(conditional, { word: edit.word });
}
