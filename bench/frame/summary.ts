/** The q-quantile (0…1) by nearest rank. Not a number when nothing was measured. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export const spread = (values: readonly number[]): Spread => ({
  count: values.length,
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
});

/** One figure against what design §10 asks of it. */
export interface Judged {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: number;
  readonly better: 'lower' | 'higher';
  readonly isMet: boolean;
  /** The figure divided by its budget. */
  readonly ratio: number;
}

export const judge = (
  what: string,
  [value, unit]: readonly [number, string],
  better: Judged['better'],
  budget: number,
): Judged => ({
  what,
  value,
  unit,
  budget,
  better,
  isMet: better === 'lower' ? value <= budget : value >= budget,
  ratio: value / budget,
});

/** Three digits that mean something. */
export const short = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** Columns as wide as they must be, the first to the left, numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

export const judgements = (all: readonly Judged[]): string =>
  table([
    ['budget', 'measured', 'asked', 'ratio', ''],
    ...all.map((j) => [
      j.what,
      `${short(j.value)} ${j.unit}`,
      `${j.better === 'lower' ? '≤' : '≥'} ${short(j.budget)} ${j.unit}`,
      `${j.ratio.toFixed(2)}×`,
      j.isMet ? 'met' : 'missed',
    ]),
  ]);
