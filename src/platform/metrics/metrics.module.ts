import { Module, type DynamicModule } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { WalkTimes } from './walk-times.js';

/** Gives every room {@link Metrics} and {@link WalkTimes}. Imported once, by the root. */
@Module({})
export class MetricsModule {
  static forProcess(): DynamicModule {
    const metrics = new Metrics();
    metrics.observeRuntime();
    return {
      module: MetricsModule,
      global: true,
      providers: [
        { provide: Metrics, useValue: metrics },
        { provide: WalkTimes, useValue: new WalkTimes(metrics) },
      ],
      exports: [Metrics, WalkTimes],
    };
  }
}
