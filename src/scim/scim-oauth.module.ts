import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { TokenController } from './http/token.controller.js';

/** Tokens for SCIM clients. */
@Module({ imports: [DirectoryModule], controllers: [TokenController] })
export class ScimOAuthModule {}
