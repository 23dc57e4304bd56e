/** Wilson's score interval of a share, 95 %. https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval */

const Z = 1.959963984540054

/** Null without trials. */
export function wilson(
  successes: number,
  trials: number,
): { readonly low: number; readonly high: number } | null {
  if (trials === 0) return null
  const share = successes / trials
  const scale = 1 + Z ** 2 / trials
  const centre = share + Z ** 2 / (2 * trials)
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2))
  return { low: (centre - spread) / scale, high: (centre + spread) / scale }
}
