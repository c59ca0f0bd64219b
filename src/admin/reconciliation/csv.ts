import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { DomainError } from '../../kernel/domain-error.js';
import {
  cut,
  malformed,
  MOST_ROW_CHARACTERS,
  namesSomebody,
  rosterRow,
  standsTwice,
  type ReadRows,
  type RosterRow,
} from './roster-row.js';

/** As many rows at a time as one write takes. */
const ROWS = 500;

/** RFC 4180 with a header. A last line without its end is taken for a file that was cut in it. */
export const readCsv: ReadRows = async function* (texts) {
  let last = '';
  const header = { isNamed: false, isTwofold: false };
  async function* watched(): AsyncIterable<string> {
    for await (const text of texts) {
      last = text.slice(-1) || last;
      yield text;
    }
  }
  const parser = parse({
    columns: (names: readonly string[]) => {
      header.isNamed = namesSomebody(names);
      header.isTwofold = standsTwice(names);
      return [...names];
    },
    trim: true,
    skip_empty_lines: true,
    max_record_size: MOST_ROW_CHARACTERS,
  });
  const feeding = pipeline(Readable.from(watched()), parser);
  // What fails there, fails below as well.
  feeding.catch(() => undefined);
  let rows: RosterRow[] = [];
  try {
    for await (const record of parser as AsyncIterable<unknown>) {
      if (!header.isNamed || header.isTwofold) break;
      rows.push(rosterRow(record));
      if (rows.length < ROWS) continue;
      yield rows;
      rows = [];
    }
    if (header.isNamed && !header.isTwofold) await feeding;
  } catch (error) {
    throw refusalOf(error);
  }
  if (header.isTwofold) throw malformed('a column of the header stands twice');
  if (!header.isNamed && last !== '')
    throw malformed('the header names neither userName, externalId nor email');
  if (last !== '' && last !== '\n' && last !== '\r') throw cut('the last line has no end');
  yield rows;
};

/** The parser's own words quote the text. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof CsvError) || error instanceof DomainError) return error;
  const line = 'lines' in error ? ` in line ${String(error['lines'])}` : '';
  return error.code === 'CSV_QUOTE_NOT_CLOSED'
    ? cut('a quote is not closed')
    : malformed(`${error.code}${line}`);
}
