import {
  cut,
  malformed,
  MOST_ROW_CHARACTERS,
  rosterRow,
  type ReadRows,
  type RosterRow,
} from './roster-row.js';

/** One JSON object in each line; empty lines are passed over. */
export const readJsonLines: ReadRows = async function* (texts) {
  let line = 0;
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const rows: RosterRow[] = [];
    for (const each of lines) {
      line += 1;
      refuseLong(each, line);
      if (each.trim() !== '') rows.push(rowIn(each, line));
    }
    refuseLong(rest, line + 1);
    yield rows;
  }
  if (rest.trim() === '') return;
  try {
    yield [rosterRow(JSON.parse(rest))];
  } catch {
    throw cut(`line ${line + 1} is the last one and no whole JSON object`);
  }
};

function rowIn(text: string, line: number): RosterRow {
  try {
    return rosterRow(JSON.parse(text));
  } catch {
    // The parser's own words quote the text.
    throw malformed(`line ${line} is no JSON`);
  }
}

function refuseLong(text: string, line: number): void {
  if (text.length > MOST_ROW_CHARACTERS)
    throw malformed(`line ${line} is longer than ${MOST_ROW_CHARACTERS} characters`);
}
