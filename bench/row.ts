/** One figure of a benchmark. */
export type BenchRow = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note?: string
}
