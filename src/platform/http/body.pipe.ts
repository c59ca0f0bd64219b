import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { DomainError } from '../../kernel/domain-error.js';

/** Values whose parameter is declared as one of these are taken as they are. */
const PLAIN: readonly unknown[] = [Object, String, Number, Boolean, Array, undefined];

/** More would only make a long answer to a nonsensical request. */
const DETAILS_MAX = 5;

/**
 * Bodies and queries whose parameter is a class with rules: unknown members are refused, not dropped. Errors name
 * paths and rules, never values.
 *
 * @throws DomainError `request.malformed`, `request.unknown_field`, `request.unknown_parameter`,
 *   `request.invalid_value`
 */
export class BodyPipe implements PipeTransform {
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype, type } = metadata;
    if (metatype === undefined || PLAIN.includes(metatype) || type === 'custom') return value;
    const plain = value ?? {};
    if (typeof plain !== 'object' || Array.isArray(plain))
      throw new DomainError('request.malformed', 'the body is no JSON object');
    const instance: unknown = plainToInstance(metatype, plain);
    const errors = await validate(instance as object, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      validationError: { target: false, value: false },
    });
    if (errors.length > 0) throw refusalFor(errors, type === 'query');
    return instance;
  }
}

interface Violation {
  readonly path: string;
  readonly rule: string;
  readonly unknown: boolean;
}

function refusalFor(errors: readonly ValidationError[], isQuery: boolean): DomainError {
  const violations = errors.flatMap((error) => violationsOf(error, ''));
  const detail = violations
    .slice(0, DETAILS_MAX)
    .map(({ path, rule }) => `${path}: ${rule}`)
    .join('; ');
  if (!violations.some(({ unknown }) => unknown))
    return new DomainError('request.invalid_value', detail);
  return new DomainError(isQuery ? 'request.unknown_parameter' : 'request.unknown_field', detail);
}

function violationsOf(error: ValidationError, above: string): Violation[] {
  const path = above === '' ? shorten(error.property) : `${above}.${shorten(error.property)}`;
  const own = Object.entries(error.constraints ?? {}).map(([name, rule]) => ({
    path,
    rule: name === 'whitelistValidation' ? 'is unknown here' : ruleOf(rule, error.property),
    unknown: name === 'whitelistValidation',
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => violationsOf(child, path))];
}

/** class-validator begins its sentences with the property's name, which the path already says. */
const ruleOf = (rule: string, property: string): string =>
  rule.startsWith(`${property} `) ? rule.slice(property.length + 1) : rule;

const shorten = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);
