/**
 * Several JSON-RPC servers as one: asked in order of preference, each answer checked before it counts.
 * Nothing is cached here, least of all an absence.
 */
import { CriticalError } from '../primitives/errors.ts'
import { type Logger, silentLogger } from '../telemetry/log.ts'
import { askInOrder, demoteSource, type Source } from './failover.ts'
import { createRpcEndpoint, type RpcCall, type RpcEndpoint, type RpcEndpointOptions } from './rpcEndpoint.ts'
import { readQuantity } from './rpcJson.ts'
import { createSourceHealth } from './sourceHealth.ts'
import { WrongDataError } from './wrongData.ts'

export type L1ProviderOptions = {
  /** In order of preference. */
  readonly endpoints: readonly RpcEndpointOptions[]
  /** An endpoint of another chain is never used. */
  readonly chainId?: bigint
  readonly log?: Logger
  /** How often each endpoint is asked for one thing before the caller hears of it. */
  readonly rounds?: number
  /** Multiplies every pause; tests use a small one. */
  readonly pauseScale?: number
}

/**
 * Turns the results of the calls into the answer. Null means that this server does not have it.
 * Throws WrongDataError if the results cannot be true; `from` names the server, for checks that end later.
 */
export type CheckResults<T> = (results: readonly unknown[], from: string) => T | null | Promise<T | null>

export type L1Provider = {
  readonly names: readonly string[]
  /** Null if no server has it. Throws SourcesFailedError or LyingProviderError, both temporary. */
  ask<T>(calls: readonly RpcCall[], check: CheckResults<T>, signal?: AbortSignal): Promise<T | null>
  /** The answer of each server, in order of preference; null where it has none, fails or contradicts itself. */
  askEach<T>(
    calls: readonly RpcCall[],
    check: CheckResults<T>,
    signal?: AbortSignal,
  ): Promise<readonly { readonly from: string; readonly answer: T | null; readonly demoted: boolean }[]>
  /** The chain id each server says it is on; undefined where it does not answer. */
  chainIds(
    signal?: AbortSignal,
  ): Promise<readonly { readonly name: string; readonly chainId: bigint | undefined }[]>
  /** For a contradiction found after the answer was accepted. */
  demote(name: string, what: string): void
  status(): readonly { readonly name: string; readonly demotions: number; readonly lastError?: string }[]
}

type ProviderSource = Source & { readonly endpoint: RpcEndpoint; chainChecked: boolean }

export function createL1Provider(options: L1ProviderOptions): L1Provider {
  const log = options.log ?? silentLogger
  const sources: readonly ProviderSource[] = options.endpoints.map((endpoint) => ({
    name: endpoint.name,
    health: createSourceHealth(options.pauseScale === undefined ? {} : { pauseScale: options.pauseScale }),
    endpoint: createRpcEndpoint(endpoint),
    chainChecked: options.chainId === undefined,
  }))

  /** A server that was down at the start, or was exchanged since, may belong to another network. */
  const assertChain = async (source: ProviderSource, signal?: AbortSignal): Promise<void> => {
    if (source.chainChecked) return
    const chainId = await readChainId(source, signal)
    if (chainId !== options.chainId)
      throw new WrongDataError(`it is on chain ${chainId}, not on L1 chain ${options.chainId}`)
    source.chainChecked = true
  }

  const askSource = async <T>(
    source: ProviderSource,
    calls: readonly RpcCall[],
    check: CheckResults<T>,
    signal?: AbortSignal,
  ): Promise<T | null> => {
    await assertChain(source, signal)
    const results = await source.endpoint.call(calls, signal)
    // It works again; a check may ask it for more before it ends.
    source.health.succeed()
    return check(results, source.name)
  }

  return {
    names: sources.map(({ name }) => name),
    ask: (calls, check, signal) =>
      askInOrder({
        sources,
        what: calls[0]?.method ?? 'nothing',
        rounds: options.rounds ?? 2,
        log,
        signal,
        ask: (source) => askSource(source, calls, check, signal),
      }),
    askEach: (calls, check, signal) =>
      Promise.all(
        sources.map(async (source) => {
          try {
            const answer = await askInOrder({
              sources: [source],
              what: calls[0]?.method ?? 'nothing',
              rounds: 1,
              log,
              signal,
              ask: () => askSource(source, calls, check, signal),
            })
            return { from: source.name, answer, demoted: source.health.isDemoted() }
          } catch (error) {
            signal?.throwIfAborted()
            if (error instanceof CriticalError) throw error
            return { from: source.name, answer: null, demoted: source.health.isDemoted() }
          }
        }),
      ),
    chainIds: (signal) =>
      Promise.all(
        sources.map(async (source) => {
          try {
            return { name: source.name, chainId: await readChainId(source, signal) }
          } catch (error) {
            signal?.throwIfAborted()
            source.health.fail(error instanceof Error ? error.message : String(error))
            return { name: source.name, chainId: undefined }
          }
        }),
      ),
    demote(name, what) {
      const source = sources.find((candidate) => candidate.name === name)
      if (source) demoteSource(source, new WrongDataError(what), log)
    },
    status: () => sources.map(({ name, health }) => ({ name, ...health.status() })),
  }
}

async function readChainId({ endpoint }: ProviderSource, signal?: AbortSignal): Promise<bigint> {
  const [answer] = await endpoint.call([{ method: 'eth_chainId', params: [] }], signal)
  return readQuantity(answer, 'the chain id')
}
