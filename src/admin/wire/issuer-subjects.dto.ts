import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { IssuerSubject } from '../../directory/index.js';
import { id, object, text, time } from './schema.js';

export class NewIssuerSubjectBody {
  @ApiProperty({ type: String, minLength: 1, maxLength: 500, description: '`iss`, exactly.' })
  @Matches(/^[\x21-\x7e]{1,500}$/, { message: '$property must be 1 to 500 visible characters' })
  readonly issuer!: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: 255, description: '`sub`, exactly.' })
  @Matches(/^[\x21-\x7e]{1,255}$/, { message: '$property must be 1 to 255 visible characters' })
  readonly sub!: string;
}

export const issuerSubjectSchema = object({ id, issuer: text, sub: text, created_at: time });

export const issuerSubjectView = (subject: IssuerSubject) => ({
  id: subject.id,
  issuer: subject.issuer,
  sub: subject.sub,
  created_at: subject.createdAt.toISOString(),
});
