import { JSONParser } from '@streamparser/json';
import {
  cut,
  malformed,
  MOST_ROW_CHARACTERS,
  rosterRow,
  type ReadRows,
  type RosterRow,
} from './roster-row.js';

/** A ListResponse of SCIM (RFC 7644 §3.4.2) with everybody in it: a first page is no roster. */
export const readListResponse: ReadRows = async function* (texts) {
  const parser = new JSONParser({
    paths: ['$.Resources.*', '$.totalResults'],
    keepStack: false,
  });
  let rows: RosterRow[] = [];
  let count = 0;
  let total: unknown;
  let sinceValue = 0;
  let isDone = false;
  parser.onValue = ({ value, key, stack }) => {
    sinceValue = 0;
    if (stack.length < 2) {
      if (key === 'totalResults') total = value;
      return;
    }
    count += 1;
    rows.push(rosterRow(value));
  };
  parser.onError = () => {
    throw malformed('the body is no JSON');
  };
  for await (const text of texts) {
    const more = isDone ? text.trim() : text;
    if (isDone && more !== '') throw malformed('something stands behind the end');
    if (!isDone) writeTo(parser, text);
    isDone ||= parser.isEnded;
    sinceValue += text.length;
    if (sinceValue > MOST_ROW_CHARACTERS + text.length)
      throw malformed(`a row is longer than ${MOST_ROW_CHARACTERS} characters`);
    yield rows;
    rows = [];
  }
  if (!isDone) throw cut('the list has no end');
  if (typeof total === 'number' && total > count)
    throw cut(`totalResults is ${total}, and ${count} came`);
};

function writeTo(parser: JSONParser, text: string): void {
  try {
    parser.write(text);
  } catch {
    // The parser's own words quote the text.
    throw malformed('the body is no JSON');
  }
}
