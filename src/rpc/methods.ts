/** Every method this node answers, by namespace. */
import { z } from 'zod'
import { optimismMethods } from './alias/optimism.ts'
import { taikoMethods } from './alias/taiko.ts'
import { basedMethods } from './based/methods.ts'
import { rawMethods } from './debug/raw.ts'
import { traceMethods } from './debug/traces.ts'
import { witnessMethods } from './debug/witness.ts'
import type { RpcDeps } from './deps.ts'
import { accessListMethods } from './eth/accessList.ts'
import { blockMethods } from './eth/blocks.ts'
import { capabilityMethods } from './eth/capabilities.ts'
import { configMethods } from './eth/config.ts'
import { executeMethods } from './eth/execute.ts'
import { feeMethods } from './eth/fees.ts'
import { fillMethods } from './eth/fill.ts'
import { filterMethods } from './eth/filters.ts'
import { logMethods } from './eth/logs.ts'
import { sendMethods } from './eth/send.ts'
import { senderNonceMethods } from './eth/senderNonce.ts'
import { simulateMethods } from './eth/simulate.ts'
import { stateMethods } from './eth/state.ts'
import { storageValuesMethods } from './eth/storageValues.ts'
import { subscriptionMethods } from './eth/subscriptions.ts'
import { txpoolMethods } from './eth/txpool.ts'
import type { BlockFeed } from './feed.ts'
import { COST, DEFAULT_LIMITS, type RpcLimits } from './limits.ts'
import { defineMethod, type Methods } from './method.ts'
import { nodeMethods } from './node.ts'
import { openRpcDocument } from './openrpc.ts'
import { commitmentMethods } from './preconf/commitments.ts'
import { listMethods } from './preconf/lists.ts'
import { promiseMethods } from './preconf/promises.ts'
import { statusMethods } from './preconf/status.ts'
import { streamMethods } from './preconf/stream.ts'
import { buildBlockMethods } from './testing/buildBlock.ts'

/** Sequencers of this stack seal a block every two seconds. */
const BLOCK_MS = 2_000

export const NAMESPACES = [
  'eth',
  'net',
  'web3',
  'txpool',
  'debug',
  'testing',
  'based',
  'optimism',
  'taiko',
] as const
export type Namespace = (typeof NAMESPACES)[number]

export function createMethods(
  deps: RpcDeps & { readonly limits: RpcLimits; readonly feed: BlockFeed },
  namespaces: readonly Namespace[],
): Methods {
  const { preconf, spec } = deps
  const now = Date.now
  const all: Methods = {
    ...nodeMethods(deps),
    ...blockMethods(deps),
    ...stateMethods(deps),
    ...executeMethods(deps),
    ...accessListMethods(deps),
    ...simulateMethods(deps),
    ...fillMethods(deps),
    ...storageValuesMethods(deps),
    ...senderNonceMethods(deps),
    ...configMethods(deps),
    ...capabilityMethods(deps),
    ...feeMethods(deps),
    ...logMethods(deps),
    ...filterMethods(deps),
    ...sendMethods(deps),
    ...txpoolMethods(deps),
    ...(deps.buildBlock && buildBlockMethods(deps.buildBlock)),
    ...rawMethods(deps),
    ...traceMethods(deps),
    ...witnessMethods(deps),
    ...subscriptionMethods(deps),
    ...(spec && {
      ...basedMethods({ ...deps, spec }),
      ...optimismMethods(deps),
      ...taikoMethods(deps),
      ...statusMethods({ ...deps, ...preconf, spec, blockMs: BLOCK_MS, now }),
    }),
    ...(preconf && {
      ...streamMethods({ ...deps, ...preconf }),
      ...promiseMethods({ ...deps, ...preconf }),
      ...listMethods(preconf),
    }),
  }
  const enabled = Object.entries(all).filter(([name]) =>
    namespaces.some((namespace) => name.startsWith(`${namespace}_`)),
  )
  const methods: Methods = {
    ...Object.fromEntries(enabled),
    ...(preconf?.commitments && commitmentMethods({ commitments: preconf.commitments })),
    rpc_modules: defineMethod({
      cost: 1,
      summary: 'The namespaces that are answered here, each with its version.',
      params: {},
      result: z.record(z.string(), z.string()),
      handle: () =>
        Object.fromEntries(
          [...namespaces, 'rpc']
            .filter((namespace) => Object.keys(methods).some((name) => name.startsWith(`${namespace}_`)))
            .map((namespace) => [namespace, '1.0']),
        ),
    }),
    rpc_discover: defineMethod({
      cost: COST.logs,
      summary: 'This document, with the methods that are answered here.',
      params: {},
      result: z.looseObject({ openrpc: z.string(), methods: z.array(z.looseObject({ name: z.string() })) }),
      handle: () => openRpcDocument(methods, deps.clientVersion.replace(/^.*\/v?/, '')),
    }),
  }
  return methods
}

/** All that any node answers, for their descriptions: what they would work against is not there. */
export function describeMethods(): Methods {
  const nothing: unknown = new Proxy(() => {}, { get: () => nothing })
  const deps = new Proxy(
    { limits: DEFAULT_LIMITS },
    { get: (there, key) => (key in there ? Reflect.get(there, key) : nothing) },
  )
  return createMethods(deps as Parameters<typeof createMethods>[0], NAMESPACES)
}
