import { Module, type DynamicModule } from '@nestjs/common';
import { RecordKeys, TokenKeys } from './key-ring.js';
import { OpaqueSecrets } from './opaque-secrets.js';
import type { PrivateJwks } from './private-jwks.js';
import { RotatingSecrets } from './rotating-secrets.js';
import { Sealer } from './sealer.js';

/** What the environment gives. The sets are separate: a token key never signs a record. */
export interface CryptoSettings {
  /** 32 bytes. */
  readonly pepper: Uint8Array;
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly tokenKeys: PrivateJwks;
  readonly recordKeys: PrivateJwks;
}

/** Gives every room {@link OpaqueSecrets}, {@link RotatingSecrets}, {@link Sealer}, {@link TokenKeys} and {@link RecordKeys}. */
@Module({})
export class CryptoModule {
  /** @throws TypeError naming the broken rule, never a key */
  static with(settings: CryptoSettings): DynamicModule {
    const secrets = new OpaqueSecrets(settings.pepper);
    const providers = [
      { provide: OpaqueSecrets, useValue: secrets },
      { provide: RotatingSecrets, useValue: new RotatingSecrets(settings.pepper, secrets) },
      { provide: Sealer, useValue: new Sealer(settings.encryptionKey) },
      { provide: TokenKeys, useValue: new TokenKeys(settings.tokenKeys) },
      { provide: RecordKeys, useValue: new RecordKeys(settings.recordKeys) },
    ];
    return {
      module: CryptoModule,
      global: true,
      providers,
      exports: [OpaqueSecrets, RotatingSecrets, Sealer, TokenKeys, RecordKeys],
    };
  }
}
