/**
 * A text that must not be printed. It shows as `[redacted]` in JSON, in templates, in `util.inspect` and so in
 * every log line and error; only {@link Secret.reveal} gives it away, and a reviewer can search for that word.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
