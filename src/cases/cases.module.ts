import { Module } from '@nestjs/common';
import { Cases } from './cases.js';
import { PostgresCases } from './postgres-cases.js';

@Module({
  providers: [{ provide: Cases, useFactory: () => new PostgresCases() }],
  exports: [Cases],
})
export class CasesModule {}
