import { flat, padded, widthOf } from './columns.ts'

/**
 * Rows of text under headings, columns parted by two spaces. `total` columns are kept to by cutting the column `elastic`
 * (never below 8); absent means no limit.
 */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly elastic: number; readonly total?: number },
): string[] {
  const cells = [headings, ...rows.map((row) => row.map(flat))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))))
  const excess = widths.reduce((sum, width) => sum + width + 2, -2) - (options.total ?? Number.POSITIVE_INFINITY)
  const fitted = widths.map((width, column) => (column === options.elastic && excess > 0 ? Math.max(Math.min(8, width), width - excess) : width))
  return cells.map((row) =>
    row
      .map((cell, column) => padded(cell, fitted[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
