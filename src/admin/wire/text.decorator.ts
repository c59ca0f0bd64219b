import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';

/** Printable: control characters would forge lines wherever a name is printed. */
const PRINTABLE = /^\P{Cc}*$/u;

interface Field {
  readonly description?: string;
  /** May be absent, or null. */
  readonly optional?: boolean;
}

const described = (
  { description, optional = false }: Field,
  options: ApiPropertyOptions,
  rules: readonly PropertyDecorator[],
): PropertyDecorator => {
  const property = {
    ...options,
    ...(description === undefined ? {} : { description }),
    required: !optional,
    ...(optional ? { nullable: true } : {}),
  } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(property), ...(optional ? [IsOptional()] : []), ...rules);
};

/** A text of 1 to `max` printable characters. */
export const Text = (max: number, field: Field = {}): PropertyDecorator =>
  described(field, { type: String, minLength: 1, maxLength: max }, [
    IsString(),
    Length(1, max),
    Matches(PRINTABLE, { message: '$property must not hold control characters' }),
  ]);

export const Choice = (values: readonly string[], field: Field = {}): PropertyDecorator =>
  described(field, { type: String, enum: [...values] }, [IsIn([...values])]);

export const Choices = (values: readonly string[], field: Field = {}): PropertyDecorator =>
  described(
    field,
    { type: 'array', items: { type: 'string', enum: [...values] }, minItems: 1, uniqueItems: true },
    [IsIn([...values], { each: true })],
  );

export const Uuid = (field: Field = {}): PropertyDecorator =>
  described(field, { type: String, format: 'uuid' }, [IsUUID()]);

export const Flag = (field: Field = {}): PropertyDecorator =>
  described(field, { type: Boolean }, [IsBoolean()]);

export const Whole = (
  { min, max }: { readonly min: number; readonly max: number },
  field: Field = {},
): PropertyDecorator =>
  described(field, { type: 'integer', minimum: min, maximum: max }, [IsInt(), Min(min), Max(max)]);
