/** The files a browser asks for beside the page. A fixed list: no path of a request reaches the disk. */
import { readFileSync } from 'node:fs'
import { CriticalError } from '../../primitives/errors.ts'

const CONTENT_TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
} as const

/** Address below `/dashboard/` → file below `static/`. */
const FILES: Readonly<Record<string, string>> = {
  'dashboard.js': 'dashboard.js',
  'dashboard.css': 'dashboard.css',
  'morph.js': 'morph.js',
  'plot.js': 'plot.js',
  'timeline.js': 'timeline.js',
  'icon.svg': 'icon.svg',
  'uPlot.js': 'vendor/uPlot.js',
  'uPlot.css': 'vendor/uPlot.css',
  'uPlot.LICENSE.txt': 'vendor/uPlot.LICENSE.txt',
}

export type StaticFile = { readonly name: string; readonly contentType: string; readonly body: string }

/** Read once, at the start. They stand beside this file in the source and, by the build, in `dist`. */
export function readStaticFiles(): readonly StaticFile[] {
  return Object.entries(FILES).map(([name, path]) => {
    const type = name.slice(name.lastIndexOf('.') + 1)
    const contentType = CONTENT_TYPES[type as keyof typeof CONTENT_TYPES]
    try {
      const body = readFileSync(new URL(`./static/${path}`, import.meta.url), 'utf8')
      return { name, contentType, body }
    } catch (cause) {
      throw new CriticalError(`the dashboard's file ${path} is missing; build again with \`npm run build\``, {
        cause,
      })
    }
  })
}
