import type { Tx } from '../../kernel/tx.js';
import { Partitions, SelfCheck, type Finding } from '../self-check.js';
import { ensurePartitions } from './ensure-partitions.js';
import { findFaults } from './find-faults.js';

export class PostgresSelfCheck extends SelfCheck {
  override async findings(tx: Tx): Promise<readonly Finding[]> {
    return findFaults(tx);
  }
}

export class PostgresPartitions extends Partitions {
  override async ensure(tx: Tx): Promise<readonly string[]> {
    return ensurePartitions(tx);
  }
}
