/** What the open port answers only to programs on this machine, for whoever has the token. */
import type { Logger } from '../../telemetry/log.ts'
import type { RpcDeps } from '../deps.ts'
import { createBlockFeed } from '../feed.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { Methods } from '../method.ts'
import { createMethods } from '../methods.ts'
import type { RpcOptions } from '../server.ts'

export function operatorMethods(
  deps: RpcDeps & { readonly logger: Logger },
  options: Pick<RpcOptions, 'limits'>,
): Methods {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const feed = createBlockFeed(deps.chain, deps.logger)
  const methods = createMethods({ ...deps, limits, feed }, ['debug'])
  return Object.fromEntries(Object.entries(methods).filter(([name]) => name.startsWith('debug_')))
}
