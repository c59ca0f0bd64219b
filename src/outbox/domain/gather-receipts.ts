import type { Receipt } from '../../contract/receipt.js';
import type { GatewayId } from '../../kernel/ids.js';

/** A receipt whose signature holds. */
export interface VerifiedReceipt {
  readonly receipt: Receipt;
  /** The broker's clock when it was stored. */
  readonly receivedAt: Date;
}

interface Said {
  readonly gateway: GatewayId;
  readonly boot: string;
  readonly receivedAt: Date;
}

/** What many receipts say together, each thing once. Times of the gateway's own clock are RFC 3339. */
export interface Answers {
  readonly seen: readonly Said[];
  readonly positions: readonly (Said & {
    readonly partition: number;
    readonly seq: number;
    readonly t: string;
    readonly at: string;
  })[];
  readonly applied: readonly (Said & { readonly digest: string; readonly at: string })[];
}

/** Per process the last sign of life, per process and partition the furthest position, per record the first word. */
export function gatherReceipts(receipts: readonly VerifiedReceipt[]): Answers {
  const seen = new Map<string, Answers['seen'][number]>();
  const positions = new Map<string, Answers['positions'][number]>();
  const applied = new Map<string, Answers['applied'][number]>();
  for (const { receipt, receivedAt } of receipts) {
    const { boot, at } = receipt;
    const said: Said = { gateway: receipt.gateway as GatewayId, boot, receivedAt };
    const who = `${receipt.gateway}/${boot}`;
    const before = seen.get(who);
    if (before === undefined || before.receivedAt < receivedAt) seen.set(who, said);
    for (const { partition, seq, t } of receipt.partitions) {
      const place = `${who}/${partition}`;
      if ((positions.get(place)?.seq ?? -1) < seq)
        positions.set(place, { ...said, partition, seq, t, at });
    }
    for (const digest of receipt.applied) {
      const name = `${who}/${digest}`;
      if (!applied.has(name)) applied.set(name, { ...said, digest, at });
    }
  }
  return {
    seen: [...seen.values()],
    positions: [...positions.values()],
    applied: [...applied.values()],
  };
}
