import { Agent, request, type RequestOptions } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Connections that stay open, as an IdP's do. */
export class KeptConnections {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });

  send(
    url: string,
    options: Pick<RequestOptions, 'method' | 'headers' | 'socketPath'>,
    body?: string,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { ...options, agent: this.#agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).toString('utf8'),
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** @throws Error when the status is another */
  async json(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
    expect = 201,
  ): Promise<Readonly<Record<string, string>>> {
    const text = JSON.stringify(body);
    const { status, text: answer } = await this.send(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      text,
    );
    if (status !== expect) throw new Error(`POST ${url} answered ${status}: ${answer}`);
    return JSON.parse(answer) as Readonly<Record<string, string>>;
  }

  close(): void {
    this.#agent.destroy();
  }
}
