/** JSON of our own records, with bigint: written as `{"$bigint":"12"}`, so that every record comes back as it was. */

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) =>
    typeof item === 'bigint' ? { $bigint: item.toString() } : item,
  )
}

/** Only for text that `toJson` wrote. */
export function fromJson<T>(text: string): T {
  return JSON.parse(text, (_key, item) => {
    if (item === null || typeof item !== 'object') return item
    const decimal: unknown = item.$bigint
    return typeof decimal === 'string' ? BigInt(decimal) : item
  }) as T
}
