import { Module, type DynamicModule } from '@nestjs/common';
import type { Log } from '../log/log.js';
import { Metrics } from './metrics.js';
import { WalkTimes } from './walk-times.js';

/** Gives every room {@link Metrics} and {@link WalkTimes}. Imported once, by the root. */
@Module({})
export class MetricsModule {
  static forProcess(log: Log): DynamicModule {
    const metrics = new Metrics();
    metrics.observeRuntime();
    metrics.counted(
      { name: 'offswitch_alarms_total', help: 'What an operator must look at, by its code' },
      ['alarm'],
      () => [...log.alarms].map(([alarm, count]) => [{ alarm }, count]),
    );
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
