import { readFileSync } from 'node:fs';

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The value of a variable, from its file where `<NAME>_FILE` names one. Problems name the variable, never its value. */
export function textOf(
  variables: EnvironmentVariables,
  name: string,
  problems: string[],
): string | undefined {
  const file = variables[`${name}_FILE`];
  if (file === undefined || file === '') return variables[name];
  if (variables[name] !== undefined && variables[name] !== '') {
    problems.push(`${name}: is set, and so is ${name}_FILE`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    problems.push(`${name}_FILE: names a file that cannot be read`);
    return undefined;
  }
}
