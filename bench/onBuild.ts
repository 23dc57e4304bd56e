/**
 * To be registered as a loader: in place of the node's sources, what `npm run build` has made of them, since that is what runs. To load sources
 * has its price: every closure is given a name when it is made, which stock EthereumJS, compiled as it comes, does not pay.
 */
import type { ResolveHook } from 'node:module'

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  return { ...found, url: found.url.replace(SOURCE, '$1/dist/$2.js') }
}

const SOURCE = new RegExp(`^(${new URL('..', import.meta.url).href.slice(0, -1)})/src/(.*)\\.ts$`)
