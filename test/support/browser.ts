/** Chromium for tests that look at pages; absent, they are skipped and say so. */
import { execFileSync } from 'node:child_process'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

export const NARROW = { width: 320, height: 640 }
export const WIDE = { width: 1280, height: 900 }

export function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome-stable']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {}
  }
  return undefined
}

/** Evaluated, not added as a script: the pages' policies allow none. */
export async function findViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}
