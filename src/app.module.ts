import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import { ServiceConfig } from './config/service-config.js';
import { HealthModule } from './health/health.module.js';
import { Clock } from './kernel/clock.js';
import type { Secret } from './kernel/secret.js';
import { SystemClock } from './platform/clock/system-clock.js';
import { CryptoModule, type CryptoSettings } from './platform/crypto/crypto.module.js';
import { Installation } from './platform/installation/installation.js';
import { Log } from './platform/log/log.js';
import { MetricsModule } from './platform/metrics/metrics.module.js';
import { DatabaseGuard } from './platform/postgres/database-guard.js';
import { PostgresModule } from './platform/postgres/postgres.module.js';
import { ScimModule } from './scim/scim.module.js';
import { ScimOAuthModule } from './scim/scim-oauth.module.js';
import { SignalsModule } from './signals/signals.module.js';
import { TokensModule } from './tokens/tokens.module.js';

/** What a start has found out before the rooms are put together. */
export interface Surroundings {
  readonly databaseUrl: Secret;
  readonly crypto: CryptoSettings;
  readonly config: ServiceConfig;
  readonly installation: Installation;
  readonly log: Log;
  /** Tests bring a clock of their own. */
  readonly clock?: Clock;
}

/** The composition root: the doors, and through them every room. */
@Module({})
export class AppModule {
  static in(surroundings: Surroundings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        surroundingsModule(surroundings),
        PostgresModule.at(
          surroundings.databaseUrl,
          new DatabaseGuard(surroundings.installation.epoch, surroundings.log),
        ),
        CryptoModule.with(surroundings.crypto),
        MetricsModule.forProcess(surroundings.log),
        AdminModule,
        ScimModule,
        ScimOAuthModule,
        SignalsModule,
        TokensModule,
        HealthModule,
      ],
    };
  }
}

@Module({})
class SurroundingsModule {}

/** Gives every room the log, the clock, the installation and the configuration. */
function surroundingsModule({ log, clock, installation, config }: Surroundings): DynamicModule {
  const providers: Provider[] = [
    { provide: Log, useValue: log },
    { provide: Clock, useValue: clock ?? new SystemClock() },
    { provide: Installation, useValue: installation },
    { provide: ServiceConfig, useValue: config },
  ];
  return {
    module: SurroundingsModule,
    global: true,
    providers,
    exports: [Log, Clock, Installation, ServiceConfig],
  };
}
