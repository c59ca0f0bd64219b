import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { Refusals } from '../audit/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { Transactions } from '../kernel/tx.js';
import { GatewaysModule } from '../outbox/gateways.module.js';
import { Gateways } from '../outbox/index.js';
import { TokenKeys } from '../platform/crypto/key-ring.js';
import { ErrorRenderers } from '../platform/http/error-renderers.js';
import { Installation } from '../platform/installation/installation.js';
import { built } from '../platform/module/built.js';
import { IntrospectionController } from './introspection/introspection.controller.js';
import { Introspection } from './introspection/introspection.js';
import { OAuthErrors } from './introspection/oauth-errors.js';

/** What gateways ask when their own view is too old. */
@Module({
  imports: [AuditModule, GatewaysModule],
  controllers: [IntrospectionController],
  providers: [
    built(
      Introspection,
      {
        transactions: Transactions,
        gateways: Gateways,
        refusals: Refusals,
        keys: TokenKeys,
        installation: Installation,
        config: ServiceConfig,
      },
      ({ config: { audience }, installation: { id, issuer }, ...parts }) =>
        new Introspection({ ...parts, installation: id, rules: { issuer, audience } }),
    ),
    built(OAuthErrors, { renderers: ErrorRenderers }, ({ renderers }) =>
      OAuthErrors.below(renderers, '/oauth2'),
    ),
  ],
})
export class IntrospectionModule {}
