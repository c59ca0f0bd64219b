import { ConnectionTraffic, type AnsweredRequest, type Sender } from '../../src/directory/index.js';

export class RememberedTraffic extends ConnectionTraffic {
  readonly answered: AnsweredRequest[] = [];
  readonly refused: Pick<Sender, 'organization' | 'connection'>[] = [];

  override note(answered: AnsweredRequest): void {
    this.answered.push(answered);
  }

  override turnedAway(connection: Pick<Sender, 'organization' | 'connection'>): void {
    this.refused.push(connection);
  }
}
