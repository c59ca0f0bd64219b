import { MessageRefused } from './read.js';

/** One event of the feed (text/event-stream, WHATWG HTML §9.2), as it came. */
export interface FeedEvent {
  readonly type: string;
  readonly id: string | null;
  /** The lines of `data`. */
  readonly data: readonly string[];
}

/** A record's value, byte for byte as on the topic: RFC 8785 has no line breaks. */
export const recordEvent = (value: string): string => `event: revocation\ndata: ${value}\n\n`;

/** The value, the key's id, the signature. Only the last part has an id: there one can go on. */
export const partEvent = (
  value: string,
  { kid, signature }: { readonly kid: string; readonly signature: string },
  position: string | null,
): string =>
  `${position === null ? '' : `id: ${position}\n`}event: snapshot\ndata: ${value}\ndata: ${kid}\ndata: ${signature}\n\n`;

/** Says nothing: the connection lives. */
export const COMMENT = ':\n\n';

/** No line of ours is as long. */
const LONGEST_LINE = 1_048_576;
const MOST_LINES = 16;

/** Cuts a stream of text into events. One that is cut short is none. */
export class FeedEvents {
  #rest = '';
  #type = '';
  #id: string | null = null;
  #data: string[] = [];

  /** @throws MessageRefused when this is no stream of ours */
  push(text: string): FeedEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) throw new MessageRefused('a line is too long');
    return lines.flatMap((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #line(line: string): FeedEvent[] {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#type = value;
    else if (name === 'id') this.#id = value;
    else if (name === 'data') this.#data.push(value);
    if (this.#data.length > MOST_LINES) throw new MessageRefused('an event has too many lines');
    return [];
  }

  #end(): FeedEvent[] {
    const event = { type: this.#type, id: this.#id, data: this.#data };
    this.#type = '';
    this.#id = null;
    this.#data = [];
    return event.data.length === 0 ? [] : [event];
  }
}
